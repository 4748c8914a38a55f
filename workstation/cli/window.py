"""Without a command: the window, or its pages as pictures where there is no display."""

from __future__ import annotations

import argparse
from pathlib import Path

from workstation.cli.asked import add_library, default_library
from workstation.cli.codes import DONE, FAILED
from workstation.cli.said import plain, say_wrong


def add(parser: argparse.ArgumentParser) -> None:
    add_library(parser, "the library to open; OSTEOSCOPE_LIBRARY, or the last one, if not given")
    parser.add_argument("--reader", metavar="NAME", help="who reads")
    parser.add_argument("--read-only", action="store_true", help="change nothing")
    parser.add_argument("--first-run", action="store_true", help="make the library of simulated scans first")
    parser.add_argument("--headless", type=Path, metavar="OUT", help="no window: export and picture the pages into OUT")
    parser.set_defaults(run=run, library=None)


def run(arguments: argparse.Namespace) -> int:
    from workstation import __main__ as start
    from workstation.cli.following import follow
    from workstation.workflows import first_run

    given: Path | None = arguments.library or default_library()
    headless: Path | None = arguments.headless
    if headless is None and not start.has_display():
        return say_wrong("There is no display here. Use a command (osteoscope --help), or --headless OUT.", FAILED)
    if arguments.first_run or headless is not None:
        given = given or first_run.default_folder()
        made = follow(first_run.run(given))
        print(f"{'Made' if made.made else 'Opening'} the library {plain(str(given))}: {made.scans} scans.")
    if headless is None:
        return start.open_window(given, arguments.reader, arguments.read_only)
    assert given is not None
    return _headless(given, headless)


def _headless(library: Path, out: Path) -> int:
    from workstation import __main__ as start
    from workstation.cli.following import follow
    from workstation.workflows import export
    from workstation.workflows.opening import seen

    print("No window was asked for: exporting and picturing the pages instead.")
    with seen(library) as there:
        for form in ("csv", "png"):
            result = follow(export.run(there, out / form, form))
            print(f"{result.files} files with {result.lesions} lesions in {plain(str(result.out))}")
    pictures = start.page_pictures(out / "pages", library)
    print(f"{len(pictures)} pictures of the pages in {plain(str(out / 'pages'))}")
    return DONE
