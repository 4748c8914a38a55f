"""A lesion's ROI on the other view: mirrored about the patient's middle, and moved to the uptake that lies there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workstation.core.body import BodyFacts, facts
from workstation.core.connected import widened
from workstation.core.isocontour import HALF_WAY, Contour, ContourSpec, isocontour
from workstation.core.lesion import Mask, Roi
from workstation.core.scan import Frame, View

# The other view's own contour stands for the lesion when its peak is this much above the bone around it ...
_HOT = 1.25
# ... and when it is no more than this many times larger or smaller than the mirrored ROI.
_LIKE = 3.0


@dataclass(frozen=True)
class Partner:
    """An ROI proposed on the other view. snapped: it is that view's own isocontour; else the mirrored ROI itself."""

    roi: Roi
    snapped: bool


def mirror(roi: Roi, columns: int, shift: float = 0.0) -> Roi:
    """The ROI on the view from the other side: column c becomes `columns - 1 - c + shift`, shift in whole pixels."""
    left = columns - 1 - (roi.left + roi.width - 1) + round(shift)
    mirrored = Roi.from_mask(roi.box[:, ::-1], roi.top, left)
    assert mirrored is not None
    return mirrored


def find_partner(
    roi: Roi,
    frame_from: Frame,
    frame_to: Frame,
    facts_from: BodyFacts | None = None,
    facts_to: BodyFacts | None = None,
    spec: ContourSpec = HALF_WAY,
) -> Partner | None:
    """Propose the ROI of the same lesion on the other view; None where it would lie outside the body or the frame.

    What is known of the bodies is worked out when it is not given. Where the other view is hot there against the bone
    around it, its own isocontour is taken (`snapped`), else the mirrored ROI as it is.
    """
    known_from = facts_from or facts(frame_from.counts, frame_from.view or View.ANTERIOR)
    known_to = facts_to or facts(frame_to.counts, frame_to.view or View.POSTERIOR)
    shape = known_to.shape
    row, column = roi.centre
    shift = known_from.mirrored_column(row, column, known_to) - (known_from.shape[1] - 1 - column)
    mirrored = mirror(roi, known_from.shape[1], shift)
    place = Roi.from_mask(mirrored.mask(shape) & known_to.body_mask)
    if place is None or place.pixels < 0.5 * roi.pixels:
        return None
    contour = _own(place, frame_to, known_to.excluded_mask, spec)
    return Partner(place, False) if contour is None else Partner(contour.roi, True)


def propose_partner(
    roi: Roi,
    frame_from: Frame,
    frame_to: Frame,
    facts_from: BodyFacts | None = None,
    facts_to: BodyFacts | None = None,
) -> Roi | None:
    """The ROI of `find_partner`, for those who need not know whether it was snapped."""
    found = find_partner(roi, frame_from, frame_to, facts_from, facts_to)
    return None if found is None else found.roi


def _own(place: Roi, frame: Frame, excluded: Mask, spec: ContourSpec) -> Contour | None:
    """The other view's isocontour near the mirrored ROI, when it is hot enough and about as large."""
    near = widened(place.mask((frame.rows, frame.columns)), 2) & ~excluded
    if not near.any():
        return None
    rows, columns = np.nonzero(near)
    hottest = int(np.argmax(_local(frame, rows, columns)))
    at = (float(rows[hottest]), float(columns[hottest]))
    contour = isocontour(frame.counts, at, spec, frame.spacing_mm, excluded)
    if contour is None or contour.peak < _HOT * contour.background:
        return None
    if not place.pixels / _LIKE <= contour.roi.pixels <= place.pixels * _LIKE:
        return None
    overlap = contour.roi.mask((frame.rows, frame.columns)) & near
    return contour if np.count_nonzero(overlap) >= 0.3 * min(contour.roi.pixels, place.pixels) else None


def _local(frame: Frame, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float64]:
    """Mean counts of the 5 x 5 pixels around each place, so that no single pixel of noise is taken for a peak."""
    total = np.zeros(rows.size)
    for down in range(-2, 3):
        for across in range(-2, 3):
            r = np.clip(rows + down, 0, frame.rows - 1)
            total += frame.counts[r, np.clip(columns + across, 0, frame.columns - 1)]
    return total / 25.0
