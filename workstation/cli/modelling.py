"""`model`: trained networks listed, brought in, given out, and taken into use after a comparison."""

from __future__ import annotations

import argparse
import sys

from workstation.cli.asked import Commands, add_library, path
from workstation.cli.codes import DONE, FINDINGS
from workstation.cli.said import plain, print_json, print_table


def add(commands: Commands) -> None:
    parser = commands.add(
        "model", run, "list, import, export trained networks; use them after a comparison", json=False
    )
    under = Commands(parser)
    each = under.add("list", run_list, "tell which models there are, how good, and which are in use")
    _add_models(each)

    each = under.add("import", run_import, "bring in a model file, or the folder of a training that is done")
    each.add_argument("source", type=path, metavar="FILE|RUN")
    each.add_argument("--name", metavar="NAME", help="what to call it; its own name if not given")
    each.add_argument("--half", action="store_true", help="of a training: weights as float16, half the size")
    _add_models(each)

    each = under.add("export", run_export, "write a model as one file")
    each.add_argument("name", metavar="NAME", help="or the beginning of its hash")
    each.add_argument("--out", type=path, required=True, metavar="FILE")
    _add_models(each)

    each = under.add("use", run_use, "compare a model with the one in use on the same sealed patients, then take it")
    each.add_argument("name", metavar="NAME", help="or the beginning of its hash")
    each.add_argument("--snapshot", type=path, metavar="DIR", help="whose sealed patients both predict; it is counted")
    add_library(each, "count the opening there as well")
    each.add_argument("--yes", action="store_true", help="take it once they are compared, without asking")
    _add_models(each)


def _add_models(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", type=path, metavar="DIR", help="where models are; OSTEOSCOPE_MODELS if not given")


def run(arguments: argparse.Namespace) -> int:
    from workstation.workflows.errors import CallError

    raise CallError("What about models? osteoscope model list tells which there are; import, export and use go on.")


def run_list(arguments: argparse.Namespace) -> int:
    from workstation.workflows import model_files, model_use, model_words

    models = model_files.folder(arguments.models)
    entries, used = model_files.listed(models), model_use.used(models)
    hashes = {each.hash for each in used.values()}
    if arguments.json:
        print_json([{**each.told(), "in_use": bool(each.hash) and each.hash in hashes} for each in entries])
    elif entries:
        print_table(model_words.LISTED, model_words.listing(entries, used))
    else:
        print(plain(f"No models yet. Bring one in: osteoscope model import RUN. They are kept in {models}."))
    return FINDINGS if any(each.problem for each in entries) else DONE


def run_import(arguments: argparse.Namespace) -> int:
    from workstation.cli.following import follow
    from workstation.workflows import model_files, models

    where = model_files.folder(arguments.models)
    done = follow(models.bring_in(arguments.source, where, arguments.name, arguments.half))
    if arguments.json:
        print_json({**done.entry.told(), "already": done.already})
    else:
        how = "was there already" if done.already else "imported"
        print(plain(f"{done.entry.name} {how}: {done.entry.task}, {done.entry.network}, {done.entry.hash[:12]}"))
    return DONE


def run_export(arguments: argparse.Namespace) -> int:
    from workstation.cli.following import follow
    from workstation.workflows import model_files, models

    done = follow(models.give_out(arguments.name, model_files.folder(arguments.models), arguments.out))
    if arguments.json:
        print_json({"file": str(done.file), "hash": done.hash, "bytes": done.bytes})
    else:
        print(plain(f"{done.file}: {done.bytes:,} bytes, {done.hash[:12]}"))
    return DONE


def run_use(arguments: argparse.Namespace) -> int:
    from workstation.cli.following import follow
    from workstation.workflows import model_files, model_use, model_words

    models = model_files.folder(arguments.models)
    found = follow(model_use.consider(arguments.name, models, arguments.snapshot, arguments.library))
    made, said = found.comparison, print if not arguments.json else _aside
    for line in model_words.heading(found):
        said(plain(line))
    if made is not None and not arguments.json:
        print()
        print_table(model_words.COMPARED, model_words.compared(made))
        print(f"\n{model_words.NOTE}\n")
    taken = not found.already and (arguments.yes or made is None or _agreed(arguments, found.new.name))
    if taken:
        model_use.take(found, models)
        said(plain(f"{found.new.name} is now in use for {found.new.task}."))
    elif not found.already and found.current is not None:
        said(plain(f"{found.current.name} stays in use. To take the other: model use {found.new.name} --yes"))
    if arguments.json:
        print_json({
            "model": _named(found.new), "instead_of": _named(found.current), "taken": taken,
            "in_use": taken or found.already, "recorded": found.recorded,
            "openings": None if made is None else made.openings,
            "comparison": None if made is None else made.told(),
        })  # fmt: skip
    return DONE if taken or found.already else FINDINGS


def _agreed(arguments: argparse.Namespace, name: str) -> bool:
    """Asked of a person alone: a script says --yes."""
    if arguments.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    try:
        return input(f"Take {plain(name)} into use? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _aside(line: str) -> None:
    print(line, file=sys.stderr)


def _named(entry: object) -> dict[str, object] | None:
    return None if entry is None else {name: getattr(entry, name) for name in ("name", "hash", "task", "trained_on")}
