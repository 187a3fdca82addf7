"""How alike the submissions are: the students' own code as files, compared by copydetect.

copydetect (github.com/blingenf/copydetect) fingerprints code as MOSS does. It runs in an
environment of its own, which uv makes: the course does not depend on it. The same folders suit
JPlag (github.com/jplag/JPlag).
"""

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from ravine.files import write_whole
from tools.homework.master import Master
from tools.homework.reading import handed_out
from tools.homework.submissions import Submission
from tools.homework.texts import file_name

COPYDETECT = "copydetect==0.5.0"
ALIKE = "0.6"  # of a student's code: short answers to one question are alike by themselves


def own_code(submission: Submission, master: Master) -> str:
    """Returns the code that a student wrote: no given cell, no test, no stub."""
    as_given = handed_out(master)
    tests = {cell.name for cell in master.cells if cell.role == "test"}
    cells = [
        cell.source
        for cell in submission.cells
        if cell.code and cell.name not in tests and not as_given(cell)
    ]
    return "\n\n".join(cells) + "\n"


def write_sources(
    folder: Path, submissions: Iterable[Submission], masters: Mapping[str, Master]
) -> int:
    """Writes each student's own code to `answers`, and what they were given to `given`.

    Args:
        folder: where the two folders go.
        submissions: those of one assignment, without a problem.
        masters: the assignment by `Submission.key`, in each edition that occurs.

    Returns:
        How many students' code there is.
    """
    written, keys = 0, set()
    for submission in submissions:
        keys.add(submission.key)
        code = own_code(submission, masters[submission.key])
        if code.strip():
            name = file_name(f"{submission.student} {submission.number}".strip(), 80)
            text = code.encode("utf-8", "replace")
            write_whole(folder / "answers" / f"{name}-{submission.digest[:6]}.py", text)
            written += 1
    for key in keys:
        given = [cell.released for cell in masters[key].cells if cell.code]
        write_whole(folder / "given" / f"{key.replace(' ', '-')}.py", "\n\n".join(given).encode())
    return written


def command(folder: Path, uv: Path) -> list[str]:
    """Returns the command that compares the files and writes `report.html` beside them."""
    return [
        *(str(uv), "tool", "run", "--quiet", "--from", COPYDETECT, "copydetect"),
        *("--test-dirs", str(folder / "answers"), "--boilerplate-dirs", str(folder / "given")),
        *("--extensions", "py", "--display-thresh", ALIKE, "--disable-autoopen"),
        *("--out-file", str(folder / "report.html")),
    ]


def compare(folder: Path, uv: Path) -> str:
    """Runs copydetect.

    Returns:
        "" if its report is written, else what it says.
    """
    done = subprocess.run(command(folder, uv), capture_output=True, text=True, check=False)
    if done.returncode == 0 and (folder / "report.html").is_file():
        return ""
    return (done.stderr or done.stdout).strip()[-500:] or "it wrote no report"
