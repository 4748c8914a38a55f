"""Tumour burden of one frame: the bone-scan tumour burden index (BSTBI)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workstation.core.lesion import Mask


def bstbi(grey: NDArray[np.uint8], lesion: Mask, bladder: Mask | None = None, k: float = 5.0) -> float:
    """K s / ((K - 1) s + R - B): from 0 without lesion uptake to 1 when all uptake outside the bladder is lesion.

    grey: one frame, (rows, columns), uint8, inverted: 255 is no uptake. lesion, bladder: masks of the same shape.
    s, R, B: sums of 255 - grey over the lesions, the frame and the bladder. A pixel of both masks is the bladder's,
    else the index could pass 1. No uptake outside the bladder gives 0. The index depends on the grey window.

    Raises ValueError for other dtypes and for shapes that differ.
    """
    if grey.ndim != 2 or grey.dtype != np.uint8:
        raise ValueError(f"grey is one frame of uint8, got {grey.dtype} of shape {grey.shape}")
    return _index(255.0 - grey.astype(np.float64), lesion, bladder, k)


def bstbi_counts(counts: NDArray[np.generic], lesion: Mask, bladder: Mask | None = None, k: float = 5.0) -> float:
    """The same index on counts instead of grey: it does not depend on how the picture was windowed ("counts mode")."""
    if counts.ndim != 2:
        raise ValueError(f"counts are one frame, got shape {counts.shape}")
    return _index(np.maximum(counts.astype(np.float64), 0.0), lesion, bladder, k)


def _index(uptake: NDArray[np.float64], lesion: Mask, bladder: Mask | None, k: float) -> float:
    if lesion.shape != uptake.shape or (bladder is not None and bladder.shape != uptake.shape):
        raise ValueError("lesion and bladder masks have the frame's shape")
    bone = np.ones(uptake.shape, bool) if bladder is None else ~np.asarray(bladder, bool)
    total = float(uptake[bone].sum())
    tumour = float(uptake[bone & np.asarray(lesion, bool)].sum())
    return 0.0 if total <= 0.0 else k * tumour / ((k - 1.0) * tumour + total)
