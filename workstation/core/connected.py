"""Connected regions of a mask, found from its runs: few passes, no library to load before the first hover.

A run is a stretch of neighbouring pixels within one row. There are far fewer of them than pixels, so it is the runs
that are joined; a mask's pixels in reading order are its runs one after the other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workstation.core.lesion import Mask

_Numbers = NDArray[np.intp]


def connected(mask: Mask, seeds: Mask) -> Mask:
    """The pixels of a mask (rows, columns) joined to a seed through neighbours above, below, left or right."""
    region, lengths = _regions(mask)
    wanted = np.zeros(region.size, bool)
    wanted[np.repeat(region, lengths)[seeds[mask]]] = True
    reached = np.zeros(mask.shape, bool)
    reached[mask] = np.repeat(wanted[region], lengths)
    return reached


def components(mask: Mask, at_most: int | None = None) -> list[Mask]:
    """The connected regions, largest first; with `at_most`, those met first when widest rows are looked at first."""
    region, lengths = _regions(mask)
    where = np.full(mask.shape, -1, np.intp)
    where[mask] = np.repeat(region, lengths)
    left = mask.copy()
    found: list[Mask] = []
    while left.any() and (at_most is None or len(found) < at_most):
        row = int(np.argmax(np.count_nonzero(left, axis=1)))
        one: Mask = where == where[row, int(np.argmax(left[row]))]
        left &= ~one
        found.append(one)
    return sorted(found, key=lambda one: -int(np.count_nonzero(one)))


def _regions(mask: Mask) -> tuple[_Numbers, _Numbers]:
    """Of each run in reading order: the number of its region, which is that of its first run; and its length."""
    rows, columns = mask.shape
    wide = np.zeros((rows, columns + 2), bool)
    wide[:, 1:-1] = mask
    edges = np.flatnonzero(wide[:, 1:] != wide[:, :-1])
    starts, ends = edges[::2], edges[1::2]
    # Runs of the row below that overlap a run, looked for as if they stood in its row.
    first = np.searchsorted(ends - (columns + 1), starts, "right")
    beyond = np.searchsorted(starts - (columns + 1), ends, "left")
    many = beyond - first
    above = np.repeat(np.arange(starts.size), many)
    below = np.arange(above.size) + np.repeat(first - (np.cumsum(many) - many), many)
    return _joined(starts.size, above, below), ends - starts


def _joined(size: int, one: _Numbers, other: _Numbers) -> _Numbers:
    """The lowest number that each of `size` things is joined to by the pairs `one`, `other`, itself included."""
    lowest = np.arange(size)
    while True:
        here, there = lowest[one], lowest[other]
        if np.array_equal(here, there):
            return lowest
        low = np.minimum(here, there)
        # What a thing stands for is lowered with it; following it twice makes long chains short.
        np.minimum.at(lowest, here, low)
        np.minimum.at(lowest, there, low)
        lowest = lowest[lowest]
        lowest = lowest[lowest]


def widened(mask: Mask, steps: int) -> Mask:
    """The mask grown by `steps` pixels; a point grows to an octagon."""
    for step in range(steps):
        grown = mask.copy()
        source = mask
        grown[1:] |= source[:-1]
        grown[:-1] |= source[1:]
        if step % 2:  # every other step also goes diagonally
            source = grown.copy()
        grown[:, 1:] |= source[:, :-1]
        grown[:, :-1] |= source[:, 1:]
        mask = grown
    return mask
