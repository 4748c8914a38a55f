"""A hot spot found in both views at once: where it lies, how large it is, how much it adds to the bone beneath it.

The two detectors see the same spot, so row, column (mirrored), size and form are one; only what it adds differs. Around
the place asked for, each view's counts are taken as

    height x blurred ellipse  +  a smooth background  +  what the bone shows elsewhere (`backdrop`)

and the five numbers of the ellipse are those of highest posterior probability: counts are Poisson, bone is not known
better than to a share of itself, and a spot is about as large as the camera's blur allows one to be told. The prior
lets a faint spot stay small and near the click, where its counts alone would not say; a clear one outweighs it.
Solved by Levenberg's and Marquardt's method; heights and background, on which counts depend linearly, are solved for
exactly at each step (variable projection: Golub and Pereyra, 1973).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from workstation.core import backdrop, ellipse
from workstation.core.body import BodyFacts
from workstation.core.counts import Picture, smoothed
from workstation.core.scan import Frame, View

Floats = NDArray[np.float64]

USUAL_MM = 2.3  # lengths below are meant at this spacing, in pixels
_REACH = 12  # half the square around the place whose counts are looked at
_WINDOW = 7.0  # sigma of their say: what is farther tells less of the spot
_MISFIT = 0.3  # what background there is, is not known better than to this share of the counts
_BEND = 0.5  # nor is its curvature over 8 pixels more than about this share
_NEAR = 1.5  # sigma of the place asked for against the middle of the spot
_SIZE = (1.3, 0.3)  # mean logarithm of the half axes, and its sigma: 3.7 pixels, 8 mm
_FORM = 0.2  # sigma of the two logarithms that draw the ellipse out
_SIDE = 0.012  # nearer to the midline than this share of the height, the other side is the spot itself
_STEPS = 8
_ENOUGH = 0.1  # a step that lowers the cost by less than this is the last
# Where counts stay high this far around, the spot may be larger than a square of the usual reach shows: it is looked
# at again on pixels twice as large, and believed when it is large and this much higher than what was found at first.
_LARGE = 1.75
_HIGHER = 4.0
_ABSORBED = 1.5  # what a square of the usual reach cannot hold, its background takes up: little contrast is left
_SHAPE = 5


@dataclass(frozen=True, eq=False)
class Spot:
    """shapes: five numbers of the ellipse (see `ellipse`) in each view. heights, backgrounds: counts per pixel.

    doubts: standard deviation of the heights. A height of nought: that view shows nothing.
    """

    shapes: Mapping[View, Floats]
    heights: Mapping[View, float]
    backgrounds: Mapping[View, float]
    doubts: Mapping[View, float]

    @property
    def contrast(self) -> float:
        """Height over background in the view that shows it best."""
        return max(self.heights[view] / max(self.backgrounds[view], 1e-3) for view in self.heights)


@dataclass(frozen=True, eq=False)
class _Square:
    """One view's counts around the place. columns: as the view that was asked sees them. basis: (pixel, pattern)."""

    data: Floats
    rows: Floats
    columns: Floats
    weights: Floats
    basis: Floats
    prices: Floats


@dataclass(frozen=True, eq=False)
class _Fit:
    shape: Floats
    heights: Floats
    backgrounds: Floats
    doubts: Floats


def find_spot(
    frames: Mapping[View, Frame],
    bodies: Mapping[View, BodyFacts],
    view: View,
    at: tuple[float, float],
) -> Spot | None:
    """The spot at a (row, column) place of a view, in that view and the other; None outside the frame.

    frames, bodies: one or both views of one scan. Always gives an answer inside the frame: whether there is a spot at
    all is told by its heights.
    """
    frame = frames[view]
    if not (0 <= round(at[0]) < frame.rows and 0 <= round(at[1]) < frame.columns):
        return None
    views = [view, *(other for other in frames if other is not view)]
    column = bodies[view].mirrored_column(at[0], at[1], bodies[view.other]) if len(views) > 1 else 0.0
    unit = USUAL_MM / float(np.mean(frame.spacing_mm)) if frame.spacing_mm else 1.0
    places = [(at[0], at[1]), (at[0], column)]
    fine = _solve([_square(frames[v], bodies[v], places[k], k == 1, unit) for k, v in enumerate(views)], at, unit)
    if _contrast(fine) < _ABSORBED and any(_stays_high(frames[v], places[k], unit) for k, v in enumerate(views)):
        halved = {v: _halved(frames[v]) for v in views}
        small = {v: _small(bodies[v]) for v in views}
        half = [(_half(row), _half(across)) for row, across in places]
        squares = [_square(halved[v], small[v], half[k], k == 1, unit) for k, v in enumerate(views)]
        coarse = _solve(squares, half[0], unit, size=_SIZE[0])
        shape = coarse.shape.copy()
        shape[:2] = 2.0 * shape[:2] + 0.5
        shape[2] += np.log(2.0)
        coarse = _Fit(shape, coarse.heights / 4.0, coarse.backgrounds / 4.0, coarse.doubts / 4.0)
        if shape[2] > _LARGE + np.log(unit) and _contrast(coarse) > _HIGHER * _contrast(fine):
            fine = coarse
    shapes = {view: fine.shape}
    if len(views) > 1:
        shapes[view.other] = ellipse.mirrored(fine.shape, at[1] + column)

    def told(values: Floats) -> Mapping[View, float]:
        return MappingProxyType({v: float(values[k]) for k, v in enumerate(views)})

    return Spot(MappingProxyType(shapes), told(fine.heights), told(fine.backgrounds), told(fine.doubts))


def _contrast(fit: _Fit) -> float:
    return float(np.max(fit.heights / np.maximum(fit.backgrounds, 1e-3)))


def _half(place: float) -> float:
    return (place - 0.5) / 2.0


@lru_cache(maxsize=4)
def _halved(frame: Frame) -> Frame:
    """The frame on pixels twice as large; asked for again and again while the cursor is over one scan."""
    rows, columns = frame.rows // 2 * 2, frame.columns // 2 * 2
    counts = frame.counts[:rows, :columns].astype(np.float32)
    halved = counts[::2, ::2] + counts[1::2, ::2] + counts[::2, 1::2] + counts[1::2, 1::2]
    spacing = None if frame.spacing_mm is None else (2 * frame.spacing_mm[0], 2 * frame.spacing_mm[1])
    return Frame(halved, frame.view, frame.how, frame.number, spacing)


@dataclass(frozen=True, eq=False)
class _Known:
    """What a square needs to know of the body, on the pixels of its frame."""

    excluded: NDArray[np.bool_]
    height: float
    scale: float
    body: BodyFacts

    def middle(self, row: float) -> float:
        line = self.body.midline(row if self.scale == 1.0 else 2.0 * row + 0.5)
        return line if self.scale == 1.0 else _half(line)


@lru_cache(maxsize=4)
def _usual(body: BodyFacts) -> _Known:
    return _Known(body.excluded_mask, float(body.last - body.first), 1.0, body)


@lru_cache(maxsize=4)
def _small(body: BodyFacts) -> _Known:
    mask = body.excluded_mask[: body.shape[0] // 2 * 2, : body.shape[1] // 2 * 2]
    halved = mask[::2, ::2] | mask[1::2, ::2] | mask[::2, 1::2] | mask[1::2, 1::2]
    return _Known(halved, (body.last - body.first) / 2.0, 2.0, body)


@lru_cache(maxsize=8)
def _grid(reach: int) -> tuple[Floats, Floats]:
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(float)
    return rows, columns


@lru_cache(maxsize=8)
def _smooth_patterns(reach: int, unit: float) -> tuple[Floats, ...]:
    """A constant, two slopes, three bends."""
    rows, columns = (axis / (8.0 * unit) for axis in _grid(reach))
    return np.ones_like(rows), rows, columns, rows * rows, rows * columns, columns * columns


@lru_cache(maxsize=8)
def _smooth(frame: Frame, unit: float) -> tuple[Picture, Picture]:
    """The frame's counts, smoothed as much as its noise is judged by, and as what is copied is."""
    counts = np.nan_to_num(frame.counts.astype(np.float32), posinf=0.0, neginf=0.0)
    return smoothed(counts, 1.5 * unit), smoothed(counts, backdrop.NOISE * unit)


def _stays_high(frame: Frame, at: tuple[float, float], unit: float) -> bool:
    """Whether counts 5 pixels around the place are mostly above those 16 pixels around it."""
    reach = round(20 * unit)
    square = backdrop.cut(frame.counts, round(at[0]), round(at[1]), reach, reach)
    rows, columns = _grid(reach)
    distance = np.hypot(rows, columns) / unit
    return float(square[distance < 6.0].mean()) > 1.5 * float(square[(distance > 13.0) & (distance < 20.0)].mean())


def _square(frame: Frame, body: BodyFacts | _Known, at: tuple[float, float], other_side: bool, unit: float) -> _Square:
    """The counts around a place and the patterns its background may be made of. other_side: columns run backwards."""
    known = _usual(body) if isinstance(body, BodyFacts) else body
    reach = round(_REACH * unit)
    row, column = round(at[0]), round(at[1])
    data = backdrop.cut(frame.counts, row, column, reach, reach).astype(np.float64)
    calm, copied = _smooth(frame, unit)
    level = np.maximum(backdrop.cut(calm, row, column, reach, reach).astype(np.float64), 0.5)
    rows, columns = _grid(reach)
    inside = (
        (rows + row >= 0) & (rows + row < frame.rows) & (columns + column >= 0) & (columns + column < frame.columns)
    )
    good = inside & np.isfinite(data) & (backdrop.cut(known.excluded.view(np.uint8), row, column, reach, reach) == 0)
    data = np.where(good, data, 0.0)
    patterns = list(_smooth_patterns(reach, unit))
    ring = backdrop.ring(reach, unit) * good / level
    middle = known.middle(row)
    if abs(column - middle) > _SIDE * known.height:
        patterns.append(backdrop.mirrored(copied, row, column, middle, data, ring, unit))
    patterns.append(backdrop.along(copied, row, column, data, ring, unit))
    usual = max(float(np.median(level)), 1.0)
    for k in range(6, len(patterns)):
        patterns[k] = patterns[k] / max(float(patterns[k].max()), 1e-6)
    prices = np.array([0.0, 1.0, 1.0, *[1.0 / _BEND**2] * 3, *[0.0] * (len(patterns) - 6)]) / usual**2
    window = np.exp(-0.25 * (rows * rows + columns * columns) / (_WINDOW * unit) ** 2)
    weights = window * good / np.sqrt(level + (_MISFIT * level) ** 2)
    # The other view's columns run the other way: as the view that was asked would see them.
    across = (at[1] - column) - columns if other_side else columns + column
    return _Square(
        data.ravel(),
        (rows + row).ravel(),
        across.ravel(),
        weights.ravel(),
        np.stack(patterns, axis=-1).reshape(data.size, -1),
        prices,
    )


def _solve(squares: list[_Square], at: tuple[float, float], unit: float, size: float = _SIZE[0]) -> _Fit:
    """The ellipse of highest posterior probability in one or two squares."""
    if len(squares) > 1:
        squares = [squares[0], replace(squares[1], columns=squares[1].columns + at[1])]
    views, pixels = len(squares), squares[0].data.size
    rows, columns, weights, data = (
        np.concatenate([getattr(square, name) for square in squares]) for name in ("rows", "columns", "weights", "data")
    )
    data = data * weights
    patterns = sum(square.basis.shape[1] for square in squares)
    # Columns of the design: each view's spot, then each view's patterns.
    design = np.zeros((views * pixels, views + patterns))
    prices = np.full(views + patterns, 1e-9)
    first = views
    for k, square in enumerate(squares):
        last = first + square.basis.shape[1]
        part = slice(k * pixels, (k + 1) * pixels)
        design[part, first:last] = square.basis * square.weights[:, None]
        prices[first:last] += square.prices
        first = last
    mean = np.array([at[0], at[1], size + np.log(unit), 0.0, 0.0])
    trust = 1.0 / np.array([_NEAR * unit, _NEAR * unit, _SIZE[1], _FORM, _FORM]) ** 2
    gram, moment = design.T @ design, design.T @ data
    diagonal = np.arange(views + patterns)

    def linear(shape: Floats) -> tuple[Floats, Floats, Floats, float, Floats]:
        """Profile, heights and background, what is left over, cost, and the normal matrix, at a shape."""
        spot = ellipse.profile(shape, rows, columns)
        for k in range(views):
            part = slice(k * pixels, (k + 1) * pixels)
            design[part, k] = spot[part] * weights[part]
        normal, right = gram.copy(), moment.copy()
        cross = design[:, :views].T @ design
        normal[:views], normal[:, :views], right[:views] = cross, cross.T, design[:, :views].T @ data
        normal[diagonal, diagonal] += prices
        found = np.linalg.solve(normal, right)
        if (found[:views] < 0.0).any():  # a spot only adds: where it would take away, there is none
            keep = np.concatenate([found[:views] >= 0.0, np.ones(patterns, bool)])
            found = np.zeros(found.size)
            found[keep] = np.linalg.solve(normal[np.ix_(keep, keep)], right[keep])
        left = data - design @ found
        miss = shape - mean
        return spot, found, left, float(left @ left + prices @ found**2 + trust @ miss**2), normal

    shape, damping = mean.copy(), 1e-2
    spot, found, left, cost, normal = linear(shape)
    whole = np.zeros((_SHAPE + diagonal.size, _SHAPE + diagonal.size))
    for _ in range(_STEPS):
        gain = np.repeat(np.maximum(found[:views], 1e-3), pixels) * weights
        slopes = ellipse.profile_and_slopes(shape, rows, columns)[1] * gain[:, None]
        cross = slopes.T @ design
        whole[:_SHAPE, :_SHAPE], whole[_SHAPE:, _SHAPE:] = slopes.T @ slopes + np.diag(trust), normal
        whole[:_SHAPE, _SHAPE:], whole[_SHAPE:, :_SHAPE] = cross, cross.T
        right = np.concatenate([slopes.T @ left - trust * (shape - mean), design.T @ left - prices * found])
        for _ in range(4):
            damped = whole + np.diag(damping * whole.diagonal())
            move = np.linalg.solve(damped, right)[:_SHAPE]
            move *= min(1.0, 0.7 / max(np.abs(move[2:]).max(), 1e-9), 4.0 * unit / max(np.abs(move[:2]).max(), 1e-9))
            there = linear(shape + move)
            if there[3] <= cost:
                break
            damping *= 6.0
        else:
            linear(shape)  # the design holds the last try
            break
        gained = cost - there[3]
        shape, (spot, found, left, cost, normal) = shape + move, there
        damping = max(damping / 5.0, 1e-4)
        if gained < _ENOUGH:
            break
    backgrounds, first = np.zeros(views), views
    for k, square in enumerate(squares):
        last = first + square.basis.shape[1]
        under = spot[k * pixels : (k + 1) * pixels] >= 0.5
        ground = square.basis[under] @ found[first:last] if under.any() else np.zeros(1)
        backgrounds[k], first = max(float(ground.mean()), 0.0), last
    doubts = np.sqrt(np.maximum(np.linalg.inv(normal).diagonal()[:views], 0.0))
    return _Fit(shape, found[:views], backgrounds, doubts)
