"""Where the skin is before and behind each pixel: the envelope of tapered limbs, a sliced trunk and round covers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from workstation.phantom.projection import Grid, Singles, Slices, ellipsoids
from workstation.phantom.skeleton import Ellipsoids, Floats


@dataclass(frozen=True, eq=False)
class Tubes:
    """Pieces of limb with elliptic cross-sections, one row each; what lies between the ends is linear.

    start, end (n, 3); wide, deep (n, 2): half widths within the picture and along the ray, at start and end.
    round: (n,) whether the ends are seen as round caps; else the next piece goes straight on.
    """

    start: Floats
    end: Floats
    wide: Floats
    deep: Floats
    round: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Skin:
    """All that covers one body: trunk, limbs and neck, and what is round (head, heels, breasts)."""

    trunk: tuple[Slices, ...]
    tubes: Tubes
    covers: Ellipsoids


def surface(skin: Skin, grid: Grid) -> tuple[Singles, Singles]:
    """z of the skin at the back and in front, each (rows, columns) mm; nan outside the body.

    Parts overlap, so the envelope is taken, never a sum.
    """
    back, front = np.full(grid.shape, np.inf, np.float32), np.full(grid.shape, -np.inf, np.float32)
    for slices in skin.trunk:
        _add_slices(slices, grid, back, front)
    _add_tubes(skin.tubes, grid, back, front)
    chords = ellipsoids(skin.covers, grid)
    place = chords.row * grid.columns + chords.column
    np.minimum.at(back.reshape(-1), place, chords.back.astype(np.float32))
    np.maximum.at(front.reshape(-1), place, chords.front.astype(np.float32))
    outside = front <= back
    back[outside] = front[outside] = np.nan
    return back, front


@lru_cache(maxsize=8)
def _profile(power: float) -> Singles:
    """Half depth of a superellipse of unit half-axes over the square of the offset, at steps of 1 / 8192."""
    square = np.linspace(0, 1, 8193)
    return ((1 - square ** (power / 2)) ** (1 / power)).astype(np.float32)


def _add_slices(part: Slices, grid: Grid, back: Singles, front: Singles) -> None:
    """Widen the envelope by level slices, linear in y between them."""
    rows = np.flatnonzero((grid.y >= part.y[0]) & (grid.y <= part.y[-1]))
    if rows.size == 0:
        return
    values = (part.x, part.z, part.half_width, part.half_depth, part.shear)
    x0, z0, width, depth, shear = (
        np.interp(grid.y[rows], part.y, value)[:, None].astype(np.float32) for value in values
    )
    columns = np.flatnonzero((grid.x >= (x0 - width).min()) & (grid.x <= (x0 + width).max()))
    if columns.size == 0:
        return
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    offset = grid.x[columns][None].astype(np.float32) - x0
    square = (offset / width) ** 2
    table = _profile(part.power)
    half = depth * table[np.minimum(square * 8192, 8192).astype(np.int32)]
    middle, hit = z0 + shear * offset, square < 1
    np.minimum(back[box], middle - half, out=back[box], where=hit)
    np.maximum(front[box], middle + half, out=front[box], where=hit)


def _add_tubes(tubes: Tubes, grid: Grid, back: Singles, front: Singles) -> None:
    """Widen the envelope by each piece: at its nearest point on the axis a pixel is within the width there, or not."""
    axis = tubes.end - tubes.start
    square = np.maximum(axis[:, 0] ** 2 + axis[:, 1] ** 2, 1e-6)
    # Without caps a piece ends in the line across it, which reaches less far along than a cap.
    across = np.abs(axis[:, 1::-1]) / np.sqrt(square)[:, None]
    widest = tubes.wide.max(axis=1)[:, None]
    reach = np.where(tubes.round[:, None], widest, widest * across + grid.spacing_mm)
    low, high = np.minimum(tubes.start, tubes.end), np.maximum(tubes.start, tubes.end)
    origin = np.array([grid.left_mm, grid.top_mm])
    first = np.ceil((low[:, :2] - reach - origin) / grid.spacing_mm).astype(int)
    last = np.floor((high[:, :2] + reach - origin) / grid.spacing_mm).astype(int) + 1
    first, last = np.maximum(first, 0), np.minimum(last, (grid.columns, grid.rows))
    x_all, y_all = grid.x.astype(np.float32), grid.y.astype(np.float32)
    numbers = np.column_stack([tubes.start, axis, square, tubes.wide, tubes.deep]).astype(np.float32)
    with np.errstate(invalid="ignore"):  # the root of what is outside is nan, which fmin and fmax pass over
        for n in np.flatnonzero((last > first).all(axis=1)):
            box = np.s_[first[n, 1] : last[n, 1], first[n, 0] : last[n, 0]]
            x0, y0, z0, ax, ay, az, length2, wide0, wide1, deep0, deep1 = numbers[n]
            x, y = x_all[None, box[1]] - x0, y_all[box[0], None] - y0
            t = x * (ax / length2) + y * (ay / length2)
            np.minimum(np.maximum(t, 0, out=t), 1, out=t)
            dx, dy = x - t * ax, y - t * ay
            dx *= dx
            dy *= dy
            dx += dy
            width = t * (wide1 - wide0)
            width += wide0
            dx /= width
            dx /= width
            half = np.sqrt(np.subtract(1, dx, out=dx), out=dx)
            half *= t * (deep1 - deep0) + deep0
            t *= az
            t += z0
            np.fmin(back[box], t - half, out=back[box])
            np.fmax(front[box], np.add(t, half, out=half), out=front[box])
