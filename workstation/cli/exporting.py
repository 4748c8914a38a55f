"""`export`: lesions out, in the formats of others."""

from __future__ import annotations

import argparse

from workstation.cli.asked import Commands, add_library, needed_library, path
from workstation.cli.codes import DONE
from workstation.cli.said import count, plain, print_json


def add(commands: Commands) -> None:
    parser = commands.add("export", run, "write lesions out")
    add_library(parser)
    parser.add_argument("--out", required=True, type=path, metavar="DIR")
    parser.add_argument("--format", required=True, choices=("csv", "png", "nifti", "coco", "labelme", "nnunet"))
    parser.add_argument("--reader", metavar="NAME", help="only this reader's lesions")


def run(arguments: argparse.Namespace) -> int:
    from workstation.cli.following import follow
    from workstation.workflows import export
    from workstation.workflows.opening import seen

    with seen(needed_library(arguments), arguments.reader) as library:
        result = follow(export.run(library, arguments.out, arguments.format, arguments.reader))
    if arguments.json:
        print_json({"lesions": result.lesions, "files": result.files, "out": str(result.out)})
    else:
        print(plain(f"{count(result.lesions, 'lesion')} in {count(result.files, 'file')} in {result.out}"))
    return DONE
