"""A lesion parted into several on both views, so that each part keeps its ROI on the view it is seen on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from workstation.core.body import BodyFacts
from workstation.core.lesion import Lesion, Roi
from workstation.core.overlap import common_pixels
from workstation.core.reshape import merged
from workstation.core.scan import Frame, View
from workstation.core.watershed import apart, divided

Rois = dict[View, Roi]


def parts(lesion: Lesion, frames: Mapping[View, Frame], bodies: Mapping[View, BodyFacts]) -> tuple[Rois, ...]:
    """The ROIs of each part, the hottest first; one where no view shows two maxima.

    The view that shows more parts leads. A part of the other view goes to the part that lies nearest to its mirrored
    place, so that what only one view tells apart stays whole on the other.
    """
    found = {view: divided(frames[view].counts, roi) for view, roi in lesion.rois.items() if view in frames}
    if not found:
        return (dict(lesion.rois),)
    lead = max(found, key=lambda view: len(found[view]))
    made: list[Rois] = [{lead: roi} for roi in found[lead]]
    for view, rois in found.items():
        if view is lead:
            continue
        shown = [_mirrored(bodies, lead, view, roi.centre) for roi in found[lead]]
        for number, roi in _nearest(rois, shown):
            there = made[number].get(view)
            made[number][view] = roi if there is None else merged((there, roi))
    return tuple(made)


def neighbours_apart(
    lesions: Sequence[Lesion], frames: Mapping[View, Frame]
) -> dict[str, Rois]:
    """The ROIs of lesions that overlap, by lesion id, each pixel with one of them; lesions that stay are not there."""
    changed: dict[str, Rois] = {}
    for view, frame in frames.items():
        here = [lesion for lesion in lesions if view in lesion.rois]
        if len(here) < 2:
            continue
        for lesion, roi in zip(here, apart(frame.counts, [lesion.rois[view] for lesion in here]), strict=True):
            if roi != lesion.rois[view]:
                changed.setdefault(lesion.id, dict(lesion.rois))[view] = roi
    return changed


def overlapping(one: Lesion, other: Lesion) -> bool:
    """Whether the two share a pixel on any view."""
    return any(common_pixels(roi, other.rois.get(view)) for view, roi in one.rois.items())


def _mirrored(
    bodies: Mapping[View, BodyFacts], view: View, other: View, at: tuple[float, float]
) -> tuple[float, float]:
    return at[0], bodies[view].mirrored_column(at[0], at[1], bodies[other])


def _nearest(rois: Sequence[Roi], places: Sequence[tuple[float, float]]) -> list[tuple[int, Roi]]:
    """Each ROI with the number of a place: pairs in order of distance, a place once while there are others left."""
    away = np.array([[np.hypot(roi.centre[0] - r, roi.centre[1] - c) for r, c in places] for roi in rois])
    taken: set[int] = set()
    given: dict[int, int] = {}
    for flat in np.argsort(away, axis=None, kind="stable"):
        roi, place = divmod(int(flat), len(places))
        if roi not in given and (place not in taken or len(taken) == len(places)):
            given[roi] = place
            taken.add(place)
    return [(given[number], roi) for number, roi in enumerate(rois) if number in given]
