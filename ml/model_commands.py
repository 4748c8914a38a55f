"""The commands of `python -m ml` on model files; torch is loaded by the one that needs it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Add them to the subcommands of a parser."""
    make = commands.add_parser("model-make", help="one file of a training that is done")
    make.add_argument("run_folder", type=Path, metavar="RUN")
    make.add_argument("--out", type=Path, required=True, metavar="FILE")
    make.add_argument("--half", action="store_true", help="keep the weights as float16")
    make.add_argument("--words", action="store_true", help="put the card beside it as Markdown")
    make.set_defaults(run=_make)
    check = commands.add_parser("model-check", help="whether a file is a model that can be used here")
    check.add_argument("model", type=Path, metavar="FILE")
    check.set_defaults(run=_check)
    sealed = commands.add_parser("model-sealed", help="predict the sealed patients by model files; count it first")
    sealed.add_argument("models", nargs="+", type=Path, metavar="FILE")
    sealed.add_argument("--snapshot", type=Path, required=True, metavar="DIR")
    sealed.add_argument("--out", type=Path, required=True, metavar="DIR", help="of the tables")
    sealed.set_defaults(run=_sealed)
    for each in (make, check, sealed):
        each.add_argument("--json", action="store_true")


def _make(asked: argparse.Namespace) -> int:
    from ml.model_export import write

    return _give(asked, {"hash": write(asked.run_folder, asked.out, asked.half, asked.words).hash}, str(asked.out))


def _check(asked: argparse.Namespace) -> int:
    from ml.model_network import load

    return _give(asked, {"hash": load(asked.model).model.hash}, f"{asked.model} is a model that can be used here.")


def _sealed(asked: argparse.Namespace) -> int:
    from ml.sealed import predict_sealed
    from ml.snapshot import Snapshot

    return _give(asked, predict_sealed(Snapshot.load(asked.snapshot), asked.models, asked.out), f"done: {asked.out}")


def _give(asked: argparse.Namespace, value: Any, words: str) -> int:
    print(json.dumps(value, allow_nan=False) if asked.json else words)
    return 0
