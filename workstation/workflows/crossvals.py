"""Cross-validations as wholes: which networks and folds one is meant to have, what is done, how long the rest takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from workstation.workflows.errors import CallError
from workstation.workflows.run_folders import json_of
from workstation.workflows.trainings import State, Training, line

Place = tuple[str, int]  # a network's row, "small-a-roi-only", and its fold


@dataclass(frozen=True)
class Crossval:
    """name: its folder below the one looked in. networks: rows it is meant to have; folds: 0-based.

    runs: those begun, by row and fold. snapshot: the hash of its data set.
    """

    folder: Path
    name: str
    networks: tuple[str, ...]
    folds: tuple[int, ...]
    runs: Mapping[Place, Training] = field(default_factory=dict)

    @property
    def one(self) -> Training:
        """Any of its runs: they share preset, snapshot and settings but for network and fold."""
        return next(iter(self.runs.values()))

    @property
    def snapshot(self) -> str:
        return self.one.snapshot

    @property
    def at_work(self) -> tuple[Training, ...]:
        return tuple(run for run in self.runs.values() if run.state.at_work)

    @property
    def done(self) -> int:
        return sum(run.state is State.FINISHED for run in self.runs.values())

    @property
    def total(self) -> int:
        return len(self.networks) * len(self.folds)

    @property
    def state(self) -> State:
        """At work where any run is, or its process goes from one to the next; else what keeps it from being done."""
        states = {run.state for run in self.runs.values()}
        working = [
            state for state in (State.STOPPING, State.TRAINING, State.TESTING, State.PREPARING) if state in states
        ]
        if working:
            return working[0]
        if self.done >= self.total:
            return State.FINISHED
        if State.FAILED in states:
            return State.FAILED
        between = states == {State.FINISHED} and any(run.alive for run in self.runs.values())
        return State.PREPARING if between else State.STOPPED

    @property
    def left(self) -> float | None:
        """Seconds until all is done, one after the other, each as long as its network's others; None while unknown."""
        known: dict[str, list[float]] = {}
        for (row, _), begun in self.runs.items():
            if begun.whole is not None:
                known.setdefault(row, []).append(begun.whole)
        total = 0.0
        for row in self.networks:
            for fold in self.folds:
                run = self.runs.get((row, fold))
                if run is not None and run.state is State.FINISHED:
                    continue
                if run is not None and run.left is not None and run.state.at_work:
                    total += run.left
                elif row.endswith("-tree"):
                    continue  # seconds
                elif row in known:
                    total += median(known[row])
                else:
                    return None
        return total


def of(runs: Sequence[Training]) -> tuple[Crossval, ...]:
    """The cross-validations these runs are folds of, in the order of their runs."""
    found: dict[Path, list[Training]] = {}
    for run in runs:
        if run.crossval is not None:
            found.setdefault(run.crossval, []).append(run)
    return tuple(_crossval(folder, own) for folder, own in found.items())


def _crossval(folder: Path, runs: Sequence[Training]) -> Crossval:
    by_place = {(run.folder.parent.name, run.fold): run for run in runs}
    try:
        told = json_of(folder / "crossval.json")
    except CallError:
        told = {}
    networks, folds = told.get("networks"), told.get("folds")
    rows = [line(str(name), 80) for name in networks] if isinstance(networks, dict) else []
    numbers = [fold for fold in folds if type(fold) is int and fold >= 0] if isinstance(folds, list) else []
    rows = list(dict.fromkeys([*rows, *(row for row, _ in by_place)]))
    numbers = sorted({*numbers, *(fold for _, fold in by_place if fold >= 0)})
    name = runs[0].name.rsplit("/", 2)[0] if runs[0].name.count("/") >= 2 else folder.name
    return Crossval(folder, name, tuple(rows), tuple(numbers), by_place)
