"""The counts around a click, as its estimator sees them: squares of both views and of the other side of the body.

Pixels are the scan's own where they are nearly of the usual size; else counts are brought to the usual one, so that a
square is always as large in the body, and each of its pixels holds the counts of as large a piece of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workstation.core.body import BodyFacts
from workstation.core.counts import Counts
from workstation.core.scan import Frame, View

Singles = NDArray[np.float32]

USUAL_MM = 2.3
_SAME = (0.85, 1.15)  # usual pixels over the scan's: within these, the scan's own are taken


@dataclass(frozen=True, eq=False)
class Square:
    """Counts around a place of one view, and what is known of the body there.

    counts: (4, 2 reach, 2 reach): the view itself; the other view, its columns reversed, so that a lesion lies at the
    same place in both; then of each the other side of the body, reversed about the midline. Nought beyond a frame and
    where there is no such view. The place is pixel (reach, reach).
    places: (view, 2), row and column of the scan that pixel is in the view and, where there is one, in the other.
    step: the scan's pixels to one here, along rows and columns. facts: what `FACTS` names.
    """

    counts: Singles
    places: NDArray[np.float64]
    step: tuple[float, float]
    facts: NDArray[np.float64]


# Of the body: which view (0 anterior, 1 posterior); how far down from the vertex and how far to the right of the
# midline in the picture, here and in the other view, over the body's height; that height, usual pixels; the spacing
# looked at, mm; the body's median counts per usual pixel.
FACTS = ("posterior", "down", "across", "across_other", "height", "spacing_mm", "level")


def cut(
    frames: Mapping[View, Frame], bodies: Mapping[View, BodyFacts], view: View, at: tuple[float, float], reach: int
) -> Square:
    """The square about the pixel at a (row, column) place of a view, which may lie beyond it; reach: usual pixels."""
    frame, body = frames[view], bodies[view]
    spacing = frame.spacing_mm or (USUAL_MM, USUAL_MM)
    step = (_step(spacing[0]), _step(spacing[1]))
    row, column = round(at[0]), round(at[1])
    height = float(max(body.last - body.first, 1))
    middle = body.midline(row)
    counts = np.zeros((4, 2 * reach, 2 * reach), np.float32)
    counts[0] = _taken(frame.counts, row, column, reach, step)
    counts[2] = _taken(frame.counts, row, round(2.0 * middle - column), reach, step, reversed_=True)
    places = [(row, column)]
    across = (column - middle) / height
    across_other = -across
    if view.other in frames:
        other, there = frames[view.other], bodies[view.other]
        opposite = round(body.mirrored_column(row, column, there))
        centre = there.midline(row)
        counts[1] = _taken(other.counts, row, opposite, reach, step, reversed_=True)
        counts[3] = _taken(other.counts, row, round(2.0 * centre - opposite), reach, step)
        places.append((row, opposite))
        across_other = (opposite - centre) / height
    facts = (
        float(view is View.POSTERIOR),
        (row - body.first) / height,
        across,
        across_other,
        height / step[0],
        float(np.mean(spacing)) * float(np.mean(step)),
        body.level * step[0] * step[1],
    )
    return Square(counts, np.array(places, np.float64), step, np.array(facts))


def _step(spacing_mm: float) -> float:
    step = USUAL_MM / spacing_mm
    return 1.0 if _SAME[0] < step < _SAME[1] else step


def _taken(
    counts: Counts, row: int, column: int, reach: int, step: tuple[float, float], reversed_: bool = False
) -> Singles:
    """The square about one pixel, columns running backwards if asked; what is no number counts as nought."""
    if reversed_:
        counts, column = counts[:, ::-1], counts.shape[1] - 1 - column
    if step == (1.0, 1.0):
        return _box(counts, row, column, reach, reach)
    down, across = (int(np.ceil((reach + 0.5) * size)) + 1 for size in step)
    return _brought(_brought(_box(counts, row, column, down, across), reach, step[0]).T, reach, step[1]).T


def _box(counts: Counts, row: int, column: int, down: int, across: int) -> Singles:
    """The (2 down, 2 across) counts about a pixel, nought beyond the frame."""
    out = np.zeros((2 * down, 2 * across), np.float32)
    top, left = row - down, column - across
    part = counts[max(top, 0) : max(row + down, 0), max(left, 0) : max(column + across, 0)]
    if part.size:
        out[max(-top, 0) :, max(-left, 0) :][: part.shape[0], : part.shape[1]] = part
        if counts.dtype != np.uint16:
            np.nan_to_num(out, copy=False, posinf=0.0, neginf=0.0)
    return out


def _brought(counts: Singles, reach: int, step: float) -> Singles:
    """Rows of `step` rows each: sums over as much of them as each covers, the middle one about the middle row."""
    total = np.concatenate([np.zeros((1, counts.shape[1])), np.cumsum(counts, axis=0, dtype=np.float64)])
    edges = counts.shape[0] // 2 + 0.5 + (np.arange(-reach, reach + 1) - 0.5) * step
    first = np.clip(np.floor(edges).astype(int), 0, counts.shape[0] - 1)
    share = np.clip(edges - first, 0.0, 1.0)[:, None]
    at_edges = total[first] * (1.0 - share) + total[first + 1] * share
    out: Singles = np.diff(at_edges, axis=0).astype(np.float32)
    return out
