"""What is compared is the students' own code; the comparing itself is copydetect's."""

import json

from tests.homework.fakes import reported
from tests.homework.samples import demo, hand_in, handed_in
from tools.homework import classes, similarity, vault
from tools.homework import edition as editions
from tools.homework.handout import Drawn
from tools.homework.release import student_version


def test_only_the_students_own_code_is_compared(tmp_path):
    own = "def double(x):\n    return sum((x, x))"
    changed = {"double": own, "double-test": "expect_close(1, 1, 'mine')"}
    hand_in(tmp_path / "in/alice/doubling.ipynb", handed_in(changed))
    hand_in(tmp_path / "in/bob/doubling.ipynb", handed_in())
    hand_in(tmp_path / "in/blank/doubling.ipynb", student_version(demo()))
    submissions = reported(tmp_path / "in", tmp_path / "out").course.intake.submissions
    assert similarity.write_sources(tmp_path / "code", submissions, {"doubling": demo()}) == 2
    (alice,) = (tmp_path / "code/answers").glob("alice-*.py")
    text = alice.read_text()
    assert own in text and "expect_close" not in text and "import numpy" not in text
    assert "import numpy" in (tmp_path / "code/given/doubling.py").read_text()
    assert len(list((tmp_path / "code/answers").iterdir())) == 2


def test_what_is_given_is_that_of_the_students_own_edition(tmp_path):
    own = editions.edition("word", "An")
    master = vault.load("backpropagation", own)  # its given programs have drawn numbers
    notebook = handed_in(extra=[(3, "mine = 1")], master=master)
    hand_in(tmp_path / "in/An/work.ipynb", json.dumps(notebook))
    drawn = Drawn("word")
    masters = {master.name: vault.load(master.name)}
    course = classes.take_in(tmp_path / "in", tmp_path / "out", masters, drawn=drawn.of)
    assert similarity.write_sources(tmp_path, course.intake.submissions, drawn.masters) == 1
    (path,) = (tmp_path / "answers").iterdir()
    assert path.read_text().strip() == "mine = 1"
    (given,) = (tmp_path / "given").iterdir()
    assert given.name == f"backpropagation-{own.name}.py"


def program(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_what_copydetect_says_when_it_fails_is_passed_on(tmp_path):
    failing = program(tmp_path / "uv", "echo no network >&2; exit 2")
    assert similarity.compare(tmp_path, failing) == "no network"
    silent = program(tmp_path / "uv", "exit 0")
    assert similarity.compare(tmp_path, silent) == "it wrote no report"


def test_copydetect_is_asked_for_a_report_of_these_folders(tmp_path):
    script = f'echo "$@" > {tmp_path}/asked; touch {tmp_path}/report.html'
    assert similarity.compare(tmp_path, program(tmp_path / "uv", script)) == ""
    asked = (tmp_path / "asked").read_text()
    assert f"--test-dirs {tmp_path}/answers --boilerplate-dirs {tmp_path}/given" in asked
