"""The trainings under a folder, as whoever follows them sees them. Their files may have been edited by anybody.

A run is a folder with a config.json, its layout is told in `ml.runfolder`; a cross-validation is a folder of them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from workstation.workflows.alive import SILENT, alive, machine
from workstation.workflows.errors import CallError
from workstation.workflows.run_folders import json_of

DEEP = 3  # folders below the one looked in: a cross-validation's runs are three below
_FOLDERS = 3_000  # looked into at most
_WALKED_EVERY = 4.0  # seconds; between, only what is known is looked at
_LARGEST = 1e9


class State(StrEnum):
    PREPARING = "preparing"
    TRAINING = "training"
    TESTING = "testing"
    STOPPING = "stopping"  # asked to, and at its last step
    STOPPED = "stopped"
    BROKEN = "broken off"  # its process is gone and had no time to say so
    FINISHED = "finished"
    FAILED = "failed"
    DAMAGED = "damaged"

    @property
    def at_work(self) -> bool:
        return self in (State.PREPARING, State.TRAINING, State.TESTING, State.STOPPING)

    @property
    def resumable(self) -> bool:
        return self in (State.STOPPED, State.BROKEN, State.FAILED)


@dataclass(frozen=True)
class Training:
    """One run. name: its folder below the one looked in. crossval: the cross-validation it is a fold of.

    epoch: from 1, the one it is at. rate: samples a second. left: seconds. pace: seconds an epoch takes for each
    patient learnt from, where it ran on this machine; whole: seconds all its epochs take, wherever it runs. What is not
    known is None; message is one plain line. alive: the process that last told of it still runs.
    """

    folder: Path
    name: str
    state: State
    message: str = ""
    crossval: Path | None = None
    preset: str = ""
    network: str = ""
    task: str = ""
    fold: int = -1
    epochs: int = 0
    snapshot: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    epoch: float | None = None
    step: float | None = None
    steps: float | None = None
    loss: float | None = None
    rate: float | None = None
    left: float | None = None
    memory_mb: float | None = None
    pace: float | None = None
    whole: float | None = None
    alive: bool = False


@dataclass(frozen=True)
class Facts:
    """What is said of one run beside its curves. patients: learnt from and inner validation; weights: begun from."""

    device: str = ""
    weights: str = ""
    train: float | None = None
    inner: float | None = None
    trained_on: str = ""


class Finder:
    """Finds the runs under a folder, again and again. Not for two threads at once."""

    def __init__(self) -> None:
        self._held: dict[Path, tuple[tuple[int, int], Mapping[str, Any] | str]] = {}
        self._known: list[Path] = []
        self._walked: tuple[Path | None, float] = (None, 0.0)

    def find(self, folder: Path, anew: bool = False) -> tuple[Training, ...]:
        """Those begun last first."""
        now = time.monotonic()
        if anew or self._walked[0] != folder or now - self._walked[1] > _WALKED_EVERY:
            self._known = list(_runs(folder))
            self._walked = folder, now
        runs = [run for path in self._known if (run := self._look(path, folder)) is not None]
        return tuple(sorted(runs, key=lambda run: (-_begun(run.crossval or run.folder), run.name)))

    def _look(self, run: Path, folder: Path) -> Training | None:
        name = line(run.relative_to(folder).as_posix() if run != folder else run.name, 200)
        settings = self._json(run / "config.json")
        ours = any((run / each).is_file() for each in ("origin.json", "status.json"))
        crossval = run.parent.parent if (run.parent.parent / "crossval.json").is_file() else None
        if isinstance(settings, str):
            return Training(run, name, State.DAMAGED, settings, crossval) if ours else None
        texts = [settings.get(key) for key in ("preset", "network", "task", "snapshot")]
        if not all(isinstance(text, str) for text in texts) or not isinstance(settings.get("fold"), int):
            wrong = "config.json is not the settings of a training, or of another version."
            return Training(run, name, State.DAMAGED, wrong, crossval) if ours else None
        status = self._json(run / "status.json")
        told = {} if isinstance(status, str) else status
        preset, network, task = (line(str(text), 60) for text in texts[:3])
        known = {key: number(told, key) for key in ("epoch", "step", "steps", "loss")}
        return Training(
            run, name, self._state(run, told, crossval), line(str(told.get("message") or ""), 400), crossval,
            preset, network, task, int(_whole(number(settings, "fold"), -1)),
            int(_whole(number(settings, "epochs") or number(told, "epochs"), 0)), str(texts[3])[:80], settings,
            **known, rate=number(told, "samples_per_second"), left=number(told, "seconds_left"),
            memory_mb=number(told, "memory_mb"), pace=self._pace(run, settings, told),
            whole=_whole_time(settings, told), alive=alive(told),
        )  # fmt: skip

    def _state(self, run: Path, told: Mapping[str, Any], crossval: Path | None) -> State:
        said = told.get("state")
        if said == "done" or said != "testing" and (run / "card.json").is_file():
            return State.FINISHED
        if said == "failed":
            return State.FAILED
        if said == "stopped":
            return State.STOPPED
        if said not in ("preparing", "training", "testing"):
            fresh = time.time() - _begun(run) < SILENT / 2
            return State.PREPARING if fresh else State.BROKEN
        if not alive(told):
            return State.FINISHED if (run / "card.json").is_file() else State.BROKEN
        if any((place / "stop").exists() for place in (run, crossval) if place is not None):
            return State.STOPPING
        return State(said)

    def _pace(self, run: Path, settings: Mapping[str, Any], told: Mapping[str, Any]) -> float | None:
        if told.get("machine") != machine():
            return None
        origin = self._json(run / "origin.json")
        patients = None if isinstance(origin, str) else number(origin.get("split"), "train")
        seconds = _epoch_time(settings, told)
        return seconds / patients if patients and seconds else None

    def _json(self, file: Path) -> Mapping[str, Any] | str:
        """The object a file holds, or why there is none; read again only where it was written again."""
        try:
            there = file.stat()
        except OSError:
            self._held.pop(file, None)
            return f"{file.name} is not there."
        stamp = there.st_mtime_ns, there.st_size
        held = self._held.get(file)
        if held is None or held[0] != stamp:
            try:
                held = stamp, json_of(file)
            except CallError as error:
                held = stamp, line(str(error).replace(str(file), file.name), 400)
            self._held[file] = held
        return held[1]


def _epoch_time(settings: Mapping[str, Any], told: Mapping[str, Any]) -> float | None:
    """Seconds an epoch takes at the pace last told."""
    steps, rate = number(told, "steps"), number(told, "samples_per_second")
    batch, accumulate = number(settings, "batch"), number(settings, "accumulate")
    return steps * batch * accumulate / rate if steps and rate and batch and accumulate else None


def _whole_time(settings: Mapping[str, Any], told: Mapping[str, Any]) -> float | None:
    seconds, epochs = _epoch_time(settings, told), number(settings, "epochs")
    return seconds * epochs if seconds and epochs else None


def facts(run: Path) -> Facts:
    """Of a run's origin.json and the first lines of its log; empty where they say nothing."""
    try:
        origin = json_of(run / "origin.json")
    except CallError:
        origin = {}
    environment, snapshot = origin.get("environment"), origin.get("snapshot")
    device = environment.get("device") if isinstance(environment, dict) else ""
    trained_on = snapshot.get("trained_on") if isinstance(snapshot, dict) else ""
    weights = ""
    try:
        with (run / "log.txt").open("rb") as stream:
            head = stream.read(8192).decode("utf-8", "replace").splitlines()
        weights = next((each.partition("weights: ")[2] for each in head if "weights: " in each), "")
    except OSError:
        pass
    split = origin.get("split")
    return Facts(
        line(str(device or ""), 120), line(weights, 200), number(split, "train"), number(split, "inner"),
        trained_on if trained_on in ("simulated", "clinical") else "",
    )  # fmt: skip


def line(text: str, most: int) -> str:
    """A text of a file as one line of letters that show, and no longer than that."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * most])
    shown = " ".join(shown.split())
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def number(told: Any, key: str, most: float = _LARGEST) -> float | None:
    """A number under that key that can be one: finite and not absurd."""
    value = told.get(key) if isinstance(told, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        return None
    return float(value)


def _runs(folder: Path) -> Iterator[Path]:
    """Folders with a config.json, at most DEEP below; links and hidden folders are not followed."""
    todo, looked = [(folder, 0)], 0
    while todo and looked < _FOLDERS:
        here, depth = todo.pop(0)
        looked += 1
        try:
            with os.scandir(here) as entries:
                found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        except OSError:
            continue
        if ("config.json", False) in found:
            yield here
        elif depth < DEEP:
            todo += [(here / name, depth + 1) for name, is_folder in found if is_folder and not name.startswith(".")]


def _begun(run: Path) -> float:
    for name in ("crossval.json", "config.json"):
        try:
            return (run / name).stat().st_mtime
        except OSError:
            continue
    return 0.0


def _whole(value: float | None, otherwise: int) -> float:
    return otherwise if value is None else value
