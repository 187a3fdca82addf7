"""Homework: release the assignments without their answers, and grade what students hand in.

    python -m tools.homework release | grade | open | lock

`master` reads an assignment with its answers and hidden tests, `vault` keeps it locked, `release`
makes the students' version. `submissions` finds what was handed in, `plan` brings its cells into
order, and `worker` runs them in the shell of `kernel`, in a process that `sandbox` locks in with
`namespaces` and `seccomp`. `session` talks to it: `messages` are what crosses, `handles` what a
test holds of it. `grading` runs the tests, whose `checks` it counts, and gives the points; `report`
writes what teacher and students read.
"""
