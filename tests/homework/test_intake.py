"""Nobody is lost and nobody is merged: whatever comes in has a row, and the right student's."""

import io
import json
import os
import tarfile
import zipfile

import pytest

from tests.homework.samples import demo, hand_in, handed_in
from tools.homework.files import find_files
from tools.homework.layouts import claim
from tools.homework.release import student_version
from tools.homework.roster import read_roster
from tools.homework.sorting import read_submissions
from tools.homework.texts import shown

NOTEBOOK = json.dumps(handed_in())
WRONG = json.dumps(handed_in({"number": "answer = 1"}))


def taken_in(place, roster=None):
    return read_submissions(find_files(place), [demo()], None, roster)


def rows(intake):
    """Returns for each student "graded" or why not; no student comes twice."""
    found = {}
    for item in intake.submissions:
        assert item.student not in found
        found[item.student] = item.problem or "graded"
    return found


def zipped(members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return content.getvalue()


def tar():
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("doubling.ipynb"), io.BytesIO())
    return content.getvalue()


REFUSED = {
    "doubling.py": (b"print(1)", "a Python program"),
    "doubling.pdf": (b"%PDF-1.7 ...", "a PDF"),
    "doubling.rar": (b"Rar!\x1a\x07\x01", "a RAR archive"),
    "doubling.tar.gz": (tar(), "a tar.gz archive"),
    "link.txt": (b"https://colab.research.google.com/drive/1a2b", "a link to Colab"),
    "empty.ipynb": (b"", "is empty"),
    "damaged.zip": (zipped({"doubling.ipynb": NOTEBOOK})[:-40], "the zip cannot be read"),
    "encrypted.zip": (b"PK\x03\x04", "the zip cannot be read"),
    "nothing.zip": (zipped({}), "the zip is empty"),
    "page.html": (b"<!doctype html>", "a web page"),
    "huge.ipynb": (b'{"cells": [' + b"{}," * 3000 + b"{}]}", "it has 3001 cells, at most 2000"),
    "long.ipynb": (b'{"cells": [{"source": "' + b"x" * 2**22 + b'"}]}', "characters of text"),
    "values.ipynb": (b'{"cells": [' + b"{}," * 600_000 + b"{}]}", "at most 1000000 are read"),
    "other.ipynb": (b'{"cells": []}', "none of the assignments"),
}


def test_every_file_that_is_refused_has_a_row_with_the_reason(tmp_path):
    for number, (name, (content, _)) in enumerate(REFUSED.items()):
        (tmp_path / f"student {number}").mkdir()
        (tmp_path / f"student {number}" / name).write_bytes(content)
    hand_in(tmp_path / "alice/doubling.ipynb", NOTEBOOK)
    (tmp_path / "nobody handed in").mkdir()
    found = rows(taken_in(tmp_path))
    assert found.pop("alice") == "graded"
    assert found.pop("nobody handed in") == "the folder is empty"
    for number, (_, reason) in enumerate(REFUSED.values()):
        assert reason in found.pop(f"student {number}")
    assert not found


@pytest.mark.parametrize("name", ["momentum.ipynb.txt", "x.ipynb.json", "notebook", "a.bak"])
def test_a_notebook_is_known_by_its_content_whatever_its_name(name, tmp_path):
    hand_in(tmp_path / "alice" / name, NOTEBOOK)
    assert rows(taken_in(tmp_path)) == {"alice": "graded"}


def test_all_files_are_listed_and_one_row_says_what_else_came(tmp_path):
    hand_in(tmp_path / "alice/doubling.ipynb", NOTEBOOK)
    hand_in(tmp_path / "alice/doubling.pdf", "%PDF")
    hand_in(tmp_path / "alice/.ipynb_checkpoints/doubling.ipynb", WRONG)
    intake = taken_in(tmp_path)
    assert rows(intake) == {"alice": "graded"}
    assert "doubling.pdf (it is a PDF" in intake.submissions[0].note
    assert [path for path, _, _ in intake.files] == [
        "alice/.ipynb_checkpoints",
        "alice/doubling.ipynb",
        "alice/doubling.pdf",
    ]


# How the systems name what they export, and whose it is: name, id, late.
LAYOUTS = [
    ("Jane Doe_12_assignsubmission_file/a.ipynb", ("Jane Doe", "12", None)),
    ("Jane Doe_12_assignsubmission_file_/a.ipynb", ("Jane Doe", "12", None)),
    ("Participant_12_assignsubmission_file_a.ipynb", ("Participant", "12", None)),
    ("doejane_4711_99_a.ipynb", ("doejane", "4711", False)),
    ("nguyễnvănan_LATE_4711_99_a-1.ipynb", ("nguyễnvănan", "4711", True)),
    ("LATE_anon_x7Yz_99_a.ipynb", ("", "x7Yz", True)),
    ("HW 3_jdoe_attempt_2026-11-03-22-15-09_a.ipynb", ("", "jdoe", None)),
    ("397-255 - Mary-Ann Doe - Sep 24, 2024 126 PM/a.ipynb", ("Mary-Ann Doe", "397-255", None)),
    ("Jane Doe - doubling.ipynb", ("Jane Doe", "", None)),  # Google Classroom
    ("jdoe/doubling/doubling.ipynb", ("jdoe", "", None)),  # nbgrader
    ("jdoe/doejane_4711_99_a.ipynb", ("jdoe", "", None)),  # a name of her own choice
    ("doejane_4711_99_a/b.ipynb", ("doejane_4711_99_a", "", None)),  # Canvas makes no folders
    ("doubling/jdoe/a.ipynb", ("jdoe", "", None)),
    ("An_2026_11_03_doubling.ipynb", ("An_2026_11_03", "", None)),  # a date, not Canvas' ids
    ("doubling_2026_11_03.ipynb", ("2026_11_03", "", None)),
    ("doubling_An_20201111.ipynb", ("An_20201111", "", None)),
    ("doubling (1).ipynb", ("", "", None)),
]


@pytest.mark.parametrize(("path", "whose"), LAYOUTS, ids=[path for path, _ in LAYOUTS])
def test_the_layouts_of_the_systems_are_read(path, whose):
    found = claim(tuple(path.split("/")), ["doubling"])
    assert (found.name, found.number, found.late) == whose


def test_the_time_of_the_system_is_read():
    board = claim(("HW_jdoe_attempt_2026-11-03-22-15-09_a.ipynb",), [])
    space = claim(("1-2 - Jane Doe - Sep 24, 2024 126 PM", "a.ipynb"), [])
    assert str(board.handed_in) == "2026-11-03 22:15:09"
    assert str(space.handed_in) == "2024-09-24 13:26:00"


def test_blackboards_notes_name_the_student_and_are_no_submission(tmp_path):
    for login in ("jane_doe", "doe"):
        stem = f"HW_3_{login}_attempt_2026-11-03-22-15-09"
        hand_in(tmp_path / f"{stem}_doubling.ipynb", NOTEBOOK)
        hand_in(tmp_path / f"{stem}.txt", f"Name: Jane of {login} ({login})\nAssignment: HW 3\n")
    found = taken_in(tmp_path)
    assert rows(found) == {"Jane of jane_doe": "graded", "Jane of doe": "graded"}
    assert {item.number for item in found.submissions} == {"jane_doe", "doe"}


def test_who_wrote_into_the_text_field_alone_is_not_lost(tmp_path):
    for name in ("Jane_1", "John_2"):
        hand_in(tmp_path / f"{name}_assignsubmission_onlinetext/onlinetext.html", "<p>done")
    hand_in(tmp_path / "Jane_1_assignsubmission_file/doubling.ipynb", NOTEBOOK)
    assert rows(taken_in(tmp_path)) == {
        "Jane": "graded",
        "John": "it is a web page and no notebook",
    }


@pytest.mark.parametrize(
    "paths",
    [
        # the folders of the findings: each of these was one student once
        ["roster.csv", "week3/An/doubling.ipynb", "week3/Binh/doubling.ipynb"],
        ["An/doubling_2026_11_03.ipynb", "Binh/doubling_2026_11_04.ipynb"],
        ["doubling_An_20201111.ipynb", "doubling_An_20202222.ipynb"],
        ["week3/An/doubling.ipynb", "week3/Binh/doubling.ipynb", "week4/An/doubling.ipynb"],
        ["An/doubling.ipynb", "An.zip"],
        ["doubling_An.ipynb", "doubling_An (1).ipynb"],
        ["Nguye\u0302\u0303n/doubling.ipynb", "Nguy\u1ec5n/doubling.ipynb"],
        ["in/doubling_An.ipynb", "in/doubling_Binh.ipynb"],
        ["alice/doubling.ipynb", "alice.zip"],
        ["HW 3/Jane Doe - doubling.ipynb", "HW 3/doubling.ipynb", "HW 3/doubling(1).ipynb"],
        ["HW 3/doubling.ipynb", "HW 3/doubling(1).ipynb"],  # a folder of Google Drive
        ["A/An - doubling.ipynb", "A/Binh - doubling.ipynb", "B/Chi - doubling.ipynb"],
        [f"{s}/doubling ({number}).ipynb" for s in "AB" for number in range(6)],
    ],
)
def test_nobody_is_merged(paths, tmp_path):
    for number, path in enumerate(paths):
        text = json.dumps(handed_in({"number": f"answer = {number}"}))
        if path.endswith(".csv"):
            hand_in(tmp_path / path, "id,name\n1,An")
        elif path.endswith(".zip"):
            (tmp_path / path).write_bytes(zipped({"doubling.ipynb": text}))
        else:
            hand_in(tmp_path / path, text)
    found = rows(taken_in(tmp_path))
    assert list(found.values()).count("graded") == sum(".csv" not in path for path in paths)


def test_a_folder_in_a_students_zip_makes_nobody_else(tmp_path):
    theirs = "Jane Doe_12_assignsubmission_file/doubling.ipynb"
    hand_in(tmp_path / theirs, NOTEBOOK)
    (tmp_path / "eve").mkdir()
    (tmp_path / "eve/hw.zip").write_bytes(zipped({theirs: WRONG}))
    found = {item.student: item.path for item in taken_in(tmp_path).submissions}
    assert found == {"Jane Doe": theirs, "eve": f"eve/hw.zip/{theirs}"}


def test_no_name_that_a_student_chooses_makes_her_somebody_else(tmp_path):
    stem = "HW_{}_attempt_2026-11-03-22-15-09"
    hand_in(tmp_path / f"{stem.format('jane')}_doubling.ipynb", NOTEBOOK)
    fake = f"{stem.format('eve')}_{stem.format('jane')}"
    hand_in(tmp_path / f"{fake}_doubling.ipynb", WRONG)
    hand_in(tmp_path / f"{fake}.txt", "Name: Eve the Great (jane)\n")
    hand_in(tmp_path / f"{stem.format('eve')}_mine.txt", "Name: Jane Doe (eve)\n")
    found = {item.student: item for item in taken_in(tmp_path).submissions}
    assert found.keys() == {"jane", "eve"} and "answer = 1" not in str(found["jane"].cells)


@pytest.mark.parametrize(
    "theirs",
    ["eve/Jane Doe_12_assignsubmission_file/doubling.ipynb", "eve x/Jane Doe.ipynb"],
)
def test_a_later_file_elsewhere_does_not_replace_a_students_own(theirs, tmp_path):
    (tmp_path / "roster.csv").write_text("id,name\n12,Jane Doe\n13,Evelyn Roe\n")
    roster = read_roster(tmp_path / "roster.csv")
    own = "Jane Doe_12_assignsubmission_file/doubling.ipynb"
    for hour, (path, text) in enumerate([(own, NOTEBOOK), (theirs, WRONG)]):
        os.utime(hand_in(tmp_path / "in" / path, text), (1_700_000_000 + 3600 * hour,) * 2)
    found = taken_in(tmp_path / "in", roster).submissions
    assert len(found) == 2 and all(item.unclear for item in found)


def test_a_blank_notebook_never_counts_before_one_with_answers(tmp_path):
    blank = json.dumps(student_version(demo()))
    for name, text in (("doubling.ipynb", blank), ("doubling (1).ipynb", NOTEBOOK)):
        os.utime(hand_in(tmp_path / "alice" / name, text), (1_700_000_000,) * 2)
    hand_in(tmp_path / "bob/doubling.ipynb", NOTEBOOK)
    item, _ = taken_in(tmp_path).submissions
    assert item.path == "alice/doubling (1).ipynb"
    assert item.note.startswith("the only one with answers of 2 files")


def test_of_two_answers_of_one_time_none_is_picked(tmp_path):
    for name, text in (("1.ipynb", WRONG), ("2.ipynb", NOTEBOOK)):
        os.utime(hand_in(tmp_path / "alice" / name, text), (1_700_000_000,) * 2)
    hand_in(tmp_path / "bob/doubling.ipynb", NOTEBOOK)
    *found, _ = taken_in(tmp_path).submissions
    assert len(found) == 2
    assert all("nothing says which counts" in item.unclear for item in found)


def test_the_later_attempt_counts_by_the_systems_word_and_not_by_a_zips_dates(tmp_path):
    place = tmp_path / "export.zip"
    with zipfile.ZipFile(place, "w") as archive:
        for attempt, year, text in ((99, 2026, WRONG), (100, 1990, NOTEBOOK)):
            name = f"doejane_4711_{attempt}_doubling.ipynb"
            archive.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), text)
    (item,) = taken_in(place).submissions
    assert "_100_" in item.path and item.handed_in is None


NAMES = {
    "NFD": "Nguye\u0302\u0303n Va\u0306n An",
    "Latin-1": os.fsdecode("Nguy\xean".encode("latin-1")),
    "surrogate": "x\udcff",
    "escape codes": "\x1b[2J\x1b[31mred",
    "turned": "abc\u202egnp",
    "long": "ê" * 120,
    "newline": "two\nlines",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_odd_names_are_shown_without_harm(name, tmp_path):
    hand_in(tmp_path / name / "doubling.ipynb", NOTEBOOK)
    hand_in(tmp_path / "bob/doubling.ipynb", NOTEBOOK)
    found = rows(taken_in(tmp_path))
    assert set(found.values()) == {"graded"} and len(found) == 2
    for student in found:
        assert student.isprintable() and student.encode()


def test_names_in_zips_are_read_in_the_encodings_that_occur(tmp_path):
    place = tmp_path / "export.zip"
    long = "x" * 3000
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("Nguyễn/doubling.ipynb", NOTEBOOK)
        archive.writestr("Muller/doubling.ipynb", NOTEBOOK)
        archive.writestr(f"{long}/doubling.ipynb", NOTEBOOK)
        archive.writestr("Zoxx/doubling.ipynb", NOTEBOOK)
    content = place.read_bytes().replace(b"Muller", b"M\x81ller")  # an old Windows
    content = content.replace(b"Zoxx", "Zoë".encode())  # macOS, which does not say UTF-8
    place.write_bytes(content)
    found = rows(taken_in(place))
    assert len(found) == 4 and {"Nguyễn", "Müller", "Zoë"} <= found.keys()
    assert shown(long) in found and len(shown(long)) <= 160


ROSTER = """\
id,name,section
101,Nguyễn Văn An,A
102,Nguyễn Văn Ân,A
103,Jane Doe,B
104,"Smith, Mary-Ann",B
105,Jane Doe,B
7,Ann Other,B
"""


@pytest.fixture
def roster(tmp_path):
    (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8")
    return read_roster(tmp_path / "roster.csv")


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("Nguyễn Văn An/a.ipynb", "101"),
        ("Nguye\u0302\u0303n Va\u0306n An/a.ipynb", "101"),
        ("Nguyen Van An/a.ipynb", ""),  # two fit without accents
        ("week3/Văn Ân Nguyễn/a.ipynb", "102"),
        ("doubling_103.ipynb", "103"),
        ("Jane Doe/a.ipynb", ""),  # two of that name
        ("Jane Doe_105_assignsubmission_file/a.ipynb", "105"),
        ("doejane_103_7_a.ipynb", "103"),
        ("smithmaryann_999_7_a.ipynb", "104"),  # the id is Canvas', the name decides
        ("Mary-Ann Smith - doubling.ipynb", "104"),
        ("Mary Ann Smith doubling homework.ipynb", "104"),
        ("Jane Doe_101_assignsubmission_file/a.ipynb", ""),  # the id of one, the name of another
        ("Bob_999_assignsubmission_file/a.ipynb", ""),
        ("1030/a.ipynb", ""),
        ("7/doubling/doubling.ipynb", "7"),
        ("104/Nguyễn Văn An/a.ipynb", "104"),
    ],
)
def test_a_roster_says_who_a_file_belongs_to(path, number, roster, tmp_path):
    hand_in(tmp_path / "in" / path, NOTEBOOK)
    intake = taken_in(tmp_path / "in", roster)
    (item,) = intake.submissions
    assert (item.number if not item.unclear else "") == number
    assert bool(item.unclear) == (not number)
    assert len(intake.missing) == (5 if number else 6)


def test_two_of_one_name_in_a_roster_are_told_apart(roster, tmp_path):
    for number in (103, 105):
        hand_in(tmp_path / f"in/Jane Doe_{number}_assignsubmission_file/a.ipynb", NOTEBOOK)
    intake = taken_in(tmp_path / "in", roster)
    assert rows(intake) == {"Jane Doe (103)": "graded", "Jane Doe (105)": "graded"}
    assert {item.section for item in intake.submissions} == {"B"}


EXPORTS = {
    "moodle": (
        "Identifier,Full name,Email address,Status,Grade,Maximum grade,"
        "Last modified (submission),Last modified (grade),Feedback comments\n"
        'Participant 12,Jane Doe,jane@x.org,Submitted,,10.00,"Tuesday, 3 November 2026, '
        '10:15 PM",-,\n'
    ),
    "canvas": (
        "Student,ID,SIS Login ID,Section,Homework 0: Doubling (77)\n"
        '    Points Possible,,,,10\n"Doe, Jane",12,jdoe,Section 1,\n'
    ),
    "canvas ": "LastName,FirstName,ID,Section\nDoe,Jane,12,A\n",
    "": "OrgDefinedId;Username;Last Name;First Name\n#12;jdoe;Doe;Jane\n",
}


@pytest.mark.parametrize("lms", EXPORTS)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "ascii"])
def test_the_exports_of_the_systems_are_rosters(lms, encoding, tmp_path):
    (tmp_path / "roster.csv").write_text(EXPORTS[lms], encoding=encoding)
    roster = read_roster(tmp_path / "roster.csv")
    (student,) = roster.students
    assert (roster.lms, student.name, student.number) == (lms.strip(), "Jane Doe", "12")
    assert (str(student.handed_in) == "2026-11-03 22:15:00") == (lms == "moodle")


def test_an_anonymous_worksheet_is_a_roster(tmp_path):
    text = "Identifier,Status,Grade,Maximum grade,Last modified (grade)\nParticipant 12,,,10,-\n"
    (tmp_path / "roster.csv").write_text(text)
    hand_in(tmp_path / "in/Participant_12_assignsubmission_file/doubling.ipynb", NOTEBOOK)
    (item,) = taken_in(tmp_path / "in", read_roster(tmp_path / "roster.csv")).submissions
    assert (item.student, item.number, item.unclear) == ("12", "12", "")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no column of names"),
        (b"points\n2", "no column of names"),
        (b"id,name\n", "names no student"),
        (b"id,name\n1,An\n1,Binh", "has the id 1 twice, in lines 2 and 3"),
        (b"PK\x03\x04", "Excel workbook"),
        ("id,name\n1,Nguyên".encode("latin-1"), "no UTF-8|not in UTF-8"),
    ],
)
def test_what_is_no_roster_is_said_in_a_sentence(content, says, tmp_path):
    (tmp_path / "roster.csv").write_bytes(content)
    with pytest.raises(ValueError, match=says):
        read_roster(tmp_path / "roster.csv")
