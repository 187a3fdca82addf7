"""What goes back to an LMS is what its importer takes, by id, and only what is whole."""

import csv
import io
import re
import zipfile
from datetime import datetime

import pytest

from tests.homework.fakes import cells_of_column, moodle_takes, reported, table
from tests.homework.samples import hand_in, handed_in

WORKSHEET = (
    "Identifier,Full name,Email address,Status,Grade,Maximum grade,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
    'Participant 11,Jane Doe,jane@x.org,Submitted,,10.00,"Tuesday, 3 November 2026, 10:15 PM",-,\n'
    'Participant 12,Jane Doe,jd@x.org,Submitted,,10.00,"Tuesday, 3 November 2026, 9:05 AM",-,old\n'
    'Participant 13,"Nguyễn Văn An",an@x.org,No submission,,10.00,-,-,\n'
)
CANVAS = (
    "Student,ID,SIS Login ID,Section,Warm-up (76),Homework 0: Doubling (77),Final Score\n"
    '    Points Possible,,,,5,10,(read only)\n"Doe, Jane",4711,jdoe,Section 1,,,\n'
    '"Smith, Bob",4712,bsmith,Section 2,,,\n'
)


def handed(place, *paths):
    for number, path in enumerate(paths):
        hand_in(place / "in" / path, handed_in({"why": f"Because of {number}."}))


def marked(place, points="3"):
    """Marks all answers, as a teacher does in marks.csv."""
    path = place / "out/marks.csv"
    text = re.sub(r",why,4,,", f",why,4,{points},", path.read_text(encoding="utf-8-sig"))
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def moodle(tmp_path):
    (tmp_path / "worksheet.csv").write_text(WORKSHEET, encoding="utf-8")
    handed(
        tmp_path,
        "Jane Doe_11_assignsubmission_file_/doubling.ipynb",
        "Jane Doe_12_assignsubmission_file_/doubling.ipynb",
    )
    return tmp_path


def test_moodles_worksheet_comes_back_filled_in(moodle):
    arguments = (moodle / "in", moodle / "out", moodle / "worksheet.csv")
    reported(*arguments)
    assert not list((moodle / "out").glob("gradebook*"))  # answers are still to be read
    marked(moodle)
    reported(*arguments)
    path = moodle / "out/gradebook-moodle-doubling.csv"
    given = list(csv.DictReader(io.StringIO(WORKSHEET)))
    found = table(path)
    assert [row["Grade"] for row in found] == ["9", "9"]
    for before, after in zip(given, found, strict=False):
        assert {**before, "Grade": after["Grade"]} == after
    assert not list((moodle / "out").glob("*canvas*"))


def test_points_of_an_earlier_run_are_not_left_lying(moodle):
    arguments = (moodle / "in", moodle / "out", moodle / "worksheet.csv")
    reported(*arguments)
    marked(moodle)
    reported(*arguments)
    assert (moodle / "out/gradebook-moodle-doubling.csv").exists()
    marks = moodle / "out/marks.csv"
    marks.write_text(marks.read_text(encoding="utf-8-sig").replace(",why,4,3,", ",why,4,,"))
    reported(*arguments)
    assert not list((moodle / "out").glob("gradebook*"))
    assert (moodle / "out/feedback-moodle-doubling.zip").exists()


def test_grades_that_moodle_would_leave_out_are_said(moodle):
    sheet = moodle / "worksheet.csv"
    sheet.write_text(WORKSHEET.replace("10.00", "8.00"), encoding="utf-8")
    reported(moodle / "in", moodle / "out", sheet)
    marked(moodle)
    reports = reported(moodle / "in", moodle / "out", sheet)
    assert "above the assignment's maximum: Jane Doe (11) (9), Jane Doe (12) (9)." in reports.hint
    assert "Set it to 10 there" in reports.hint
    assert reported(moodle / "in", moodle / "out").hint == ""


def test_moodle_takes_the_feedback_back_by_id(moodle):
    reported(moodle / "in", moodle / "out", moodle / "worksheet.csv")
    pages = moodle_takes((moodle / "out/feedback-moodle-doubling.zip").read_bytes())
    assert pages.keys() == {11, 12}
    assert "Jane Doe (11): 6 of 10" in pages[11]
    assert (moodle / "out/feedback/Jane Doe (11)/doubling.html").exists()


def test_the_times_of_the_worksheet_say_what_is_late(moodle):
    due = datetime(2026, 11, 3, 12)
    reported(moodle / "in", moodle / "out", moodle / "worksheet.csv", due=due)
    late = cells_of_column(moodle / "out/totals.csv", "student", "late")
    assert late == {"Jane Doe (11)": "late", "Jane Doe (12)": "", "Nguyễn Văn An": ""}


def test_odd_names_reach_moodle_too(tmp_path):
    names = ("Anna_Lena / Groß", "=1+1 \x1b[2J", "x" * 300)
    rows = [f"{number},{name}\n" for number, name in enumerate(names, start=111)]
    (tmp_path / "roster.csv").write_text("id,name\n" + "".join(rows), encoding="utf-8")
    handed(tmp_path, *[f"doubling {number}.ipynb" for number in (111, 112, 113)])
    reported(tmp_path / "in", tmp_path / "out", tmp_path / "roster.csv")
    pages = moodle_takes((tmp_path / "out/feedback-moodle-doubling.zip").read_bytes())
    assert pages.keys() == {111, 112, 113}


def test_canvas_gradebook_fills_the_column_of_the_assignment(tmp_path):
    (tmp_path / "gradebook.csv").write_text(CANVAS, encoding="utf-8")
    handed(tmp_path, "doejane_4711_99_doubling.ipynb", "smithbob_LATE_4712_100_doubling-1.ipynb")
    arguments = (tmp_path / "in", tmp_path / "out", tmp_path / "gradebook.csv")
    reported(*arguments)
    marked(tmp_path)
    reported(*arguments)
    text = (tmp_path / "out/gradebook-canvas-doubling.csv").read_text(encoding="utf-8-sig")
    header, possible, *rows = csv.reader(io.StringIO(text))
    # what GradebookImporter asks for
    assert "Student" in header[0] and "ID" in header[1] and len(header) > 3
    assert header == ["Student", "ID", "SIS Login ID", "Section", "Homework 0: Doubling (77)"]
    assert "Points Possible" in possible[0] and possible[4] == "10"
    assert sorted(rows) == [
        ["Doe, Jane", "4711", "jdoe", "Section 1", "9"],
        ["Smith, Bob", "4712", "bsmith", "Section 2", "9"],
    ]
    with zipfile.ZipFile(tmp_path / "out/feedback-canvas-doubling.zip") as archive:
        assert archive.namelist() == [
            "doejane_4711_99_doubling.html",
            "smithbob_LATE_4712_100_doubling-1.html",
        ]
    late = cells_of_column(tmp_path / "out/totals.csv", "id", "late")
    assert late == {"4711": "", "4712": "late"}


def test_without_a_roster_the_ids_of_the_download_are_enough(tmp_path):
    handed(tmp_path, "doejane_4711_99_doubling.ipynb")
    reported(tmp_path / "in", tmp_path / "out")
    marked(tmp_path)
    reported(tmp_path / "in", tmp_path / "out")
    rows = table(tmp_path / "out/gradebook-canvas-doubling.csv")
    assert [(row["ID"], row["Homework 0: Doubling"]) for row in rows] == [("", "10"), ("4711", "9")]


def test_an_own_rosters_numbers_are_not_taken_for_those_of_the_lms(tmp_path):
    """Participant 101 of Moodle is not the student with the number 101."""
    (tmp_path / "roster.csv").write_text("id,name\n101,Jane Doe\n12,Bob Smith\n")
    handed(tmp_path, "Jane Doe_12_assignsubmission_file/doubling.ipynb")
    reported(tmp_path / "in", tmp_path / "out", tmp_path / "roster.csv")
    assert not list((tmp_path / "out").glob("*moodle*"))  # the id of one, the name of another
    (tmp_path / "roster.csv").write_text("id,name\n101,Jane Doe\n")
    reported(tmp_path / "in", tmp_path / "out", tmp_path / "roster.csv")
    marked(tmp_path)
    reported(tmp_path / "in", tmp_path / "out", tmp_path / "roster.csv")
    (row,) = table(tmp_path / "out/gradebook-moodle-doubling.csv")
    assert row["Identifier"] == "Participant 12"
    assert moodle_takes((tmp_path / "out/feedback-moodle-doubling.zip").read_bytes()).keys() == {12}


def test_what_is_unclear_or_without_an_id_goes_back_to_nobody(tmp_path):
    (tmp_path / "roster.csv").write_text("id,name\n101,Jane Doe\n102,Bob Smith\n")
    handed(tmp_path, "Jane Doe/doubling.ipynb", "Nobody Known/doubling.ipynb")
    reported(tmp_path / "in", tmp_path / "out", tmp_path / "roster.csv")
    marked(tmp_path)
    reported(tmp_path / "in", tmp_path / "out", tmp_path / "roster.csv")
    rows = table(tmp_path / "out/gradebook-moodle-doubling.csv")
    assert [row["Identifier"] for row in rows] == ["Participant 101"]
    rows = table(tmp_path / "out/gradebook-canvas-doubling.csv")[1:]
    assert [(row["ID"], row["SIS User ID"]) for row in rows] == [("", "101")]
    notes = cells_of_column(tmp_path / "out/totals.csv", "student", "note")
    assert notes == {
        "Jane Doe": "",
        "unclear: Nobody Known/doubling.ipynb": (
            "unclear: nobody of the roster is named in its path"
        ),
        "Bob Smith": "nothing came in",
    }


def test_the_files_of_moodle_and_canvas_are_not_made_for_other_systems(tmp_path):
    handed(tmp_path, "1-2 - Jane Doe - Sep 24, 2024 126 PM/doubling.ipynb")
    reported(tmp_path / "in", tmp_path / "out")
    marked(tmp_path)
    reported(tmp_path / "in", tmp_path / "out")
    assert not [*(tmp_path / "out").glob("*gradebook*"), *(tmp_path / "out").glob("*.zip")]
