"""Assignments stay locked, open with their key alone, and complain when they are malformed."""

import shutil

import pytest
import yaml
from cryptography.fernet import Fernet
from nbformat.v4 import writes
from typer.testing import CliRunner

from tests.homework.samples import demo, demo_notebook
from tools.book.notebooks import ROOT
from tools.homework import edition, proof, vault
from tools.homework.__main__ import app
from tools.homework.master import MasterError, read_master


@pytest.fixture
def locked(tmp_path, monkeypatch):
    monkeypatch.setattr(vault, "LOCKED", tmp_path / "locked")
    monkeypatch.setattr(vault, "OPENED", tmp_path / "private")
    monkeypatch.delenv(vault.KEY_VARIABLE, raising=False)
    monkeypatch.delenv(vault.FOLDER_VARIABLE, raising=False)
    files = {"doubling.ipynb": writes(demo_notebook()), "doubling.yaml": "wrong: []\n"}
    vault.lock("doubling", files)
    return files


def test_what_is_locked_opens_again(locked):
    assert vault.unlock("doubling") == locked
    assert vault.load("doubling").cells == demo().cells


def test_the_locked_file_tells_nothing(locked):
    content = vault.locked_file("doubling").read_bytes()
    assert b"double" not in content and b"PK" not in content[:4]


def test_locking_the_same_again_changes_nothing(locked):
    before = vault.locked_file("doubling").read_bytes()
    vault.lock("doubling", locked)
    assert vault.locked_file("doubling").read_bytes() == before
    vault.lock("doubling", locked | {"doubling.yaml": "right: []\n"})
    assert vault.locked_file("doubling").read_bytes() != before


def test_another_key_does_not_open(locked, monkeypatch):
    monkeypatch.setenv(vault.KEY_VARIABLE, "A" * 43 + "=")
    with pytest.raises(
        MasterError, match="it was locked with another key than RAVINE_HOMEWORK_KEY"
    ):
        vault.load("doubling")
    vault.lock("doubling", locked)
    assert vault.unlock("doubling") == locked
    monkeypatch.delenv(vault.KEY_VARIABLE)
    with pytest.raises(MasterError, match="another key"):
        vault.load("doubling")


def test_a_word_is_no_key(locked, monkeypatch):
    monkeypatch.setenv(vault.KEY_VARIABLE, "password")
    with pytest.raises(MasterError, match="is no key: make one with"):
        vault.load("doubling")


def test_a_damaged_file_does_not_open(locked):
    path = vault.locked_file("doubling")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(MasterError, match="does not open: it is damaged"):
        vault.load("doubling")


def test_without_the_key_of_a_fork_the_reason_is_said(locked, monkeypatch):
    monkeypatch.setattr(vault, "ASSIGNMENTS", ("doubling",))
    assert vault.without_key() == ""
    own = "A" * 43 + "="
    monkeypatch.setenv(vault.KEY_VARIABLE, own)
    vault.lock("doubling", locked)
    assert vault.without_key() == ""
    monkeypatch.delenv(vault.KEY_VARIABLE)
    assert vault.without_key() == (
        f"doubling.locked is locked with the key {vault.mark_of(own)}, "
        "and RAVINE_HOMEWORK_KEY is not set"
    )
    assert own not in vault.locked_file("doubling").read_text()


def test_a_damaged_file_is_no_reason_to_leave_tests_out(locked, monkeypatch):
    monkeypatch.setattr(vault, "ASSIGNMENTS", ("doubling",))
    path = vault.locked_file("doubling")
    path.write_bytes(path.read_bytes()[:-20])
    assert vault.without_key() == ""


def test_the_workflow_that_publishes_gets_key_and_edition():
    text = (ROOT / ".github/workflows/publish.yml").read_text(encoding="utf-8")
    steps = yaml.safe_load(text)["jobs"]["build"]["steps"]
    step = next(step for step in steps if "make homework-release" in step.get("run", ""))
    for name in (vault.KEY_VARIABLE, edition.SECRET_VARIABLE):
        assert step["env"][name] == f"${{{{ secrets.{name} }}}}"
        assert text.count(f"secrets.{name}") == 1, "no other step needs it"


def opened(name="doubling"):
    return {path.name: kept for path, kept in vault.open_files(name)}


def changed(files, word):
    return {name: text.replace("Doubling", word) for name, text in files.items()}


def test_what_nobody_changed_is_brought_up_to_date(locked):
    assert opened() == {"doubling.ipynb": "", "doubling.yaml": ""}
    vault.lock("doubling", changed(locked, "Twice"))
    with pytest.raises(
        MasterError, match="nothing was changed in it: run make homework-open again"
    ):
        vault.load("doubling")
    assert opened() == {"doubling.ipynb": "", "doubling.yaml": ""}
    assert vault.load("doubling").title == "Homework 0: Twice"


def test_what_a_teacher_changed_stays(locked):
    opened()
    path = vault.OPENED / "doubling.ipynb"
    path.write_text(path.read_text().replace("Doubling", "Tripling"))
    assert opened()["doubling.ipynb"] == "has changes of yours and stays as it is"
    vault.lock("doubling", changed(locked, "Twice"))
    assert "move it away and run this again" in opened()["doubling.ipynb"]
    assert vault.load("doubling").title == "Homework 0: Tripling"


def test_an_assignment_is_written_with_its_numbers(locked):
    opened()
    path = vault.write_filled("doubling")
    assert path == vault.OPENED / "filled" / "doubling.ipynb"
    assert read_master("doubling", path.read_text()).title == "Homework 0: Doubling"


def test_what_a_teacher_changes_is_locked_as_a_whole(tmp_path, monkeypatch):
    """Open, change, lock under an own key, remove: as the guide says."""
    if reason := vault.without_key():
        pytest.skip(reason)
    monkeypatch.setattr(vault, "LOCKED", shutil.copytree(vault.LOCKED, tmp_path / "locked"))
    monkeypatch.setattr(vault, "OPENED", tmp_path / "private")
    run = CliRunner().invoke
    assert run(app, ["open", "momentum"]).exit_code == 0
    notebook = tmp_path / "private/momentum.ipynb"
    text = notebook.read_text(encoding="utf-8").replace("Homework 3: ", "Homework 3: My ")
    notebook.write_text(text, encoding="utf-8")
    chosen = edition.edition("word")
    own = vault.load("momentum", chosen)
    monkeypatch.setenv(vault.KEY_VARIABLE, Fernet.generate_key().decode())
    assert run(app, ["lock", "momentum"]).exit_code == 0
    assert vault.load("momentum", chosen) == own  # nothing that is opened counts as old
    shutil.rmtree(tmp_path / "private")
    assert vault.load("momentum", chosen) == own
    assert own.title == "Homework 3: My Momentum" and own.lines > 1


def test_a_missing_assignment_is_named(locked):
    with pytest.raises(MasterError, match="There is no assignment tripling"):
        vault.load("tripling")


def test_a_teachers_own_edition_comes_first(locked, tmp_path, monkeypatch):
    own = demo_notebook()
    own.cells[0].source = "# Homework 0: Tripling"
    for folder in (tmp_path / "private", tmp_path / "elsewhere"):
        folder.mkdir()
        own.cells[0].source += f" in {folder.name}"
        (folder / "doubling.ipynb").write_text(writes(own))
    assert vault.load("doubling").title == "Homework 0: Tripling in private"
    monkeypatch.setenv(vault.FOLDER_VARIABLE, str(tmp_path / "elsewhere"))
    assert vault.load("doubling").title.endswith("elsewhere")


def spoiled(name, change):
    notebook = demo_notebook()
    cells = {c.metadata.get("nbgrader", {}).get("grade_id"): c for c in notebook.cells}
    change(cells[name])
    return writes(notebook)


def rename(cell):
    cell.metadata["nbgrader"]["grade_id"] = "imports"


def unmark_solution(cell):
    cell.source = cell.source.replace("### BEGIN SOLUTION\n", "")


def unmark_answer(cell):
    cell.metadata["nbgrader"]["solution"] = False


def unmark_test(cell):
    cell.metadata["nbgrader"]["grade"] = False


def unhide(cell):
    cell.source = cell.source.split("### BEGIN")[0]


def half_hide(cell):
    cell.source = cell.source.replace("### END HIDDEN TESTS", "")


def take_points(cell):
    cell.metadata["nbgrader"]["points"] = 0


@pytest.mark.parametrize(
    ("name", "change", "complaint"),
    [
        ("double", rename, "two cells have the grade_id imports, rename one"),
        ("double", unmark_solution, "the answer double has no ### BEGIN SOLUTION"),
        ("double", unmark_answer, "double holds a solution and is none"),
        ("double-test", unmark_test, "double-test holds hidden tests and is no test"),
        ("double-test", unhide, "the test double-test has no ### BEGIN HIDDEN TESTS"),
        ("double-test", half_hide, "the test double-test has no ### BEGIN HIDDEN TESTS"),
        ("double-test", take_points, "the task double-test has no points"),
    ],
)
def test_a_malformed_assignment_is_refused(name, change, complaint):
    with pytest.raises(MasterError, match=complaint):
        read_master("doubling", spoiled(name, change))


def test_a_broken_notebook_is_refused():
    with pytest.raises(MasterError, match=r"doubling\.ipynb is no notebook"):
        read_master("doubling", writes(demo_notebook())[:-20])


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ({"name": "a", "change": [["no such text", ""]], "loses": []}, "must stand once"),
        ({"name": "a", "change": [["#", ""]], "loses": []}, "must stand once"),
        ({"name": "a", "answers": {"treble": ""}, "loses": []}, "there is no cell treble"),
        ({"name": "a", "change": [], "loses": ["why"]}, "no test"),
    ],
)
def test_a_variant_that_does_not_fit_is_refused(entry, complaint):
    master = demo()
    master.variants["wrong"] = [entry]
    with pytest.raises(MasterError, match=complaint):
        list(proof.variants(master))
