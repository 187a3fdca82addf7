"""Another edition has other numbers, its tests hold, and grading knows it again."""

import json
import zipfile
from datetime import datetime

import pytest
import typer.testing
from nbformat import reads
from nbformat.v4 import writes

from tests.homework.fakes import moodle_takes, table
from tests.homework.samples import assignments, demo_notebook
from tests.weekly import some_of
from tools.homework import answers, batch, handout, proof, reading, release, vault
from tools.homework import edition as editions
from tools.homework.__main__ import app
from tools.homework.edition import PUBLIC, EditionError
from tools.homework.files import File
from tools.homework.grading import CELL_TIMEOUT, expected_checks, grade
from tools.homework.master import MasterError, read_master
from tools.homework.sorting import read_submissions

MASTERS = assignments()
PROVED = some_of([(name, number) for number in (1, 2) for name in MASTERS], every=4)
DRAW = """
def draw(pick, shuffled):
    factor = pick("factor", [2, 3, 5, 7])
    return {"factor": factor, "six": 6 * factor, "order": shuffled("order", "abcd")}
"""


def factors():
    """An assignment with numbers to draw: the demo, in which twice is a number of times."""
    notebook = demo_notebook()
    for cell in notebook.cells:
        cell.source = cell.source.replace("2 * np", "{{factor}} * np").replace(
            "2 * s", "{{factor}} * s"
        )
        cell.source = cell.source.replace("[2.0, 4.0]", "[{{factor}}, 2 * {{factor}}]")
        cell.source = cell.source.replace("[-17350618.0, 6.5]", "{{factor}} * secret")
    notebook.cells[0].source += "\n\nSix times it is {{six}}; the order is {{order}}."
    return writes(notebook)


def load(name, chosen=PUBLIC):
    return read_master(name, factors(), "", DRAW, chosen)


def filed(student, notebook, name="doubling.ipynb", day=3):
    parts = (student, name)
    content = json.dumps(notebook).encode()
    return File("/".join(parts), parts, len(parts), datetime(2026, 11, day), content)


def solved(chosen):
    """What a student hands in who got this edition and answers it."""
    master = load("doubling", chosen)
    notebook = release.student_version(master)
    for node, cell in zip(notebook.cells, master.cells, strict=True):
        if cell.role == "answer":
            node.source = cell.source
    return notebook


# Drawing


def test_a_word_draws_the_same_everywhere_and_another_word_something_else():
    master = load("doubling", editions.edition("a secret word", "17"))
    assert master.edition == "c2e45a14dddc2561"
    assert "Six times it is" in master.cells[0].source
    texts = {load("doubling", editions.edition(f"word {n}")).cells[0].source for n in range(20)}
    assert len(texts) > 10


def test_the_public_edition_takes_the_first_of_everything():
    assert "it is 12; the order is [a, b, c, d]" in load("doubling").cells[0].source
    assert load("doubling").lines == 4
    taken = [load("doubling", editions.line(n)).cells[0].source for n in range(4)]
    assert [text.split("it is ")[1].split(";")[0] for text in taken] == ["12", "18", "30", "42"]


def test_students_of_a_class_get_different_assignments():
    drawn = {
        vault.load("momentum", editions.edition("word", str(n))).cells[4].source for n in range(8)
    }
    assert len(drawn) >= 3


def test_numbers_are_written_as_students_read_them():
    assert editions.written(0.1 * 3) == "0.3"
    assert editions.written([2, (0.5, -1e-7)]) == "[2, [0.5, -1e-07]]"
    assert editions.written(True) == "True"


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        (DRAW.replace('"six"', '"seven"'), "draw gives nothing for {{six}}, add it there"),
        (DRAW.replace('{"factor"', '{"left": 1, "factor"'), "no cell has a place for left"),
        ("values = {}", "defines no draw"),
        ("", "draw gives nothing for {{six}}"),
    ],
)
def test_a_draw_that_does_not_fit_is_refused(code, complaint):
    with pytest.raises(MasterError, match=complaint.replace("{", r"\{").replace("(", r"\(")):
        read_master("doubling", factors(), "", code)


@pytest.mark.parametrize(("name", "number"), PROVED)
def test_the_tests_hold_in_another_edition(name, number, workshop):
    """The model answers pass, and each wrong answer loses what it should; the others check it."""
    master = vault.load(name, editions.line(number))
    assert [cell.source for cell in master.cells] != [cell.source for cell in MASTERS[name].cells]
    counts = expected_checks(master, workshop, CELL_TIMEOUT)
    for variant in proof.combined(master, MASTERS[name]):
        outcomes = grade(master, variant.cells, counts, workshop)
        assert proof.lost(outcomes) == variant.loses, (variant.name, outcomes)


def test_an_answer_of_the_public_edition_is_wrong_in_another(workshop):
    """A table that is drawn but tested against fixed numbers would let it pass."""
    master, public = vault.load("momentum", editions.line(1)), MASTERS["momentum"]
    counts = expected_checks(master, workshop, CELL_TIMEOUT)
    cells = [(cell.name, cell.source) for cell in public.cells if cell.code]
    lost = proof.lost(grade(master, cells, counts, workshop))
    assert {"velocities-test", "mean-rate-test", "diagnosis-test", "predicted-test"} <= lost


# Handing out and knowing again


def test_the_notebook_carries_the_edition_and_not_the_word():
    chosen = editions.edition("unspeakable", "17")
    notebook = release.student_version(load("doubling", chosen))
    assert notebook.metadata["ravine"] == {"homework": "doubling", "edition": chosen.name}
    assert f"Edition `{chosen.name}`" in notebook.cells[0].source
    assert "unspeakable" not in str(notebook) and "{{" not in str(notebook)
    assert "edition" not in release.student_version(load("doubling")).metadata["ravine"]


def graded(secret, handed_in, workshop, tmp_path):
    files = [filed(student, notebook) for student, notebook in handed_in.items()]
    drawn = handout.Drawn(secret, load)
    came = read_submissions(files, [load("doubling")], drawn=drawn.of).submissions
    found, masters = drawn.with_notes(came), drawn.masters
    ready = [item for item in found if not item.problem]
    results = batch.grade_all(ready, masters, tmp_path, workshop, 30, 1, lambda item: None)
    points = {r.submission.student: sum(o.points or 0 for o in r.outcomes) for r in results}
    return points, {item.student: item.problem or item.note for item in found}


def test_each_student_is_graded_by_her_own_edition(workshop, tmp_path):
    own = {name: editions.edition("word", name) for name in ("An", "Binh")}
    numbers = {load("doubling", chosen).cells[0].source for chosen in own.values()}
    assert len(numbers) == 2
    handed_in = {name: solved(chosen) for name, chosen in own.items()}
    handed_in["Chi"] = solved(editions.edition("word"))
    points, notes = graded("word", handed_in, workshop, tmp_path)
    assert points == {"An": 6, "Binh": 6, "Chi": 6}
    assert set(notes.values()) == {""}


def test_another_edition_is_refused_in_a_sentence(workshop, tmp_path):
    forged = solved(editions.edition("word", "An"))
    name = forged.metadata["ravine"]["edition"]
    forged.metadata["ravine"]["edition"] = ("0" if name[0] != "0" else "1") + name[1:]
    handed_in = {
        "An": solved(editions.edition("last term")),
        "Binh": solved(PUBLIC),
        "Chi": forged,
    }
    points, notes = graded("word", handed_in, workshop, tmp_path)
    assert points == {}
    assert "was not made with this secret word" in notes["An"]
    assert notes["Binh"] == "it is of the public edition, and your class has one of its own"
    assert "was not made with this secret word" in notes["Chi"]
    points, notes = graded("", {"An": handed_in["An"]}, workshop, tmp_path)
    assert "name its secret word with EDITION" in notes["An"]


def test_a_notebook_that_lost_its_mark_is_known_by_its_text(workshop, tmp_path):
    notebook = solved(editions.edition("word", "An"))
    del notebook.metadata["ravine"]
    assert graded("word", {"An": notebook}, workshop, tmp_path)[0] == {"An": 6}


def test_one_students_edition_from_two_students_is_noted(workshop, tmp_path):
    copied = solved(editions.edition("word", "An"))
    _, notes = graded("word", {"An": copied, "Binh": copied}, workshop, tmp_path)
    assert notes["Binh"] == "made for one student, and also handed in by An"


def test_an_edition_that_nobody_issued():
    with pytest.raises(EditionError, match="not made with this secret word"):
        editions.issued("ffffffffffffffff", "word")
    assert editions.issued("", "") is PUBLIC


def test_a_blank_notebook_of_an_own_edition_does_not_count_before_one_with_answers():
    own = editions.edition("word", "An")
    files = [
        filed("An", solved(own)),
        filed("An", release.student_version(load("doubling", own)), "doubling (1).ipynb", day=4),
        filed("Binh", solved(editions.edition("word", "Binh"))),
    ]
    drawn = handout.Drawn("word", load)
    came = read_submissions(files, [load("doubling")], drawn=drawn.of).submissions
    assert came[0].path == "An/doubling.ipynb"
    assert came[0].note == "the only one with answers of 2 files; not graded: An/doubling (1).ipynb"


@pytest.mark.parametrize("word", ["", "word"])
@pytest.mark.parametrize("name", MASTERS)
def test_nothing_that_was_handed_out_is_taken_for_an_answer(name, word):
    master = vault.load(name, editions.edition(word) if word else PUBLIC)
    handed_out = release.student_version(master)
    # It may come from a fork, whose links and first cell have another address.
    elsewhere = release.page_text(master).replace("https://", "https://elsewhere.")
    for notebook in (handed_out, reads(elsewhere, as_version=4)):
        (item,) = read_submissions([filed("An", notebook)], [master]).submissions
        assert reading.untouched(item.cells, master)
        for task in master.tasks:
            if task.role == "manual":
                assert not answers.answer_to(item, task, master).given, task.name
    last = [cell for cell in handed_out.cells if cell.cell_type == "markdown"][-1]
    last.source += " An answer."
    (item,) = read_submissions([filed("An", handed_out)], [master]).submissions
    assert not reading.untouched(item.cells, master)


# The commands


@pytest.fixture
def dist(tmp_path, monkeypatch):
    monkeypatch.setattr(release, "PAGES", tmp_path / "pages")
    monkeypatch.setattr(release, "RELEASED", tmp_path / "dist")
    monkeypatch.setattr(vault, "ASSIGNMENTS", ("momentum",))
    return tmp_path


def run(*arguments):
    result = typer.testing.CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_an_edition_stays_out_of_the_book(dist):
    run("release", "--edition", "word")
    assert not (dist / "pages").exists()
    text = (dist / "dist/momentum.ipynb").read_text(encoding="utf-8")
    assert json.loads(text)["metadata"]["ravine"]["edition"] == editions.edition("word").name
    run("release", "--edition", "word", "--pages")
    assert (dist / "pages/momentum.ipynb").read_text(encoding="utf-8") == text


def test_a_roster_gets_an_edition_each(dist):
    roster = dist / "roster.csv"
    roster.write_text("id,name,section\n17,Đỗ An,1\n18,Binh/../x,1\n", encoding="utf-8")
    run("release", "--edition", "word", "--per-student", str(roster))
    with zipfile.ZipFile(dist / "dist/students.zip") as archive:
        assert archive.namelist() == ["17 Đỗ An/momentum.ipynb", "18 Binh-..-x/momentum.ipynb"]
        for item, number in zip(archive.namelist(), ("17", "18"), strict=True):
            text = archive.read(item)
            carried = json.loads(text)["metadata"]["ravine"]["edition"]
            assert carried == editions.edition("word", number).name
            assert (dist / "dist/students" / item).read_bytes() == text
    assert (dist / "dist/editions.csv").read_text(encoding="utf-8-sig").splitlines() == [
        "id,name,edition",
        f"17,Đỗ An,{editions.edition('word', '17').name}",
        f"18,Binh/../x,{editions.edition('word', '18').name}",
    ]


EXPORTS = {
    "moodle": "Identifier,Full name,Grade\nParticipant 12,Đỗ An,\n",
    "canvas": 'Student,ID,Section,Homework 3\n    Points Possible,,,10\n"An, Đỗ",12,A,\n',
    "other": "OrgDefinedId;Last Name;First Name\n#12;An;Đỗ\n",
}


@pytest.mark.parametrize("lms", EXPORTS)
def test_the_export_of_an_lms_is_a_roster_for_editions(lms, dist):
    (dist / "export.csv").write_text(EXPORTS[lms], encoding="utf-8")
    output = run("release", "--edition", "word", "--per-student", str(dist / "export.csv"))
    assert output.startswith("1 students")
    (row,) = table(dist / "dist/editions.csv")
    own = editions.edition("word", "12").name
    assert row == {"id": "12", "name": "Đỗ An", "edition": own}
    assert (dist / "dist/students/12 Đỗ An/momentum.ipynb").is_file() != (lms == "moodle")


def test_moodle_takes_the_editions_and_gives_each_student_her_own(dist):
    (dist / "export.csv").write_text(EXPORTS["moodle"], encoding="utf-8")
    run("release", "--edition", "word", "--per-student", str(dist / "export.csv"))
    pages = moodle_takes((dist / "dist/students.zip").read_bytes())
    assert pages.keys() == {12} and editions.edition("word", "12").name in pages[12]


def test_editions_of_another_list_are_not_left_lying(dist):
    for number in ("17", "18"):
        (dist / "class.csv").write_text(f"id,name\n{number},An\n", encoding="utf-8")
        run("release", "--edition", "word", "--per-student", str(dist / "class.csv"))
    assert [path.name for path in (dist / "dist/students").iterdir()] == ["18 An"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("points\n2\n", "has no column of names: its first line must be id,name"),
        ("name\nAn\n", "line 2: An has no id: add one, in a column id"),
        ("id,name\n16,An\n\n,Binh\n", "line 4: Binh has no id"),
        ("id,name\n17,An\n17,Binh\n", "has the id 17 twice, in lines 2 and 3: give each"),
        (None, "cannot be read"),
    ],
)
def test_a_roster_that_is_none_is_refused(dist, text, complaint):
    path = dist / "roster.csv"
    if text:
        path.write_text(text)
    with pytest.raises(MasterError, match=complaint):
        run("release", "--edition", "word", "--per-student", str(path))
    assert not (dist / "dist").exists()


def test_editions_for_students_need_a_word(tmp_path):
    with pytest.raises(MasterError, match="add EDITION=word"):
        run("release", "--per-student", str(tmp_path / "roster.csv"))
