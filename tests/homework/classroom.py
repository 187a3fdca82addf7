"""A class of any size that hands in in every shape, graded by a command that is killed twice.

    python -m tests.homework.classroom 120

grades it with the real grader, which takes minutes; `test_classroom.py` does the same with few
students and a grader that runs nothing.
"""

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.homework.fakes import table
from tests.homework.samples import hand_in
from tools.book.notebooks import ROOT
from tools.homework import vault
from tools.homework.master import SOLUTION, Master
from tools.homework.release import student_version

FIRST = (
    *("An", "Bình", "Chi", "Dũng", "Giang", "Hải"),
    *("Hương", "Khánh", "Linh", "Minh", "My", "Phúc"),
)
FAMILY = ["Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ"]


@dataclass(frozen=True)
class Student:
    name: str
    number: str
    section: str

    @property
    def letters(self):
        """The name as Canvas writes it: small letters and nothing else."""
        return "".join(c for c in self.name.lower() if c.isalnum())


def people(count: int) -> list[Student]:
    pairs = [(family, first) for first in FIRST for family in FAMILY]
    return [
        Student(f"{family} {first}", str(70000 + place), "AB"[place % 2])
        for place, (family, first) in enumerate(pairs[:count])
    ]


def solved(master: Master) -> str:
    """Returns the notebook of a student who knows all answers."""
    notebook = student_version(master)
    for node, cell in zip(notebook.cells, master.cells, strict=True):
        if cell.role in ("answer", "manual"):
            node.source = SOLUTION.sub(lambda found: found["inside"], cell.source)
    return json.dumps(notebook)


def with_code(notebook: str, code: str) -> str:
    """Puts code into a cell at the end."""
    content = json.loads(notebook)
    cell = {"cell_type": "code", "source": code, "metadata": {}, "outputs": []}
    content["cells"].append(cell | {"execution_count": None})
    return json.dumps(content)


def zipped(name: str, text: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return content.getvalue()


def shapes(right: str, blank: str, name: str) -> list[Callable[[Path, Student], str]]:
    """Returns ways to hand in: each writes files and says what must become of them.

    "right" has all points of the tests, "blank" none, "refused" is listed with the reason,
    "nothing" never came, "any" is graded.
    """

    def put(what, path, content=right):
        def hand(place, student):
            spelled = path.format(s=student, folded=unicodedata.normalize("NFD", student.name))
            (place / spelled).parent.mkdir(parents=True, exist_ok=True)
            (place / spelled).write_bytes(
                content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
            )
            return what

        return hand

    def twice(place, student):
        old = hand_in(place / student.name / f"{name}.ipynb", blank)
        new = hand_in(place / student.name / f"{name} (1).ipynb", right)
        for path in (old, new):
            os.utime(path, (1_800_000_000,) * 2)
        return "right"

    def link(place, student):
        (place / student.name).mkdir(parents=True)
        (place / student.name / "x.ipynb").symlink_to("/etc/passwd")
        return "refused"

    def latin(place, student):
        plain = unicodedata.normalize("NFD", student.name).encode("ascii", "ignore").decode()
        folder = os.fsdecode(f"{plain} ".encode() + b"\xea " + student.number.encode())
        hand_in(place / folder / f"{name}.ipynb", right)
        return "right"

    bomb = zipped(f"{name}.ipynb", "0" * (21 * 2**20))
    return [
        put("right", f"{{s.name}}_{{s.number}}_assignsubmission_file/{name}.ipynb"),
        put("right", f"{{s.letters}}_{{s.number}}_9{{s.number}}_{name}-1.ipynb"),
        put("right", f"{name}_{{s.number}}_attempt_2026-11-03-22-15-09_{name}.ipynb"),
        put("right", "1{s.number}-55 - {s.name} - Nov 3, 2026 926 PM/my work.ipynb"),
        put("right", f"{{s.name}} - {name}.ipynb"),
        put("right", f"{{folded}}/{name}.ipynb"),
        put("right", "{s.name}/work.zip", zipped(f"deep/er/{name}.ipynb", right)),
        put("right", f"{{s.name}}/{name}.ipynb.txt"),
        put("right", f"{name}_{{s.number}}.ipynb.json"),
        put("right", f"{{s.number}}/{name}/{name}.ipynb"),
        put("blank", f"{{s.name}}/{name}.ipynb", blank),
        put("refused", f"{{s.name}}/{name}.pdf", b"%PDF-1.7"),
        put("refused", f"{{s.name}}/{name}.rar", b"Rar!\x1a\x07\x01\x00"),
        put("refused", f"{{s.name}}/{name}.tar.gz", b"\x1f\x8b\x08"),
        put("refused", "{s.name}/link.txt", b"https://colab.research.google.com/drive/1"),
        put("refused", f"{{s.name}}/{name}.ipynb", b""),
        put("refused", "{s.name}.zip", zipped(f"{name}.ipynb", right)[:-30]),
        put("refused", "{s.name}/bomb.zip", bomb),
        put("refused", "{s.name}/values.ipynb", b'{"cells":[' + b"[]," * 600_000 + b"1]}"),
        put("any", f"{{s.name}}/{name}.ipynb", with_code(right, "raise ValueError('\ud800')")),
        put("any", f"{{s.name}} \x1b[31m/{name}.ipynb"),
        put("any", f"{{s.name}}/{name}.ipynb", with_code(right, "import os; os._exit(3)")),
        put("right", f"{{s.name}} {'x' * 120}/{name}.ipynb"),
        twice,
        link,
        latin,
        lambda place, student: "nothing",
    ]


def hand_in_all(place: Path, students: list[Student], masters: list[Master]) -> dict[str, str]:
    """Writes what a class hands in, and returns what must become of each student's."""
    ways: list[Callable[[Path, Student], str]] = []
    for master in masters:
        ways += shapes(solved(master), json.dumps(student_version(master)), master.name)
    (place / "in").mkdir(parents=True)
    lines = [f"{s.number},{s.name},{s.section}\n" for s in students]
    (place / "roster.csv").write_text("id,name,section\n" + "".join(lines), encoding="utf-8")
    step = 7 if len(ways) % 7 else 5  # so that few students see ways of every kind
    return {
        student.number: ways[number * step % len(ways)](place / "in", student)
        for number, student in enumerate(students)
    }


def results(out: Path) -> dict[Path, tuple[int, int]]:
    """Lists the results that are kept, each with what changes when it is written again."""
    return {
        path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in out.glob("results/*/*.json")
    }


def killed(command: list[str], out: Path, at: int) -> None:
    """Runs a command and kills it, with all its children, as soon as so many are graded."""
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    try:
        while len(results(out)) < at:
            assert process.poll() is None, f"it ended before {at} were graded"
            time.sleep(0.01)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def complaints(out: Path, expected: dict[str, str], done: bool) -> Iterator[str]:
    """Yields what is wrong with the table of totals: nothing, if all is well."""
    rows: dict[str, list[dict[str, str]]] = {number: [] for number in expected}
    for row in table(out / "totals.csv"):
        if row["id"] in rows:
            rows[row["id"]].append(row)
        else:
            yield f"a row of nobody: {row}"
    for number, what in expected.items():
        if not rows[number]:
            yield f"{number} has no row ({what})"
        came = [row for row in rows[number] if row["note"] != "nothing came in"]
        for row in (came or rows[number]) if done else ():
            note = row["note"]
            fits = {
                "right": row["auto"] not in ("", "0") and "unclear" not in note,
                "blank": row["auto"] == "0",
                "any": row["total"] != "",
                "refused": note.startswith("not graded: "),
                "nothing": note == "nothing came in",
            }
            if not fits[what]:
                yield f"{number} ought to be {what}: {row}"


def main(count: int) -> None:
    """Grades a class with the real grader, killed twice, and says how long one takes."""
    masters = [vault.load(name) for name in ("momentum", "adam")]
    with tempfile.TemporaryDirectory() as folder:
        place, out = Path(folder), Path(folder) / "out"
        expected = hand_in_all(place, people(count), masters)
        ready = sum(what in ("right", "blank", "any") for what in expected.values())
        command = [sys.executable, "-m", "tools.homework", "grade", str(place / "in")]
        command += ["--roster", str(place / "roster.csv"), "--out", str(out)]
        began = time.monotonic()
        kept: dict[Path, tuple[int, int]] = {}
        for part in (0.3, 0.7):
            killed(command, out, int(part * ready))
            assert kept.items() <= results(out).items(), "something was graded twice"
            kept = results(out)
            assert not list(complaints(out, expected, done=False))
            print(f"killed after {len(kept)} of {ready}", flush=True)
        subprocess.run(command, cwd=ROOT, check=True)
        seconds = time.monotonic() - began
        assert kept.items() <= results(out).items(), "something was graded twice"
        wrong = list(complaints(out, expected, done=True))
        print("\n".join(wrong) or f"all {count} students have their row")
        print(f"{ready} graded in {seconds:.0f} s and three starts: {seconds / ready:.1f} s each")
        sys.exit(bool(wrong))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 120)
