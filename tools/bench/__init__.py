"""`make bench`: what the course's code costs, beside others that do the same work.

`groups` says what is measured, `workers` how, and `results` what is made of it. The other modules
make the contestants: each has functions that return, by name, what is to be timed.
"""
