"""The curves of a training out of its metrics.jsonl, a file that grows, is replaced whole, or was edited by anybody.

A look reads only what is new: whether what was read before still stands is told by the bytes before it.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILE = "metrics.jsonl"
_A_LOOK = 4 << 20  # bytes read at a time
_LINE = 1 << 16  # bytes of a line; more is none of ours
_MOST = 200_000  # epochs
_LARGEST = 1e9
_BEFORE = 256  # bytes before the place read to, by which it is known again

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curve:
    """epoch (from 1, rising), train_loss, inner_loss, score: as many of each, nan where a line does not tell.

    score_name: "AUC", "Dice" or "". best: the index of the epoch whose weights are used, -1 for none.
    skipped: lines that made no sense. whole: False while there is more of the file to read.
    """

    epoch: Floats = field(default_factory=lambda: np.empty(0))
    train_loss: Floats = field(default_factory=lambda: np.empty(0))
    inner_loss: Floats = field(default_factory=lambda: np.empty(0))
    score: Floats = field(default_factory=lambda: np.empty(0))
    score_name: str = ""
    best: int = -1
    skipped: int = 0
    whole: bool = True


class MetricsTail:
    """Follows one file. Not for two threads at once."""

    def __init__(self, run: Path) -> None:
        self._file = run / FILE
        self.curve = Curve()
        self._at, self._seen = 0, b""  # how far it was read, and the last bytes before
        self._stamp: tuple[int, int, int] | None = None
        self._rows: list[tuple[float, float, float, float]] = []
        self._name, self._best, self._skipped = "", -1, 0

    def read(self) -> Curve:
        """The curve as far as it is known; the very same value where nothing has changed."""
        try:
            with self._file.open("rb") as stream:
                there = os.fstat(stream.fileno())
                stamp = (there.st_ino, there.st_mtime_ns, there.st_size)
                if stamp == self._stamp:
                    return self.curve
                before = max(self._at - _BEFORE, 0)
                stream.seek(before)
                if stream.read(self._at - before) != self._seen:
                    self._forget()
                stream.seek(self._at)
                data = stream.read(_A_LOOK)
        except OSError:
            if self._at:
                self._forget()
            return self.curve
        whole = len(data) < _A_LOOK
        used = data[: data.rfind(b"\n") + 1]
        if not used and not whole:
            used = data  # one line as long as a book
        self._at += len(used)
        self._seen = (self._seen + used)[-_BEFORE:]
        self._stamp = stamp if whole else None
        for line in used.split(b"\n")[:-1] if used.endswith(b"\n") else [used] * bool(used):
            self._take(line)
        epoch, train, inner, score = np.array(self._rows, np.float64).reshape(-1, 4).T.copy()
        self.curve = Curve(epoch, train, inner, score, self._name, self._best, self._skipped, whole)
        return self.curve

    def _forget(self) -> None:
        self.curve = Curve()
        self._at, self._seen, self._stamp = 0, b"", None
        self._rows = []
        self._name, self._best, self._skipped = "", -1, 0

    def _take(self, line: bytes) -> None:
        if not line.strip():
            return
        row = _row(line)
        epoch = _number(row, "epoch")
        rows = self._rows
        if not epoch >= 1 or epoch != math.floor(epoch) or rows and epoch <= rows[-1][0] or len(rows) >= _MOST:
            self._skipped += 1
            return
        name = "Dice" if "inner_dice" in row else "AUC" if "inner_auc" in row else ""
        self._name = self._name or name
        score = _number(row, f"inner_{self._name.lower()}")
        rows.append((epoch, _number(row, "train_loss"), _number(row, "inner_loss"), score))
        if row.get("best") is True:
            self._best = len(rows) - 1


def _row(line: bytes) -> dict[str, Any]:
    if len(line) > _LINE:
        return {}
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return row if isinstance(row, dict) else {}


def _number(row: dict[str, Any], key: str) -> float:
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        return math.nan
    return float(value)
