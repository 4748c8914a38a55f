"""Fat under the skin, and the lean tissue within: what soft tissue holds along each ray, before muscles and bowel.

Every part of the skin is a solid; shrunk by its fat it is the lean tissue inside. Towards a part's edge a ray sees
ever more fat, so bodies have a pale rim, broad in the obese. Where parts overlap, their mean is taken, weighted by how
thick they are.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.ndimage import gaussian_filter

from workstation.phantom.flesh import Flesh
from workstation.phantom.projection import Grid, Slices, boxes, ellipsoids
from workstation.phantom.skeleton import ARM, HEAD, LEG, TRUNK, Floats, Ints, standard
from workstation.phantom.skin import Skin, Tubes

_EDGE_MM = 10.0  # how far beyond the skin a part still says what a ray there would hold
_JOINT_MM = 16.0  # how far a piece of limb reaches into the next
_TRACE = 1e-3  # of a part's weight, beyond its skin
# Standard y, mm, at which a limb has what share of which fat: (y, index into Flesh.fat_mm or None, factor).
_ARM_FAT = ((318, 3, 1.0), (600, 3, 1.0), (680, 3, 0.6), (880, 3, 0.35), (930, None, 1.0))
_LEG_FAT = (
    (865, 2, 1.0),
    (960, 4, 1.0),
    (1120, 4, 1.0),
    (1260, 4, 0.6),
    (1380, 5, 1.0),
    (1600, 5, 0.8),
    (1690, None, 1.5),
)


def tissue(flesh: Flesh, skin: Skin, grid: Grid) -> Floats:
    """What lean tissue under its rim of fat holds along each ray relative to lean tissue of the trunk (rows, columns).

    Defined everywhere: beyond the skin as at its edge, far away as fat.
    """
    weight, held = np.zeros(grid.shape), np.zeros(grid.shape)
    for part in skin.trunk:
        _add_slices(weight, held, flesh, part, grid)
    _add_tubes(weight, held, flesh, skin.tubes, grid)
    covers = ellipsoids(skin.covers, grid)
    if len(covers.row):
        # Head, ears and heels have hardly any fat; breasts are `soft`'s.
        head = grid.y[covers.row] < skin.covers.centre[:, 1].min() + 200
        level = np.where(head, flesh.lean[HEAD], flesh.lean[TRUNK])
        size = grid.rows * grid.columns
        flat, thick = covers.row * grid.columns + covers.column, (covers.front - covers.back) / 2
        weight += np.bincount(flat, thick, size).reshape(grid.shape)
        held += np.bincount(flat, thick * level, size).reshape(grid.shape)
    near = [each + _TRACE * gaussian_filter(each, 1.0, truncate=2) for each in (weight, held)]
    return np.asarray((near[1] + 1e-6 * flesh.fat) / (near[0] + 1e-6))


def _within(off: Floats, width: Floats, depth: Floats, fat: Floats, power: float) -> Floats:
    """Half depth of the lean tissue at a distance `off` from the middle of a superellipse of these half-axes.

    Fat is nowhere equally thick: the mean of a thinner and a thicker rim has a softer border.
    """
    total = np.zeros(off.shape, off.dtype)
    for share in (0.6, 1.4):
        inner, thin = np.maximum(width - share * fat, 1.0), np.maximum(depth - share * fat, 1.0)
        total += thin / 2 * np.maximum(1 - (off / inner) ** power, 0) ** (1 / power)
    return total


def _fat_at(flesh: Flesh, table: tuple[tuple[float, int | None, float], ...], y: Floats) -> Floats:
    """Thickness of fat, mm, at standard heights y."""
    values = [factor * (1.0 if which is None else flesh.fat_mm[which]) for _, which, factor in table]
    return np.interp(y, [at for at, _, _ in table], values)


def _lean_at(flesh: Flesh, part: int, y: Floats) -> Floats:
    """Level of lean tissue at standard heights y of trunk or limbs: shoulders and hips pass from one to the other."""
    trunk, limb = flesh.lean[TRUNK], flesh.lean[LEG if part == TRUNK else part]
    middle = (trunk + limb) / 2
    if part == TRUNK:
        return np.interp(y, [760, 950], [trunk, middle])
    return np.interp(y, [318, 450] if part == ARM else [865, 1080], [middle, limb])


def _add_slices(weight: Floats, held: Floats, flesh: Flesh, part: Slices, grid: Grid) -> None:
    """The trunk: concentric superellipses, row by row."""
    rows = np.flatnonzero((grid.y >= part.y[0] - grid.spacing_mm) & (grid.y <= part.y[-1] + grid.spacing_mm))
    if rows.size == 0:
        return
    chest, belly, hips, *_ = flesh.fat_mm
    share = (part.y - part.y[0]) / (part.y[-1] - part.y[0])
    fats = np.interp(share, [0, 0.1, 0.25, 0.5, 0.7, 1], [2, 0.5 * chest, chest, belly, hips, hips])
    levels = _lean_at(flesh, TRUNK, 272 + share * 687)  # the outline's standard heights
    values = (part.x, part.half_width, part.half_depth, fats, levels)
    x0, width, depth, fat, level = (
        np.interp(grid.y[rows], part.y, value)[:, None].astype(np.float32) for value in values
    )
    off, power = np.abs(grid.x.astype(np.float32)[None] - x0), part.power
    skin = depth * np.maximum(1 - (off / width) ** power, 0) ** (1 / power)
    muscle = np.minimum(_within(off, width, depth, fat, power), skin)
    trace = _TRACE * depth * np.exp(-np.maximum(off - width, 0) / _EDGE_MM)
    weight[rows] += skin + trace
    held[rows] += level * muscle + flesh.fat * (skin - muscle + trace)


@cache
def _owners() -> tuple[Ints, Floats]:
    """Of the skin's tubes that lie along limbs, in their order: part (n,) and standard y of both ends (n, 2)."""
    outlines = standard().outlines
    limbs = [each for side in (1, -1) for each in outlines if each.part == LEG and each.side == side]
    limbs += [each for each in outlines if each.part == ARM]
    part = np.concatenate([np.full(len(outline.centre) - 1, outline.part) for outline in limbs])
    ends = [np.stack([outline.centre[:-1, 1], outline.centre[1:, 1]], axis=1) for outline in limbs]
    return part, np.concatenate(ends)


def _tube_ends(flesh: Flesh, tubes: Tubes) -> tuple[Floats, Floats]:
    """Fat, mm, and the level of lean tissue within, at both ends of every tube: (n, 2) each."""
    part, y = _owners()
    arm = (part == ARM)[:, None]
    fat = np.where(arm, _fat_at(flesh, _ARM_FAT, y), _fat_at(flesh, _LEG_FAT, y))
    level = np.where(arm, _lean_at(flesh, ARM, y), _lean_at(flesh, LEG, y))
    # Two pieces over the hips and what bridges neck, shoulders and armpits come after the limbs.
    bridges = len(tubes.start) - len(part)
    hip = np.arange(bridges)[:, None] < 2
    between = np.where(hip, flesh.fat_mm[2], 0.6 * flesh.fat_mm[0]) * np.ones((1, 2))
    trunk = flesh.lean[TRUNK]
    within = np.where(hip, (trunk, (trunk + flesh.lean[LEG]) / 2), trunk)
    return np.vstack([fat, between]), np.vstack([level, within])


def _add_tubes(weight: Floats, held: Floats, flesh: Flesh, tubes: Tubes, grid: Grid) -> None:
    """Limbs: within each piece, concentric ellipses across its axis."""
    fat, lean = _tube_ends(flesh, tubes)
    reach = tubes.wide.max(axis=1)[:, None] + 2 * _EDGE_MM
    start, end = tubes.start[:, :2], tubes.end[:, :2]
    owner, row, column = boxes(grid, np.minimum(start, end) - reach, np.maximum(start, end) + reach)
    axis = end - start
    square = np.maximum((axis**2).sum(axis=1), 1e-6)
    length = np.sqrt(square)
    ends = (tubes.wide, tubes.deep, fat, lean)
    changes = [both[:, 1] - both[:, 0] for both in ends]
    table = np.stack([*start.T, *(axis / length[:, None]).T, length, *(both[:, 0] for both in ends), *changes])
    table = table.astype(np.float32)
    x0, y0, ax, ay, run = table[:5, owner]
    x, y = grid.x.astype(np.float32)[column] - x0, grid.y.astype(np.float32)[row] - y0
    along = x * ax + y * ay
    # Pieces overlap only around their joints, and fade there.
    beyond = np.maximum(np.abs(along - run / 2) - run / 2, 0)
    keep = np.flatnonzero(beyond < 2 * _JOINT_MM)
    owner, row, column, along, run = owner[keep], row[keep], column[keep], along[keep], run[keep]
    fade = np.exp(-((beyond[keep] / _JOINT_MM) ** 2))
    off = np.hypot((x * ay - y * ax)[keep], beyond[keep])
    t = np.clip(along / run, 0, 1)
    width, depth, thick, level = (
        first + t * change for first, change in zip(table[5:9, owner], table[9:, owner], strict=True)
    )
    skin = depth * np.sqrt(np.maximum(1 - (off / width) ** 2, 0))
    muscle = np.minimum(_within(off, width, depth, thick, 2.0), skin)
    trace = _TRACE * depth * np.exp(-np.maximum(off - width, 0) / _EDGE_MM)
    edge = np.where(thick < 2, level, flesh.fat)  # hands and feet have no rim
    flat, size = row * grid.columns + column, grid.rows * grid.columns
    weight += np.bincount(flat, fade * (skin + trace), size).reshape(grid.shape)
    amount = fade * (level * muscle + flesh.fat * (skin - muscle) + edge * trace)
    held += np.bincount(flat, amount, size).reshape(grid.shape)
