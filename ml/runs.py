"""Masks as runs: few numbers for a lesion of any size, and nothing to unpack before they can be used.

A run is a half-open interval (start, stop) of flat indices into a mask of shape (2, rows, columns), row by row;
the runs of a mask are sorted and do not touch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def to_runs(mask: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """The runs (n, 2) of a mask of any shape."""
    inside = np.flatnonzero(mask).astype(np.uint32)
    if not inside.size:
        return np.zeros((0, 2), np.uint32)
    last = np.flatnonzero(np.diff(inside) != 1)
    starts, stops = inside[np.append(0, last + 1)], inside[np.append(last, -1)] + np.uint32(1)
    return np.stack([starts, stops], axis=1)


def to_mask(runs: NDArray[np.uint32], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The mask of these runs; a new array."""
    mask = np.zeros(shape, bool)
    flat = mask.reshape(-1)
    for start, stop in runs.tolist():
        flat[start:stop] = True
    return mask


@dataclass(frozen=True, eq=False)
class RunList:
    """The runs of many masks behind one another: those of mask i are runs[offsets[i] : offsets[i + 1]]."""

    runs: NDArray[np.uint32]
    offsets: NDArray[np.int64]

    @classmethod
    def joined(cls, masks: Iterable[NDArray[np.uint32]]) -> RunList:
        each = list(masks)
        offsets = np.zeros(len(each) + 1, np.int64)
        offsets[1:] = np.cumsum([len(runs) for runs in each])
        return cls(np.concatenate([np.zeros((0, 2), np.uint32), *each]), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def of(self, number: int) -> NDArray[np.uint32]:
        """The runs (n, 2) of one mask, from 0."""
        if not 0 <= number < len(self):
            raise IndexError(f"there are {len(self)} masks, none has the number {number}")
        return self.runs[self.offsets[number] : self.offsets[number + 1]]

    def fits(self, masks: int, size: int) -> bool:
        """Whether these are the runs of so many masks of so many pixels."""
        if self.runs.ndim != 2 or self.runs.shape[1] != 2 or self.offsets.shape != (masks + 1,):
            return False
        whole = self.offsets[0] == 0 and self.offsets[-1] == len(self.runs)
        rising = (np.diff(self.offsets) >= 0).all() and (self.runs[:, 0] < self.runs[:, 1]).all()
        return bool(whole and rising and (self.runs <= size).all())
