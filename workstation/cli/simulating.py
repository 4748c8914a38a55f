"""`phantom`: simulated scans with known truth."""

from __future__ import annotations

import argparse

from workstation.cli.asked import Commands, path
from workstation.cli.codes import DONE
from workstation.cli.said import count, print_json


def add(commands: Commands) -> None:
    parser = commands.add("phantom", run, "simulate scans with known truth")
    parser.add_argument("cohort", metavar="COHORT", help="which patients, such as demo")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=path, metavar="DIR", help="write DICOM with the truth beside it")
    where.add_argument("--snapshot", type=path, metavar="DIR", help="write arrays to learn from, dealt into folds")
    parser.add_argument("--patients", type=int, metavar="N", help="how many; all the cohort has if not given")
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    parser.add_argument("--folds", type=int, metavar="K", help="of a snapshot; 5 if not given")


def run(arguments: argparse.Namespace) -> int:
    from workstation.cli.following import follow
    from workstation.workflows import simulate, simulate_snapshot
    from workstation.workflows.errors import CallError

    asked = arguments.patients, arguments.seed
    if arguments.snapshot is not None:
        result = follow(simulate_snapshot.run(arguments.cohort, arguments.snapshot, *asked, arguments.folds))
    elif arguments.folds is not None:
        raise CallError("Only a snapshot has folds; leave --folds away, or name --snapshot instead of --out.")
    else:
        result = follow(simulate.run(arguments.cohort, arguments.out, *asked))
    if arguments.json:
        print_json(vars(result))
    else:
        print(
            f"{count(result.scans, 'simulated scan')} with {count(result.lesions, 'lesion')}, "
            f"{result.malignant} of them malignant, in {result.seconds:.1f} s"
        )
    return DONE
