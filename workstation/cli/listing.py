"""`list` and `tables`: what a library holds."""

from __future__ import annotations

import argparse

from workstation.cli.asked import Commands, add_library, needed_library, path
from workstation.cli.codes import DONE
from workstation.cli.said import plain, print_json, print_table


def add(commands: Commands) -> None:
    parser = commands.add("list", run_list, "list the scans of a library")
    add_library(parser)
    parser.add_argument("--reader", metavar="NAME", help="whose readings to show where there are several")

    parser = commands.add("tables", run_tables, "count patients and lesions by tumour, and who is included")
    add_library(parser)
    parser.add_argument("--reader", metavar="NAME", help="whose readings to count where there are several")
    parser.add_argument("--out", type=path, metavar="DIR", help="write them here as well: CSV, JSON, HTML")


def run_list(arguments: argparse.Namespace) -> int:
    from workstation.workflows.listing import scans
    from workstation.workflows.opening import seen

    with seen(needed_library(arguments), arguments.reader) as library:
        rows = scans(library, arguments.reader)
    if arguments.json:
        print_json(rows)
    else:
        who = ("scan", "patient", "day", "tumour", "sex", "age", "views")
        names = (*who, "lesions", "grade", "reference", "status", "reader")
        print_table(names, [[row[name] for name in names] for row in rows])
    return DONE


def run_tables(arguments: argparse.Namespace) -> int:
    from workstation.workflows import tables
    from workstation.workflows.opening import seen

    with seen(needed_library(arguments), arguments.reader) as library:
        found = tables.count(library, arguments.reader)
    files = [] if arguments.out is None else tables.write(found, arguments.out)
    if arguments.json:
        print_json(tables.as_json(found))
    else:
        for line in tables.as_text(found).splitlines():
            print(plain(line))
        for file in files:
            print(plain(f"written  {file}"))
    return DONE
