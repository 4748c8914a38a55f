"""One body's skin: outlines carried by the pose and made as thick as this person is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from workstation.phantom.body import Body
from workstation.phantom.girth import forward, girth, half_depth, half_width
from workstation.phantom.irregular import waves
from workstation.phantom.placing import move, move_solids
from workstation.phantom.projection import Slices
from workstation.phantom.skeleton import ARM, GIRDLE, HEAD, LEG, TRUNK, Ellipsoids, Floats, Ints, Outline, standard
from workstation.phantom.skin import Skin, Tubes

_STEP = 8.0  # mm, between the points that tell how a slice is turned
# Standard points and half widths of what joins the parts smoothly: (part, x, y, z, half width, half depth), both ends.
_NECK = ((TRUNK, 0.0, 178.0, -10.0, 70.0, 66.0), (TRUNK, 0.0, 306.0, -24.0, 76.0, 68.0))
_TRAPEZIUS = ((TRUNK, 28.0, 262.0, -26.0, 36.0, 40.0), (GIRDLE, 158.0, 322.0, -20.0, 30.0, 36.0))
_SHOULDER = ((TRUNK, 84.0, 346.0, -22.0, 46.0, 70.0), (GIRDLE, 164.0, 338.0, -14.0, 42.0, 52.0))
_SCAPULA = ((GIRDLE, 108.0, 342.0, -58.0, 44.0, 46.0), (GIRDLE, 96.0, 448.0, -62.0, 40.0, 44.0))
_CLAVICLE = ((GIRDLE, 34.0, 322.0, 34.0, 22.0, 27.0), (GIRDLE, 156.0, 306.0, -2.0, 24.0, 27.0))
_ARMPIT = ((GIRDLE, 160.0, 352.0, -14.0, 40.0, 56.0), (TRUNK, 128.0, 452.0, -8.0, 36.0, 74.0))
# Creases of the flanks: below the breast, the waist, above the hip bone; mean height, its variety and half height, mm.
_FOLDS = np.array([[505.0, 14.0, 16.0], [612.0, 22.0, 20.0], [705.0, 16.0, 15.0]])
_FOLD_MM = 11.0  # depth of a crease at twice the fat of the standard outlines
_LEVELS = np.unique(np.concatenate([np.arange(450.0, 770.0, 12.0), [540.0, 600.0, 660.0, 720.0]]))
_THIGH = 3  # the slice of a leg that the hips run on into


def clothe(body: Body) -> Skin:
    """The whole skin of this body."""
    limbs = _limbs(body)
    pieces = [limbs, _hips(body, limbs), _bridges(body)]
    tubes = Tubes(*(np.concatenate([getattr(piece, name) for piece in pieces]) for name in vars(limbs)))
    centre, axes, part, side = _round_parts()
    keep = np.ones(len(part), bool)
    if body.sex == "F":
        keep[-1] = False  # the last cover is a man's
    centre, axes, part, side = centre[keep], axes[keep], part[keep], side[keep]
    axes = axes * np.where(part == HEAD, girth(body, HEAD, centre[:, 1])[0] / body.head_scale, 1.0)[:, None, None]
    centre, axes, _ = move_solids(body, centre, axes, part, side)
    if body.sex == "F":
        mounds = breasts(body)
        centre, axes = np.vstack([centre, mounds.centre]), np.vstack([axes, mounds.axes])
    n = len(centre)
    return Skin((_trunk(body),), tubes, Ellipsoids(centre, axes, np.full(n, -1), np.ones(n)))


@lru_cache(maxsize=1)
def _round_parts() -> tuple[Floats, Floats, Ints, Ints]:
    """Covers of head, heels and genitals: centre, half-axes, part, side."""
    table = [
        (HEAD, 0, (0, 90, -3), (88, 92, 105)),
        (HEAD, 0, (0, 154, 16), (79, 72, 80)),
        (HEAD, 0, (0, 116, 32), (73, 42, 70)),
        (HEAD, 0, (0, 140, 98), (13, 26, 17)),
        (HEAD, 0, (0, 206, 62), (36, 27, 30)),
        (HEAD, 0, (0, 192, 22), (68, 44, 62)),
        (HEAD, 1, (83, 142, -8), (9, 29, 17)),
        (HEAD, -1, (-83, 142, -8), (9, 29, 17)),
        (LEG, 1, (78, 1704, -34), (32, 34, 40)),
        (LEG, -1, (-78, 1704, -34), (32, 34, 40)),
        (TRUNK, 0, (0, 925, 50), (32, 44, 34)),
    ]
    part, side, centre, half = zip(*table, strict=True)
    return np.array(centre, float), np.eye(3) * np.array(half, float)[:, None], np.array(part), np.array(side)


def _axes_at(body: Body, points: Floats, part: Ints, side: Ints) -> tuple[Floats, Floats, Floats]:
    """Posed points and the unit directions that sideways and forward steps there become."""
    axes = np.broadcast_to(np.eye(3) * _STEP, (len(points), 3, 3))
    centre, turned, _ = move_solids(body, points, axes, part, side)
    turned = turned / np.linalg.norm(turned, axis=2, keepdims=True)
    return centre, turned[:, 0], turned[:, 2]


def _extent(direction: Floats, across: Floats, forwards: Floats, wide: Floats, deep: Floats) -> Floats:
    """Half extent along `direction` (n, 3) of ellipses with these axes and half-axes."""
    one, two = (direction * across).sum(axis=1), (direction * forwards).sum(axis=1)
    return np.sqrt((wide * one) ** 2 + (deep * two) ** 2)


@dataclass(frozen=True, eq=False)
class _Chains:
    """The limbs' outlines laid end to end: standard centres, half widths and depths, part and side of each slice;
    before, after: index of its neighbours in the same limb, its own at the ends."""

    centre: Floats
    half_width: Floats
    half_depth: Floats
    part: Ints
    side: Ints
    before: Ints
    after: Ints


@lru_cache(maxsize=1)
def _chains() -> _Chains:
    """Left leg, right leg, then the arms."""
    outlines = [each for each in standard().outlines if each.part in (ARM, LEG)]
    outlines.sort(key=lambda each: (each.part == ARM, -each.side))
    sizes = np.array([len(each.centre) for each in outlines])
    place, last = np.arange(sizes.sum()), np.cumsum(sizes) - 1
    before, after = place - 1, place + 1
    before[last - sizes + 1], after[last] = last - sizes + 1, last
    return _Chains(
        np.concatenate([each.centre for each in outlines]),
        np.concatenate([each.half_width for each in outlines]),
        np.concatenate([each.half_depth for each in outlines]),
        np.repeat([each.part for each in outlines], sizes),
        np.repeat([each.side for each in outlines], sizes),
        before,
        after,
    )


def _limbs(body: Body) -> Tubes:
    """Arms and legs as tubes from slice to slice, in the order of `_chains`."""
    table = _chains()
    y, arm = table.centre[:, 1], table.part == ARM
    centre, across, forwards = _axes_at(body, table.centre, table.part, table.side)
    of_arm, of_leg = girth(body, ARM, y)[0], girth(body, LEG, y)[0]
    factor = np.where(arm, of_arm, of_leg)
    wide, deep = factor * table.half_width, factor * table.half_depth
    # Fat thighs meet on the inside and grow outwards.
    outwards = np.interp(y, [950, 1250], [0.45, 0.0]) * (wide - table.half_width * body.scale)
    centre[:, 0] += np.where(arm, 0.0, table.side * outwards)
    # The picture's own directions: across the limb within the picture, and along the ray.
    run = centre[table.after, :2] - centre[table.before, :2]
    run /= np.maximum(np.linalg.norm(run, axis=1, keepdims=True), 1e-6)
    within = np.column_stack([run[:, 1], -run[:, 0], np.zeros(len(run))])
    ray = np.broadcast_to(np.array([0.0, 0.0, 1.0]), within.shape)
    thinner = np.minimum(wide, deep)
    broad = np.maximum(_extent(within, across, forwards, wide, deep), thinner)
    thick = np.maximum(_extent(ray, across, forwards, wide, deep), thinner)
    start = np.flatnonzero(table.after > np.arange(len(y)))
    end = start + 1
    step = centre[end, :2] - centre[start, :2]
    step /= np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 1e-6)
    # A cap is seen where a limb ends or bends.
    straight = (step[1:] * step[:-1]).sum(axis=1) > 0.95
    joined = straight & (start[1:] == end[:-1])
    round_ = ~(np.append(joined, False) & np.insert(joined, 0, False))
    pairs = [np.stack([values[start], values[end]], axis=1) for values in (broad, thick)]
    return Tubes(centre[start], centre[end], pairs[0], pairs[1], round_)


def _hips(body: Body, limbs: Tubes) -> Tubes:
    """From the widest of the hips down into each thigh, so that the outline runs on."""
    middle = move(body, np.array([[0.0, 838.0, -6.0]]), np.array([TRUNK]), np.array([0]))[0]
    half, depth = half_width(body, 838.0), 0.85 * half_depth(body, 838.0)
    right = len(_chains().part[(_chains().part == LEG) & (_chains().side == 1)]) - 1
    thigh = np.array([_THIGH, right + _THIGH])
    start = middle + np.array([[0.54 * half, 0, 0], [-0.54 * half, 0, 0]])
    wide = np.column_stack([np.full(2, 0.46 * half), limbs.wide[thigh, 0]])
    deep = np.column_stack([np.full(2, depth), limbs.deep[thigh, 0]])
    return Tubes(start, limbs.start[thigh], wide, deep, np.ones(2, bool))


@lru_cache(maxsize=1)
def _bridge_table() -> Floats:
    """Ends of all bridges, (2, n, 7): part, x, y, z, half width, half depth, side."""
    rows = [(_NECK, 0)]
    rows += [(each, side) for each in (_TRAPEZIUS, _SHOULDER, _SCAPULA, _CLAVICLE, _ARMPIT) for side in (1, -1)]
    mirrored = [[(part, x * (side or 1), *rest, side) for part, x, *rest in ends] for ends, side in rows]
    return np.array(mirrored).transpose(1, 0, 2)


def _bridges(body: Body) -> Tubes:
    """Neck, slope of the shoulders, shoulder blades and armpits: from one part to the next."""
    table = _bridge_table()
    flat = table.reshape(-1, 7)
    points = move(body, flat[:, 1:4], flat[:, 0].astype(int), flat[:, 6].astype(int)).reshape(2, -1, 3)
    sizes = flat[:, 4:6] * girth(body, TRUNK, flat[:, 2])[0][:, None]
    wide, deep = sizes.reshape(2, -1, 2).transpose(2, 1, 0)
    return Tubes(points[0], points[1], wide, deep, np.ones(len(wide), bool))


@lru_cache(maxsize=1)
def _fine_trunk() -> Outline:
    """The trunk's outline with slices close enough for a crease between two of the table's."""
    table = next(each for each in standard().outlines if each.part == TRUNK and each.name == "soft_trunk")
    y = np.union1d(table.centre[:, 1], _LEVELS)
    centre = np.column_stack([np.interp(y, table.centre[:, 1], table.centre[:, axis]) for axis in range(3)])
    wide, deep = (np.interp(y, table.centre[:, 1], each) for each in (table.half_width, table.half_depth))
    return replace(table, centre=centre, half_width=wide, half_depth=deep)


def folds(body: Body, y: Floats, side: int) -> Floats:
    """How deep the flank of this side is creased at standard heights y (n,), mm: fat lies in folds, no two alike."""
    phase = waves(body)[:6, 3].reshape(3, 2)
    # Sines and cosines of the phases stand for a draw of the height and depth of each crease.
    middle = _FOLDS[:, 0] + _FOLDS[:, 1] * np.sin(phase[:, 0] + 0.5 * side)
    depth = _FOLD_MM * np.clip(body.fat - 0.75, 0, 1.2) * (0.6 + 0.6 * np.cos(phase[:, 1] + 0.8 * side))
    shape = np.exp(-(((y[:, None] - middle) / _FOLDS[:, 2]) ** 2))
    return np.asarray(shape @ depth)


def _trunk(body: Body) -> Slices:
    """Level slices of the trunk, from the neck to between the thighs."""
    outline = _fine_trunk()
    n = len(outline.centre)
    centre, across, _ = _axes_at(body, outline.centre, np.full(n, TRUNK), np.zeros(n, int))
    wide, deep = girth(body, TRUNK, outline.centre[:, 1])
    width, depth = outline.half_width * wide, outline.half_depth * deep
    left, right = (folds(body, outline.centre[:, 1], side) for side in (1, -1))
    width = width - (left + right) / 2
    centre = centre + across * ((right - left) / 2)[:, None]
    turn = np.arctan2(across[:, 2], across[:, 0])
    c, s = np.cos(turn), np.sin(turn)
    turned = np.sqrt((width * c) ** 2 + (depth * s) ** 2)
    shear = (width**2 - depth**2) * s * c / turned**2
    ahead = forward(body, depth, outline.half_depth)
    order = np.argsort(centre[:, 1], kind="stable")
    return Slices(
        centre[order, 1],
        centre[order, 0],
        (centre[:, 2] + ahead)[order],
        turned[order],
        (width * depth / turned)[order],
        shear[order],
        outline.power,
    )


def breasts(body: Body) -> Ellipsoids:
    """A woman's breasts as two mounds on the chest wall; bone index -1. Lying down, large ones fall sideways."""
    size = np.clip(body.fat**0.8 * body.build.breast, 0.6, 1.7)
    aside = 84 + 26 * max(size - 0.9, 0)
    sides = np.array([side for side in (1, -1) if side != body.lost_breast])
    points = np.array([[side * aside, 446 + 14 * (size - 1), 78 - 16 * (size - 1)] for side in sides])
    centre = move(body, points, np.full(len(sides), TRUNK), sides)
    axes = np.array([[[60.0, 3.0 * side, 0], [-6.0 * side, 56.0, 0], [0, 0, 44.0]] for side in sides]) * size
    return Ellipsoids(centre, axes, np.full(len(sides), -1), np.ones(len(sides)))
