"""The command line.

commands   `main`: check, report, new, simulate, doctor
arguments  what each command takes, and what `--help` says of it
options    the command line taken apart, and what options may be
new        `new`: a study file to fill in, or one made of exports
console    what a run tells the person at the terminal
doctor     what is installed, what is missing and how to get it
"""
