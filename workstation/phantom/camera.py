"""A whole-body camera: the blur of its collimator, the scatter it takes for true, and the noise of counting.

Distances mm. Both views are computed in the anterior frame; the posterior picture is mirrored at the very end.
Figures: the reference sheet of the phantom (a 2.26 mm GE scan calibrates them; it validates nothing).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import as_strided
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from workstation.phantom.emission import Depths
from workstation.phantom.projection import Box, Chords, Grid, Singles
from workstation.phantom.skeleton import Floats

_MU_LEAD = 2.7  # per mm
_BEHIND = 6.0  # from the collimator's back to the crystal's middle
REACH = 4.0  # a blur ends at this many sigmas
TO_SIGMA = 1 / 2.3548
SCATTER_SHARE = 0.40  # of a 20 % window
_SCATTER_SIGMA = (17.0, 45.0)
_SCATTER_WEIGHT = (0.6, 0.4)
_SCATTER_STEP = 4  # scatter is smooth: it is computed on every fourth pixel
_LONGEST = 1024  # rows of a frame
_PANEL = (32, 64)  # rows and columns a blur takes at once
# Outside the body a few photons arrive from everywhere in it. Fitted to the real scan, where they fall from 0.4 a pixel
# beside the head to 0.05 below the feet: a very wide blur of the picture to a power, relative to the body's mean.
_AIR, _AIR_POWER, _AIR_SIGMA, _AIR_STEP = 0.021, 0.6, 136.0, 16


@dataclass(frozen=True)
class Camera:
    """A whole-body camera with a low-energy high-resolution collimator.

    hole, septum, thickness mm; intrinsic FWHM mm; spacing of square pixels mm; field: width that is acquired, mm.
    """

    make: Literal["GE", "Siemens", "Philips"]
    hole: float
    thickness: float
    intrinsic: float
    spacing_mm: float
    field_mm: float

    @property
    def lead(self) -> float:
        """The blur's square grows as (distance + lead) squared."""
        return self.thickness - 2 / _MU_LEAD + _BEHIND

    def fwhm(self, distance: Floats | float) -> Floats:
        """Full width at half maximum, mm, at a distance from the collimator's face."""
        effective = self.thickness - 2 / _MU_LEAD
        return np.hypot(self.intrinsic, self.hole * (np.asarray(distance) + self.lead) / effective)


CAMERAS = (
    Camera("GE", 1.5, 35.0, 3.8, 2.26, 520.0),
    Camera("Siemens", 1.11, 24.05, 3.8, 2.4, 533.0),
    Camera("Philips", 1.22, 27.0, 3.3, 2.33, 600.0),
)


def box_around(chords: Chords, camera: Camera, grid: Grid, farthest: float, beside_mm: float = 0.0) -> Box:
    """The window in which the blurred picture of these chords, none farther away than this, is not zero.

    beside_mm: how much wider it shall be on all sides.
    """
    pad = int(np.ceil((REACH * camera.fwhm(farthest) * TO_SIGMA + beside_mm) / grid.spacing_mm)) + 1
    return Box(
        max(int(chords.row.min()) - pad, 0),
        min(int(chords.row.max()) + pad + 1, grid.rows),
        max(int(chords.column.min()) - pad, 0),
        min(int(chords.column.max()) + pad + 1, grid.columns),
    )


@lru_cache(maxsize=64)
def _band(sigma: float, block: int) -> Singles:
    """What a Gaussian makes of `block` pixels from them and its reach on either side: (block, block + 2 reach)."""
    reach = int(np.ceil(REACH * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    band = np.zeros((block, block + 2 * reach), np.float32)
    for row in range(block):
        band[row, row : row + 2 * reach + 1] = kernel
    return band


def _gaussian(picture: Singles, sigma: float) -> Singles:
    """Gaussian blur, zero outside, by small matrix products: three times as fast as a sliding window."""
    rows, columns = picture.shape
    wide, high = min(_PANEL[1], columns), min(_PANEL[0], rows)
    across, down = _band(sigma, wide), _band(sigma, high)
    reach = (down.shape[1] - high) // 2
    blocks = -(-rows // high)
    padded = np.zeros((blocks * high + 2 * reach, columns), np.float32)
    for left in range(0, columns, wide):
        width = min(wide, columns - left)
        first, last = max(left - reach, 0), min(left + width + reach, columns)
        band = across[:width, first - left + reach : last - left + reach]
        padded[reach : reach + rows, left : left + width] = picture[:, first:last] @ band.T
    step, item = padded.strides
    windows = as_strided(padded, (blocks, down.shape[1], columns), (high * step, step, item), writeable=False)
    return np.asarray((down @ windows).reshape(-1, columns)[:rows])


def blur(layers: Singles, camera: Camera, depths: Depths) -> Singles:
    """Sum of the depth bins, each blurred as the collimator blurs at its distance."""
    total = np.zeros(layers.shape[1:], np.float32)
    for layer, distance in zip(layers, depths.centres, strict=True):
        sigma = float(camera.fwhm(distance)) * TO_SIGMA / camera.spacing_mm
        reach = int(np.ceil(REACH * sigma))
        # Sums by matrix products take microseconds; near and far bins hold little of the body.
        down = _around(layer @ np.ones(layer.shape[1], np.float32), reach)
        across = _around(np.ones(layer.shape[0], np.float32) @ layer, reach)
        if down.stop > down.start:
            total[down, across] += _gaussian(layer[down, across], sigma)
    return total


def _around(values: Singles, reach: int) -> slice:
    """From the first to the last place that is not zero, and so much further on both sides."""
    used = np.flatnonzero(values)
    if used.size == 0:
        return slice(0, 0)
    return slice(max(int(used[0]) - reach, 0), min(int(used[-1]) + reach + 1, len(values)))


@lru_cache(maxsize=16)
def _coarse_blur(sigma: float) -> Singles:
    """A blur of coarse pixels, sigma in fine ones, as a matrix; a leading block of it serves a shorter axis.

    Taking means and interpolating blur a little themselves: that much less is left to do.
    """
    step = _SCATTER_STEP
    left = np.sqrt(sigma**2 - (step**2 - 1) / 12 - step**2 / 6)
    nodes = np.eye(_LONGEST // step, dtype=np.float32)
    return np.asarray(gaussian_filter1d(nodes, left / step, axis=0, mode="constant"))


def scatter(primary: Singles, thickness: Floats, spacing_mm: float, share: float = SCATTER_SHARE) -> Singles:
    """Scattered photons in the window: a wide blur of the primary ones, weighted by how thick the body is here.

    primary, thickness (mm): (rows, columns), both multiples of 4 and at most 1024.
    """
    step = _SCATTER_STEP
    rows, columns = primary.shape
    ones = np.full(step, 1 / step, np.float32)
    small = primary.reshape(-1, step) @ ones  # along columns, then along rows: faster than a mean over both
    small = ones @ small.reshape(rows // step, step, columns // step)
    wide = np.zeros_like(small)
    for sigma, weight in zip(_SCATTER_SIGMA, _SCATTER_WEIGHT, strict=True):
        matrix = _coarse_blur(sigma / spacing_mm)
        down, across = matrix[: rows // step, : rows // step], matrix[: columns // step, : columns // step]
        wide += np.float32(weight * share) * (down @ small @ across.T)
    full = _straight(wide, step)
    return full * np.minimum(thickness * np.float32(1.6 / 200), 1).astype(np.float32, copy=False)


def air(picture: Singles, mean: float, spacing_mm: float, share: float = SCATTER_SHARE) -> Singles:
    """What is counted beside the body as well as over it. picture: a whole frame of body alone, mean: in the body."""
    step = _AIR_STEP
    small = picture.reshape(picture.shape[0] // step, step, picture.shape[1] // step, step).mean(axis=(1, 3))
    wide = gaussian_filter(small, _AIR_SIGMA / spacing_mm / step, mode="constant")
    level = _AIR * share / SCATTER_SHARE * mean * (wide / mean) ** _AIR_POWER
    return _straight(level, step)


def _straight(coarse: Singles, step: int) -> Singles:
    """Values of `step` pixels brought to all of them along both axes, straight between their middles."""
    coarse = coarse.T  # rows last, so that the result lies in memory as pictures do
    for _ in range(2):
        nodes = np.vstack([coarse[:1], coarse, coarse[-1:]])
        before, here, after = nodes[:-2], nodes[1:-1], nodes[2:]
        fine = np.empty((len(coarse), step, coarse.shape[1]), np.float32)
        for number in range(step):
            off = np.float32((number + 0.5) / step - 0.5)
            fine[:, number] = here + off * ((here - before) if off < 0 else (after - here))
        coarse = fine.reshape(len(coarse) * step, -1).T
    return coarse.T


def count(expected: Singles, rng: np.random.Generator) -> np.ndarray:
    """White Poisson noise, nothing after it: (rows, columns) uint16."""
    return np.minimum(rng.poisson(expected), 65535).astype(np.uint16)
