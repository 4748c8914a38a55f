"""`snapshot`: a library frozen into a data set to learn from."""

from __future__ import annotations

import argparse
import sys

from workstation.cli.asked import Commands, add_library, needed_library, path
from workstation.cli.codes import DONE
from workstation.cli.said import plain, print_json


def add(commands: Commands) -> None:
    parser = commands.add("snapshot", run, "freeze a library into a data set to learn from")
    add_library(parser)
    parser.add_argument("--out", required=True, type=path, metavar="DIR", help="a new folder")
    parser.add_argument("--folds", type=int, default=5, metavar="K", help="into how many patients are dealt (5)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="by which they are dealt (0)")
    parser.add_argument(
        "--reader", metavar="NAME", help="whose readings; else the adjudicated one of each scan, else the first"
    )
    parser.add_argument(
        "--sealed",
        metavar="N|SHARE",
        help="seal so many patients, such as 40 or 10%%, for one final evaluation; once in a library and for ever",
    )
    parser.add_argument(
        "--ai-labels", action="store_true", help="test also on patients in whose labels an AI had a part"
    )


def run(arguments: argparse.Namespace) -> int:
    from workstation.cli.following import follow
    from workstation.workflows import snapshot, snapshot_told
    from workstation.workflows.home import default_reader
    from workstation.workflows.opening import as_seen, reading, writing
    from workstation.workflows.snapshot_plan import Wanted

    folder = needed_library(arguments)
    wanted = Wanted(arguments.folds, arguments.seed, arguments.reader, arguments.sealed, arguments.ai_labels)
    sealing = False
    if arguments.sealed is not None:
        with reading(folder) as library:
            sealing = not library.sealed()
    with writing(folder) if sealing else reading(folder) as library:
        result = follow(snapshot.run(as_seen(library), arguments.out, wanted, default_reader()))
    if arguments.sealed is not None and not sealing:
        asked = plain(arguments.sealed)
        print(f"Patients of this library were sealed before: --sealed {asked} changed nothing.", file=sys.stderr)
    if arguments.json:
        print_json(snapshot_told.as_json(result))
    else:
        for line in snapshot_told.as_text(result):
            print(plain(line))
    return DONE
