"""The solids of a lesion: each form built on the posed bone it sits in, so that it follows and fills the bone.

A weight beside each solid (`Ellipsoids.sign`) says how much of the lesion's excess it holds; below 0 it takes away.
Lesions have no hard edge: every solid is drawn as a wide faint one around a small full one of the same total.
"""

from __future__ import annotations

import numpy as np

from workstation.phantom.laws import Shape
from workstation.phantom.sites import Site, anchor
from workstation.phantom.skeleton import Ellipsoids, Floats, Skeleton

JITTER_MM = 2.5
_HOLE = 0.72  # of a rim's radii
_HOLE_WEIGHT = -1.36  # the centre of a rim is about as bone is there, whatever the excess: 1 - 0.72 * 1.36 = 0.02
_CUFF_HOLE = 0.7
_WIDE, _SMALL = 1.15, 0.7  # of the radii
_WIDE_WEIGHT = 0.5
_SMALL_WEIGHT = (1 - _WIDE_WEIGHT * _WIDE**3) / _SMALL**3
_EXPANSION = 1.6  # a lesion is no wider than this times its tube of bone: it grows along it instead
_BENDS_MM = 18.0  # half length from which a lesion bends with its bone
_OVERLAP = 1.35  # of the pieces of a chain
_SHELL_MM = 6.0  # half thickness of a lesion in a thin shell of bone


def solids(shape: Shape, site: Site, skeleton: Skeleton, rng: np.random.Generator) -> Ellipsoids:
    """A hot lesion in a posed skeleton, placed with a little jitter; all of the site's bone."""
    jitter = rng.normal(0, JITTER_MM, 3)
    centre, direction = anchor(skeleton, site)
    body = _axes(skeleton, site.bone)
    if shape.form == "along":
        pieces = _along(shape, site, skeleton, jitter, rng)
    elif shape.form == "line" and body is not None:
        pieces = _line(shape, site, body, centre)
    elif shape.form in ("whole", "band", "h") and body is not None:
        pieces = {"whole": _whole, "band": _band, "h": _wings}[shape.form](shape, body, centre)
    elif shape.form in ("rim", "cuff"):
        pieces = _hollow(shape, centre + jitter, direction)
    else:
        pieces = _blob(shape, site, skeleton, jitter, rng)
    centres, axes, weight = pieces if shape.form in ("rim", "cuff") else _soft(pieces)
    return Ellipsoids(centres, axes, np.full(len(centres), site.bone), weight)


_Pieces = tuple[Floats, Floats, Floats]  # centres (n, 3), axes (n, 3, 3), weights (n,)


def _axes(skeleton: Skeleton, bone: int) -> Floats | None:
    """Half-axes of a bone that is an ellipsoid: to the left, down, to the front."""
    found = np.flatnonzero((skeleton.ellipsoids.bone == bone) & (skeleton.ellipsoids.sign > 0))
    return skeleton.ellipsoids.axes[found[0]] if found.size else None


def _across(direction: Floats) -> Floats:
    return np.asarray(np.linalg.svd(direction[None])[2][1:])


def _halves(shape: Shape, part: float = 1.0) -> tuple[float, float]:
    """Long and short half-axis of a piece that takes this part of the ball's volume."""
    each = shape.size * part ** (1 / 3) / 2
    return each * shape.stretch ** (2 / 3), each * shape.stretch ** (-1 / 3)


def _soft(pieces: _Pieces) -> _Pieces:
    centres, axes, weight = pieces
    both = np.concatenate([_WIDE_WEIGHT * weight, _SMALL_WEIGHT * weight])
    return np.concatenate([centres, centres]), np.concatenate([_WIDE * axes, _SMALL * axes]), both


def _fitted(long: float, short: float, site: Site, skeleton: Skeleton) -> tuple[float, float]:
    """Half-axes of the same volume that stay within the width of a bone that is a tube."""
    radius = skeleton.capsules.radius[skeleton.capsules.bone == site.bone]
    narrow = min(short, _EXPANSION * float(radius.max())) if radius.size else short
    return long * (short / narrow) ** 2, narrow


def _blob(shape: Shape, site: Site, skeleton: Skeleton, jitter: Floats, rng: np.random.Generator) -> _Pieces:
    """1 to 3 overlapping lobes of different sizes in a drifting line along the bone."""
    n = shape.lobes
    share = np.exp(rng.normal(0, 0.5, n))
    each = [_halves(shape, part) for part in share / share.sum()]
    fitted = [_fitted(long, short, site, skeleton) for long, short in each]
    ends = np.cumsum([1.2 * long for long, _ in fitted])
    offsets = ends - np.array([0.6 * long for long, _ in fitted]) - ends[-1] / 2
    points, tangents = _path(skeleton, site, offsets)
    shell = _normal(skeleton, site)
    axes = np.array(
        [
            _tile(long, short, shell, tangent) if shell is not None else _spindle(long, short, tangent)
            for (long, short), tangent in zip(fitted, tangents, strict=True)
        ]
    )
    drift = rng.normal(0, 0.45, (n, 2)) * (n > 1)
    moved = points + jitter + np.einsum("nk,nkj->nj", drift, axes[:, 1:])
    if shell is None and max(long for long, _ in fitted) > _BENDS_MM:
        chains = [_chain(long, short, at, site, skeleton) for (long, short), at in zip(fitted, offsets, strict=True)]
        shift = np.repeat(moved - points, [len(each[0]) for each in chains], axis=0)
        centres, axes, weight = (np.concatenate(each) for each in zip(*chains, strict=True))
        return centres + shift, axes, weight
    return moved, axes, np.ones(n)


def _chain(long: float, short: float, middle: float, site: Site, skeleton: Skeleton) -> _Pieces:
    """Overlapping pieces along the bone's curve that hold what one long ellipsoid would."""
    n = max(1, int(np.ceil(long / (0.6 * _BENDS_MM))))
    half = long if n == 1 else _OVERLAP * long / n
    points, tangents = _path(skeleton, site, middle + (np.arange(n) - (n - 1) / 2) * 2 * long / n)
    axes = np.array([_spindle(half, short, tangent) for tangent in tangents])
    return points, axes, np.full(n, long / half / n)


def _spindle(long: float, short: float, along: Floats) -> Floats:
    across = _across(along)
    return np.stack([along * long, across[0] * short, across[1] * short])


def _tile(long: float, short: float, normal: Floats, along: Floats) -> Floats:
    """The same volume as a flat piece of a shell."""
    tangent = along - (along @ normal) * normal
    first = _unit(tangent if np.linalg.norm(tangent) > 0.1 else _across(normal)[0])
    flat = min(_SHELL_MM, short)
    wide = np.sqrt(short / flat)
    return np.stack([first * long * wide, np.cross(normal, first) * short * wide, normal * flat])


def _normal(skeleton: Skeleton, site: Site) -> Floats | None:
    """The outward direction of a bone that is a shell, at the site; None of other bones."""
    solid = skeleton.ellipsoids
    if not ((solid.bone == site.bone) & (solid.sign < 0)).any():
        return None
    body = _axes(skeleton, site.bone)
    return None if body is None else _unit(np.linalg.solve(body, np.array(site.at)))


def _path(skeleton: Skeleton, site: Site, offsets: Floats) -> tuple[Floats, Floats]:
    """Points and unit tangents along the site's bone, mm from the site; straight on beyond its ends."""
    tubes = skeleton.capsules
    pieces = np.flatnonzero(tubes.bone == site.bone)
    centre, direction = anchor(skeleton, site)
    if not pieces.size:
        return centre + offsets[:, None] * direction, np.repeat(direction[None], len(offsets), axis=0)
    steps = tubes.end[pieces] - tubes.start[pieces]
    lengths = np.linalg.norm(steps, axis=1)
    ends = np.cumsum(lengths)
    at = site.at[0] * ends[-1] + offsets
    piece = np.clip(np.searchsorted(ends, at), 0, len(pieces) - 1)
    tangents = steps[piece] / lengths[piece][:, None]
    return tubes.end[pieces[piece]] + (at - ends[piece])[:, None] * tangents, tangents


def _along(shape: Shape, site: Site, skeleton: Skeleton, jitter: Floats, rng: np.random.Generator) -> _Pieces:
    """A chain that follows the bone's curve, unevenly filled."""
    long, short = _fitted(*_halves(shape), site, skeleton)
    points, axes, weight = _chain(long, short, 0.0, site, skeleton)
    uneven = np.exp(rng.normal(0, 0.25, len(points)))
    return points + jitter, axes, weight * uneven / uneven.mean()


def _line(shape: Shape, site: Site, body: Floats, centre: Floats) -> _Pieces:
    """Along a suture: a thin line on the skull's surface, seen from the front an arc around its middle."""
    long, short = _halves(shape)
    n = 2 + int(np.ceil(shape.stretch))
    outward = _unit(np.array(site.at))  # the surface is the bone's centre + unit @ body
    middle = np.linalg.norm(body, axis=1).mean()
    turn = _unit(np.array([-outward[1], outward[0], 0.0]))
    angles = (np.arange(n) - (n - 1) / 2) * 2 * long / n / middle
    units = np.cos(angles)[:, None] * outward + np.sin(angles)[:, None] * turn
    points = centre + (units - outward) @ body
    axes = np.repeat((np.eye(3) * short)[None], n, axis=0)
    return points, axes, np.full(n, long / short / n)


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.linalg.norm(vector))


def _whole(shape: Shape, body: Floats, centre: Floats) -> _Pieces:
    """Body, both pedicles and the arch of a vertebra."""
    left, down, front = body * shape.size
    centres = [centre, centre + 0.55 * left - 1.5 * front, centre - 0.55 * left - 1.5 * front]
    side = np.stack([0.35 * left, 0.6 * down, 0.75 * front])
    return np.stack(centres), np.stack([body * shape.size, side, side]), np.ones(3)


def _band(shape: Shape, body: Floats, centre: Floats) -> _Pieces:
    """The upper end plate over its whole width, of even height: the mark of a compression fracture."""
    left, down, front = body
    offsets = np.array([-0.62, 0.0, 0.62])
    centres = centre - 0.45 * down + offsets[:, None] * left
    one = np.stack([0.5 * left * shape.size, 0.3 * down * shape.size, 0.95 * front])
    return centres, np.repeat(one[None], 3, axis=0), np.ones(3)


def _wings(shape: Shape, body: Floats, centre: Floats) -> _Pieces:
    """Both wings of the sacrum and a bar between them: an insufficiency fracture seen as an H."""
    left, down, front = body
    wing = np.stack([0.2 * left, 1.9 * down, 0.9 * front]) * shape.size
    bar = np.stack([0.75 * left, 0.4 * down, 0.8 * front]) * shape.size
    centres = np.stack([centre + 0.95 * left - 0.4 * down, centre - 0.95 * left - 0.4 * down, centre])
    return centres, np.stack([wing, wing, bar]), np.ones(3)


def _hollow(shape: Shape, centre: Floats, direction: Floats) -> _Pieces:
    """A rim around a cold centre, or a cuff around a shaft."""
    long, short = _halves(shape)
    outer = _spindle(long, short, direction)
    if shape.form == "rim":
        inner, weight = outer * _HOLE, _HOLE_WEIGHT
    else:
        inner, weight = outer * np.array([1.0, _CUFF_HOLE, _CUFF_HOLE])[:, None], -1.0
    return np.stack([centre, centre]), np.stack([outer, inner]), np.array([1.0, weight])
