"""One frame for all: pictures of any matrix brought to 1024 rows x 256 columns, with the masks drawn on them.

What is learnt from and what is predicted on goes through here alike. Counts stay counts: a picture that has the size
is not touched, a finer one is summed, a coarser one keeps each pixel's value in all the pixels it becomes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
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

    scaled: (rows, columns) after resampling, before padding and cropping. top, left: where its first pixel lies in the
    frame, negative where it is cropped. spacing_mm: (row, column) afterwards, None where it is not known.
    """

    shape: tuple[int, int]
    scaled: tuple[int, int]
    top: int
    left: int
    spacing_mm: Spacing | None

    @property
    def resampled(self) -> bool:
        return self.scaled != self.shape

    @property
    def moved(self) -> bool:
        """Whether anything is cropped or padded."""
        return self.scaled != (ROWS, COLUMNS)


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
    return Framing(shape, scaled, 0, (COLUMNS - scaled[1]) // 2, after)


def framed(counts: NDArray[np.generic], how: Framing) -> Counts:
    """The picture in the frame, whole counts. Less than nothing is nothing; what is above 65,535 is cut there."""
    values = counts
    if how.resampled:
        # Summed where several pixels become one; a pixel that becomes several gives its value to each.
        share = max(how.shape[0] / how.scaled[0], 1.0) * max(how.shape[1] / how.scaled[1], 1.0)
        down, across = _means(how.shape[0], how.scaled[0]), _means(how.shape[1], how.scaled[1])
        values = (down @ counts.astype(np.float64) @ across.T) * share
    if values.dtype != np.uint16:
        values = np.clip(np.rint(np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=_MOST)), 0, _MOST)
    return _placed(values.astype(np.uint16, copy=False), how)


def framed_mask(mask: Mask, how: Framing) -> Mask:
    """A mask in the frame: the pixels at least half covered; where none is, those covered most."""
    if not how.resampled:
        return _placed(mask, how)
    cover = _means(how.shape[0], how.scaled[0]) @ mask.astype(np.float64) @ _means(how.shape[1], how.scaled[1]).T
    most = float(cover.max(initial=0.0))
    return _placed(cover >= min(0.5, most) - 1e-9 if most > 0 else np.zeros(cover.shape, bool), how)


def _placed(values: NDArray[Value], how: Framing) -> NDArray[Value]:
    if not how.moved:
        return values
    frame = np.zeros((ROWS, COLUMNS), values.dtype)
    high, wide = min(how.scaled[0], ROWS - how.top), min(how.scaled[1], COLUMNS)
    left, skipped = max(how.left, 0), max(-how.left, 0)
    frame[how.top : how.top + high, left : left + wide] = values[:high, skipped : skipped + wide]
    return frame


@lru_cache(maxsize=8)
def _means(of: int, into: int) -> NDArray[np.float64]:
    """(into, of): the share each old pixel has in each new one; rows add up to 1."""
    edges = np.linspace(0, of, into + 1)
    at = np.arange(of)
    overlap = np.minimum(edges[1:, None], at + 1) - np.maximum(edges[:-1, None], at)
    return np.asarray(np.clip(overlap, 0, None) * into / of)
