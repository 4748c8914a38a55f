"""Run lengths as COCO writes a mask: down the columns, the first run of zeros (perhaps none), then ones, and so on.

After the format of pycocotools (`common/maskApi.c`): uncompressed, the runs are a list; compressed, a string of letters
of six bits, each run after the second as its difference from the one two before.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workstation.core.lesion import Mask, Roi

_FIRST = 48  # the letter of zero


def encode(roi: Roi, shape: tuple[int, int]) -> list[int]:
    """The runs of an ROI in a frame of `shape` (rows, columns)."""
    flat = np.zeros((shape[1], shape[0]), np.uint8)
    flat[roi.left : roi.left + roi.width, roi.top : roi.top + roi.height] = roi.box.T
    edges = np.flatnonzero(np.diff(flat.ravel(), prepend=0)) if flat.size else np.zeros(0, int)
    return [int(run) for run in np.diff(edges, prepend=0, append=flat.size)]


def decode(counts: Sequence[int], shape: tuple[int, int]) -> Mask:
    """The mask, (rows, columns). ValueError where the runs are not those of such a frame."""
    runs: NDArray[np.int64] = np.array(counts, np.int64) if len(counts) else np.zeros(0, np.int64)
    if runs.size and int(runs.min()) < 0 or int(runs.sum()) != shape[0] * shape[1]:
        raise ValueError(f"the runs do not add up to {shape[0]} x {shape[1]} pixels")
    values = np.arange(runs.size) % 2 == 1
    return np.repeat(values, runs).reshape(shape[1], shape[0]).T


def unpack(text: str) -> list[int]:
    """The runs of a compressed string. ValueError where a letter is none of its own, or the last is missing."""
    runs: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - _FIRST
        if not 0 <= bits < 64 or shift > 60:
            raise ValueError("a compressed mask holds a letter that does not belong there")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            if bits & 16:
                value -= 1 << shift
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    if shift:
        raise ValueError("a compressed mask ends in the middle of a run")
    return runs
