"""What goes back to an LMS: gradebooks that Canvas and Moodle import, and zips of feedback.

Only whole points go back, of those whose id is known: a student whose answers are not all marked,
or of whom two files may count, is left out, and nothing of hers is overwritten. A page goes back as
it stands, and says what is still to be read; of an unclear file none does.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tools.homework.feedback import full_points
from tools.homework.layouts import MOODLE
from tools.homework.master import Master
from tools.homework.roster import PARTICIPANT, Roster, Student
from tools.homework.submissions import Submission
from tools.homework.tables import number, table_text
from tools.homework.texts import file_name, words

SYSTEMS = frozenset({"moodle", "canvas"})
MADE = (2026, 1, 1, 0, 0, 0)  # the same bytes for the same feedback
# mod/assign/feedback/offline/importgradeslib.php of Moodle asks for the first, the third and the
# fifth of these; a grade above the assignment's maximum it leaves out without a word.
WORKSHEET = (
    *("Identifier", "Full name", "Grade", "Maximum grade"),
    *("Last modified (grade)", "Feedback comments"),
)
# lib/gradebook_importer.rb of Canvas: these come first, and Section is the last of them.
CANVAS = (
    *("Student", "LastName", "FirstName", "ID"),
    *("SIS User ID", "SIS Login ID", "Integration ID", "Root Account"),
)
NEW_CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID")


@dataclass(frozen=True)
class Result:
    """What a submission is worth.

    Attributes:
        submission: the submission.
        master: its assignment.
        sums: "total", "of", "to read" and the points of each kind.
        comments: what the teacher wrote.
        feedback: the page that the student gets.
    """

    submission: Submission
    master: Master
    sums: Mapping[str, float]
    comments: str
    feedback: bytes

    @property
    def whole(self) -> bool:
        """Whether it can go back: all is marked, and it is clear whose it is."""
        return not self.sums["to read"] and not self.submission.unclear

    def number_in(self, system: str, roster: Roster | None) -> str:
        """Returns the id by which an LMS knows the student: by its own word alone.

        Moodle numbers students anew in each assignment, and a number of another register would be
        somebody else's there: a roster that is no export counts only beside files that are none.
        """
        item = self.submission
        if item.claim.lms == system:
            return item.claim.number
        of_system = roster is not None and roster.lms == system
        return item.number if of_system or item.claim.lms in ("folder", "file", "nbgrader") else ""


def gradebook_files(results: Sequence[Result], roster: Roster | None) -> dict[str, bytes]:
    """Makes the files for the LMS by name: for both systems where a roster is of neither."""
    systems = {result.submission.claim.lms for result in results} & SYSTEMS
    if roster:
        systems |= {roster.lms} & SYSTEMS or (SYSTEMS if not systems else set())
    files = {}
    for name in dict.fromkeys(result.master.name for result in results):
        own = [r for r in results if r.master.name == name and not r.submission.unclear]
        whole = [r for r in own if r.whole]
        graded = [r for r in whole if r.submission.number]
        if graded and "canvas" in systems:
            files[_gradebook("canvas", name)] = canvas_gradebook(graded, roster)
        numbered = [r for r in whole if r.number_in("moodle", roster).isdigit()]
        if numbered and "moodle" in systems:
            files[_gradebook("moodle", name)] = moodle_worksheet(numbered, roster)
        for system in sorted(systems):
            pages = {_place(r, system, roster): r.feedback for r in own}
            pages.pop("", None)
            if pages:
                files[_feedback(system, name)] = _zipped(pages)
    return files


def names_of_files(assignments: Iterable[str]) -> list[str]:
    """Lists the names of all files that `gradebook_files` may make."""
    return [
        name_of(system, assignment)
        for assignment in assignments
        for system in sorted(SYSTEMS)
        for name_of in (_gradebook, _feedback)
    ]


def _gradebook(system, assignment):
    return f"gradebook-{system}-{assignment}.csv"


def _feedback(system, assignment):
    return f"feedback-{system}-{assignment}.zip"


def canvas_gradebook(results: Sequence[Result], roster: Roster | None) -> bytes:
    """Writes what Canvas' gradebook imports: one column of points, a row for each student."""
    master = results[0].master
    of_canvas = roster is not None and roster.lms == "canvas"
    known = roster.columns if roster is not None and of_canvas else ()
    people = [name for name in known if name in CANVAS] or NEW_CANVAS
    title = _column(known, master) or master.title
    columns = [*people, "Section", title]
    rows: list[dict[str, object]] = [{"Student": "    Points Possible", title: full_points(master)}]
    for result in results:
        student = _student(result, roster)
        row = dict(student.row) if student and of_canvas else {}
        item = result.submission
        number_there = result.number_in("canvas", None)
        if item.claim.lms != "canvas":  # a number of a roster that is no export of Canvas
            row = {"SIS User ID": number_there} | row
        else:
            row = {"ID": number_there} | row
        row = {"Student": item.student, "Section": item.section} | row
        rows.append({**row, title: result.sums["total"]})
    return table_text(rows, columns, spreadsheet=False)


def _column(columns, master):
    """Finds the assignment in an exported gradebook: `Homework 3: Momentum (4711)`."""
    for text in (master.title, master.name):
        found = [
            name
            for name in columns
            if words(name)[: len(words(text))] == words(text)
            or set(words(text)) <= set(words(name))
        ]
        if len(found) == 1:
            return found[0]
    return None


def moodle_worksheet(results: Sequence[Result], roster: Roster | None) -> bytes:
    """Writes the grading worksheet that an assignment of Moodle takes back."""
    of_moodle = roster is not None and roster.lms == "moodle"
    columns = roster.columns if roster is not None and of_moodle else WORKSHEET
    names = {name.casefold(): name for name in columns}
    rows = []
    for result in results:
        student = _student(result, roster)
        item = result.submission
        row: dict[str, object] = {
            "Identifier": f"{PARTICIPANT}{result.number_in('moodle', roster)}",
            "Full name": item.student,
            "Maximum grade": _most(result.master),
            "Last modified (grade)": "-",
        }
        if student and of_moodle:
            row = dict(student.row)
        row[names["grade"]] = number(result.sums["total"])
        if result.comments and "feedback comments" in names:
            row[names["feedback comments"]] = result.comments
        rows.append(row)
    return table_text(rows, columns, spreadsheet=False)


def too_many_points(results: Sequence[Result], roster: Roster | None) -> str:
    """Says which grades Moodle will leave out, by the maximum in its worksheet; "" for none."""
    if roster is None or roster.lms != "moodle":
        return ""
    column = next((c for c in roster.columns if c.casefold() == "maximum grade"), "")
    over = []
    for result in results:
        student = _student(result, roster)
        text = student.row.get(column, "").replace(",", ".") if student else ""
        most = float(text) if text.replace(".", "", 1).isdigit() else None
        if result.whole and most is not None and result.sums["total"] > most:
            over.append(f"{result.submission.student} ({number(result.sums['total'])})")
    if not over:
        return ""
    most = max(_most(result.master) for result in results)
    return (
        f"Moodle leaves out grades above the assignment's maximum: {', '.join(over)}. Set it to "
        f"{number(most)} there before you upload the worksheet."
    )


def _student(result: Result, roster: Roster | None) -> Student | None:
    people: Iterable[Student] = roster.students if roster else ()
    return next((s for s in people if s.number and s.number == result.submission.number), None)


def _most(master):
    return sum(task.points for task in master.tasks)


def _place(result, system, roster):
    """Names a page of feedback as the LMS finds its student by; "" where it cannot."""
    item = result.submission
    if system == "moodle":
        number_there = result.number_in(system, roster)
        if not number_there.isdigit():
            return ""
        own = item.claim.place.rsplit("/", 1)[-1]
        if item.claim.lms != "moodle" or own != file_name(own, 200) or not _is_folder(item, own):
            own = moodle_folder(item.claim.name or item.student, number_there)
        return f"{own.rstrip('_')}_/{result.master.name}.html"
    # app/models/assignment.rb of Canvas, infer_comment_context_from_filename: it finds the student
    # and the attachment by the numbers in the name that its download has given the file.
    own = item.claim.place.rsplit("/", 1)[-1]
    if item.claim.lms != "canvas" or not re.search(r"_\d+_\d+_", own):
        return ""
    return f"{own.rsplit('.', 1)[0]}.html"


def moodle_folder(name: str, number: str) -> str:
    """Names the folder by which Moodle finds whose the files in a zip of feedback files are."""
    # mod/assign/feedback/file/importziplib.php: NAME_ID_assignsubmission_file, as the download has
    # it; with a _ at its end it fits every version.
    return f"{file_name(name, 100).replace('_', ' ')}_{number}_assignsubmission_file_"


def _is_folder(item, name):
    return MOODLE.fullmatch(name) is not None and f"{name}/" in item.path


def _zipped(pages):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(pages.items()):
            archive.writestr(zipfile.ZipInfo(name, MADE), text, zipfile.ZIP_DEFLATED)
    return content.getvalue()
