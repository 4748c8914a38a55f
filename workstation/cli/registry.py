"""Which commands there are: one module for each group of them, in the order of the help.

A module gives `add(commands)`, which adds its command to the parser, and `run(arguments) -> int`, which carries it
out and gives the exit code; where it has several commands, one run_... for each. A new group is a file and a name here.

At its top a module imports argparse, pathlib and the small modules of this package, no more (`typing` alone takes a
tenth of the time in which help comes): what it needs to run, it imports when it runs.
"""

from __future__ import annotations

from types import ModuleType

from workstation.cli import (
    annotating,
    evaluating,
    exporting,
    freezing,
    importing,
    keeping,
    listing,
    looking,
    modelling,
    queues,
    simulating,
    training,
)

COMMANDS: tuple[ModuleType, ...] = (
    looking, importing, listing, queues, annotating, exporting, freezing, training, evaluating, modelling,
    keeping, simulating,
)  # fmt: skip
