"""Concentration maps of soft tissue on a posed body.

Soft tissue has no details finer than a camera sees, so it is laid out on every fourth pixel and brought to full size
by a smooth kernel along rows and columns: no grid shows, no edge is hard, and both maps cost milliseconds.
"""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np

from workstation.phantom.flesh import Bands, Flesh, joined
from workstation.phantom.pose import Body, clothe, move
from workstation.phantom.projection import Chords, Grid, Singles, boxes, ellipsoids
from workstation.phantom.rim import tissue
from workstation.phantom.skeleton import TRUNK, Ellipsoids, Floats, Skeleton
from workstation.phantom.skin import Skin
from workstation.phantom.uptake import Uptake

STEP = 4
REACH = 2.2  # a band is drawn up to this many radii
END_MM = 28.0  # bands fade out over at least so much at their ends
LEAST, MOST = 0.15, 3.0  # of any soft tissue
_FULL_BRAIN_MM = 120.0
_FULL_BREAST_MM = 60.0  # so thick a breast outweighs the chest behind it


def concentration(
    uptake: Uptake,
    skeleton: Skeleton,
    body: Body,
    grid: Grid,
    mounds: Chords | None,
    skin: Skin | None = None,
) -> tuple[Singles, Singles]:
    """Soft tissue in front and at the back of the body relative to lean tissue, two maps (rows, columns).

    skeleton: posed. mounds: chords of the breasts, None without. Both maps cover the whole frame, outside the body too.
    skin: of this body as `clothe` gives it, if the caller has it.
    """
    flesh = uptake.flesh
    small = Grid(
        -(-grid.rows // STEP),
        -(-grid.columns // STEP),
        grid.spacing_mm * STEP,
        grid.left_mm + (STEP - 1) / 2 * grid.spacing_mm,
        grid.top_mm + (STEP - 1) / 2 * grid.spacing_mm,
    )
    level = _grain(flesh, small)
    bands = joined(flesh.anatomy, flesh.bowel)
    _paint(level, bands, *_posed(bands, body), small)
    pelves = _renal_pelves(uptake, skeleton)
    _paint(level, pelves, pelves.start, pelves.end, small)
    even = tissue(flesh, clothe(body) if skin is None else skin, small)
    coarse = np.clip(np.exp(level) * even, LEAST, MOST).astype(np.float32)
    front, back = _enlarge(coarse[0], grid), _enlarge(coarse[1], grid)
    brain = ellipsoids(_vault(skeleton), grid)
    # A ray through the middle holds mostly brain, one near the rim scalp and muscle.
    share = np.clip((brain.front - brain.back) / _FULL_BRAIN_MM, 0, 1)
    for each in (front, back):
        each[brain.row, brain.column] *= (1 + (flesh.brain - 1) * share).astype(np.float32)
    if mounds is not None:
        _breasts(front, flesh, body, mounds, grid)
    return front, back


def _enlarge(coarse: Singles, grid: Grid) -> Singles:
    """A coarse map (rows, columns) on every pixel of the grid."""
    wide = coarse @ _across(grid.columns, coarse.shape[1])
    n = len(wide)
    around = np.pad(wide, ((2, 2), (0, 0)), mode="edge")
    out = np.empty((n, STEP, grid.columns), np.float32)
    for place, weights in enumerate(_weights()):
        out[:, place] = sum(weight * around[shift : shift + n] for shift, weight in enumerate(weights) if weight > 0)
    return out.reshape(-1, grid.columns)[: grid.rows]


@cache
def _weights() -> Singles:
    """Of a cubic B-spline, for each of the STEP pixels of a coarse one: (STEP, 5 neighbours)."""
    place = (np.arange(STEP) - (STEP - 1) / 2) / STEP
    off = np.abs(place[:, None] - np.arange(-2, 3)[None])
    weights = np.where(off < 1, 2 / 3 - off**2 + off**3 / 2, np.maximum(2 - off, 0) ** 3 / 6)
    return weights.astype(np.float32)


@lru_cache(maxsize=8)
def _across(fine: int, coarse: int) -> Singles:
    """The same weights as a matrix (coarse, fine) for whole rows."""
    out = np.zeros((coarse, coarse * STEP), np.float32)
    for shift, weights in enumerate(_weights().T):
        for pixel in range(coarse):
            out[np.clip(pixel + shift - 2, 0, coarse - 1), pixel * STEP : (pixel + 1) * STEP] += weights
    return out[:, :fine]


def _grain(flesh: Flesh, small: Grid) -> Floats:
    """The patient's unevenness, a copy of the coarse grid's size (2, rows, columns)."""
    rows = np.minimum(np.arange(small.rows), flesh.grain.shape[1] - 1)
    columns = np.minimum(np.arange(small.columns), flesh.grain.shape[2] - 1)
    return flesh.grain[:, rows[:, None], columns[None]].astype(float)


def _posed(bands: Bands, body: Body) -> tuple[Floats, Floats]:
    """Where a body has the ends of bands, (n, 2) each."""
    flat = np.vstack([bands.start, bands.end])
    points = np.column_stack([flat, np.zeros(len(flat))])
    both = move(body, points, np.tile(bands.part, 2), np.tile(bands.side, 2))[:, :2]
    return both[: len(bands.start)], both[len(bands.start) :]


def _renal_pelves(uptake: Uptake, skeleton: Skeleton) -> Bands:
    """Urine on its way out of the kidneys, medial in each of them, where this body has them."""
    solids, share = skeleton.ellipsoids, {1: uptake.flesh.renal_pelves[0], -1: uptake.flesh.renal_pelves[1]}
    found = [
        (solids.centre[index, :2], skeleton.bones[owner].side, uptake.bones[owner])
        for index, owner in enumerate(solids.bone)
        if skeleton.bones[owner].name == "kidney"
    ]
    side = np.array([each for _, each, _ in found])
    middle = np.array([centre for centre, _, _ in found]) - np.stack([14.0 * side, 0.0 * side], axis=1)
    strength = np.log1p([amount * share[each] for _, each, amount in found])
    number = len(found)
    return Bands(
        middle - (0, 9),
        middle + (0, 9),
        -4.0 * side,
        np.full(number, 9.0),
        0.3 * strength,
        strength,
        np.full(number, TRUNK),
        side,
    )


def _paint(level: Floats, bands: Bands, start: Floats, end: Floats, grid: Grid) -> None:
    """Add bands, posed from start to end, to the log factors `level` (2, rows, columns).

    A band is a bent line with bell-shaped flanks and ends.
    """
    fade = np.maximum(bands.radius, END_MM)
    reach = (REACH * np.maximum(bands.radius, 0.75 * fade) + np.abs(bands.bend))[:, None]
    owner, row, column = boxes(grid, np.minimum(start, end) - reach, np.maximum(start, end) + reach)
    chord = end - start
    half = np.linalg.norm(chord, axis=1) / 2
    along = chord / (2 * half[:, None])
    middle = (start + end) / 2
    # Bends point away from the middle for bands running downwards on the left, and mirrored on the right.
    table = np.stack([*middle.T, *along.T, half, bands.bend, 1 / bands.radius, 1 / fade]).astype(np.float32)
    x0, y0, ax, ay, length, bend, narrow, short = table[:, owner]
    x, y = grid.x.astype(np.float32)[column] - x0, grid.y.astype(np.float32)[row] - y0
    u = np.abs(x * ax + y * ay)
    off = x * ay - y * ax - bend * (1 - np.minimum(u / length, 1) ** 2)
    bell = np.exp(-((off * narrow) ** 2) - (np.maximum(u - length, 0) * short) ** 2)
    flat = row * grid.columns + column
    size = grid.rows * grid.columns
    for view, strength in ((0, bands.front), (1, bands.back)):
        level[view] += np.bincount(flat, bell * strength[owner], size).reshape(grid.shape)


def _vault(skeleton: Skeleton) -> Ellipsoids:
    """The inside of the skull."""
    solids = skeleton.ellipsoids
    which = next(index for index, bone in enumerate(skeleton.bones) if bone.name == "calvarium")
    inner = np.flatnonzero((solids.bone == which) & (solids.sign < 0))
    return Ellipsoids(solids.centre[inner], solids.axes[inner], solids.bone[inner], np.ones(len(inner)))


def _breasts(front: Singles, flesh: Flesh, body: Body, mounds: Chords, grid: Grid) -> None:
    """Breasts hold more or less than muscle; the thinner the mound, the less it changes its ray."""
    middle = move(body, np.array([[0.0, 440.0, 60.0]]), np.array([TRUNK]), np.array([0]))[0, 0]
    left = grid.left_mm + grid.spacing_mm * mounds.column > middle
    share = np.clip((mounds.front - mounds.back) / _FULL_BREAST_MM, 0, 1)
    front[mounds.row, mounds.column] *= (1 + (np.where(left, *flesh.breasts) - 1) * share).astype(np.float32)
