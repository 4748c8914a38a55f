"""Masks from the hand: brush strokes and drawn outlines.

Positions are (row, column) in frame coordinates where pixel centres are whole numbers. A pixel belongs to a drawn
figure when its centre lies in it; the figure's edge belongs to it, so that a point on a pixel's centre takes the pixel.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workstation.core.counts import Counts
from workstation.core.lesion import Mask, Roi

Point = tuple[float, float]
_EDGE = 1e-9


def polygon_mask(points: Sequence[Point], shape: tuple[int, int]) -> Mask:
    """The pixels of a frame of `shape` (rows, columns) whose centres a closed outline holds.

    What the outline winds around belongs to it (non-zero winding): where a drawn line crosses itself, the loop is kept,
    not cut out, because nobody draws a hole that way. Pixels whose centres the line itself touches belong too, so one
    point on a pixel is that pixel. Parts outside the frame are cut off; no points give an empty mask. Non-finite
    points raise ValueError.
    """
    corners = np.asarray(points, float).reshape(-1, 2)
    if not np.isfinite(corners).all():
        raise ValueError("an outline has finite corners")
    mask = np.zeros(shape, bool)
    if not len(corners):
        return mask
    low = np.maximum(np.ceil(corners.min(axis=0) - _EDGE).astype(int), 0)
    high = np.minimum(np.floor(corners.max(axis=0) + _EDGE).astype(int), np.array(shape) - 1)
    if (low > high).any():
        return mask
    rows = np.arange(low[0], high[0] + 1, dtype=float)
    columns = np.arange(low[1], high[1] + 1, dtype=float)
    winding = np.zeros((rows.size, columns.size + 1), np.int64)
    touched = np.zeros((rows.size, columns.size), bool)
    starts, ends = corners, np.roll(corners, -1, axis=0)
    # An edge between neighbouring whole numbers, along both axes, touches no centre and crosses no row of them.
    passed = np.floor(np.maximum(starts, ends) + _EDGE) >= np.ceil(np.minimum(starts, ends) - _EDGE)
    starts, ends = starts[passed.any(axis=1)], ends[passed.any(axis=1)]
    for (row_a, column_a), (row_b, column_b) in zip(starts, ends, strict=True):
        _touch(touched, rows, columns, (row_a, column_a), (row_b, column_b))
        if row_a == row_b:
            continue
        # Rows are crossed half open, so that a corner between two edges counts once.
        crossed = np.flatnonzero((rows >= min(row_a, row_b)) & (rows < max(row_a, row_b)))
        if not crossed.size:
            continue
        # The share first: it lies between 0 and 1 however flat the edge is.
        at = column_a + (rows[crossed] - row_a) / (row_b - row_a) * (column_b - column_a)
        # The crossing winds around every pixel to its right.
        first = np.clip(np.ceil(at - low[1]).astype(int), 0, columns.size)
        np.add.at(winding, (crossed, first), 1 if row_b > row_a else -1)
    inside = np.cumsum(winding, axis=1)[:, :-1] != 0
    mask[low[0] : high[0] + 1, low[1] : high[1] + 1] = inside | touched
    return mask


def polygon_roi(outlines: Sequence[Sequence[Point]], shape: tuple[int, int]) -> Roi | None:
    """All that these outlines hold of a frame of `shape`, as `polygon_mask` has it; None where that is no pixel.

    Drawn within the box around them: how large the frame is costs nothing.
    """
    corners = np.concatenate([np.asarray(points, float).reshape(-1, 2) for points in outlines])
    if not np.isfinite(corners).all():
        raise ValueError("an outline has finite corners")
    if not len(corners):
        return None
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, shape)
    if (low >= high).any():
        return None
    box = (int(high[0] - low[0]), int(high[1] - low[1]))
    held: Mask = np.zeros(box, bool)
    for points in outlines:
        held |= polygon_mask([(row - low[0], column - low[1]) for row, column in points], box)
    return Roi.from_mask(held, int(low[0]), int(low[1]))


def _touch(touched: Mask, rows: NDArray[np.float64], columns: NDArray[np.float64], start: Point, end: Point) -> None:
    """Mark the pixels whose centres the segment passes through."""
    down, across = end[0] - start[0], end[1] - start[1]
    length = float(np.hypot(down, across))
    if length < _EDGE:
        if abs(start[0] - round(start[0])) < _EDGE and abs(start[1] - round(start[1])) < _EDGE:
            row, column = round(start[0]) - int(rows[0]), round(start[1]) - int(columns[0])
            if 0 <= row < rows.size and 0 <= column < columns.size:
                touched[row, column] = True
        return
    # Walk along the longer axis: one candidate centre for each whole number passed.
    along, grid = (0, rows) if abs(down) >= abs(across) else (1, columns)
    cross = 1 - along
    inside = grid[(grid >= min(start[along], end[along]) - _EDGE) & (grid <= max(start[along], end[along]) + _EDGE)]
    at = start[cross] + (inside - start[along]) * ((end[cross] - start[cross]) / (end[along] - start[along]))
    whole = np.rint(at)
    hit = np.abs(at - whole) < _EDGE
    first = (int(inside[0]) - int(grid[0])) if inside.size else 0
    along_index = (np.arange(inside.size) + first)[hit]
    other = columns if along == 0 else rows
    cross_index = whole[hit].astype(int) - int(other[0])
    good = (cross_index >= 0) & (cross_index < other.size)
    if along == 0:
        touched[along_index[good], cross_index[good]] = True
    else:
        touched[cross_index[good], along_index[good]] = True


def freehand_mask(points: Sequence[Point], shape: tuple[int, int]) -> Mask:
    """The pixels a freehand line holds, closed from its end to its start, and the pixels the line runs over.

    A hand that only touches a spot means the pixel there: unlike a polygon's, its points go to the nearest pixel.
    """
    mask = polygon_mask(points, shape)
    for row, column in np.rint(np.asarray(points, float).reshape(-1, 2)).astype(int):
        if 0 <= row < shape[0] and 0 <= column < shape[1]:
            mask[row, column] = True
    return mask


def brush_mask(
    shape: tuple[int, int],
    path: Sequence[Point],
    radius: float,
    counts: Counts | None = None,
    above: float | None = None,
    below: float | None = None,
) -> Mask:
    """The pixels within `radius` pixels of the path, a disc swept along it, and always the pixel under each point.

    above, below: with `counts`, only pixels of at least `above` (brush) or under `below` (eraser) counts are taken.
    """
    points = np.asarray(path, float).reshape(-1, 2)
    if not np.isfinite(points).all():
        raise ValueError("a brush path has finite points")
    mask = np.zeros(shape, bool)
    for start, end in zip(points[: max(len(points) - 1, 1)], points[1:] if len(points) > 1 else points, strict=True):
        low = np.maximum(np.floor(np.minimum(start, end) - radius).astype(int), 0)
        high = np.minimum(np.ceil(np.maximum(start, end) + radius).astype(int) + 1, shape)
        if (low >= high).any():
            continue
        rows = np.arange(low[0], high[0])[:, None] - start[0]
        columns = np.arange(low[1], high[1])[None, :] - start[1]
        down, across = end - start
        length = float(down * down + across * across)
        share = np.clip((rows * down + columns * across) / length, 0.0, 1.0) if length > 0 else np.zeros((1, 1))
        near = (rows - share * down) ** 2 + (columns - share * across) ** 2 <= (radius + _EDGE) ** 2
        mask[low[0] : high[0], low[1] : high[1]] |= near
    for row, column in np.rint(points).astype(int):
        if 0 <= row < shape[0] and 0 <= column < shape[1]:
            mask[row, column] = True
    if counts is not None and above is not None:
        mask &= counts >= above
    if counts is not None and below is not None:
        mask &= counts < below
    return mask
