"""`import`: scans, readings and clinical facts into a library."""

from __future__ import annotations

import argparse
from pathlib import Path

from workstation.cli.asked import Commands, add_library, add_sides, needed_library, path
from workstation.cli.codes import DONE, FINDINGS
from workstation.cli.said import count, plain, print_json


def add(commands: Commands) -> None:
    parser = commands.add("import", run, "import scans into a library, making it if need be")
    parser.add_argument("paths", nargs="*", type=path, metavar="PATH", help="file, folder, zip, DICOMDIR or cohort")
    add_library(parser)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--kind", choices=("research", "clinical"), help="of a new library: research is de-identified")
    kind.add_argument("--keep-identity", action="store_const", dest="kind", const="clinical", help="same as clinical")
    add_sides(parser)
    parser.add_argument("--labels", type=Path, metavar="FILE|DIR", help="readings: tables of export, labelme, COCO")
    parser.add_argument("--clinical", type=Path, metavar="CSV", help="facts of patients: tumour, reference ...")
    parser.add_argument("--refused", type=Path, metavar="CSV", help="write the refused files and reasons here as well")
    parser.add_argument("--new-key", action="store_true", help="go on where the library's key is on another machine")
    parser.add_argument("--reader", metavar="NAME", help="who imports, for the history")


def run(arguments: argparse.Namespace) -> int:
    from workstation.cli.following import follow
    from workstation.workflows import clinical_csv, import_scans
    from workstation.workflows.errors import CallError
    from workstation.workflows.home import default_reader
    from workstation.workflows.opening import writing

    if not arguments.paths and arguments.labels is None and arguments.clinical is None:
        raise CallError(
            "What is to be imported? Name files or folders, or --labels or --clinical for scans that are there."
        )
    if arguments.refused is not None and (arguments.refused.is_dir() or not arguments.refused.parent.is_dir()):
        raise CallError(f"{arguments.refused} cannot be written: name a file, in a folder that is there.")
    clinical = None if arguments.clinical is None else clinical_csv.load(arguments.clinical)
    options = import_scans.ImportOptions(
        who=arguments.reader or default_reader(),
        sides=arguments.sides,
        labels=arguments.labels,
        clinical=clinical,
        new_key=arguments.new_key,
    )
    make = arguments.kind or ("research" if arguments.paths else None)
    with writing(needed_library(arguments), make=make) as library:
        if arguments.kind not in (None, library.kind):
            raise CallError(f"{library.folder} is a {library.kind} library already; that cannot be changed.")
        result = follow(import_scans.run(arguments.paths, library, options))
    if arguments.refused is not None:
        import_scans.write_refused(result, arguments.refused)
    if arguments.json:
        print_json(
            {
                "scans": result.scans,
                "duplicates": result.duplicates,
                "labels": result.labels,
                "readings": result.readings,
                "clinical": result.clinical,
                "joined": result.joined,
                "refused": [vars(told) for told in result.refused],
                "told": [vars(told) for told in result.told],
            }
        )
    else:
        print(
            f"{count(result.scans, 'scan')} imported, {count(result.duplicates, 'object')} there already, "
            f"{count(result.joined, 'scan')} completed, {count(result.labels, 'lesion')} in "
            f"{count(result.readings, 'reading')} brought along, "
            f"{count(result.clinical, 'line')} of clinical facts, {len(result.refused)} refused."
        )
        for told in result.refused:
            print(plain(f"refused  {told.path}: {told.reason.removeprefix(told.path + ': ')}"))
        for told in result.told:
            print(plain(f"note     {told.path}: {told.reason}"))
    return FINDINGS if result.refused else DONE
