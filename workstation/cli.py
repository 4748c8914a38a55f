"""The command line. Exit codes: 0 done, 1 done with refusals or findings, 2 called wrongly, 3 failed.

Every import beyond argparse is late, so that help comes at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from workstation.workflows.progress import Job

T = TypeVar("T")

DONE, FINDINGS, WRONG_CALL, FAILED = 0, 1, 2, 3


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command; its exit code."""
    _make_streams_safe()
    parser = build_parser()
    arguments = parser.parse_args(argv)
    try:
        code = _carry_out(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read the output has gone; what was still to be written must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return FAILED


def _make_streams_safe() -> None:
    """A missing stream, as without a console, is an empty one for good; a letter one lacks is spelled out."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
        elif mode == "w" and isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _carry_out(arguments: argparse.Namespace) -> int:
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except Exception as error:
        from workstation.workflows.errors import CallError, in_words
        from workstation.workflows.home import log_mistake

        words = in_words(error)
        if words is not None:
            print(plain(words), file=sys.stderr)
            return WRONG_CALL if isinstance(error, CallError) else FAILED
        print(
            f"Something went wrong inside the program ({type(error).__name__}); nothing that was finished is lost. "
            f"Where it happened is written in {log_mistake(error)}.",
            file=sys.stderr,
        )
        return FAILED


# --- The commands -----------------------------------------------------------------------------------------------------


def build_parser() -> argparse.ArgumentParser:
    from workstation import __version__

    parser = argparse.ArgumentParser(
        prog="osteoscope",
        description="A workstation for whole-body bone scintigraphy. Without a command it opens the window. "
        "For research; not a medical device.",
    )
    parser.add_argument("--version", action="version", version=f"Osteoscope {__version__}")
    _library(parser, "the library to open; OSTEOSCOPE_LIBRARY, or the last one, if not given")
    parser.add_argument("--reader", metavar="NAME", help="who reads")
    parser.add_argument("--read-only", action="store_true", help="change nothing")
    parser.add_argument("--first-run", action="store_true", help="make the library of simulated scans first")
    parser.add_argument("--headless", type=Path, metavar="OUT", help="no window: export and picture the pages into OUT")
    parser.set_defaults(run=_window, library=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], what: str, json: bool = True) -> Any:
        sub = commands.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
        sub.set_defaults(run=run)
        if json:
            sub.add_argument("--json", action="store_true", help="print one JSON value instead of text")
        return sub

    info = command("info", _info, "tell what files are, changing nothing")
    info.add_argument("paths", nargs="+", type=_path, metavar="PATH", help="file, folder, zip or DICOMDIR")
    _sides(info)

    into = command("import", _import, "import scans into a library, making it if need be")
    into.add_argument("paths", nargs="*", type=_path, metavar="PATH", help="file, folder, zip, DICOMDIR or cohort")
    _library(into)
    kind = into.add_mutually_exclusive_group()
    kind.add_argument("--kind", choices=("research", "clinical"), help="of a new library: research is de-identified")
    kind.add_argument("--keep-identity", action="store_const", dest="kind", const="clinical", help="same as clinical")
    _sides(into)
    into.add_argument("--labels", type=Path, metavar="FILE|DIR", help="readings: tables of export, labelme, COCO")
    into.add_argument("--clinical", type=Path, metavar="CSV", help="facts of patients: tumour, reference ...")
    into.add_argument("--refused", type=Path, metavar="CSV", help="write the refused files and reasons here as well")
    into.add_argument("--new-key", action="store_true", help="go on where the library's key is on another machine")
    into.add_argument("--reader", metavar="NAME", help="who imports, for the history")

    listing = command("list", _list, "list the scans of a library")
    _library(listing)
    listing.add_argument("--reader", metavar="NAME", help="whose readings to show where there are several")

    tables = command("tables", _tables, "count patients and lesions by tumour, and who is included")
    _library(tables)
    tables.add_argument("--reader", metavar="NAME", help="whose readings to count where there are several")
    tables.add_argument("--out", type=_path, metavar="DIR", help="write them here as well: CSV, JSON, HTML")

    annotate = command("annotate", _annotate, "edit a reading: JSON lines in, one JSON line out for each", json=False)
    _library(annotate)
    annotate.add_argument("--scan", required=True, metavar="ID")
    annotate.add_argument("--reader", metavar="NAME", help="who reads; the window's reader if not given")
    annotate.add_argument("--json", action="store_true", help=argparse.SUPPRESS)  # it always is

    export = command("export", _export, "write lesions out")
    _library(export)
    export.add_argument("--out", required=True, type=_path, metavar="DIR")
    export.add_argument("--format", required=True, choices=("csv", "png", "nifti", "coco", "labelme", "nnunet"))
    export.add_argument("--reader", metavar="NAME", help="only this reader's lesions")

    verify = command("verify", _verify, "check the history and the files of a library")
    _library(verify)
    verify.add_argument("--head", metavar="HASH", help="a head noted earlier, which must still be in the history")

    check = command("check", _check, "list what contradicts itself in readings, and lesions unlike their like")
    _library(check)
    check.add_argument("--reader", metavar="NAME", help="only this reader's readings")

    backup = command("backup", _backup, "write a consistent copy of a library, also while it is in use")
    _library(backup)
    backup.add_argument("--out", required=True, type=_path, metavar="FILE")

    phantom = command("phantom", _phantom, "simulate scans with known truth")
    phantom.add_argument("cohort", metavar="COHORT", help="which patients, such as demo")
    where = phantom.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=_path, metavar="DIR", help="write DICOM with the truth beside it")
    where.add_argument("--snapshot", type=_path, metavar="DIR", help="write arrays to learn from, dealt into folds")
    phantom.add_argument("--patients", type=int, metavar="N", help="how many; all the cohort has if not given")
    phantom.add_argument("--seed", type=int, default=0, metavar="S")
    phantom.add_argument("--folds", type=int, metavar="K", help="of a snapshot; 5 if not given")
    return parser


def _path(text: str) -> Path:
    """Nothing is no path: it would stand for the folder one happens to be in."""
    if not text:
        raise argparse.ArgumentTypeError("an empty path")
    return Path(text)


def _library(parser: argparse.ArgumentParser, what: str = "the library; OSTEOSCOPE_LIBRARY if not given") -> None:
    # Suppressed, so that a command without it does not undo what stands before the command.
    parser.add_argument("--library", type=_path, metavar="DIR", default=argparse.SUPPRESS, help=what)


def _sides(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sides",
        choices=("anterior", "posterior", "both", "posterior-anterior"),
        help="what pictures show (both: anterior at the left), and objects whose header does not tell (both: anterior "
        "in the first frame); they are refused without",
    )


def _window(arguments: argparse.Namespace) -> int:
    from workstation import __main__ as start
    from workstation.workflows import first_run

    given: Path | None = arguments.library or _default_library()
    headless: Path | None = arguments.headless
    if headless is None and not start.has_display():
        return _say_wrong("There is no display here. Use a command (osteoscope --help), or --headless OUT.", FAILED)
    if arguments.first_run or headless is not None:
        given = given or first_run.default_folder()
        made = _follow(first_run.run(given))
        print(f"{'Made' if made.made else 'Opening'} the library {plain(str(given))}: {made.scans} scans.")
    if headless is None:
        return start.open_window(given, arguments.reader, arguments.read_only)
    assert given is not None
    return _headless(given, headless)


def _headless(library: Path, out: Path) -> int:
    from workstation import __main__ as start
    from workstation.workflows import export
    from workstation.workflows.opening import reading

    print("No window was asked for: exporting and picturing the pages instead.")
    with reading(library) as there:
        for form in ("csv", "png"):
            result = _follow(export.run(there, out / form, form))
            print(f"{result.files} files with {result.lesions} lesions in {plain(str(result.out))}")
    pictures = start.page_pictures(out / "pages", library)
    print(f"{len(pictures)} pictures of the pages in {plain(str(out / 'pages'))}")
    return DONE


def _info(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from workstation.workflows import info

    found = _follow(info.run(arguments.paths, arguments.sides))
    if arguments.json:
        _print_json([asdict(item) for item in found])
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


def _import(arguments: argparse.Namespace) -> int:
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
    with writing(_needed_library(arguments), make=make) as library:
        if arguments.kind not in (None, library.kind):
            raise CallError(f"{library.folder} is a {library.kind} library already; that cannot be changed.")
        result = _follow(import_scans.run(arguments.paths, library, options))
    if arguments.refused is not None:
        import_scans.write_refused(result, arguments.refused)
    if arguments.json:
        _print_json(
            {
                "scans": result.scans,
                "duplicates": result.duplicates,
                "labels": result.labels,
                "clinical": result.clinical,
                "joined": result.joined,
                "refused": [vars(told) for told in result.refused],
                "told": [vars(told) for told in result.told],
            }
        )
    else:
        print(
            f"{_count(result.scans, 'scan')} imported, {_count(result.duplicates, 'object')} there already, "
            f"{_count(result.joined, 'scan')} completed, {_count(result.labels, 'lesion')} brought along, "
            f"{_count(result.clinical, 'line')} of clinical facts, {len(result.refused)} refused."
        )
        for told in result.refused:
            print(plain(f"refused  {told.path}: {told.reason}"))
        for told in result.told:
            print(plain(f"note     {told.path}: {told.reason}"))
    return FINDINGS if result.refused else DONE


def _list(arguments: argparse.Namespace) -> int:
    from workstation.workflows.listing import scans
    from workstation.workflows.opening import reading

    with reading(_needed_library(arguments)) as library:
        rows = scans(library, arguments.reader)
    if arguments.json:
        _print_json(rows)
    else:
        who = ("scan", "patient", "day", "tumour", "sex", "age", "views")
        names = (*who, "lesions", "grade", "reference", "status", "reader")
        _print_table(names, [[row[name] for name in names] for row in rows])
    return DONE


def _tables(arguments: argparse.Namespace) -> int:
    from workstation.workflows import tables
    from workstation.workflows.opening import reading

    with reading(_needed_library(arguments)) as library:
        found = tables.count(library, arguments.reader)
    files = [] if arguments.out is None else tables.write(found, arguments.out)
    if arguments.json:
        _print_json(tables.as_json(found))
    else:
        for line in tables.as_text(found).splitlines():
            print(plain(line))
        for file in files:
            print(plain(f"written  {file}"))
    return DONE


def _annotate(arguments: argparse.Namespace) -> int:
    import json

    from workstation.workflows import annotate
    from workstation.workflows.home import default_reader
    from workstation.workflows.opening import writing

    refused = 0
    with writing(_needed_library(arguments)) as library:
        lines = annotate.lines_of(sys.stdin.buffer)
        for answer in annotate.run(library, arguments.scan, arguments.reader or default_reader(), lines):
            print(json.dumps(vars(answer), allow_nan=False), flush=True)
            refused += not answer.ok
    return FINDINGS if refused else DONE


def _export(arguments: argparse.Namespace) -> int:
    from workstation.workflows import export
    from workstation.workflows.opening import reading

    with reading(_needed_library(arguments)) as library:
        result = _follow(export.run(library, arguments.out, arguments.format, arguments.reader))
    if arguments.json:
        _print_json({"lesions": result.lesions, "files": result.files, "out": str(result.out)})
    else:
        print(plain(f"{_count(result.lesions, 'lesion')} in {_count(result.files, 'file')} in {result.out}"))
    return DONE


def _verify(arguments: argparse.Namespace) -> int:
    from workstation.workflows import verify

    found = _follow(verify.folder(_needed_library(arguments), arguments.head))
    if arguments.json:
        _print_json(vars(found))
    elif found.ok:
        print(f"The library is whole: {found.rows:,} rows of history, head {found.head}")
    else:
        print(f"{_count(len(found.problems), 'problem')} found:")
        for problem in found.problems:
            print(plain(f"  {problem}"))
    if not arguments.json:
        for note in found.notes:
            print(plain(f"  note: {note}"))
    return DONE if found.ok else FINDINGS


def _check(arguments: argparse.Namespace) -> int:
    from workstation.workflows import check

    found = _follow(check.folder(_needed_library(arguments), arguments.reader))
    if arguments.json:
        _print_json(check.as_json(found))
    for line in () if arguments.json else check.as_text(found):
        print(plain(line))
    return FINDINGS if found.findings else DONE


def _backup(arguments: argparse.Namespace) -> int:
    from workstation.workflows import backup
    from workstation.workflows.opening import reading

    with reading(_needed_library(arguments)) as library:
        result = _follow(backup.run(library, arguments.out))
    if arguments.json:
        _print_json({"file": str(result.file), "bytes": result.bytes})
    else:
        print(plain(f"{result.file}: {result.bytes:,} bytes"))
    return DONE


def _phantom(arguments: argparse.Namespace) -> int:
    from workstation.workflows import simulate, simulate_snapshot
    from workstation.workflows.errors import CallError

    asked = arguments.patients, arguments.seed
    if arguments.snapshot is not None:
        folds = 5 if arguments.folds is None else arguments.folds
        result = _follow(simulate_snapshot.run(arguments.cohort, arguments.snapshot, *asked, folds))
    elif arguments.folds is not None:
        raise CallError("Only a snapshot has folds; leave --folds away, or name --snapshot instead of --out.")
    else:
        result = _follow(simulate.run(arguments.cohort, arguments.out, *asked))
    if arguments.json:
        _print_json(vars(result))
    else:
        print(
            f"{_count(result.scans, 'simulated scan')} with {_count(result.lesions, 'lesion')}, "
            f"{result.malignant} of them malignant, in {result.seconds:.1f} s"
        )
    return DONE


# --- Saying it --------------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """Text from files as a terminal may show it: nothing in it that moves the cursor or cannot be printed."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _needed_library(arguments: argparse.Namespace) -> Path:
    from workstation.workflows.errors import CallError

    library: Path | None = arguments.library or _default_library()
    if library is None:
        raise CallError("Which library? Name its folder with --library, or set OSTEOSCOPE_LIBRARY.")
    return library


def _default_library() -> Path | None:
    given = os.environ.get("OSTEOSCOPE_LIBRARY")
    return Path(given) if given else None


def _follow(job: Job[T]) -> T:
    """Run a job to its end; its progress is told on stderr. Stopped, it keeps what it has finished."""
    import time

    from workstation.workflows.progress import TimeLeft

    left, terminal, told_at, what = TimeLeft(), sys.stderr.isatty(), 0.0, ""
    started = time.monotonic()
    try:
        while True:
            try:
                progress = next(job)
            except StopIteration as stop:
                result: T = stop.value
                return result
            now = time.monotonic()
            seconds = left.after(progress, now)
            if not terminal:
                # Elsewhere a line for every part of a job that takes its time.
                if progress.what != what and now - started > 2.0:
                    what = progress.what
                    print(f"{what} ...", file=sys.stderr, flush=True)
            elif now - told_at > 0.1:
                told_at = now
                of = "" if progress.total is None else f" of {progress.total:,}"
                refused = f", {progress.refused} refused" if progress.refused else ""
                wait = "" if seconds is None else f", {seconds:.0f} s left"
                print(f"\r\x1b[K{progress.what}: {progress.done:,}{of}{refused}{wait}", end="", file=sys.stderr)
    finally:
        job.close()
        if terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _print_json(value: object) -> None:
    import json

    from workstation.workflows.json_files import finite

    print(json.dumps(finite(value), allow_nan=False))


def _print_table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    def text(value: object) -> str:
        if isinstance(value, list | tuple):
            return ", ".join(str(item) for item in value)
        return "" if value is None else plain(str(value))

    cells = [list(names), *([text(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(names))]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _say_wrong(words: str, code: int) -> int:
    print(words, file=sys.stderr)
    return code
