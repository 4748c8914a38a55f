"""Parallel projection of solids in closed form: where each ray along z enters and leaves them.

Both views look along z, so one pass serves both. All primitives of a kind go through at once: the pixels of their
boxes are laid end to end, and a chord is one entry of flat arrays. No volume of voxels is ever made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workstation.phantom.skeleton import Capsules, Ellipsoids, Floats, Ints

Singles = NDArray[np.float32]


@dataclass(frozen=True)
class Grid:
    """The pixels of the anterior view, mm: column j lies at x = left_mm + j * spacing_mm, row i at y = top_mm + ..."""

    rows: int
    columns: int
    spacing_mm: float
    left_mm: float
    top_mm: float

    @property
    def shape(self) -> tuple[int, int]:
        return self.rows, self.columns

    @property
    def x(self) -> Floats:
        return self.left_mm + self.spacing_mm * np.arange(self.columns)

    @property
    def y(self) -> Floats:
        return self.top_mm + self.spacing_mm * np.arange(self.rows)


@dataclass(frozen=True, eq=False)
class Chords:
    """Where rays cross solids, one entry per ray and solid.

    row, column: pixel. bone: index of the owner. back, front: z of the crossing, mm, back < front.
    sign: -1 where the piece is taken away (the inside of a shell, the ball two capsules share).
    """

    row: Ints
    column: Ints
    bone: Ints
    back: Floats
    front: Floats
    sign: Floats

    @property
    def length(self) -> Floats:
        """Signed chord length, mm."""
        return self.sign * (self.front - self.back)

    def where(self, keep: NDArray[np.bool_] | slice) -> Chords:
        return Chords(
            self.row[keep], self.column[keep], self.bone[keep], self.back[keep], self.front[keep], self.sign[keep]
        )

    def image(self, shape: tuple[int, int]) -> Floats:
        """Summed chord lengths, (rows, columns) mm."""
        image = np.zeros(shape)
        np.add.at(image, (self.row, self.column), self.length)
        return image


def join(*chords: Chords) -> Chords:
    names = ("row", "column", "bone", "back", "front", "sign")
    return Chords(*(np.concatenate([getattr(each, name) for each in chords]) for name in names))


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


def _steps(low: Floats, high: Floats, origin: float, spacing: float, most: int) -> tuple[Ints, Ints]:
    """Grid lines within intervals [low, high] (n,), laid end to end: how many of each interval (n,), and which."""
    first = np.maximum(np.ceil((low - origin) / spacing).astype(np.int64), 0)
    last = np.minimum(np.floor((high - origin) / spacing).astype(np.int64), most - 1)
    count = np.maximum(last - first + 1, 0)
    ends = np.cumsum(count)
    return count, np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - count - first, count)


def boxes(grid: Grid, low: Floats, high: Floats) -> tuple[Ints, Ints, Ints]:
    """The pixels of boxes given by (n, 2) corners (x, y) in mm: owner, row and column, laid end to end."""
    count, row = _steps(low[:, 1], high[:, 1], grid.top_mm, grid.spacing_mm, grid.rows)
    line = np.repeat(np.arange(len(low)), count)
    width, column = _steps(low[line, 0], high[line, 0], grid.left_mm, grid.spacing_mm, grid.columns)
    return np.repeat(line, width), np.repeat(row, width), column


def ellipsoids(solids: Ellipsoids, grid: Grid) -> Chords:
    """Chords through ellipsoids; their axes need not be orthogonal (any linear image of a ball).

    With S = axes^T axes the solid is p^T S^-1 p < 1. On a grid line y it is cut in an ellipse whose centre, half width
    and shear are the same for all its pixels, so what is left per pixel is one square root.
    """
    s = np.einsum("nki,nkj->nij", solids.axes, solids.axes)
    high = np.sqrt(s[:, 1, 1])
    y0 = solids.centre[:, 1]
    rows, row = _steps(y0 - high, y0 + high, grid.top_mm, grid.spacing_mm, grid.rows)
    # Per solid: what y fixes of x and z, and the slope and depth in z of the cut.
    x_of_y, z_of_y = s[:, 0, 1] / s[:, 1, 1], s[:, 1, 2] / s[:, 1, 1]
    wide = s[:, 0, 0] - s[:, 0, 1] * x_of_y
    slope = (s[:, 0, 2] - s[:, 0, 1] * z_of_y) / wide
    deep = np.maximum(s[:, 2, 2] - s[:, 1, 2] * z_of_y - wide * slope**2, 0)
    # Per line.
    owner = np.repeat(np.arange(len(rows)), rows)
    y = grid.top_mm + grid.spacing_mm * row - y0[owner]
    square = wide[owner] * np.maximum(1 - y * y / s[owner, 1, 1], 0)
    half_width = np.sqrt(square)
    middle = solids.centre[owner, 0] + x_of_y[owner] * y
    width, column = _steps(middle - half_width, middle + half_width, grid.left_mm, grid.spacing_mm, grid.columns)
    # Per pixel.
    x = grid.left_mm + grid.spacing_mm * column - np.repeat(middle, width)
    ratio = np.sqrt(deep / wide)[owner]
    half = np.repeat(ratio, width) * np.sqrt(np.maximum(np.repeat(square, width) - x * x, 0))
    depth = np.repeat(solids.centre[owner, 2] + z_of_y[owner] * y, width) + np.repeat(slope[owner], width) * x
    bone, sign = np.repeat(solids.bone[owner], width), np.repeat(solids.sign[owner], width)
    return Chords(np.repeat(row, width), column, bone, depth - half, depth + half, sign)


def _balls(centre: Floats, radius: Floats, bone: Ints, sign: float) -> Ellipsoids:
    axes = np.eye(3)[None] * radius[:, None, None]
    return Ellipsoids(centre, axes, bone, np.full(len(bone), sign))


def _stadium(start: Floats, along: Floats, radius: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Where lines y (n,) enter and leave the pictures of capsules: x of both. start, along (n, 2)."""
    low, high = np.full(len(y), np.inf), np.full(len(y), -np.inf)
    for centre in (start, start + along):
        under = radius**2 - (y - centre[:, 1]) ** 2
        half = np.sqrt(np.maximum(under, 0))
        low = np.where(under >= 0, np.minimum(low, centre[:, 0] - half), low)
        high = np.where(under >= 0, np.maximum(high, centre[:, 0] + half), high)
    flat = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)
    rise = np.where(np.abs(along[:, 1]) < 1e-9, 1e-9, along[:, 1])
    for side in (1, -1):  # the two straight edges
        x = start[:, 0] - side * radius * along[:, 1] / flat
        share = (y - start[:, 1] - side * radius * along[:, 0] / flat) / rise
        x = x + share * along[:, 0]
        hit = (share >= 0) & (share <= 1)
        low, high = np.where(hit, np.minimum(low, x), low), np.where(hit, np.maximum(high, x), high)
    return low, high


def capsules(solids: Capsules, grid: Grid) -> Chords:
    """Chords through capsules, and minus the ball where one continues a chain, so that no joint counts twice.

    A ray meets the infinite cylinder; where it does so beyond an end plane it enters or leaves through that end's ball.
    """
    along = solids.end - solids.start
    length = np.linalg.norm(along, axis=1)
    d = along / length[:, None]
    low = np.minimum(solids.start, solids.end)[:, 1] - solids.radius
    high = np.maximum(solids.start, solids.end)[:, 1] + solids.radius
    rows, row = _steps(low, high, grid.top_mm, grid.spacing_mm, grid.rows)
    # Per line; from here on the origin is the capsule's start.
    owner = np.repeat(np.arange(len(rows)), rows)
    y = grid.top_mm + grid.spacing_mm * row - solids.start[owner, 1]
    radius = solids.radius[owner]
    ends = _stadium(np.zeros((len(owner), 2)), along[owner, :2], radius, y)
    x0 = solids.start[owner, 0]
    width, column = _steps(ends[0] + x0, ends[1] + x0, grid.left_mm, grid.spacing_mm, grid.columns)

    def each(line: Floats) -> Floats:
        return np.repeat(line, width)

    # Per pixel: p = (x, y, t); `flat` is what x and y give of p.d.
    x = grid.left_mm + grid.spacing_mm * column - each(x0)
    dz = each(d[owner, 2])
    flat = each(y * d[owner, 1]) + x * each(d[owner, 0])
    outside = x * x + each(y * y - radius**2)
    a = each(np.maximum(1 - d[owner, 2] ** 2, 1e-12))
    b = flat * dz
    root = np.sqrt(np.maximum(b * b - a * (outside - flat * flat), 0))
    enter, leave = (b - root) / a, (b + root) / a
    far_x = x - each(along[owner, 0])
    first = np.sqrt(np.maximum(-outside, 0))
    last = np.sqrt(np.maximum(each(radius**2 - (y - along[owner, 1]) ** 2) - far_x * far_x, 0))
    end, long = each(along[owner, 2]), each(length[owner])
    one, two = flat + enter * dz, flat + leave * dz
    back = np.where(one < 0, -first, np.where(one > long, end - last, enter))
    front = np.where(two < 0, first, np.where(two > long, end + last, leave))
    hit = front > back
    z = each(solids.start[owner, 2])[hit]
    bone = np.repeat(solids.bone[owner], width)[hit]
    whole = Chords(np.repeat(row, width)[hit], column[hit], bone, back[hit] + z, front[hit] + z, np.ones(len(z)))
    joints = solids.joint
    balls = _balls(solids.start[joints], solids.radius[joints], solids.bone[joints], -1.0)
    return join(whole, ellipsoids(balls, grid))


@dataclass(frozen=True, eq=False)
class Slices:
    """One part's skin after posing: slices at y (n,), increasing; centre x and z; half width and depth; and `shear`,
    how far the middle of the slice moves forward per millimetre of x (a turned body). power: of the superellipse."""

    y: Floats
    x: Floats
    z: Floats
    half_width: Floats
    half_depth: Floats
    shear: Floats
    power: float


def skin(parts: list[Slices], grid: Grid) -> tuple[Floats, Floats]:
    """z of the skin at the back and in front, each (rows, columns) mm; nan outside the body.

    Linear in y between slices. Parts touch one another, so the envelope is taken, never a sum.
    """
    back, front = np.full(grid.shape, np.inf), np.full(grid.shape, -np.inf)
    for part in parts:
        rows = np.flatnonzero((grid.y >= part.y[0]) & (grid.y <= part.y[-1]))
        if rows.size == 0:
            continue
        values = (part.x, part.z, part.half_width, part.half_depth, part.shear)
        x0, z0, width, depth, shear = (np.interp(grid.y[rows], part.y, value)[:, None] for value in values)
        low, high = float((x0 - width).min()), float((x0 + width).max())
        columns = np.flatnonzero((grid.x >= low) & (grid.x <= high))
        if columns.size == 0:
            continue
        box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        offset = grid.x[columns][None] - x0
        inside = 1 - np.abs(offset / width) ** part.power
        half = depth * np.maximum(inside, 0) ** (1 / part.power)
        middle = z0 + shear * offset
        back[box] = np.where(inside > 0, np.minimum(back[box], middle - half), back[box])
        front[box] = np.where(inside > 0, np.maximum(front[box], middle + half), front[box])
    outside = front <= back
    back[outside] = front[outside] = np.nan
    return back, front
