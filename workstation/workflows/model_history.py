"""Which models were compared and which were taken into use: a line each, appended, never rewritten.

uses.jsonl beside the models. A line has `do`: "compared" (two models on the same sealed cases, with every figure) or
"used" (from then on the one in use for its task; what it was taken instead of, and the comparison that decided it).
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

from workstation.workflows.errors import WorkflowError
from workstation.workflows.json_files import finite

FILE = "uses.jsonl"


@dataclass(frozen=True)
class Figure:
    """One figure of two models on the same cases: of the new one, of the current one, and new less current.

    intervals: of the difference, 95 %, {name: (low, high)}. tests: {name: p}. nan where nobody can tell.
    """

    what: str
    new: float
    current: float
    difference: float
    intervals: Mapping[str, tuple[float, float]]
    tests: Mapping[str, float]
    cases: int
    patients: int

    def turned(self) -> Figure:
        """Current less new."""
        intervals = {name: (-high, -low) for name, (low, high) in self.intervals.items()}
        return dataclasses.replace(
            self, new=self.current, current=self.new, difference=-self.difference, intervals=intervals
        )


@dataclass(frozen=True)
class Comparison:
    """Two models of one task on the sealed patients of a snapshot. new, current: their hashes; names as they were then.

    openings: how often those patients had been opened with this time. at: when, UTC.
    """

    task: str
    new: str
    current: str
    new_name: str
    current_name: str
    snapshot: str
    sealed: int
    openings: int
    simulated: bool
    figures: tuple[Figure, ...]
    at: str
    who: str

    @property
    def tells(self) -> bool:
        """Whether it can tell which is the better: an AUC needs cases of both kinds, a Dice scans with the target."""
        whole = [each for each in self.figures if not each.what.endswith("all scans")]
        return any(each.what.startswith(("AUC", "Dice")) and math.isfinite(each.difference) for each in whole)

    def toward(self, new: str) -> Comparison:
        """The same with this one of the two as the new one: the other way round every difference changes its sign."""
        if new == self.new:
            return self
        return dataclasses.replace(
            self, new=self.current, current=self.new, new_name=self.current_name, current_name=self.new_name,
            figures=tuple(each.turned() for each in self.figures),
        )  # fmt: skip

    def told(self) -> dict[str, Any]:
        """As JSON has it."""
        told: dict[str, Any] = finite(dataclasses.asdict(self))
        return told


@dataclass(frozen=True)
class Use:
    """From then on the model with this hash is in use for the task; instead_of: the one before, "" for none."""

    task: str
    hash: str
    name: str
    instead_of: str
    compared_at: str
    at: str
    who: str


@dataclass(frozen=True)
class History:
    comparisons: tuple[Comparison, ...] = ()
    uses: tuple[Use, ...] = ()

    def in_use(self, task: str) -> Use | None:
        """What was chosen last."""
        return next((use for use in reversed(self.uses) if use.task == task), None)

    def comparison(self, one: str, other: str, snapshot: str | None = None) -> Comparison | None:
        """The latest of these two models, whichever was the new one then; on this snapshot where one is given."""
        return next(
            (
                each
                for each in reversed(self.comparisons)
                if {each.new, each.current} == {one, other} and snapshot in (None, each.snapshot)
            ),
            None,
        )


def read(models: Path) -> History:
    """All there is. WorkflowError, with the line, where somebody edited it; a last line cut off by a kill is none."""
    file = models / FILE
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return History()
    except OSError as error:
        raise WorkflowError(f"{file} cannot be read: {error.strerror}.") from error
    comparisons, uses = [], []
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
            kind = told.pop("do")
            if kind == "compared":
                comparisons.append(_comparison(told))
            elif kind == "used":
                uses.append(_use(told))
            else:
                raise ValueError(f"what is {kind!r}?")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise WorkflowError(
                f"{file}, line {number} is damaged, so that nobody can say which models are in use. Mend the line, or "
                "take the file away: then the models that came with the program are in use."
            ) from error
    return History(tuple(comparisons), tuple(uses))


def note_comparison(models: Path, made: Comparison) -> None:
    _append(models, {"do": "compared", **made.told()})


def note_use(models: Path, use: Use) -> None:
    _append(models, {"do": "used", **dataclasses.asdict(use)})


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _append(models: Path, told: Mapping[str, Any]) -> None:
    """One line, on disk when this returns; what could not be written whole is taken back."""
    file = models / FILE
    try:
        models.mkdir(parents=True, exist_ok=True)
        line = json.dumps(told, allow_nan=False).encode("ascii") + b"\n"
        with open(file, "ab+", buffering=0) as stream:
            before = _cut(stream)
            try:
                if stream.write(line) != len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(stream.fileno())
            except OSError:
                with contextlib.suppress(OSError):
                    stream.truncate(before)
                raise
    except OSError as error:
        raise WorkflowError(f"{file} cannot be written: {error.strerror}. Nothing was changed.") from error


def _cut(stream: FileIO) -> int:
    """Take away a last line that a kill left unfinished; where the file ends now."""
    end = stream.seek(0, os.SEEK_END)
    stream.seek(max(end - 1, 0))
    if not end or stream.read(1) == b"\n":
        return end
    stream.seek(0)
    whole = stream.readall().rfind(b"\n") + 1
    stream.truncate(whole)
    return whole


def _comparison(told: dict[str, Any]) -> Comparison:
    figures = tuple(_figure(each) for each in told.pop("figures"))
    found = Comparison(**told, figures=figures)
    _texts(found, ("task", "new", "current", "new_name", "current_name", "snapshot", "at", "who"))
    return found


def _figure(told: Mapping[str, Any]) -> Figure:
    numbers = {name: _number(told[name]) for name in ("new", "current", "difference")}
    intervals = {str(name): (_number(low), _number(high)) for name, (low, high) in told["intervals"].items()}
    tests = {str(name): _number(p) for name, p in told["tests"].items()}
    return Figure(
        what=str(told["what"]), **numbers, intervals=intervals, tests=tests, cases=int(told["cases"]),
        patients=int(told["patients"]),
    )  # fmt: skip


def _use(told: dict[str, Any]) -> Use:
    found = Use(**told)
    _texts(found, [each.name for each in dataclasses.fields(Use)])
    return found


def _texts(found: Comparison | Use, names: Sequence[str]) -> None:
    if not all(isinstance(getattr(found, name), str) for name in names):
        raise TypeError("a text is missing")


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
