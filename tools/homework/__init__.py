"""Homework: release the assignments without their answers, and grade what students hand in.

    python -m tools.homework release | grade | open | lock

`master` reads an assignment with its answers and hidden tests, `vault` keeps it locked, `release`
makes the students' version. `files` finds what was handed in, `layouts` and `roster` say whose it
is, `sorting` which of several counts. `worker` runs a student's code in a process that
`sandbox` locks in, `session` talks to it, `grading` gives the points and `batch` grades a class.
`report` writes what teacher and students read, `gradebooks` what goes back to an LMS.
"""

import importlib.util

# Windows has neither: it is said here, before anything imports them.
if missing := [name for name in ("fcntl", "resource") if not importlib.util.find_spec(name)]:
    raise SystemExit(
        f"The homework needs Linux or macOS (here Python has no {missing[0]}): on Windows run "
        "`wsl --install` once, open Ubuntu from the start menu, and give the same command there."
    )
