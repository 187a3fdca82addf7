"""What students really hand in is found, named and matched; what is broken is reported."""

import io
import json
import os
import zipfile
from datetime import datetime

import pytest

from tests.homework.samples import demo, hand_in, handed_in
from tools.homework import files
from tools.homework.files import find_files
from tools.homework.reading import read_cells
from tools.homework.sorting import read_submissions


def read(place, due=None):
    return list(read_submissions(find_files(place), [demo()], due).submissions)


def good(place):
    return [item for item in read(place) if not item.problem]


@pytest.mark.parametrize(
    ("path", "student"),
    [
        ("alice/doubling.ipynb", "alice"),
        ("alice/doubling/doubling.ipynb", "alice"),
        ("Nguyễn Văn An/Copy of doubling.ipynb", "Nguyễn Văn An"),
        ("doubling_alice.ipynb", "alice"),
        ("alice doubling (2).ipynb", "alice"),
        ("Copy of doubling - alice.ipynb", "alice"),
        ("Jane Doe_1234567_assignsubmission_file/doubling.ipynb", "Jane Doe"),
        ("Jane Doe_1234567_assignsubmission_file_doubling.ipynb", "Jane Doe"),
        ("doejane_12345_678910_doubling-1.ipynb", "doejane"),
        ("doejane_LATE_12345_678910_doubling.ipynb", "doejane"),
        ("alice/my very own name.ipynb", "alice"),
        ("alice/DOUBLING.IPYNB", "alice"),
    ],
)
def test_a_student_is_named_by_the_path(path, student, tmp_path):
    hand_in(tmp_path / path, handed_in())
    (submission,) = read(tmp_path)
    assert (submission.student, submission.assignment) == (student, "doubling")
    assert bool(submission.late) == ("LATE" in path)
    assert submission.problem == ""


@pytest.mark.parametrize("ending", ["pdf", "tar.gz", "docx"])
def test_the_ending_of_a_file_is_no_part_of_its_students_name(ending, tmp_path):
    for student in ("An.Nguyen", "Jane Doe"):
        hand_in(tmp_path / f"{student} - doubling.{ending}", "%PDF-1.7")
    assert [item.student for item in read(tmp_path)] == ["An.Nguyen", "Jane Doe"]
    assert all(item.problem for item in read(tmp_path))


def test_a_file_without_a_name_is_not_given_to_anybody(tmp_path):
    hand_in(tmp_path / "Copy of doubling.ipynb", handed_in())
    (item,) = read(tmp_path)
    assert item.unclear == "its path names nobody" and not item.problem


def test_two_students_of_one_name_stay_two(tmp_path):
    for number in (111, 222):
        hand_in(tmp_path / f"Jane Doe_{number}_assignsubmission_file/doubling.ipynb", handed_in())
    assert {item.student for item in read(tmp_path)} == {"Jane Doe (111)", "Jane Doe (222)"}


def test_folders_that_all_share_say_nothing(tmp_path):
    for student in ("alice", "bob"):
        hand_in(tmp_path / "course" / "week 3" / student / "doubling.ipynb", handed_in())
    assert {item.student for item in read(tmp_path)} == {"alice", "bob"}


def test_the_latest_of_several_files_counts(tmp_path):
    for hour, answer in enumerate(["answer = 1", "answer = 2", "answer = 3"]):
        path = hand_in(tmp_path / f"alice/{9 - hour}.ipynb", handed_in({"number": answer}))
        os.utime(path, (1_700_000_000 + 3600 * hour,) * 2)
    hand_in(tmp_path / "bob/doubling.ipynb", handed_in())
    submission, _ = read(tmp_path)
    assert submission.answer("number")[0].source == "answer = 3"
    assert submission.note.startswith("the latest of 3 files; not graded: ")


def test_a_deadline_makes_late(tmp_path):
    path = hand_in(tmp_path / "alice/doubling.ipynb", handed_in())
    os.utime(path, (1_700_000_000,) * 2)
    handed = datetime.fromtimestamp(1_700_000_000)
    assert not read(tmp_path, due=handed)[0].late
    assert read(tmp_path, due=handed.replace(year=2020))[0].late


def colab(notebook):
    """Changes the metadata as Colab does."""
    notebook.metadata |= {"colab": {"provenance": [], "gpuType": "T4"}, "accelerator": "GPU"}
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    notebook.nbformat_minor = 0
    for number, cell in enumerate(notebook.cells):
        cell.pop("id")
        cell.metadata |= {"id": f"x{number}", "colab": {"base_uri": "https://localhost:8080/"}}
        if cell.cell_type == "code":
            cell.metadata["executionInfo"] = {"status": "ok", "user": {"displayName": "A"}}
            cell.outputs = [{"output_type": "stream", "name": "stdout", "text": ["done\n"]}]
        cell.source = cell.source.splitlines(keepends=True)
    return notebook


def test_a_notebook_from_colab_is_read_whole(tmp_path):
    hand_in(tmp_path / "alice/Untitled5.ipynb", colab(handed_in()))
    (submission,) = read(tmp_path)
    assert submission.assignment == "doubling"
    assert [c.source for c in submission.cells] == [c.source for c in handed_in().cells]
    assert submission.answer("double")[0].code


def test_a_notebook_without_any_mark_is_recognised_by_its_cells(tmp_path):
    notebook = handed_in()
    notebook.metadata.clear()
    for cell in notebook.cells:
        cell.metadata.clear()
    hand_in(tmp_path / "alice/Untitled.ipynb", notebook)
    assert read(tmp_path)[0].assignment == "doubling"


BROKEN = {
    "empty": b"",
    "no JSON": b"<html>",
    "cut off": json.dumps(handed_in()).encode()[:-300],
    "not UTF-8": b'{"cells": "\xff"}',
    "a list": b"[]",
    "cells are a word": b'{"cells": "none"}',
    "nested deeply": b"[" * 200_000,
    "a huge number": b'{"cells": ' + b"9" * 10_000 + b"}",
    "of another course": b'{"cells": [], "metadata": {}}',
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_notebook_is_reported_beside_its_neighbours(content, tmp_path):
    hand_in(tmp_path / "alice/doubling.ipynb", handed_in())
    (tmp_path / "bob").mkdir()
    (tmp_path / "bob/answers.ipynb").write_bytes(content)
    alice, bob = read(tmp_path)
    assert alice.student == "alice" and not alice.problem
    assert bob.student == "bob" and bob.problem


def test_odd_cells_cost_only_themselves():
    cells = [
        "text",
        {"cell_type": "code"},
        {"cell_type": "code", "source": 3, "metadata": [], "outputs": {"data": 1}},
        {"cell_type": "code", "source": ["a = 1\n", 2], "metadata": {"nbgrader": {"grade_id": 5}}},
        {"cell_type": "code", "source": "b = 2", "outputs": [{"data": {"image/png": 7}}, None]},
    ]
    _, read = read_cells(json.dumps({"cells": cells}).encode())
    assert [cell.source for cell in read] == ["", "", "a = 1\n", "b = 2"]
    assert all(cell.name is None and cell.figures == () for cell in read)


def test_links_are_not_followed(tmp_path):
    hand_in(tmp_path / "out/secret.ipynb", handed_in())
    (tmp_path / "in/bob").mkdir(parents=True)
    (tmp_path / "in/bob/doubling.ipynb").symlink_to(tmp_path / "out/secret.ipynb")
    (tmp_path / "in/eve").symlink_to(tmp_path / "out")
    found = read(tmp_path / "in")
    assert [item.problem for item in found] == ["it is a link and not a file"] * 2


def test_a_pipe_is_not_waited_for(tmp_path):
    (tmp_path / "bob").mkdir()
    os.mkfifo(tmp_path / "bob/doubling.ipynb")
    assert [item.problem for item in read(tmp_path)] == ["it is not a plain file"]


def test_large_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "LARGEST", 1000)
    hand_in(tmp_path / "alice/doubling.ipynb", handed_in())
    assert "at most" in read(tmp_path)[0].problem


def zipped(**members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return content.getvalue()


def test_a_zip_of_an_lms_is_read_with_the_zips_in_it(tmp_path):
    notebook = json.dumps(handed_in())
    moodle = "Jane Doe_1_assignsubmission_file/doubling.ipynb"
    inner = "John Doe_2_assignsubmission_file/homework.zip"
    members = {
        moodle: notebook,
        inner: zipped(**{"work/doubling.ipynb": notebook, "__MACOSX/._x.ipynb": "x"}),
    }
    place = tmp_path / "export.zip"
    place.write_bytes(zipped(**members))
    assert {item.student for item in good(place)} == {"Jane Doe", "John Doe"}
    folder = tmp_path / "folder"
    folder.mkdir()
    place.rename(folder / "export.zip")
    assert {item.student for item in good(folder)} == {"Jane Doe", "John Doe"}


def test_a_students_own_zip_belongs_to_her(tmp_path):
    (tmp_path / "alice").mkdir()
    (tmp_path / "alice/hw.zip").write_bytes(zipped(**{"doubling.ipynb": json.dumps(handed_in())}))
    assert [item.student for item in good(tmp_path)] == ["alice"]


def test_hostile_zips_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "LARGEST", 100_000)
    link = zipfile.ZipInfo("bob/doubling.ipynb")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    (tmp_path / "bomb.zip").write_bytes(zipped(**{"eve/doubling.ipynb": b"0" * 10**7}))
    (tmp_path / "slip.zip").write_bytes(zipped(**{"../../doubling.ipynb": "{}"}))
    (tmp_path / "broken.zip").write_bytes(b"PK\3\4 and nothing else")
    many = zipped(**{f"{number}.ipynb": "{}" for number in range(files.MOST_FILES + 1)})
    (tmp_path / "many.zip").write_bytes(many)
    found = read(tmp_path)
    assert len(found) == 5
    assert all(item.problem for item in found)
    assert sum("at most" in item.problem for item in found) == 2
    assert sorted(os.listdir(tmp_path)) == [
        "bomb.zip",
        "broken.zip",
        "link.zip",
        "many.zip",
        "slip.zip",
    ]


def test_other_files_are_nobodys_submission(tmp_path):
    hand_in(tmp_path / "alice/doubling.ipynb", handed_in())
    hand_in(tmp_path / "alice/.ipynb_checkpoints/doubling-checkpoint.ipynb", handed_in())
    (tmp_path / "alice/onlinetext.html").write_text("done")
    assert len(read(tmp_path)) == 1


def test_a_missing_folder_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="name the folder or zip of the submissions"):
        find_files(tmp_path / "nowhere")
