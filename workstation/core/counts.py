"""Counts as arrays: smoothing against Poisson noise and percentiles; numpy alone, because both run at start."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.uint16] | NDArray[np.float32]
Picture = NDArray[np.float32]

_MOST = 1e9  # counts of a pixel: no scan has nearly as many in all, and sums of more lose the others' digits


@lru_cache(maxsize=32)
def _kernel(sigma: float) -> tuple[np.float32, ...]:
    """Half of a Gaussian, middle first, so that the whole sums to 1; cut at 3 sigma."""
    at = np.arange(int(np.ceil(3 * sigma)) + 1)
    weights = np.exp(-0.5 * (at / sigma) ** 2)
    weights /= weights[0] + 2 * weights[1:].sum()
    return tuple(weights.astype(np.float32))


def smoothed(counts: NDArray[np.generic], sigma: float) -> Picture:
    """A Gaussian blur of `sigma` pixels; the edge pixels are repeated outwards, so that a flat picture stays flat."""
    kernel = _kernel(sigma)
    reach = len(kernel) - 1
    picture: Picture = np.asarray(counts, np.float32)
    for axis in (0, 1):
        wide = _edged(picture, reach, axis)
        size = picture.shape[axis]
        part = [wide[k : k + size] if axis == 0 else wide[:, k : k + size] for k in range(2 * reach + 1)]
        picture = part[reach] * kernel[0]
        both = np.empty_like(picture)  # one for all steps: making a new one takes as long as adding
        for k in range(1, reach + 1):
            np.add(part[reach - k], part[reach + k], out=both)
            both *= kernel[k]
            picture += both
    return picture


def _edged(picture: Picture, reach: int, axis: int) -> Picture:
    """The picture with its edge pixels repeated `reach` times before and behind; `numpy.pad` takes longer to begin."""
    size = picture.shape[axis]
    shape = [side + 2 * reach if a == axis else side for a, side in enumerate(picture.shape)]
    wide = np.empty(shape, np.float32)
    along = np.moveaxis(wide, axis, 0)
    source = np.moveaxis(picture, axis, 0)
    along[reach : reach + size] = source
    along[:reach] = source[:1]
    along[reach + size :] = source[-1:]
    return wide


def counted(counts: Counts) -> Counts:
    """The same where every value is a number of counts; else with nought for what is none: NaN, infinite, absurd."""
    if counts.dtype == np.uint16 or counts.size == 0 or max(float(counts.max()), -float(counts.min())) <= _MOST:
        return counts
    clean: Counts = np.where(np.abs(counts) <= _MOST, counts, np.zeros_like(counts))
    return clean


def percentile(counts: Sequence[Counts], percent: float) -> float:
    """The smallest count that `percent` % of all given values do not exceed; 0 where there are none."""
    if counts and all(part.dtype == np.uint16 for part in counts):
        # Whole counts are few different values: counting them is much faster than sorting.
        how_many = np.cumsum(np.bincount(np.concatenate([part.ravel() for part in counts])))
        total = int(how_many[-1]) if how_many.size else 0
        rank = max(min(int(np.ceil(total * percent / 100.0)), total), 1)
        return float(np.searchsorted(how_many, rank)) if total else 0.0
    values = np.concatenate([np.zeros(0, np.float32), *(part.ravel().astype(np.float32) for part in counts)])
    values = values[np.isfinite(values)]
    if values.size == 0:
        return 0.0
    rank = max(min(int(np.ceil(values.size * percent / 100.0)), values.size) - 1, 0)
    return float(np.partition(values, rank)[rank])
