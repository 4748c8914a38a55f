"""Folders of trainings as others see them: one run, or a cross-validation with a run for every network and fold.

Their layout is told in `ml.runfolder` and `ml.crossval`. What stands in them may have been edited by anybody: it is
read with care, and what is missing or is not what it should be is said in words.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workstation.workflows.alive import alive
from workstation.workflows.errors import CallError

Told = Mapping[str, Any]

ASKED = "asked.json"
"""What was asked for when it was begun: `commands`, and `snapshot`, its path relative to the folder."""
_MOST = 64 << 20  # bytes of a JSON file; a card holds two hashes for each patient


@dataclass(frozen=True)
class Run:
    """One training of a network. fold: the one it left out for testing, -1 for none. card: None before its end.

    name: of its row, "small-a-resnet50". snapshot: the hash of its data set. state: "done" or words that say why not.
    """

    folder: Path
    name: str
    preset: str
    network: str
    task: str
    fold: int
    snapshot: str
    state: str
    settings: Told = field(default_factory=dict)
    card: Told | None = None
    origin: Told = field(default_factory=dict)


@dataclass(frozen=True)
class Trained:
    """A folder of runs. networks: those it is meant to have, by the names of their rows; folds: as well.

    absent: runs that were asked for and are not done, "small-a-resnet50, fold 2" -> why.
    """

    folder: Path
    snapshot: str
    networks: tuple[str, ...]
    folds: tuple[int, ...]
    runs: tuple[Run, ...]
    absent: Mapping[tuple[str, int], str]
    asked: Told

    @property
    def whole(self) -> bool:
        return not self.absent


def read(folder: Path) -> Trained:
    """What a folder of a training or a cross-validation holds. Raises CallError, in words, if it is neither."""
    if (folder / "crossval.json").is_file():
        return _crossval(folder)
    if (folder / "config.json").is_file():
        one = read_run(folder, None)
        absent = {} if one.card is not None else {(one.name, one.fold): one.state}
        return Trained(folder, one.snapshot, (one.name,), (one.fold,), (one,), absent, asked(folder))
    if not folder.is_dir():
        raise CallError(f"There is no folder {folder}. Name the folder a training or a cross-validation was made in.")
    raise CallError(
        f"{folder} holds neither a training nor a cross-validation: there is no config.json and no crossval.json in it."
    )


def _crossval(folder: Path) -> Trained:
    told = json_of(folder / "crossval.json")
    networks, folds = told.get("networks"), told.get("folds")
    good = isinstance(networks, dict) and isinstance(folds, list) and all(type(fold) is int for fold in folds)
    if not good or not isinstance(told.get("snapshot"), str):
        raise CallError(f"{folder / 'crossval.json'} does not say which networks and folds it has: it is damaged.")
    assert isinstance(networks, dict) and isinstance(folds, list)
    runs, absent = [], {}
    for name in networks:
        for fold in sorted(set(folds)):
            where = folder / name / f"fold-{fold}"
            if Path(name).name != name or not (where / "config.json").is_file():
                absent[name, fold] = "not begun"
                continue
            run = read_run(where, name)
            if run.fold != fold or run.snapshot != told["snapshot"]:
                raise CallError(f"{where} is of another fold or snapshot than its place says: it was moved or edited.")
            runs.append(run)
            if run.card is None:
                absent[name, fold] = run.state
    return Trained(
        folder, told["snapshot"], tuple(networks), tuple(sorted(set(folds))), tuple(runs), absent, asked(folder)
    )  # fmt: skip


def read_run(folder: Path, name: str | None) -> Run:
    """One run; name: of its row, made of preset and network if it stands alone."""
    settings = json_of(folder / "config.json")
    texts = {key: settings.get(key) for key in ("preset", "network", "task", "snapshot")}
    if not all(isinstance(text, str) for text in texts.values()) or type(settings.get("fold")) is not int:
        raise CallError(f"{folder / 'config.json'} is not the settings of a training, or of another version.")
    card = json_of(folder / "card.json") if (folder / "card.json").is_file() else None
    origin = json_of(folder / "origin.json") if (folder / "origin.json").is_file() else {}
    if card is not None and (card.get("task") != settings["task"] or not isinstance(card.get("targets"), list)):
        raise CallError(f"{folder / 'card.json'} is not the card of the training beside it.")
    return Run(
        folder, name or f"{settings['preset']}-{settings['network']}", settings["preset"], settings["network"],
        settings["task"], settings["fold"], settings["snapshot"], "done" if card is not None else _state(folder),
        settings, card, origin,
    )  # fmt: skip


def asked(folder: Path) -> Told:
    """What was noted of how it was begun; nothing where nobody noted it."""
    try:
        return json_of(folder / ASKED)
    except CallError:
        return {}


def status(folder: Path) -> Told:
    """How far a run is, see `ml.runfolder`; nothing while it says nothing."""
    try:
        return json_of(folder / "status.json")
    except CallError:
        return {}


def _state(folder: Path) -> str:
    """Why a run has no card yet, in words."""
    now = status(folder)
    state, message = now.get("state"), str(now.get("message") or "")
    at = f"in epoch {now.get('epoch')} of {now.get('epochs')}"
    if state == "failed":
        return f"failed: {message}" if message else "failed"
    if state == "stopped":
        return f"stopped {at}; resume it"
    if state in ("preparing", "training", "testing"):
        return f"{state} now, {at}" if alive(now) else f"broken off {at}; resume it"
    return "begun, and nothing heard of it since"


def json_of(file: Path) -> Told:
    """The object a file holds. Raises CallError in words."""
    try:
        with file.open("rb") as stream:
            data = stream.read(_MOST + 1)
        if len(data) > _MOST:
            raise ValueError(f"it is larger than {_MOST >> 20} MB")
        told = json.loads(data.decode("utf-8-sig"))
    except OSError as error:
        raise CallError(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise CallError(f"{file} is damaged: {error}.") from error
    if not isinstance(told, dict):
        raise CallError(f"{file} is damaged: it holds no table of names and values.")
    return told


def number(told: Told | None, *keys: str) -> float:
    """A number that stands under these keys; nan where there is none."""
    value = _under(told, keys)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300:  # no float holds 10**400
        return math.nan
    return float(value)


def text(told: Told | None, *keys: str) -> str:
    """A text that stands under these keys; "" where there is none."""
    value = _under(told, keys)
    return value if isinstance(value, str) else ""


def _under(told: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        told = told.get(key) if isinstance(told, Mapping) else None
    return told
