"""The models there are: those of this user, in one folder, and those that come with the program.

A model is one file (`ml.model_file`), called by the file's name without its ending, and known by its hash. Nothing but
the files says which models there are: one that is put there by hand is listed, one that was changed is listed with what
is wrong with it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import resources
from ml.model_card import figures
from ml.model_file import SUFFIX, Model, ModelError, read
from workstation.workflows.errors import CallError, WorkflowError
from workstation.workflows.home import home

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_FEW = 6  # letters of a hash that may stand for a model


@dataclass(frozen=True, eq=False)
class Entry:
    """One model. shipped: it came with the program. problem: why it cannot be used, in words; then only name, path and
    shipped are known.

    hash: of its content. network: with its preset, "small-a/resnet50". trained_on: "simulated" or "clinical". snapshot:
    the hash of what it learnt from. figures: how good it was, on whom ("test fold" or "inner validation").
    """

    name: str
    path: Path
    shipped: bool
    problem: str = ""
    hash: str = ""
    task: str = ""
    network: str = ""
    trained_on: str = ""
    snapshot: str = ""
    on: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    bytes: int = 0
    card: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def told(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "name": self.name, "path": str(self.path), "shipped": self.shipped, "problem": self.problem or None,
            "hash": self.hash or None, "task": self.task or None, "network": self.network or None,
            "trained_on": self.trained_on or None, "snapshot": self.snapshot or None, "on": self.on or None,
            "figures": dict(self.figures), "bytes": self.bytes,
        }  # fmt: skip


def folder(given: Path | None = None) -> Path:
    """Where this user's models are: the folder given, else OSTEOSCOPE_MODELS, else beside the settings."""
    named = os.environ.get("OSTEOSCOPE_MODELS")
    return given or (Path(named) if named else home() / "models")


def shipped_folder() -> Path:
    """Where the models that came with the program are."""
    return resources.path("models")


def listed(models: Path) -> tuple[Entry, ...]:
    """All models, the user's first, each by name; every file is read and held to its hash (0.2 s for 100 MB)."""
    found = [entry(path, shipped=False) for path in _files(models)]
    return (*found, *(entry(path, shipped=True) for path in _files(shipped_folder())))


def find(entries: Sequence[Entry], name: str) -> Entry:
    """The model of this name, or whose hash begins so (six letters or more). CallError where there is none, or two."""
    named = [each for each in entries if each.name == name]
    named = named or [each for each in entries if len(name) >= _FEW and each.hash.startswith(name.lower())]
    if len({each.hash for each in named}) > 1 or len(named) > 1 and not named[0].hash:
        raise CallError(f"{name} is the name of {len(named)} models; name one by the beginning of its hash.")
    if not named:
        names = ", ".join(each.name for each in entries) or "none yet"
        raise CallError(f"There is no model {name!r}. There is {names}.")
    if named[0].problem:
        raise CallError(f"{name} cannot be used: {named[0].problem}")
    return named[0]


def entry(path: Path, shipped: bool) -> Entry:
    """One file, looked at whole."""
    try:
        return of(read(path, weights=False), shipped)
    except ModelError as error:
        return Entry(path.stem, path, shipped, str(error))


def of(model: Model, shipped: bool = False) -> Entry:
    """A model that was read, as it is listed."""
    on, found = figures(model.card)
    return Entry(
        model.path.stem, model.path, shipped, "", model.hash, model.config.task, str(model.card["name"]),
        model.trained_on, str(model.card["snapshot"]["hash"]), on, found, model.bytes, model.card,
    )  # fmt: skip


def _files(where: Path) -> list[Path]:
    try:
        return sorted(path for path in where.iterdir() if path.suffix == SUFFIX and NAME.fullmatch(path.stem))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise WorkflowError(f"The models in {where} cannot be looked at: {error.strerror}.") from error
