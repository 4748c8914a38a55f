"""From activity in a body to counts in a picture: attenuation, collimator blur, scatter, and the noise of counting.

Distances mm. Both views are computed in the anterior frame; the posterior picture is mirrored at the very end.
Figures: the reference sheet of the phantom (a 2.26 mm GE scan calibrates them; it validates nothing).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d, maximum_filter1d, zoom

from workstation.phantom.projection import Chords, Grid, Singles
from workstation.phantom.skeleton import Floats, Ints

MU = 0.015  # per mm, soft tissue at 140 keV, narrow beam
LUNG_DENSITY = 0.26
_MU_LEAD = 2.7  # per mm
GAP = 45.0  # skin to collimator
BIN = 40.0  # width of a depth bin
BINS = 9
REACH = 4.0  # a blur ends at this many sigmas
SCATTER_SHARE = 0.40
_SCATTER_SIGMA = (17.0, 45.0)
_SCATTER_WEIGHT = (0.6, 0.4)
_SCATTER_STEP = 4  # scatter is smooth: it is computed on every fourth pixel
AIR = 0.74  # counts outside the body, per count a millimetre of soft tissue's surface gives (0.23 beside 0.31)


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

    def fwhm(self, distance: Floats | float) -> Floats:
        """Full width at half maximum, mm, at a distance from the collimator's face."""
        effective = self.thickness - 2 / _MU_LEAD
        return np.hypot(self.intrinsic, self.hole * (effective + np.asarray(distance) + 6) / effective)


CAMERAS = (
    Camera("GE", 1.5, 35.0, 3.8, 2.26, 520.0),
    Camera("Siemens", 1.11, 24.05, 3.8, 2.4, 533.0),
    Camera("Philips", 1.22, 27.0, 3.3, 2.33, 538.0),
)


@dataclass(frozen=True, eq=False)
class Medium:
    """What radiation passes through, per pixel (rows, columns): skin and lungs as z, mm; nan where there is none.

    plane_front, plane_back: z of the collimators, (rows,); they follow the body's outline slowly.
    """

    back: Floats
    front: Floats
    lung_back: Floats
    lung_front: Floats
    plane_front: Floats
    plane_back: Floats

    @property
    def thickness(self) -> Floats:
        return np.nan_to_num(self.front - self.back)


def medium(back: Floats, front: Floats, lungs: Chords, spacing_mm: float) -> Medium:
    lung_back, lung_front = np.zeros(back.shape), np.zeros(back.shape)
    lung_back[lungs.row, lungs.column] = lungs.back
    lung_front[lungs.row, lungs.column] = lungs.front
    planes = []
    for sign, face in ((1.0, front), (-1.0, -back)):
        has = ~np.isnan(face).all(axis=1)
        highest = np.full(len(face), -np.inf)
        highest[has] = np.nanmax(face[has], axis=1)
        highest[~has] = highest[has].min()
        reach = int(150 / spacing_mm)
        smooth = gaussian_filter1d(maximum_filter1d(highest, 2 * reach + 1), reach / 2, mode="nearest")
        planes.append(sign * (smooth + GAP))
    return Medium(back, front, lung_back, lung_front, planes[0], planes[1])


def _survival(z: Floats, row: Ints, column: Ints, scene: Medium, anterior: bool) -> Floats:
    """Share of photons from depth z that leave the body towards the camera."""
    near, far = scene.lung_back[row, column], scene.lung_front[row, column]
    if anterior:
        path = scene.front[row, column] - z
        lung = far - np.clip(z, near, far)
    else:
        path = z - scene.back[row, column]
        lung = np.clip(z, near, far) - near
    path = path - (1 - LUNG_DENSITY) * lung
    return np.exp(-MU * np.maximum(np.nan_to_num(path), 0))


@dataclass(frozen=True)
class Box:
    """A window of the grid: rows [top, bottom), columns [left, right)."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def shape(self) -> tuple[int, int]:
        return self.bottom - self.top, self.right - self.left


def whole(grid: Grid) -> Box:
    return Box(0, grid.rows, 0, grid.columns)


def box_around(chords: Chords, camera: Camera, grid: Grid) -> Box:
    """The window in which the blurred picture of these chords is not zero."""
    pad = int(np.ceil(REACH * camera.fwhm(BIN * BINS) / 2.3548 / grid.spacing_mm)) + 1
    return Box(
        max(int(chords.row.min()) - pad, 0),
        min(int(chords.row.max()) + pad + 1, grid.rows),
        max(int(chords.column.min()) - pad, 0),
        min(int(chords.column.max()) + pad + 1, grid.columns),
    )


def deposit(chords: Chords, concentration: Floats, scene: Medium, anterior: bool, box: Box) -> Singles:
    """Unscattered emission reaching the camera, sorted by distance: (BINS, rows, columns) of the box.

    concentration: (n,) activity of each chord relative to soft tissue. Attenuation within a chord is exact for a
    uniform medium; a chord goes to the two bins nearest its middle.
    """
    middle = (chords.back + chords.front) / 2
    half = MU * (chords.front - chords.back) / 2
    emission = concentration * chords.length * _survival(middle, chords.row, chords.column, scene, anterior)
    emission = emission * np.sinh(half) / np.maximum(half, 1e-12)
    plane = scene.plane_front[chords.row] - middle if anterior else middle - scene.plane_back[chords.row]
    place = np.clip(plane / BIN - 0.5, 0, BINS - 1.000001)
    lower = place.astype(np.int64)
    rows, columns = box.shape
    flat = (lower * rows + chords.row - box.top) * columns + chords.column - box.left
    size = BINS * rows * columns
    upper = place - lower
    total = np.bincount(flat, emission * (1 - upper), size) + np.bincount(flat + rows * columns, emission * upper, size)
    return total.reshape(BINS, rows, columns).astype(np.float32)


def deposit_soft(concentration: tuple[Floats, Floats], lung: float, scene: Medium, anterior: bool) -> Singles:
    """The same for soft tissue, which fills the skin: slabs between bin edges, attenuated at their middles.

    concentration: maps (rows, columns) for the front and the back of the body. lung: the lungs' concentration.
    """
    out = np.zeros((BINS, *scene.back.shape), np.float32)
    row, column = np.nonzero(scene.front > scene.back)
    back, front = scene.back[row, column], scene.front[row, column]
    near, far = scene.lung_back[row, column], scene.lung_front[row, column]
    plane = (scene.plane_front if anterior else scene.plane_back)[row]
    ahead, behind = (each[row, column] for each in concentration)
    depth = np.maximum(front - back, 1e-9)
    for number in range(BINS):
        low, high = number * BIN, (number + 1) * BIN if number < BINS - 1 else 1e4
        first, last = (plane - high, plane - low) if anterior else (plane + low, plane + high)
        first, last = np.maximum(first, back), np.minimum(last, front)
        hit = np.flatnonzero(last > first)
        if hit.size == 0:
            continue
        one, two = first[hit], last[hit]
        air = np.maximum(np.minimum(two, far[hit]) - np.maximum(one, near[hit]), 0)
        middle = (one + two) / 2
        share = np.clip((middle - back[hit]) / depth[hit], 0, 1)
        value = (ahead[hit] * share + behind[hit] * (1 - share)) * (two - one - air) + lung * air
        out[number, row[hit], column[hit]] = value * _survival(middle, row[hit], column[hit], scene, anterior)
    return out


def blur(layers: Singles, camera: Camera) -> Singles:
    """Sum of the depth layers, each blurred as the collimator blurs at its distance."""
    total = np.zeros(layers.shape[1:], np.float32)
    for number, layer in enumerate(layers):
        if layer.any():
            sigma = float(camera.fwhm((number + 0.5) * BIN)) / 2.3548 / camera.spacing_mm
            total += gaussian_filter(layer, sigma, mode="constant", truncate=REACH)
    return total


def scatter(primary: Singles, scene: Medium, spacing_mm: float) -> Singles:
    """Scattered photons in the window: a wide blur of the primary ones, weighted by how thick the body is here."""
    step = _SCATTER_STEP
    rows, columns = primary.shape
    small = primary.reshape(rows // step, step, columns // step, step).mean(axis=(1, 3))
    wide = np.zeros_like(small)
    for sigma, weight in zip(_SCATTER_SIGMA, _SCATTER_WEIGHT, strict=True):
        wide += weight * gaussian_filter(small, sigma / spacing_mm / step, mode="constant")
    full = zoom(wide, step, order=1, grid_mode=True, mode="nearest")
    return (SCATTER_SHARE * full * np.clip(1.6 * scene.thickness / 200, 0, 1)).astype(np.float32)


def count(expected: Singles, rng: np.random.Generator) -> np.ndarray:
    """White Poisson noise, nothing after it: (rows, columns) uint16."""
    return np.minimum(rng.poisson(expected), 65535).astype(np.uint16)
