"""Arguments that several commands take, and the library they mean."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path


class Commands:
    """Where a command adds itself: the subcommands of a parser."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")

    def add(
        self, name: str, run: Callable[[argparse.Namespace], int], what: str, json: bool = True
    ) -> argparse.ArgumentParser:
        """The parser of one more command, which `run` carries out. what: one line for the help. json: it has --json."""
        parser = self._subparsers.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
        parser.set_defaults(run=run)
        if json:
            parser.add_argument("--json", action="store_true", help="print one JSON value instead of text")
        return parser


def path(text: str) -> Path:
    """An argument that is a path. Nothing is no path: it would stand for the folder one happens to be in."""
    if not text:
        raise argparse.ArgumentTypeError("an empty path")
    return Path(text)


def add_library(parser: argparse.ArgumentParser, what: str = "the library; OSTEOSCOPE_LIBRARY if not given") -> None:
    # Suppressed, so that a command without it does not undo what stands before the command.
    parser.add_argument("--library", type=path, metavar="DIR", default=argparse.SUPPRESS, help=what)


def add_sides(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sides",
        choices=("anterior", "posterior", "both", "posterior-anterior"),
        help="what pictures show (both: anterior at the left), and objects whose header does not tell (both: anterior "
        "in the first frame); they are refused without",
    )


def needed_library(arguments: argparse.Namespace) -> Path:
    """The library named, or the one of the environment; CallError where there is neither."""
    from workstation.workflows.errors import CallError

    library: Path | None = arguments.library or default_library()
    if library is None:
        raise CallError("Which library? Name its folder with --library, or set OSTEOSCOPE_LIBRARY.")
    return library


def default_library() -> Path | None:
    """The one the environment names."""
    given = os.environ.get("OSTEOSCOPE_LIBRARY")
    return Path(given) if given else None
