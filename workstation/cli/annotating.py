"""`annotate`: edit a reading from the command line."""

from __future__ import annotations

import argparse
import sys

from workstation.cli.asked import Commands, add_library, needed_library
from workstation.cli.codes import DONE, FINDINGS


def add(commands: Commands) -> None:
    parser = commands.add("annotate", run, "edit a reading: JSON lines in, one JSON line out for each", json=False)
    add_library(parser)
    parser.add_argument("--scan", required=True, metavar="ID")
    parser.add_argument("--reader", metavar="NAME", help="who reads; the window's reader if not given")
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)  # it always is


def run(arguments: argparse.Namespace) -> int:
    import json

    from workstation.workflows import annotate
    from workstation.workflows.home import default_reader
    from workstation.workflows.names import meant
    from workstation.workflows.opening import as_seen, writing

    reader, refused = arguments.reader or default_reader(), 0
    with writing(needed_library(arguments)) as library:
        reader = meant(library, reader, arguments.scan)
        lines = annotate.lines_of(sys.stdin.buffer)
        seen = as_seen(library, reader, reader)
        for answer in annotate.run(seen, arguments.scan, reader, lines):
            print(json.dumps(vars(answer), allow_nan=False), flush=True)
            refused += not answer.ok
    return FINDINGS if refused else DONE
