"""`evaluate`: the papers' tables from what networks predicted."""

from __future__ import annotations

import argparse

from workstation.cli.asked import Commands, add_library, path
from workstation.cli.codes import DONE, FINDINGS
from workstation.cli.said import plain, print_json, print_table


def add(commands: Commands) -> None:
    parser = commands.add("evaluate", run, "the papers' tables from a training or a cross-validation, as a report")
    parser.add_argument("run_folder", type=path, metavar="RUN")
    parser.add_argument("--final", action="store_true", help="open the sealed patients; each opening is counted")
    add_library(parser, "with --final: count the opening there as well")
    parser.add_argument("--snapshot", type=path, metavar="DIR", help="where the set is, if not where it was")
    parser.add_argument("--out", type=path, metavar="DIR", help="of the report; RUN/evaluation if not given")
    parser.add_argument("--network", metavar="NAME", help="the one the others are compared with")
    parser.add_argument(
        "--threshold", choices=("paper", "inner"), default="paper",
        help="0.5 as in the papers, or chosen on inner validation patients",
    )  # fmt: skip
    parser.add_argument("--format", choices=("text", "md"), default="text", help="print a summary, or all tables")


def run(arguments: argparse.Namespace) -> int:
    from workstation.cli.following import follow
    from workstation.workflows import evaluate

    done = follow(evaluate.run(evaluate.Asked(
        arguments.run_folder, arguments.snapshot, arguments.out, arguments.network, arguments.threshold == "inner",
        arguments.final, arguments.library,
    )))  # fmt: skip
    if arguments.json:
        print_json({**done.value, "page": str(done.page)})
    elif arguments.format == "md":
        print(done.document, end="")
    else:
        for line in done.heading:
            print(plain(line))
        for title, columns, rows in done.tables:
            print(f"\n{plain(title)}")
            print_table(columns, rows)
        print()
        for line in done.absent:
            print(plain(f"missing  {line}"))
        print(plain(f"Report: {done.page}"))
    return FINDINGS if done.absent else DONE
