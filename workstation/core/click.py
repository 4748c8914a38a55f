"""What one click delineates: the spot under it in both views at once, at a share of its own height."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workstation.core import ellipse
from workstation.core.body import BodyFacts
from workstation.core.click_net import REACH, Estimator, Guess
from workstation.core.click_square import Singles, Square, cut
from workstation.core.ellipse import Floats
from workstation.core.isocontour import HALF_WAY, Contour, ContourSpec, isocontour
from workstation.core.lesion import Mask, Roi
from workstation.core.scan import Frame, View

_SHOWN = 0.5  # the other view gets no ROI when it is less likely than this to show the spot
_FAR = 10.0  # a middle this far from the click is not what was pointed at, usual pixels
_AROUND = 0.02  # of the spot's height: counts down to there tell its background


def delineate(
    frames: Mapping[View, Frame],
    bodies: Mapping[View, BodyFacts],
    view: View,
    at: tuple[float, float],
    estimator: Estimator,
    spec: ContourSpec = HALF_WAY,
) -> Mapping[View, Contour | None]:
    """The contours of what is hot at a (row, column) place of a view; empty where there is nothing to delineate.

    In the "background" mode the contour is the ellipse that `estimator` sees in both views, drawn where a spot of that
    form has fallen to `fraction` of its height; None for the other view where it shows nothing. Where the ellipse lies
    beside the body, and in the mode "maximum", it is the isocontour of this view's counts alone. What belongs to
    bladder or injection site is left out.
    """
    excluded = bodies[view].excluded_mask
    row, column = round(at[0]), round(at[1])
    if not (0 <= row < frames[view].rows and 0 <= column < frames[view].columns) or excluded[row, column]:
        return {}
    if spec.mode == "background":
        square = cut(frames, bodies, view, at, REACH)
        guess = estimator(square)
        if _sensible(square, guess, bodies[view]):
            own = _contour(square, guess, 0, frames[view], bodies[view], spec)
            if own is not None:
                return {view: own, **_other(square, guess, view, frames, bodies, spec)}
    frame = frames[view]
    contour = isocontour(frame.counts, at, spec, frame.spacing_mm, excluded)
    return {} if contour is None else {view: contour}


def _other(
    square: Square,
    guess: Guess,
    view: View,
    frames: Mapping[View, Frame],
    bodies: Mapping[View, BodyFacts],
    spec: ContourSpec,
) -> Mapping[View, Contour | None]:
    """The other view's contour, where there is such a view."""
    there = view.other
    if there not in frames:
        return {}
    contour = _contour(square, guess, 1, frames[there], bodies[there], spec) if guess.shown[1] >= _SHOWN else None
    return {there: contour}


def _sensible(square: Square, guess: Guess, body: BodyFacts) -> bool:
    """Whether the ellipse is near the click, and it or the click in the body."""
    row, column = square.places[0]
    down, across = guess.shapes[0, :2]
    if not np.hypot(down, across) < _FAR:
        return False
    middle = (round(row + down * square.step[0]), round(column + across * square.step[1]))
    rows, columns = body.shape
    inside = 0 <= middle[0] < rows and 0 <= middle[1] < columns and bool(body.body_mask[middle])
    return inside or bool(body.body_mask[int(row), int(column)])


def _contour(square: Square, guess: Guess, k: int, frame: Frame, body: BodyFacts, spec: ContourSpec) -> Contour | None:
    """The ellipse in view k of the square (0 the clicked one); None where it holds no pixel."""
    shape, (row, column), step = guess.shapes[k], square.places[k], square.step
    way = 1.0 if k == 0 else -1.0  # the square has the other view's columns reversed
    far = ellipse.reach(shape, spec.fraction) + 1.0
    middle = (row + shape[0] * step[0], column + way * shape[1] * step[1])
    top, left = (max(int(np.floor(middle[axis] - far * step[axis])), 0) for axis in (0, 1))
    bottom, right = (
        min(int(np.ceil(middle[axis] + far * step[axis])) + 1, (frame.rows, frame.columns)[axis]) for axis in (0, 1)
    )
    if top >= bottom or left >= right:
        return None
    rows, columns = np.mgrid[top:bottom, left:right].astype(float)
    inside: Mask = ellipse.profile(shape, (rows - row) / step[0], way * (columns - column) / step[1]) >= spec.fraction
    roi = Roi.from_mask(inside & ~body.excluded_mask[top:bottom, left:right], top, left)
    if roi is None:
        return None
    background, height = (value / (step[0] * step[1]) for value in _heights(square.counts[k], shape))
    return Contour(roi, background + spec.fraction * height, background + height, background, spec.mode)


def _heights(counts: Singles, shape: Floats) -> tuple[float, float]:
    """Background under the spot and its height, counts per usual pixel: what fits best as a plane and its profile."""
    rows, columns = np.mgrid[-REACH:REACH, -REACH:REACH].astype(float)
    profile = ellipse.profile(shape, rows, columns)
    near = profile >= _AROUND
    terms = np.stack([np.ones_like(profile), rows - shape[0], columns - shape[1], profile], axis=-1)[near]
    found = np.linalg.lstsq(terms, counts[near].astype(float), rcond=None)[0]
    return max(float(found[0]), 0.0), max(float(found[3]), 0.0)
