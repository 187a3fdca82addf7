"""A grader that runs nothing, for what happens around grading."""

import csv
import io
import zipfile

from tests.homework.samples import demo
from tools.homework import classes
from tools.homework.batch import Graded
from tools.homework.grading import Outcome
from tools.homework.report import Reports


def outcomes_of(master=None, points=1.0):
    """Returns outcomes in which every test gives this part of its points."""
    return tuple(
        Outcome(task.name, None if task.role == "manual" else points * task.points, "")
        for task in (master or demo()).tasks
    )


def fake(submission, outcomes=None, errors=None):
    """Returns a submission as if it had been graded."""
    return Graded(submission, demo(), outcomes or outcomes_of(), errors or {})


def reported(place, out, roster=None, outcomes=None, due=None):
    """Takes a folder in, gives everybody the same outcomes and writes all reports."""
    course = classes.take_in(place, out, {"doubling": demo()}, roster, due)
    with Reports(course) as reports:
        for submission in course.intake.submissions:
            if not submission.problem:
                reports.add(fake(submission, outcomes))
    return reports


def table(path):
    """Reads a table that the command wrote."""
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def cells_of_column(path, key, column):
    """Returns a column of a table, by another one."""
    return {row[key]: row[column] for row in table(path)}


def moodle_takes(content):
    """Says what assignfeedback_file_zip_importer of Moodle makes of a zip: pages by participant."""
    found = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            old = ("/import/" + name).split("_", 4)  # before 4.1 the path as a whole
            assert old[1].isdigit() and old[2:4] == ["assignsubmission", "file"], old
            for part in name.split("/"):
                fields = part.split("_", 4)
                if len(fields) >= 4 and fields[1].isdigit():
                    assert fields[2:4] == ["assignsubmission", "file"]
                    found[int(fields[1])] = archive.read(name).decode()
                    break
    return found
