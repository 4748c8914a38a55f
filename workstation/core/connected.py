"""Connected regions of a mask, found by sweeping along runs: few passes, no library to load before the first hover."""

from __future__ import annotations

import numpy as np

from workstation.core.lesion import Mask


def connected(mask: Mask, seeds: Mask) -> Mask:
    """The pixels of a mask (rows, columns) joined to a seed through neighbours above, below, left or right."""
    reached: Mask = seeds & mask
    before = -1
    while (now := int(np.count_nonzero(reached))) != before:
        before = now
        reached = _sweep(mask, reached)
        reached = _sweep(mask.T, reached.T).T
    return reached


def _sweep(mask: Mask, reached: Mask) -> Mask:
    """Fill every run of the mask along its rows that holds a reached pixel."""
    rows, columns = mask.shape
    breaks = np.ones((rows, columns + 1), bool)  # a run ends at each unmasked pixel and at the end of each row
    breaks[:, :-1] = ~mask
    run = np.cumsum(breaks.ravel()).reshape(rows, columns + 1)[:, :-1]
    hit = np.zeros(rows * (columns + 1) + 1, bool)
    hit[run[reached]] = True
    filled: Mask = hit[run] & mask
    return filled


def components(mask: Mask, at_most: int | None = None) -> list[Mask]:
    """The connected regions, largest first; with `at_most`, those met first when widest rows are looked at first."""
    left = mask.copy()
    found: list[Mask] = []
    while left.any() and (at_most is None or len(found) < at_most):
        row = int(np.argmax(np.count_nonzero(left, axis=1)))
        seed = np.zeros_like(left)
        seed[row, int(np.argmax(left[row]))] = True
        region = connected(left, seed)
        left &= ~region
        found.append(region)
    return sorted(found, key=lambda region: -int(np.count_nonzero(region)))


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
