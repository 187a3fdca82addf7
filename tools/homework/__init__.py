"""Homework: release the assignments without their answers, and grade what students hand in.

    python -m tools.homework release | grade | open | lock

`master` reads an assignment with its answers and hidden tests, `vault` keeps it locked, `release`
makes the students' version and `edition` draws its numbers. `files` finds what was handed in,
`layouts` and `roster` say whose it is, `sorting` which of several counts. `plan` brings a
notebook's cells into order, and `worker` runs them in the shell of `kernel`, in a process that
`sandbox` locks in with `namespaces` and `seccomp`. `session` talks to it: `messages` are what
crosses, `handles` what a test holds of it. `grading` runs the tests, whose `checks` it counts, and
gives the points; `batch` grades a class. `report` writes what teacher and students read,
`gradebooks` what goes back to an LMS.
"""

import importlib.util

# Windows has neither: it is said here, before anything imports them.
if missing := [name for name in ("fcntl", "resource") if not importlib.util.find_spec(name)]:
    raise SystemExit(
        f"The homework needs Linux or macOS (here Python has no {missing[0]}): on Windows run "
        "`wsl --install` once, open Ubuntu from the start menu, and give the same command there."
    )
