"""Where an axis has its marks: round numbers, as many as there is room for."""

from __future__ import annotations

import math


def ticks(low: float, high: float, most: int, whole: bool = False) -> tuple[list[float], int]:
    """Round values from `low` to `high`, at most `most` of them (two or more), and the decimals to write them with.

    Steps are 1, 2 or 5 times a power of ten. whole: whole numbers only. low < high, both finite, else ValueError.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"no axis from {low} to {high}")
    power = 10.0 ** math.floor(math.log10((high - low) / max(most, 2)))
    step = max(power, 1.0) if whole else power
    while (marks := _within(low, high, step)).stop - marks.start > max(most, 2):
        step = _coarser(step)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [round(number * step, decimals) for number in marks], decimals


def _within(low: float, high: float, step: float) -> range:
    """The multiples of `step` there are."""
    return range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)


def _coarser(step: float) -> float:
    """1, 2, 5, 10, ..."""
    power = 10.0 ** math.floor(math.log10(step) + 1e-9)
    return {1: 2, 2: 5, 5: 10}[round(step / power)] * power
