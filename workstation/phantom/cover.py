"""One body's skin: outlines carried by the pose and made as thick as this person is."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from workstation.phantom.body import Body
from workstation.phantom.girth import forward, girth, half_depth, half_width
from workstation.phantom.placing import move, move_solids
from workstation.phantom.projection import Slices
from workstation.phantom.skeleton import ARM, GIRDLE, HEAD, LEG, TRUNK, Ellipsoids, Floats, Outline, standard
from workstation.phantom.skin import Skin, Tubes

_STEP = 8.0  # mm, between the points that tell how a slice is turned
# Standard points and half widths of what joins the parts smoothly: (part, x, y, z, half width, half depth), both ends.
_NECK = ((TRUNK, 0.0, 196.0, -8.0, 56.0, 62.0), (TRUNK, 0.0, 306.0, -24.0, 66.0, 66.0))
_TRAPEZIUS = ((TRUNK, 28.0, 262.0, -26.0, 36.0, 40.0), (GIRDLE, 158.0, 322.0, -20.0, 30.0, 36.0))
_SHOULDER = ((TRUNK, 84.0, 346.0, -22.0, 46.0, 70.0), (GIRDLE, 164.0, 338.0, -14.0, 42.0, 52.0))
_SCAPULA = ((GIRDLE, 108.0, 342.0, -58.0, 44.0, 46.0), (GIRDLE, 96.0, 448.0, -62.0, 40.0, 44.0))
_CLAVICLE = ((GIRDLE, 34.0, 322.0, 34.0, 22.0, 27.0), (GIRDLE, 156.0, 306.0, -2.0, 24.0, 27.0))
_ARMPIT = ((GIRDLE, 160.0, 352.0, -14.0, 40.0, 56.0), (TRUNK, 128.0, 452.0, -8.0, 36.0, 74.0))
_THIGH = 3  # the slice of a leg that the hips run on into


def pose_skin(body: Body, outlines: tuple[Outline, ...]) -> list[Slices]:
    """Each outline as level slices, in their order: exact for head and trunk, coarse for a limb that lies across."""
    return [_slices(body, outline) for outline in outlines]


def clothe(body: Body) -> Skin:
    """The whole skin of this body."""
    outlines = standard().outlines
    trunk = tuple(_slices(body, outline) for outline in outlines if outline.name == "soft_trunk")
    legs = [_along(body, each) for side in (1, -1) for each in outlines if each.part == LEG and each.side == side]
    arms = [_along(body, each) for each in outlines if each.part == ARM]
    pieces = [*legs, *arms, _hips(body, legs, _THIGH), *_bridges(body)]
    tubes = Tubes(*(np.concatenate([getattr(piece, name) for piece in pieces]) for name in vars(pieces[0])))
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
    return Skin(trunk, tubes, Ellipsoids(centre, axes, np.full(n, -1), np.ones(n)))


@lru_cache(maxsize=1)
def _round_parts() -> tuple[Floats, Floats, np.ndarray, np.ndarray]:
    """Covers of head, heels and genitals: centre, half-axes, part, side."""
    table = [
        (HEAD, 0, (0, 90, -3), (85, 88, 102)),
        (HEAD, 0, (0, 156, 14), (83, 70, 80)),
        (HEAD, 0, (0, 116, 32), (73, 42, 70)),
        (HEAD, 0, (0, 140, 98), (13, 26, 17)),
        (HEAD, 0, (0, 206, 62), (36, 27, 30)),
        (HEAD, 1, (83, 142, -8), (9, 29, 17)),
        (HEAD, -1, (-83, 142, -8), (9, 29, 17)),
        (LEG, 1, (78, 1708, -20), (35, 36, 42)),
        (LEG, -1, (-78, 1708, -20), (35, 36, 42)),
        (TRUNK, 0, (0, 925, 50), (32, 44, 34)),
    ]
    part, side, centre, half = zip(*table, strict=True)
    return np.array(centre, float), np.eye(3) * np.array(half, float)[:, None], np.array(part), np.array(side)


def _axes_at(body: Body, points: Floats, part: np.ndarray, side: np.ndarray) -> tuple[Floats, Floats, Floats]:
    """Posed points and the unit directions that sideways and forward steps there become."""
    axes = np.broadcast_to(np.eye(3) * _STEP, (len(points), 3, 3))
    centre, turned, _ = move_solids(body, points, axes, part, side)
    turned = turned / np.linalg.norm(turned, axis=2, keepdims=True)
    return centre, turned[:, 0], turned[:, 2]


def _extent(direction: Floats, across: Floats, forwards: Floats, wide: Floats, deep: Floats) -> Floats:
    """Half extent along `direction` (n, 3) of ellipses with these axes and half-axes."""
    one, two = (direction * across).sum(axis=1), (direction * forwards).sum(axis=1)
    return np.sqrt((wide * one) ** 2 + (deep * two) ** 2)


def _along(body: Body, outline: Outline) -> Tubes:
    """A limb's outline as tubes from slice to slice."""
    n, y = len(outline.centre), outline.centre[:, 1]
    part, side = np.full(n, outline.part), np.full(n, outline.side)
    centre, across, forwards = _axes_at(body, outline.centre, part, side)
    wide, deep = girth(body, outline.part, y)
    wide, deep = wide * outline.half_width, deep * outline.half_depth
    if outline.part == LEG:
        # Fat thighs meet on the inside and grow outwards.
        outwards = np.interp(y, [950, 1250], [0.45, 0.0]) * (wide - outline.half_width * body.scale)
        centre = centre + outline.side * outwards[:, None] * (1, 0, 0)
    # The picture's own directions: across the limb within the picture, and along the ray.
    run = np.gradient(centre[:, :2], axis=0)
    size = np.linalg.norm(run, axis=1, keepdims=True)
    within = np.column_stack([run[:, 1], -run[:, 0], np.zeros(n)]) / np.maximum(size, 1e-6)
    ray = np.broadcast_to(np.array([0.0, 0.0, 1.0]), (n, 3))
    broad = np.maximum(_extent(within, across, forwards, wide, deep), np.minimum(wide, deep))
    thick = np.maximum(_extent(ray, across, forwards, wide, deep), np.minimum(wide, deep))
    pairs = [np.stack([values[:-1], values[1:]], axis=1) for values in (broad, thick)]
    step = np.diff(centre[:, :2], axis=0)
    step /= np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 1e-6)
    bent = np.concatenate([[True], (step[1:] * step[:-1]).sum(axis=1) < 0.95, [True]])
    return Tubes(centre[:-1], centre[1:], pairs[0], pairs[1], bent[:-1] | bent[1:])


def _hips(body: Body, legs: list[Tubes], at: int) -> Tubes:
    """From the widest of the hips down to slice `at` of each thigh, so that the outline runs on."""
    middle = move(body, np.array([[0.0, 838.0, -6.0]]), np.array([TRUNK]), np.array([0]))[0]
    half = half_width(body, 838.0)
    start, end, wide, deep = [], [], [], []
    for leg, side in zip(legs, (1, -1), strict=True):
        start.append(middle + np.array([side * 0.54 * half, 0, 0]))
        end.append(leg.start[at])
        wide.append((0.46 * half, leg.wide[at, 0]))
        deep.append((0.85 * half_depth(body, 838.0), leg.deep[at, 0]))
    return Tubes(np.array(start), np.array(end), np.array(wide), np.array(deep), np.ones(2, bool))


def _bridges(body: Body) -> list[Tubes]:
    """Neck, slope of the shoulders, shoulder blades and armpits: from one part to the next."""
    rows = [(_NECK, 0)] + [
        (each, side) for each in (_TRAPEZIUS, _SHOULDER, _SCAPULA, _CLAVICLE, _ARMPIT) for side in (1, -1)
    ]
    ends = []
    for which in (0, 1):
        table = np.array([row[which] for row, _ in rows])
        side = np.array([side for _, side in rows])
        points = table[:, 1:4] * np.stack([np.where(side < 0, -1, 1), 0 * side + 1, 0 * side + 1], axis=1)
        part = table[:, 0].astype(int)
        factor = girth(body, TRUNK, table[:, 2])[0]
        ends.append((move(body, points, part, side), table[:, 4] * factor, table[:, 5] * factor))
    (start, wide0, deep0), (end, wide1, deep1) = ends
    return [
        Tubes(start, end, np.stack([wide0, wide1], axis=1), np.stack([deep0, deep1], axis=1), np.ones(len(rows), bool))
    ]


def _slices(body: Body, outline: Outline) -> Slices:
    n = len(outline.centre)
    part, side = np.full(n, outline.part), np.full(n, outline.side)
    centre, across, _ = _axes_at(body, outline.centre, part, side)
    wide, deep = girth(body, outline.part, outline.centre[:, 1])
    width, depth = outline.half_width * wide, outline.half_depth * deep
    turn = np.arctan2(across[:, 2], across[:, 0])
    c, s = np.cos(turn), np.sin(turn)
    turned = np.sqrt((width * c) ** 2 + (depth * s) ** 2)
    shear = (width**2 - depth**2) * s * c / turned**2
    ahead = forward(body, depth, outline.half_depth) if outline.part == TRUNK else np.zeros(n)
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
