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

    def where(self, keep: NDArray[np.bool_]) -> Chords:
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


def _boxes(grid: Grid, low: Floats, high: Floats) -> tuple[Ints, Ints, Ints]:
    """The pixels of boxes given by (n, 2) corners (x, y) in mm: owner, row and column, laid end to end."""
    first = np.ceil((low - (grid.left_mm, grid.top_mm)) / grid.spacing_mm).astype(np.int64)
    last = np.floor((high - (grid.left_mm, grid.top_mm)) / grid.spacing_mm).astype(np.int64)
    first = np.maximum(first, 0)
    last = np.minimum(last, (grid.columns - 1, grid.rows - 1))
    size = np.maximum(last - first + 1, 0)
    count = size[:, 0] * size[:, 1]
    owner = np.repeat(np.arange(len(count)), count)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    width = size[owner, 0]
    return owner, first[owner, 1] + within // width, first[owner, 0] + within % width


def ellipsoids(solids: Ellipsoids, grid: Grid) -> Chords:
    """Chords through ellipsoids; their axes need not be orthogonal (any linear image of a ball)."""
    spread = np.einsum("nki,nkj->nij", solids.axes, solids.axes)  # the ball's image: p^T spread^-1 p = 1
    form = np.linalg.inv(spread)
    reach = np.sqrt(np.stack([spread[:, 0, 0], spread[:, 1, 1]], axis=1))
    plane = solids.centre[:, :2]
    owner, row, column = _boxes(grid, plane - reach, plane + reach)
    x = grid.left_mm + grid.spacing_mm * column - solids.centre[owner, 0]
    y = grid.top_mm + grid.spacing_mm * row - solids.centre[owner, 1]
    # a z^2 + 2 b z + c = 0 along the ray; a > 0.
    a = form[owner, 2, 2]
    b = form[owner, 0, 2] * x + form[owner, 1, 2] * y
    c = form[owner, 0, 0] * x * x + 2 * form[owner, 0, 1] * x * y + form[owner, 1, 1] * y * y - 1
    under = b * b - a * c
    hit = under > 0
    owner, half = owner[hit], np.sqrt(under[hit]) / a[hit]
    middle = solids.centre[owner, 2] - b[hit] / a[hit]
    return Chords(row[hit], column[hit], solids.bone[owner], middle - half, middle + half, solids.sign[owner])


def _balls(centre: Floats, radius: Floats, bone: Ints, sign: float) -> Ellipsoids:
    axes = np.eye(3)[None] * radius[:, None, None]
    return Ellipsoids(centre, axes, bone, np.full(len(bone), sign))


def capsules(solids: Capsules, grid: Grid) -> Chords:
    """Chords through capsules, and minus the ball where one continues a chain, so that no joint counts twice.

    A capsule is convex: its chord runs from the first entry to the last exit of the cylinder between its end planes
    and the two balls.
    """
    low = np.minimum(solids.start, solids.end)[:, :2] - solids.radius[:, None]
    high = np.maximum(solids.start, solids.end)[:, :2] + solids.radius[:, None]
    owner, row, column = _boxes(grid, low, high)
    # From here on per entry; origin at the capsule's start, d the unit direction, t the ray's z.
    along = solids.end - solids.start
    length = np.linalg.norm(along, axis=1)
    d = (along / length[:, None])[owner]
    x = grid.left_mm + grid.spacing_mm * column - solids.start[owner, 0]
    y = grid.top_mm + grid.spacing_mm * row - solids.start[owner, 1]
    square = solids.radius[owner] ** 2
    back, front = np.full(len(owner), np.inf), np.full(len(owner), -np.inf)
    # The two balls.
    for at in (np.zeros((len(owner), 3)), along[owner]):
        under = square - (x - at[:, 0]) ** 2 - (y - at[:, 1]) ** 2
        half = np.sqrt(np.maximum(under, 0))
        hit = under > 0
        back = np.where(hit, np.minimum(back, at[:, 2] - half), back)
        front = np.where(hit, np.maximum(front, at[:, 2] + half), front)
    # The infinite cylinder: |p|^2 - (p.d)^2 = r^2 with p = (x, y, t).
    flat = x * d[:, 0] + y * d[:, 1]
    a = np.maximum(1 - d[:, 2] ** 2, 1e-12)
    b = -flat * d[:, 2]
    under = b * b - a * (x * x + y * y - flat * flat - square)
    half = np.sqrt(np.maximum(under, 0)) / a
    enter, leave = -b / a - half, -b / a + half
    # Cut by the end planes 0 <= flat + t dz <= length.
    dz = np.where(np.abs(d[:, 2]) < 1e-9, 1e-9, d[:, 2])
    one, two = -flat / dz, (length[owner] - flat) / dz
    enter, leave = np.maximum(enter, np.minimum(one, two)), np.minimum(leave, np.maximum(one, two))
    hit = (under > 0) & (leave > enter)
    back = np.where(hit, np.minimum(back, enter), back)
    front = np.where(hit, np.maximum(front, leave), front)
    hit = front > back
    owner, z = owner[hit], solids.start[owner[hit], 2]
    whole = Chords(row[hit], column[hit], solids.bone[owner], back[hit] + z, front[hit] + z, np.ones(len(owner)))
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
