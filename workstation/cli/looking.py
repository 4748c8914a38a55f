"""`info`: what files are."""

from __future__ import annotations

import argparse

from workstation.cli.asked import Commands, add_sides, path
from workstation.cli.codes import DONE, FINDINGS
from workstation.cli.said import plain, print_json


def add(commands: Commands) -> None:
    parser = commands.add("info", run, "tell what files are, changing nothing")
    parser.add_argument("paths", nargs="+", type=path, metavar="PATH", help="file, folder, zip or DICOMDIR")
    add_sides(parser)


def run(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from workstation.cli.following import follow
    from workstation.workflows import info

    found = follow(info.run(arguments.paths, arguments.sides))
    if arguments.json:
        print_json([asdict(item) for item in found])
    else:
        for item in found:
            print(plain(f"{item.path}: {item.kind}" if item.accepted else f"{item.path}: refused. {item.reason}"))
            for view in item.views:
                spacing = "spacing unknown" if view.spacing_mm is None else "{:g} x {:g} mm".format(*view.spacing_mm)
                print(
                    f"  frame {view.frame}  {view.view or 'view unknown':12} by {view.how or 'nothing':12} "
                    f"{view.rows} x {view.columns}  sum {view.sum:,}  max {view.max:,}  {spacing}"
                )
            for told in item.told:
                print(plain(f"  {told}"))
    return FINDINGS if any(not item.accepted for item in found) else DONE
