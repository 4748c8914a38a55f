"""A frame as overlapping windows, and back: paper C looks at 256 x 256 windows, step 128, down a 256-wide frame.

A frame of 1024 rows gives 7; the paper's four frames 28, two views 14. All arrays are (..., rows, columns).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray


def starts(rows: int, side: int = 256, step: int = 128) -> tuple[int, ...]:
    """The first row of each window, from the head down. Where steps do not end at the last row, one more window does,
    so that no row is left out. Raises ValueError for a frame with fewer rows than a window.
    """
    if side < 1 or step < 1 or rows < side:
        raise ValueError(f"windows of {side} rows, {step} apart, do not fit a frame of {rows} rows")
    if step > side:
        raise ValueError(f"windows of {side} rows, {step} apart, leave rows out")
    found = tuple(range(0, rows - side + 1, step))
    return found if found[-1] + side == rows else (*found, rows - side)


def cut(frame: NDArray[Any], side: int = 256, step: int = 128) -> NDArray[Any]:
    """Windows (..., windows, side, columns) of a frame (..., rows, columns); a new array."""
    return np.stack([frame[..., row : row + side, :] for row in starts(frame.shape[-2], side, step)], axis=-3)


def merge(
    windows: NDArray[Any],
    rows: int,
    step: int = 128,
    used: NDArray[np.bool_] | None = None,
    how: Literal["mean", "max"] = "mean",
) -> NDArray[np.float32]:
    """One frame (rows, columns) out of windows (windows, side, columns) of probabilities, as `cut` makes them.

    used: which windows count, (windows,) bool: those that the sub-image network calls positive; the others were not
    segmented and say nothing. how: where several that count overlap, their mean or the highest. A pixel of none is 0.
    """
    if windows.ndim != 3 or len(windows) != len(starts(rows, windows.shape[1], step)):
        raise ValueError(f"these windows {windows.shape} are not of a frame of {rows} rows, {step} apart")
    shape = (rows, windows.shape[2])
    found, times = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    side = windows.shape[1]
    for number, row in enumerate(starts(rows, side, step)):
        if used is not None and not used[number]:
            continue
        here = slice(row, row + side)
        if how == "max":
            found[here] = np.maximum(found[here], windows[number])
        else:
            found[here] += windows[number]
            times[here] += 1
    return found if how == "max" else found / np.maximum(times, 1)
