"""What one click delineates: the spot under it in both views at once, at a share of its own height."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workstation.core import ellipse
from workstation.core.body import BodyFacts
from workstation.core.isocontour import HALF_WAY, Contour, ContourSpec, isocontour
from workstation.core.lesion import Mask, Roi
from workstation.core.scan import Frame, View
from workstation.core.spot import Spot, find_spot

# The other view gets no ROI when its own height there is under this share of the background.
_FAINT = 0.03


def delineate(
    frames: Mapping[View, Frame],
    bodies: Mapping[View, BodyFacts],
    view: View,
    at: tuple[float, float],
    spec: ContourSpec = HALF_WAY,
) -> Mapping[View, Contour | None]:
    """The contours of what is hot at a (row, column) place of a view; empty where there is nothing to delineate.

    In the "background" mode the contour runs where the fitted spot (`spot.find_spot`) adds `fraction` of its height to
    the bone; so it is the same in both views but for the mirror; None for the other view where nothing is added there.
    Where no spot is found, and in the mode "maximum", it is the isocontour of this view's counts alone. What belongs to
    bladder or injection site is left out.
    """
    excluded = bodies[view].excluded_mask
    row, column = round(at[0]), round(at[1])
    if not (0 <= row < frames[view].rows and 0 <= column < frames[view].columns) or excluded[row, column]:
        return {}
    if spec.mode == "background":
        spot = find_spot(frames, bodies, view, at)
        if spot is not None and spot.heights[view] > 0.0:
            found = {v: _contour(spot, v, frames[v], bodies[v], spec, v is view) for v in frames}
            if found[view] is not None:
                return found
    frame = frames[view]
    own = isocontour(frame.counts, at, spec, frame.spacing_mm, excluded)
    if own is None:
        return {}
    return {view: own}


def _contour(spot: Spot, view: View, frame: Frame, body: BodyFacts, spec: ContourSpec, asked: bool) -> Contour | None:
    height, background = spot.heights[view], spot.backgrounds[view]
    if height <= 0.0 or (not asked and height < _FAINT * background):
        return None
    shape = spot.shapes[view]
    far = int(np.ceil(ellipse.reach(shape, spec.fraction))) + 1
    top, left = max(round(shape[0]) - far, 0), max(round(shape[1]) - far, 0)
    bottom, right = min(round(shape[0]) + far + 1, frame.rows), min(round(shape[1]) + far + 1, frame.columns)
    if top >= bottom or left >= right:
        return None
    rows, columns = np.mgrid[top:bottom, left:right].astype(float)
    inside: Mask = ellipse.profile(shape, rows, columns) >= spec.fraction
    roi = Roi.from_mask(inside & ~body.excluded_mask[top:bottom, left:right], top, left)
    if roi is None:
        return None
    return Contour(roi, background + spec.fraction * height, background + height, background, spec.mode)
