"""`verify`, `check` and `backup`: whether a library is whole, and that it stays so."""

from __future__ import annotations

import argparse

from workstation.cli.asked import Commands, add_library, needed_library, path
from workstation.cli.codes import DONE, FINDINGS
from workstation.cli.said import count, plain, print_json


def add(commands: Commands) -> None:
    parser = commands.add("verify", run_verify, "check the history and the files of a library")
    add_library(parser)
    parser.add_argument("--head", metavar="HASH", help="a head noted earlier, which must still be in the history")

    parser = commands.add("check", run_check, "list what contradicts itself in readings, and lesions unlike their like")
    add_library(parser)
    parser.add_argument("--reader", metavar="NAME", help="only this reader's readings")

    parser = commands.add("backup", run_backup, "write a consistent copy of a library, also while it is in use")
    add_library(parser)
    parser.add_argument("--out", required=True, type=path, metavar="FILE")


def run_verify(arguments: argparse.Namespace) -> int:
    from workstation.cli.following import follow
    from workstation.workflows import verify

    found = follow(verify.folder(needed_library(arguments), arguments.head))
    if arguments.json:
        print_json(vars(found))
    elif found.ok:
        print(f"The library is whole: {found.rows:,} rows of history, head {found.head}")
    else:
        print(f"{count(len(found.problems), 'problem')} found:")
        for problem in found.problems:
            print(plain(f"  {problem}"))
    if not arguments.json:
        for note in found.notes:
            print(plain(f"  note: {note}"))
    return DONE if found.ok else FINDINGS


def run_check(arguments: argparse.Namespace) -> int:
    from workstation.cli.following import follow
    from workstation.workflows import check

    found = follow(check.folder(needed_library(arguments), arguments.reader))
    if arguments.json:
        print_json(check.as_json(found))
    for line in () if arguments.json else check.as_text(found):
        print(plain(line))
    return FINDINGS if found.findings else DONE


def run_backup(arguments: argparse.Namespace) -> int:
    from workstation.cli.following import follow
    from workstation.workflows import backup
    from workstation.workflows.opening import reading

    with reading(needed_library(arguments)) as library:
        result = follow(backup.run(library, arguments.out))
    if arguments.json:
        print_json({"file": str(result.file), "bytes": result.bytes})
    else:
        print(plain(f"{result.file}: {result.bytes:,} bytes"))
    return DONE
