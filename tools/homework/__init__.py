"""Homework: release the assignments without their answers, and grade what students hand in.

    python -m tools.homework release | grade | open | lock

`master` reads an assignment with its answers and hidden tests, `vault` keeps it locked, `release`
makes the students' version. `submissions` finds what was handed in, `worker` runs a student's code
in a process that `sandbox` locks in, `session` talks to it, `grading` gives the points and `report`
writes what teacher and students read.
"""
