"""What may stand in a cell of a snapshot's tables: anything else is told, with its row, before it is learnt from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ml.manifest import SnapshotError

LABELS = ("malignant", "benign", "uncertain")
SIDES = ("left", "right", "midline")
SITES = ("spine", "pelvis", "scapula", "rib", "femur", "other")

_Good = Callable[[str], bool]


def _one_of(*words: str) -> tuple[_Good, str]:
    return (lambda text: text in words), f"one of {', '.join(words)}"


def _number(low: float, high: float = math.inf) -> tuple[_Good, str]:
    def good(text: str) -> bool:
        try:
            value = float(text)
        except ValueError:
            return False
        return math.isfinite(value) and low <= value <= high

    least = f" from {low:g}" if math.isfinite(low) else ""
    return good, f"a number{least}" + (f" to {high:g}" if math.isfinite(high) else "")


_SPACING = (lambda text: _number(0.0)[0](text) and float(text) > 0), "a number above 0"
# An empty cell is one nobody knew; what may not be empty stands in _NEEDED.
SCANS: Mapping[str, tuple[_Good, str]] = {
    "age": _number(0, 150),
    "sex": _one_of("M", "F", "O"),
    "grade": _one_of("0", "1", "2", "3"),
    "malignant": _one_of("0", "1"),
    "diffuse": _one_of("0", "1"),
    "spacing_mm": _SPACING,
}
LESIONS: Mapping[str, tuple[_Good, str]] = {
    "label": _one_of(*LABELS),
    "side": _one_of(*SIDES),
    "site6": _one_of(*SITES),
    "visible": _one_of("0", "1"),
    "peak_ratio": _number(-math.inf),
    "p_ceiling": _number(0, 1),
    "p_alone": _number(0, 1),
}
_NEEDED = ("scan", "patient", "lesion", "label")


def hold(file: Path, rows: Sequence[Mapping[str, str]], columns: Mapping[str, tuple[_Good, str]]) -> None:
    """Raises SnapshotError for the first cell that holds what it may not. file: named in the words."""
    if not rows:
        return
    seen: dict[str, set[str]] = {name: set() for name in columns}  # values that were good: there are few different ones
    for number, row in enumerate(rows, start=1):
        if None in row or None in row.values():
            raise SnapshotError(f"{file}, row {number}, has more or fewer cells than its header.")
        for name in _NEEDED:
            if row.get(name) == "":
                raise SnapshotError(f"{file}, row {number}, has no {name}.")
        for name, (good, what) in columns.items():
            text = row.get(name, "")
            if text and text not in seen[name]:
                if not good(text):
                    raise SnapshotError(f"{file}, row {number}: {name} is {text[:40]!r}, not {what}.")
                seen[name].add(text)
    if "label" in columns:
        _hold_to_names(file, rows)


def _hold_to_names(file: Path, rows: Sequence[Mapping[str, str]]) -> None:
    lesions: set[tuple[str | None, str | None]] = set()
    for row in rows:
        own = row.get("scan"), row.get("lesion")
        if own in lesions:
            raise SnapshotError(f"{file} has lesion {own[1]!r} of scan {own[0]!r} twice.")
        lesions.add(own)
