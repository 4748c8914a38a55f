"""Where uptake stands out: places to look at next, found without any model and ranked, the most striking first.

A place counts by how far it stands above the bone around it, less what the other side of the body shows at the mirrored
place, in units of what noise and plain bone do by themselves; both views add up, for the detectors see the same spot.
Bladder and injection site are left out, and places of kidneys and face, hot in everybody, come late. The order is that
of the odds of a lesion (`candidate_odds`), which know how often each region has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workstation.core.body import BodyFacts
from workstation.core.candidate_odds import log_odds
from workstation.core.counts import Picture, smoothed
from workstation.core.lesion import Lesion, Mask
from workstation.core.scan import VIEWS, Frame, View

# Lengths in pixels of 2.3 mm; the search is on pixels twice as large.
_USUAL_MM = 2.3
_SPOT, _AROUND = 2.4, 7.0  # sigmas of what is taken for a spot and for the bone around it
_ALONG = 16.0  # how far above and below the same bone is looked at
_CLUTTER = 0.05  # bone differs from bone around it by this share of itself, one sigma
_BUSY, _LOCAL = 14.0, 1.0  # where bones are many, they differ more: sigma of the place it is told from, its say
_OTHER_SIDE = 0.8  # how much of what the other side shows is taken away
_SLACK = 4  # how far the mirrored place may be off
_MIDDLE = 8.0  # nearer to the midline there is no other side
_APART = 8.0  # two candidates are at least this far apart
_LEAST = 1.4  # the score a place must pass
_LIKELY = -2.25  # and its log odds: about 7 places a scan that are none
_MOST = 40  # candidates of one scan
# Where kidneys lie, and the face, which is hot in everybody: shares of the body's height from the vertex, and from the
# midline.
_KIDNEY_ROWS, _KIDNEY_ASIDE = (0.27, 0.36), (0.025, 0.075)
_FACE_ROWS, _FACE_ASIDE = (0.06, 0.14), 0.035
_USUAL_SHARE = 0.4  # of their score


@dataclass(frozen=True)
class Candidate:
    """A place (row, column) in each view, and how much it stands out; view: the one that shows it better.

    odds: natural logarithm of the odds that it is a lesion.
    """

    places: Mapping[View, tuple[float, float]]
    score: float
    view: View
    odds: float


def candidates(frames: Mapping[View, Frame], bodies: Mapping[View, BodyFacts]) -> tuple[Candidate, ...]:
    """The candidates of a scan (one or both of its views), best first; none where there is no body.

    A picture of one row or column, which can be imported as a scan, is none to look for places in.
    """
    views = [view for view in VIEWS if view in frames]
    first = views[0]
    if bodies[first].body is None or min(side for view in views for side in frames[view].counts.shape) < 2:
        return ()
    frame = frames[first]
    unit = _USUAL_MM / float(np.mean(frame.spacing_mm)) / 2.0 if frame.spacing_mm else 0.5
    maps = {view: _standing_out(frames[view], bodies[view], unit) for view in views}
    total = maps[first].copy()
    if len(views) > 1:
        total += _turned(maps[views[1]], bodies[first], bodies[views[1]])
    found = []
    for row, column, score in _summits(total, unit):
        place = (2.0 * row + 0.5, 2.0 * column + 0.5)
        places = {first: place}
        best = first
        if len(views) > 1:
            across = bodies[first].mirrored_column(place[0], place[1], bodies[views[1]])
            places[views[1]] = (place[0], across)
            there = maps[views[1]]
            at = (row, min(max(round((across - 0.5) / 2.0), 0), there.shape[1] - 1))
            best = views[1] if there[at] > maps[first][row, column] else first
        region = bodies[best].guess_region(places[best])[0]
        found.append(Candidate(places, score, best, log_odds(score, region)))
    likely = (candidate for candidate in found if candidate.odds >= _LIKELY)
    return tuple(sorted(likely, key=lambda candidate: -candidate.odds))


def is_marked(candidate: Candidate, lesions: Mapping[str, Lesion], near: float = 3.0) -> bool:
    """Whether a lesion lies there already: in a view its ROI holds the place, or comes within `near` pixels of it."""
    for lesion in lesions.values():
        for view, (row, column) in candidate.places.items():
            roi = lesion.rois.get(view)
            if roi is None:
                continue
            down = max(roi.top - row, row - (roi.top + roi.height - 1), 0.0)
            across = max(roi.left - column, column - (roi.left + roi.width - 1), 0.0)
            if np.hypot(down, across) > near:
                continue
            rows, columns = np.nonzero(roi.box)
            if np.hypot(rows + roi.top - row, columns + roi.left - column).min() <= near:
                return True
    return False


def _halved(picture: NDArray[np.generic]) -> Picture:
    rows, columns = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
    even = picture[:rows, :columns].astype(np.float32)
    halved: Picture = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    return halved


def _standing_out(frame: Frame, body: BodyFacts, unit: float) -> Picture:
    """How far each place of one view (on halved pixels) stands out, in standard deviations; 0 outside the body."""
    allowed: Mask = _halved(body.body_mask & ~body.excluded_mask) > 2.0
    counts = np.where(allowed, np.nan_to_num(_halved(frame.counts), posinf=0.0, neginf=0.0), np.float32(0.0))
    share = np.maximum(smoothed(allowed, _AROUND * unit), 0.05)
    around = smoothed(counts, _AROUND * unit) / share
    spot = smoothed(counts, _SPOT * unit)
    # Spine and limbs run down the picture: there the bone above and below is what a spot stands out from.
    along = _down(spot, round(_ALONG * unit)) / np.maximum(
        _down(smoothed(allowed, _SPOT * unit), round(_ALONG * unit)), 0.05
    )
    above = np.where(allowed, spot - np.maximum(around, along), np.float32(0.0))
    height = max(body.last - body.first, 1)
    rows, columns = np.arange(counts.shape[0]), np.arange(counts.shape[1])
    middle = (body.midline.columns(2.0 * rows + 0.5) - 0.5) / 2.0
    aside = columns[None, :] - middle[:, None]
    other = np.clip(np.rint(2.0 * middle[:, None] - columns[None, :]).astype(int), 0, counts.shape[1] - 1)
    opposite = np.take_along_axis(_highest(above, max(round(_SLACK * unit), 1)), other, axis=1)
    sided = np.abs(aside) > _MIDDLE * unit
    above = above - np.where(sided, _OTHER_SIDE * np.maximum(opposite, 0.0), np.float32(0.0))
    clutter = smoothed(above * above, _BUSY * unit) / np.maximum(smoothed(allowed, _BUSY * unit), 0.05)
    noise = np.sqrt(
        around / (4.0 * np.pi * (_SPOT * unit) ** 2) + (_CLUTTER * around) ** 2 + _LOCAL * clutter
    ) + np.float32(0.5)
    score = np.where(allowed, above / noise, np.float32(0.0))
    down = (2.0 * rows - body.first) / height
    usual = ((down > _KIDNEY_ROWS[0]) & (down < _KIDNEY_ROWS[1]))[:, None]
    away = np.abs(aside) * 2.0 / height
    usual = usual & (away > _KIDNEY_ASIDE[0]) & (away < _KIDNEY_ASIDE[1])
    if body.view is View.ANTERIOR:
        usual |= ((down > _FACE_ROWS[0]) & (down < _FACE_ROWS[1]))[:, None] & (
            np.abs(aside) * 2.0 < _FACE_ASIDE * height
        )
    picture: Picture = np.where(usual, _USUAL_SHARE * score, score).astype(np.float32)
    return np.maximum(picture, np.float32(-2.0))


def _turned(picture: Picture, here: BodyFacts, there: BodyFacts) -> Picture:
    """The other view's map laid upon this view's pixels."""
    columns = 2.0 * np.arange(here.shape[1] // 2) + 0.5
    across = here.mirrored_column(0.0, 0.0, there) - columns
    at = np.rint((across - 0.5) / 2.0).astype(int)
    turned: Picture = np.zeros((here.shape[0] // 2, here.shape[1] // 2), np.float32)
    good = (at >= 0) & (at < picture.shape[1])
    rows = min(turned.shape[0], picture.shape[0])
    turned[:rows, good] = picture[:rows, at[good]]
    return turned


def _down(picture: Picture, reach: int) -> Picture:
    """The mean over `reach` rows above and below."""
    wide = np.pad(picture, [(reach + 1, reach), (0, 0)], mode="edge").cumsum(axis=0, dtype=np.float64)
    mean: Picture = ((wide[2 * reach + 1 :] - wide[: -2 * reach - 1]) / (2 * reach + 1)).astype(np.float32)
    return mean


def _highest(picture: Picture, reach: int) -> Picture:
    """The highest value within `reach` rows and columns."""
    for axis in (0, 1):
        size = picture.shape[axis]
        wide = np.pad(picture, [(reach, reach) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
        parts = [wide[k : k + size] if axis == 0 else wide[:, k : k + size] for k in range(2 * reach + 1)]
        picture = np.maximum.reduce(parts)
    return picture


def _summits(picture: Picture, unit: float) -> list[tuple[int, int, float]]:
    """Local maxima of at least the least score, best first, none too near a better one."""
    high = (picture >= _LEAST) & (picture >= _highest(picture, 1))
    rows, columns = np.nonzero(high)
    scores = picture[rows, columns]
    kept: list[tuple[int, int, float]] = []
    for k in np.argsort(-scores, kind="stable"):
        row, column = int(rows[k]), int(columns[k])
        if all(np.hypot(row - r, column - c) >= _APART * unit for r, c, _ in kept):
            kept.append((row, column, float(scores[k])))
            if len(kept) == _MOST:
                break
    return kept
