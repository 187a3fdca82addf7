"""What is compared is the students' own code; the comparing itself is copydetect's."""

from tests.homework.fakes import reported
from tests.homework.samples import demo, hand_in, handed_in
from tools.homework import similarity
from tools.homework.release import student_version


def test_only_the_students_own_code_is_compared(tmp_path):
    own = "def double(x):\n    return sum((x, x))"
    changed = {"double": own, "double-test": "expect_close(1, 1, 'mine')"}
    hand_in(tmp_path / "in/alice/doubling.ipynb", handed_in(changed))
    hand_in(tmp_path / "in/bob/doubling.ipynb", handed_in())
    hand_in(tmp_path / "in/blank/doubling.ipynb", student_version(demo()))
    submissions = reported(tmp_path / "in", tmp_path / "out").course.intake.submissions
    assert similarity.write_sources(tmp_path / "code", submissions, demo()) == 2
    (alice,) = (tmp_path / "code/answers").glob("alice-*.py")
    text = alice.read_text()
    assert own in text and "expect_close" not in text and "import numpy" not in text
    assert "import numpy" in (tmp_path / "code/given/given.py").read_text()
    assert len(list((tmp_path / "code/answers").iterdir())) == 2


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
