"""Sorts what came in: whose each file is, and which of several counts.

Nobody is lost: every file has a row in the end, graded or refused with the reason. Nobody is
merged: two files become one student's only where the LMS' id, the roster or a folder of her own
says so. What is not clear is a submission of its own, graded and listed as unclear.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from tools.homework.edition import EditionError
from tools.homework.files import File
from tools.homework.intake import claim_all, is_note, look, paths_of
from tools.homework.master import Master
from tools.homework.reading import untouched
from tools.homework.roster import Roster
from tools.homework.submissions import NEVER, Intake, Submission
from tools.homework.texts import shown, words

ROSTER = "roster "
ONE_OF = " one of several: "
MOST_VERSIONS = 5  # that one student hands in of one assignment


def read_submissions(
    files: Iterable[File],
    masters: Sequence[Master],
    due: datetime | None = None,
    roster: Roster | None = None,
    drawn: Callable[[Submission], Master] | None = None,
) -> Intake:
    """Reads what was handed in.

    Args:
        files: the files; their contents are not kept.
        masters: the assignments.
        due: the deadline, local time.
        roster: the class, where there is a list of it.
        drawn: finds the assignment of a submission in its edition, `Drawn.of`; without it there is
            one edition.
    """
    seen = [look(file, masters) for file in files]
    rows = [(shown(s.file.path), "", s.file.ignored) for s in seen if s.file.ignored]
    seen = [item for item in seen if not item.file.ignored]
    names = [master.name for master in masters]
    claim_all(seen, names)
    paths = paths_of(seen)
    found = [_submission(s, path, roster, due) for s, path in zip(seen, paths, strict=True)]
    by_name = {master.name: master for master in masters}
    drawn = drawn or (lambda item: by_name[str(item.assignment)])
    found = [_of_an_edition(item, drawn) for item in found]
    chosen, dropped = _choose(_told_apart(found), drawn)
    rows += [(item.path, item.student, reason) for item, reason in dropped]
    chosen, more = _with_the_rest(chosen)
    rows += [(item.path, item.student, f"not graded: {item.problem}") for item in more]
    rows += [
        (s.path, s.student, f"not graded: {s.problem}" if s.problem else f"graded: {s.assignment}")
        for s in chosen
    ]
    missing = _missing(chosen, names, roster) if roster else ()
    return Intake(tuple(chosen), tuple(sorted(rows)), tuple(missing))


def _missing(chosen, names, roster):
    """Yields what did not come, assignment by assignment; one that nobody sent is not asked for."""
    came: dict[str, set[str | None]] = {}
    for item in chosen:
        came.setdefault(item.who.split(ONE_OF)[0], set()).add(item.assignment)
    asked = [name for name in names if any(name in own for own in came.values())]
    for name in asked or [""]:
        for student in roster.students:
            if not came.get(_who(student), set()) & {name, None}:
                yield name, student


def _submission(item, path, roster, due):
    student, unclear, note = None, "", ""
    if roster:
        student, said = roster.find(item.claim, item.parts)
        unclear, note = ("", said) if student else (said, "")
    elif not item.claim.name and not item.claim.number:
        unclear = "its path names nobody"
    handed_in = item.claim.handed_in or (student.handed_in if student else None)
    handed_in = handed_in or item.file.modified
    late = item.claim.late
    if late is None and due and handed_in:
        late = handed_in > due
    order = (item.claim.attempt, item.claim.handed_in or NEVER, item.file.modified or NEVER)
    name = student.name if student else shown(item.claim.name or item.claim.number)
    if unclear:
        who = f"file {path}"
    elif student:
        who = _who(student)
    elif item.claim.number:
        who = f"{item.claim.lms} {shown(item.claim.number)} {_squashed(item.claim)}"
    else:
        who = f"{item.claim.lms} {item.claim.place!a}"
    return Submission(
        student=name,
        who=who,
        number=student.number if student else shown(item.claim.number),
        section=student.section if student else "",
        assignment=item.assignment,
        path=path,
        handed_in=handed_in,
        late=late,
        digest=item.digest,
        cells=item.cells,
        claim=item.claim,
        edition=item.edition,
        problem=item.problem,
        order=order,
        aside=is_note(item),
        unclear=unclear,
        note=note,
    )


def _of_an_edition(item, drawn):
    """Refuses a notebook of an edition that the class does not have."""
    if not item.problem:
        try:
            drawn(item)
        except EditionError as error:
            return replace(item, problem=str(error))
    return item


def _who(student):
    return f"{ROSTER}{student.number or student.name}"


def _squashed(found):
    return "" if found.lms in ("moodle", "canvas") else " ".join(words(found.name))


def _told_apart(found: list[Submission]) -> list[Submission]:
    """Gives each student a name that no other has.

    Two of one name and without an id may be one student twice or two students: both are unclear. So
    are those in one folder's several folders: it may be a student's, or a week's.
    """
    whos: dict[str, set[str]] = {}
    folders: dict[str, set[tuple[str, ...]]] = {}
    for item in found:
        whos.setdefault(_same(item.student), set()).add(item.who)
        if item.claim.lms == "folder" and item.cells:
            folders.setdefault(item.who, set()).add(item.claim.below)
    result = []
    for item in found:
        unclear = item.unclear
        if not unclear and len(folders.get(item.who, ())) > 1 and not item.who.startswith(ROSTER):
            unclear = "its folder holds several: it may be one student's or a whole class'"
        if not unclear and len(whos[_same(item.student)]) > 1:
            if item.number:
                item = replace(item, student=f"{item.student} ({item.number})")
            else:
                unclear = "another one has the same name, and nothing says who is who"
        if unclear:
            named = f"unclear: {item.path}"
            item = replace(item, student=named, who=f"file {item.path}", unclear=unclear)
        result.append(item)
    return result


def _same(name):
    return " ".join(words(name)) or name


def _choose(found, drawn):
    """Keeps of several files of one student for one assignment the one that counts."""
    groups: dict[tuple[str, str | None], list[Submission]] = {}
    for item in found:
        kind = item.assignment if not item.problem else None
        groups.setdefault((item.who, kind), []).append(item)
    chosen, dropped = [], []
    for (_, assignment), group in groups.items():
        if assignment is None or len(group) == 1:
            chosen += group
            continue
        best, why = _best(group, drawn)
        if len(best) == 1:
            others = [item for item in group if item is not best[0]]
            names = ", ".join(sorted(item.path for item in others))
            note = f"{why} of {len(group)} files; not graded: {names}"
            chosen.append(replace(best[0], note=_joined(best[0].note, note)))
            dropped += [(item, f"not graded: {why} of {len(group)} counts") for item in others]
            continue
        for item in best:
            text = f"one of {len(best)} files, and nothing says which counts"
            name = f"unclear: {item.student}, {item.path}"
            whose = f"{item.who}{ONE_OF}{item.path}"
            chosen.append(replace(item, student=name, who=whose, unclear=text))
        dropped += [(item, "not graded: untouched") for item in group if item not in best]
    return chosen, dropped


def _best(group, drawn):
    """Returns the file that counts and why, or all between which nothing decides."""
    group = sorted(group, key=lambda item: (item.order, item.path))
    one_each = list({item.digest: item for item in group}.values())
    if len(one_each) == 1:
        return one_each, "the same"
    if len({_origin(item.claim) for item in group}) > 1 or _of_several(one_each):
        return one_each, ""  # one may be somebody else's
    worked = [item for item in one_each if not untouched(item.cells, drawn(item))]
    if len(worked) == 1:
        return worked, "the only one with answers"
    rest = worked or one_each
    latest = rest[-1].order
    if latest == rest[-2].order or any(item.order == (0, NEVER, NEVER) for item in rest):
        return rest, ""
    return rest[-1:], "the latest"


def _of_several(versions):
    """Says whether a folder holds the files of several: they are many, or name several people."""
    if versions[0].who.startswith(ROSTER):
        return False
    names = {item.claim.within for item in versions} - {""}
    return len(names) > 1 or len(versions) > MOST_VERSIONS


def _origin(claim):
    """Returns what two files of one student share: her id in one export, or her own folder."""
    return (claim.number, claim.place.rpartition("/")[0]) if claim.number else claim.place


def _with_the_rest(chosen):
    """Takes what cannot be graded out of the rows of those who handed in something that can.

    Returns:
        The submissions, where each names what else came from its student; and the rest.
    """
    kept = [item for item in chosen if not item.problem]
    places: dict[str, list[int]] = {}
    for place, item in enumerate(kept):
        places.setdefault(item.who, []).append(place)
    alone, more = [], []
    for item in chosen:
        if not item.problem:
            continue
        own = places.get(item.who, [])
        beside = [n for n in own if item.assignment in (None, kept[n].assignment)]
        if not beside:
            alone.append(item)
            continue
        more.append(item)
        if not item.aside:
            good = kept[beside[0]]
            text = f"also handed in: {item.path} ({item.problem})"
            kept[beside[0]] = replace(good, note=_joined(good.note, text))
    whos = {item.who for item in alone if not item.aside}
    more += [item for item in alone if item.aside and item.who in whos]
    return kept + [item for item in alone if not (item.aside and item.who in whos)], more


def _joined(*texts):
    return "; ".join(text for text in texts if text)
