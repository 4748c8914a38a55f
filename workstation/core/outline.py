"""The outline of an ROI along its pixel edges, as closed loops: what is drawn is exactly what is kept."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from workstation.core.lesion import Roi


@lru_cache(maxsize=4096)
def outline(roi: Roi) -> tuple[NDArray[np.float64], ...]:
    """Closed loops of (row, column) corners, in the frame's coordinates where pixel centres are whole numbers.

    Each loop is (n, 2), first corner not repeated, straight runs merged; holes are loops too. Walked with the ROI on
    the right hand, so that pixels touching at a corner only stay separate loops.
    """
    box = np.pad(roi.box, 1)
    follow: dict[tuple[int, int], list[tuple[int, int]]] = {}

    def edge(start: tuple[int, int], end: tuple[int, int]) -> None:
        follow.setdefault(start, []).append(end)

    # Corner (r, c) is the upper left corner of padded pixel (r, c).
    for r, c in np.argwhere(box[1:, :] & ~box[:-1, :]) + (1, 0):  # upper edges, walked to the right
        edge((int(r), int(c)), (int(r), int(c) + 1))
    for r, c in np.argwhere(box[:-1, :] & ~box[1:, :]) + (1, 0):  # lower edges, walked to the left
        edge((int(r), int(c) + 1), (int(r), int(c)))
    for r, c in np.argwhere(box[:, 1:] & ~box[:, :-1]) + (0, 1):  # left edges, walked upwards
        edge((int(r) + 1, int(c)), (int(r), int(c)))
    for r, c in np.argwhere(box[:, :-1] & ~box[:, 1:]) + (0, 1):  # right edges, walked downwards
        edge((int(r), int(c)), (int(r) + 1, int(c)))

    loops = []
    while follow:
        start = next(iter(follow))
        corners = [start]
        here, heading = start, (0, 0)
        while True:
            choices = follow[here]
            # At a corner where two pixels touch, turn right: stay on the pixel we walk along.
            right = (here[0] + heading[1], here[1] - heading[0])
            there = right if right in choices else choices[0]
            choices.remove(there)
            if not choices:
                del follow[here]
            heading = (there[0] - here[0], there[1] - here[1])
            here = there
            if here == start:
                break
            corners.append(here)
        loops.append(_straighten(np.array(corners, float)) + (roi.top - 1.5, roi.left - 1.5))
    return tuple(loops)


def _straighten(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Drop corners in the middle of straight runs."""
    before = corners - np.roll(corners, 1, axis=0)
    after = np.roll(corners, -1, axis=0) - corners
    kept: NDArray[np.float64] = corners[np.any(before != after, axis=1)]
    return kept
