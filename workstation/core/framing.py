"""One frame for all: pictures of any matrix brought to 1024 rows x 256 columns, with the masks drawn on them.

What is learnt from and what is predicted on goes through here alike. Counts stay counts: a picture that has the size
is not touched, a finer one is summed, a coarser one keeps each pixel's value in all the pixels it becomes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.uint16]
Mask = NDArray[np.bool_]
Spacing = tuple[float, float]
Value = TypeVar("Value", bound=np.generic)

ROWS, COLUMNS = 1024, 256
COMMON_MM = 2.4
"""Size of a pixel of the frame, for matrices that are no simple multiple of it: 1024 of them are 2.46 m."""
_MOST = np.iinfo(np.uint16).max
_PLAUSIBLE_MM = (0.5, 20.0)  # a spacing outside says nothing


@dataclass(frozen=True)
class Framing:
    """How a picture of `shape` (rows, columns) is brought into the frame.

    scaled: (rows, columns) after resampling, before padding and cropping. left: where its first column lies in the
    frame, negative where it is cropped; the first row lies at the frame's. spacing_mm: (row, column) afterwards, None
    where it is not known.
    """

    shape: tuple[int, int]
    scaled: tuple[int, int]
    left: int
    spacing_mm: Spacing | None

    @property
    def resampled(self) -> bool:
        return self.scaled != self.shape

    @property
    def moved(self) -> bool:
        """Whether anything is cropped or padded."""
        return self.scaled != (ROWS, COLUMNS)

    @property
    def across(self) -> tuple[float, float]:
        """How many pixels of the picture are as high, and as wide, as one of the frame."""
        return self.shape[0] / self.scaled[0], self.shape[1] / self.scaled[1]

    @property
    def part(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """First and last + 1 of the resampled rows, and columns, that lie in the frame."""
        first = max(-self.left, 0)
        return (0, min(self.scaled[0], ROWS)), (first, min(self.scaled[1], first + COLUMNS))


def framing(shape: tuple[int, int], spacing_mm: Spacing | None) -> Framing:
    """The way of a picture into the frame.

    The frame's own size, and its multiples and halves, map pixel upon pixel whatever their spacing. Others are
    resampled to pixels of COMMON_MM where their spacing is known, else so that their height fills the frame. What is
    then too wide is cropped, too narrow padded, at both sides alike; too high or too low at the feet.
    """
    rows, columns = shape
    known = spacing_mm is not None and all(_PLAUSIBLE_MM[0] <= size <= _PLAUSIBLE_MM[1] for size in spacing_mm)
    if rows * COLUMNS == columns * ROWS and (rows % ROWS == 0 or ROWS % rows == 0):
        scaled = (ROWS, COLUMNS)
    elif known and spacing_mm is not None:
        scaled = (max(round(rows * spacing_mm[0] / COMMON_MM), 1), max(round(columns * spacing_mm[1] / COMMON_MM), 1))
    else:
        scaled = (ROWS, max(round(columns * ROWS / rows), 1))
    after = None
    if known and spacing_mm is not None:
        after = (spacing_mm[0] * rows / scaled[0], spacing_mm[1] * columns / scaled[1])
    return Framing(shape, scaled, (COLUMNS - scaled[1]) // 2, after)


def framed(counts: NDArray[np.generic], how: Framing) -> Counts:
    """The picture in the frame, whole counts. Less than nothing is nothing; what is above 65,535 is cut there."""
    if counts.dtype != np.uint16 or how.resampled:
        values = np.clip(np.nan_to_num(counts.astype(np.float64), nan=0.0), 0, _MOST)
        if how.resampled:  # summed where several pixels become one; one that becomes several gives its value to each
            values = _sums(values, how) / (min(how.across[0], 1.0) * min(how.across[1], 1.0))
            values = np.minimum(np.rint(values), _MOST)
            return _placed(values.astype(np.uint16), how)
        counts = np.rint(values).astype(np.uint16)
    return _placed(_cut(counts, how).astype(np.uint16, copy=False), how)


def framed_mask(mask: Mask, how: Framing) -> Mask:
    """A mask in the frame: the pixels at least half covered; where none is, those covered most."""
    if not how.resampled:
        return _placed(_cut(mask, how), how)
    cover = _sums(mask.astype(np.float64), how) / (how.across[0] * how.across[1])
    most = float(cover.max(initial=0.0))
    return _placed(cover >= min(0.5, most) - 1e-9 if most > 1e-6 else np.zeros(cover.shape, bool), how)


def _cut(values: NDArray[Value], how: Framing) -> NDArray[Value]:
    """What of a picture that is not resampled lies in the frame."""
    (first_row, last_row), (first, last) = how.part
    return values[first_row:last_row, first:last]


def _sums(values: NDArray[np.float64], how: Framing) -> NDArray[np.float64]:
    """What falls on each pixel of the frame's part, shares of pixels counted: differences of the running total."""
    for axis in (0, 1):
        start, stop = how.part[axis]
        edges = np.arange(start, stop + 1) * how.across[axis]
        total = np.concatenate([np.zeros_like(values.take([0], axis)), np.cumsum(values, axis)], axis)
        below = np.clip(edges.astype(np.intp), 0, values.shape[axis] - 1)
        share = (edges - below).reshape((-1, 1) if axis == 0 else (1, -1))
        at = total.take(below, axis) * (1 - share) + total.take(below + 1, axis) * share
        values = np.diff(at, axis=axis)
    return values


def _placed(values: NDArray[Value], how: Framing) -> NDArray[Value]:
    if values.shape == (ROWS, COLUMNS):
        return values
    frame = np.zeros((ROWS, COLUMNS), values.dtype)
    left = max(how.left, 0)
    frame[: values.shape[0], left : left + values.shape[1]] = values
    return frame
