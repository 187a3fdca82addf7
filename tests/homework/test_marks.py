"""The teacher's part: answers are found and read once, marks count for every task and are kept."""

import base64
import json

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from tests.homework.fakes import cells_of_column, fake, outcomes_of, reported, table
from tests.homework.samples import demo, hand_in, handed_in
from tools.homework import reading
from tools.homework.grading import Outcome
from tools.homework.release import student_version
from tools.homework.report import Reports

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n and more").decode()
JPEG = base64.b64encode(b"\xff\xd8\xff\xe0 and more").decode()
SVG = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"></svg>'
STUB = {"why": "YOUR ANSWER HERE"}


@pytest.fixture
def place(tmp_path):
    for name in ("alice", "bob", "carol"):
        hand_in(tmp_path / "in" / name / "doubling.ipynb", handed_in())
    return tmp_path


def write_marks(place, *rows, encoding="utf-8", separator=","):
    columns = ("student", "assignment", "task", "of", "points", "comment")
    lines = [separator.join(columns), *(separator.join(row) for row in rows)]
    (place / "out").mkdir(exist_ok=True)
    (place / "out/marks.csv").write_bytes("\r\n".join(lines).encode(encoding))


def totals(place):
    return cells_of_column(place / "out/totals.csv", "student", "total")


def test_a_row_for_a_tested_task_overrides_its_points(place):
    write_marks(
        place,
        ("alice", "doubling", "number-test", "", "0.5", "my mistake"),
        ("bob", "doubling", "number-test", "", "", "look again"),
        ("alice", "doubling", "why", "4", "3", ""),
        ("bob", "doubling", "why", "4", "0", ""),
    )
    reported(place / "in", place / "out")
    assert totals(place) == {"alice": "8.5", "bob": "6", "carol": "6"}
    page = (place / "out/feedback/alice/doubling.html").read_text()
    assert "0.5 of 1" in page and "my mistake" in page
    page = (place / "out/feedback/bob/doubling.html").read_text()
    assert "1 of 1" in page and "look again" in page
    rows = table(place / "out/points.csv")
    (row,) = [r for r in rows if (r["student"], r["task"]) == ("alice", "number-test")]
    assert (row["points"], row["tests gave"], row["note"]) == ("0.5", "1", "my mistake")
    reported(place / "in", place / "out")  # the rows are kept
    assert totals(place)["alice"] == "8.5"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (("alice", "doubling", "nmber-test", "", "1", ""), "line 2: doubling has no task 'nmber"),
        (("alice", "doublin", "why", "4", "1", ""), "line 2: there is no assignment 'doublin'"),
        (("alice", "doubling", "number-test", "9", "2", ""), "'2' is no number from 0 to 1"),
        (("alice", "doubling", "why", "4", "inf", ""), "'inf' is no number from 0 to 4"),
    ],
)
def test_a_row_that_cannot_be_meant_is_said_and_kept(row, says, place):
    write_marks(place, row)
    with pytest.raises(ValueError, match=says):
        reported(place / "in", place / "out")
    assert row[2] in (place / "out/marks.csv").read_text()


def test_a_second_row_for_a_task_is_said(place):
    write_marks(place, *[("alice", "doubling", "why", "4", mark, "") for mark in "12"])
    with pytest.raises(ValueError, match="line 3: a second row for why of 'alice'"):
        reported(place / "in", place / "out")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_marks_are_read_as_spreadsheets_save_them(encoding, separator, place):
    hand_in(place / "in/Jürgen/doubling.ipynb", handed_in())
    mark = "2,5" if separator != "," else "2.5"
    row = ("Jürgen", "doubling", "why", "4", mark, "schön")
    write_marks(place, row, encoding=encoding, separator=separator)
    reported(place / "in", place / "out")
    assert totals(place)["Jürgen"] == "8.5"


def test_a_name_spoilt_by_an_encoding_is_said(place):
    write_marks(place, ("Jürgen", "doubling", "why", "4", "1", ""), encoding="cp850")
    with pytest.raises(ValueError, match=r"line 2: .* is nobody's name here: save it as CSV UTF-8"):
        reported(place / "in", place / "out")


def test_marks_of_nobody_are_kept_and_said(place):
    write_marks(place, ("gone", "doubling", "why", "4", "1", ""))
    reports = reported(place / "in", place / "out")
    (row,) = reports.marks.of_nobody(reports.course.intake.submissions)
    assert row.student == "gone"
    assert "gone" in cells_of_column(place / "out/marks.csv", "student", "points")


def test_marks_that_are_spoilt_meanwhile_stay_as_they_are(place):
    course = reported(place / "in", place / "out").course
    with Reports(course) as reports:
        write_marks(place, ("alice", "doubling", "why", "4", "many", ""))
        for submission in course.intake.submissions:
            reports.add(fake(submission))
    assert "'many' is no number" in reports.problems[0]
    assert "many" in (place / "out/marks.csv").read_text()
    assert set(totals(place)) == {"alice", "bob", "carol"}


def test_equal_answers_stand_together_and_are_marked_once(place):
    hand_in(place / "in/bob/doubling.ipynb", handed_in({"why": "It is  written\nTWICE."}))
    hand_in(place / "in/carol/doubling.ipynb", handed_in({"why": "Another reason."}))
    reported(place / "in", place / "out")
    rows = {row["student"]: row for row in table(place / "out/marks.csv")}
    assert rows["alice"]["same answer"] == rows["bob"]["same answer"] != ""
    assert rows["carol"]["same answer"] == ""
    page = (place / "out/answers.html").read_text()
    assert "<h3>alice, bob</h3>" in page and page.count("<h3>") == 2
    write_marks(place, ("bob", "doubling", "why", "4", "3", "good"))
    reported(place / "in", place / "out")
    assert totals(place) == {"alice": "9", "bob": "9", "carol": "6"}
    page = (place / "out/feedback/alice/doubling.html").read_text()
    assert "good" in page


def test_equal_answers_with_two_marks_share_none(place):
    write_marks(
        place, *[(n, "doubling", "why", "4", m, "") for n, m in (("alice", "1"), ("bob", "2"))]
    )
    reported(place / "in", place / "out")
    assert cells_of_column(place / "out/totals.csv", "student", "to read")["carol"] == "1"


def with_cell(cell, at=None):
    notebook = handed_in(STUB)
    notebook.cells.insert(len(notebook.cells) if at is None else at, cell)
    return notebook


FIGURE = new_code_cell("plt.plot(x)", outputs=[])
FIGURE["outputs"] = [{"output_type": "display_data", "data": {"image/png": PNG}, "metadata": {}}]
ADDED = {
    "text below the stub": with_cell(new_markdown_cell("Here is WHY.")),
    "a figure below the stub": with_cell(FIGURE),
    "text above the stub": with_cell(new_markdown_cell("Here is WHY."), -1),
    "text at the top": with_cell(new_markdown_cell("Here is WHY."), 1),
}


@pytest.mark.parametrize("notebook", ADDED.values(), ids=ADDED.keys())
def test_an_answer_in_an_added_cell_is_shown_and_not_given_zero(notebook, tmp_path):
    hand_in(tmp_path / "in/alice/doubling.ipynb", notebook)
    reported(tmp_path / "in", tmp_path / "out")
    page = (tmp_path / "out/answers.html").read_text()
    assert "Here is WHY." in page or PNG in page
    assert table(tmp_path / "out/marks.csv")[0]["points"] == ""


@pytest.mark.parametrize("notebook", [handed_in(STUB), handed_in({"why": ""})])
def test_what_was_left_as_it_was_gets_zero(notebook, tmp_path):
    notebook.cells.insert(3, new_code_cell("print(double(3))"))  # only code, and elsewhere
    notebook.cells.append(new_markdown_cell("  \n"))
    hand_in(tmp_path / "in/alice/doubling.ipynb", notebook)
    reported(tmp_path / "in", tmp_path / "out")
    row = table(tmp_path / "out/marks.csv")[0]
    assert (row["points"], row["comment"]) == ("0", "not answered")


def test_a_blank_notebook_gets_zero_and_shows_no_given_text_as_an_answer(tmp_path):
    hand_in(tmp_path / "in/alice/doubling.ipynb", student_version(demo()))
    reported(tmp_path / "in", tmp_path / "out")
    assert table(tmp_path / "out/marks.csv")[0]["points"] == "0"
    assert "<h3>Not answered</h3>\n<p>alice" in (tmp_path / "out/answers.html").read_text()


def test_figures_of_all_kinds_are_shown_and_nothing_else(tmp_path):
    notebook = handed_in()
    notebook.cells[-1].cell_type = "code"
    notebook.cells[-1]["outputs"] = [
        {"data": {"image/png": PNG}},
        {"data": {"image/jpeg": [JPEG[:4], JPEG[4:]]}},
        {"data": {"image/svg+xml": SVG}},
        {"data": {"image/png": base64.b64encode(b"<svg onload=alert(1)>").decode()}},
        {"data": {"image/jpeg": JPEG + '" onload="alert(1)'}},
        {"data": {"image/svg+xml": "<p>no figure"}},
        {"data": {"image/gif": PNG}},
    ]
    pasted = new_markdown_cell("![](attachment:image.png)")
    pasted["attachments"] = {"image.png": {"image/png": PNG}, "x": 3}
    notebook.cells.append(pasted)
    hand_in(tmp_path / "in/alice/doubling.ipynb", notebook)
    reported(tmp_path / "in", tmp_path / "out")
    page = (tmp_path / "out/answers.html").read_text()
    assert page.count("<img") == 4
    assert f"data:image/jpeg;base64,{JPEG}" in page
    assert f"data:image/svg+xml;base64,{base64.b64encode(SVG.encode()).decode()}" in page
    assert "onload" not in page


def test_figures_that_are_too_large_are_left_out_and_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "LARGEST_FIGURES", len(PNG))
    notebook = handed_in()
    notebook.cells[-1].cell_type = "code"
    notebook.cells[-1]["outputs"] = [{"data": {"image/png": PNG}}, {"data": {"image/jpeg": JPEG}}]
    hand_in(tmp_path / "in/alice/doubling.ipynb", notebook)
    reported(tmp_path / "in", tmp_path / "out")
    page = (tmp_path / "out/answers.html").read_text()
    assert page.count("<img") == 1 and "A figure is left out" in page


def test_a_row_may_name_the_id_alone(tmp_path):
    hand_in(tmp_path / "in/Jane Doe_11_assignsubmission_file/doubling.ipynb", handed_in())
    row = "student,id,assignment,task,points\n,11,doubling,number-test,0\n"
    hand_in(tmp_path / "out/marks.csv", row)
    reported(tmp_path / "in", tmp_path / "out")
    assert totals(tmp_path) == {"Jane Doe": "5"}


def test_a_second_student_of_one_name_changes_nobodys_marks(tmp_path):
    first = "Jane Doe_11_assignsubmission_file/doubling.ipynb"
    hand_in(tmp_path / "in" / first, handed_in())
    reported(tmp_path / "in", tmp_path / "out")
    path = tmp_path / "out/marks.csv"
    text = path.read_text(encoding="utf-8-sig").replace("why,4,,", "why,4,3,")
    path.write_text(text, encoding="utf-8")
    hand_in(tmp_path / "in" / first.replace("11", "22"), handed_in({"why": "Else."}))
    reported(tmp_path / "in", tmp_path / "out")
    assert totals(tmp_path) == {"Jane Doe (11)": "9", "Jane Doe (22)": "6"}


def test_odd_texts_of_students_stop_no_report(tmp_path):
    odd = "\ud800 \x1b[2J \x00 \u202e"
    hand_in(tmp_path / "in/alice/doubling.ipynb", json.dumps(handed_in({"why": odd})))
    course = reported(tmp_path / "in", tmp_path / "out").course
    outcomes = (
        Outcome("double-test", 0.0, f"Your code raised ValueError: {odd}"),
        *outcomes_of()[1:],
    )
    with Reports(course) as reports:
        reports.add(fake(course.intake.submissions[0], outcomes, {"double": odd}))
    assert reports.problems == []
    for path in (tmp_path / "out").rglob("*.*"):
        if path.suffix in (".html", ".csv"):
            text = path.read_text(encoding="utf-8-sig")
            assert not set(odd) - {" ", "[", "2", "J"} & set(text)
