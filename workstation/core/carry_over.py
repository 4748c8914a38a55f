"""Lesions of an earlier scan carried over to this one: "same as before" is drawn once and kept.

The same patient lies a little otherwise each time. The body tells most of it: rows from the vertex to the toes, each
column from the fitted midline. What is left, a bent arm or a turned leg, is found by comparing the picture around a
lesion then with the pictures near its place now; where there is uptake, its own isocontour is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from workstation.core.body import BodyFacts
from workstation.core.counts import Picture, smoothed
from workstation.core.ids import new_id
from workstation.core.isocontour import isocontour
from workstation.core.lesion import Lesion, Origin, Roi
from workstation.core.reshape import within
from workstation.core.scan import Frame, View

# Of how many pixels the place may be wrong by the body alone, and what is compared; in pixels of this scan.
_COARSE = (27, 45, 3)  # farthest, half the size of the picture compared, and every which place and pixel is looked at
_FINE = (3, 22, 1)
_FAR = 0.25  # what a displacement by the farthest costs of the likeness, which runs from -1 to 1
_HOT = 1.15  # the peak against the bone around it, for an isocontour to stand for the lesion
_LIKE = 3.0  # and at most this many times larger or smaller than the ROI was
_BONE = 5.0  # sigma of the blur that is taken away, so that bones and not soft tissue are compared, pixels


@dataclass(frozen=True)
class Seen:
    """One view of one of the two scans: its frame, what is known of the body, and its bones (rows, columns)."""

    frame: Frame
    body: BodyFacts
    bones: Picture


def seen(frame: Frame, body: BodyFacts) -> Seen:
    """Bones as square roots of counts, so that no hot spot leads, against what lies around them."""
    roots = np.sqrt(np.maximum(np.nan_to_num(frame.counts.astype(np.float32)), 0.0))
    bones = smoothed(roots, 1.5) - smoothed(roots, _BONE)
    return Seen(frame, body, bones / max(float(bones.std()), 1e-6))


def by_body(before: Seen, now: Seen, at: tuple[float, float]) -> tuple[float, float]:
    """Where a (row, column) point of the earlier scan lies now, as far as outline and midline tell."""
    old, new = before.body, now.body
    rows, columns = _scales(before, now)
    row = new.first + (at[0] - old.first) * rows
    return row, new.midline(row) + (at[1] - old.midline(at[0])) * columns


def place(before: Seen, now: Seen, at: tuple[float, float]) -> tuple[float, float]:
    """Where a (row, column) point of the earlier scan lies now: by the body, then by the bones around it."""
    here = by_body(before, now, at)
    for look in (_COARSE, _FINE):
        here = _matched(before, now, at, here, look)
    return here


def moved(roi: Roi, before: Seen, now: Seen, to: tuple[float, float]) -> Roi | None:
    """The ROI with its centre at `to`, as large on the body as it was; None where it would lie outside the frame."""
    rows, columns = _scales(before, now)
    middle = roi.centre
    half = int(np.ceil(max(roi.height * rows, roi.width * columns))) + 1
    top, left = round(to[0]) - half, round(to[1]) - half
    grid = np.arange(2 * half + 1)
    r = np.rint((grid + top - to[0]) / rows + middle[0]).astype(int) - roi.top
    c = np.rint((grid + left - to[1]) / columns + middle[1]).astype(int) - roi.left
    mask = np.zeros((grid.size, grid.size), bool)
    good_r, good_c = (r >= 0) & (r < roi.height), (c >= 0) & (c < roi.width)
    mask[np.ix_(good_r, good_c)] = roi.box[np.ix_(r[good_r], c[good_c])]
    made = Roi.from_mask(mask, top, left)
    return None if made is None else within(made, (now.frame.rows, now.frame.columns))


def carried_roi(roi: Roi, before: Seen, now: Seen) -> Roi | None:
    """The ROI of the same lesion now: the isocontour at its place where that is hot, else the ROI moved there."""
    if now.body.body is None or before.body.body is None:
        return None
    guess = moved(roi, before, now, place(before, now, roi.centre))
    if guess is None:
        return None
    shape = (now.frame.rows, now.frame.columns)
    mask = guess.mask(shape)
    calm = smoothed(now.frame.counts[_box(guess, 4)], 1.0)
    inside = mask[_box(guess, 4)] & ~now.body.excluded_mask[_box(guess, 4)]
    if inside.any():
        peak = np.unravel_index(int(np.argmax(np.where(inside, calm, -np.inf))), calm.shape)
        at = (float(peak[0]) + max(guess.top - 4, 0), float(peak[1]) + max(guess.left - 4, 0))
        contour = isocontour(now.frame.counts, at, spacing_mm=now.frame.spacing_mm, exclude=now.body.excluded_mask)
        if contour is not None and contour.peak >= _HOT * contour.background:
            alike = guess.pixels / _LIKE <= contour.roi.pixels <= guess.pixels * _LIKE
            if alike and (contour.roi.mask(shape) & mask).any():
                return contour.roi
    return guess


def carried(
    lesions: Iterable[Lesion], before: Mapping[View, Seen], now: Mapping[View, Seen]
) -> tuple[tuple[Lesion, Lesion], ...]:
    """(the lesion then, the lesion now) for each lesion that has a place on this scan.

    Label, criterion, region, side, confidence and comment come along; evidence does, too, for it was of the same
    lesion. Whatever the label, marks "not bone" stay behind: urine and injections are not the same as before.
    """
    made = []
    for lesion in lesions:
        if not lesion.counted:
            continue
        rois = {}
        for view, roi in lesion.rois.items():
            if view in before and view in now:
                there = carried_roi(roi, before[view], now[view])
                if there is not None:
                    rois[view] = there
        if rois:
            new = replace(
                lesion, id=new_id("L"), rois=rois, roi_origin=Origin.CARRIED_OVER, label_origin=Origin.CARRIED_OVER
            )
            made.append((lesion, new))
    return tuple(made)


def _scales(before: Seen, now: Seen) -> tuple[float, float]:
    """Rows and columns of this scan per row and column of the earlier one.

    Known pixel spacings say it: the patient is as tall and broad as before. Without them the bodies' heights do.
    """
    old, new = before.frame.spacing_mm, now.frame.spacing_mm
    if old is not None and new is not None:
        return old[0] / new[0], old[1] / new[1]
    heights = max(now.body.last - now.body.first, 1) / max(before.body.last - before.body.first, 1)
    return heights, heights


def _matched(
    before: Seen, now: Seen, then: tuple[float, float], guess: tuple[float, float], look: tuple[int, int, int]
) -> tuple[float, float]:
    """The place near the guess whose surroundings are most like those of the place then. look: _COARSE or _FINE."""
    reach, half, step = look
    rows, columns = _scales(before, now)
    offsets = np.arange(-half, half + 1, step, dtype=float)
    pattern = _sampled(before.bones, then[0] + offsets / rows, then[1] + offsets / columns)
    wide = np.arange(-half - reach, half + reach + 1, step, dtype=float)
    around = _sampled(now.bones, guess[0] + wide, guess[1] + wide)
    places = sliding_window_view(around, pattern.shape)  # (down, across, row, column)
    # A weight that falls off: what lies on the lesion's own bone says most.
    weight = np.exp(-0.5 * ((offsets[:, None] ** 2 + offsets[None, :] ** 2) / (0.55 * half) ** 2))
    weight /= weight.sum()
    level = float((weight * pattern).sum())
    means = np.einsum("abij,ij->ab", places, weight)
    spreads = np.sqrt(np.maximum(np.einsum("abij,abij,ij->ab", places, places, weight) - means**2, 1e-9))
    likeness = np.einsum("abij,ij->ab", places, weight * (pattern - level)) / spreads
    likeness /= max(float(np.sqrt((weight * (pattern - level) ** 2).sum())), 1e-6)
    steps = np.arange(-reach, reach + 1, step)
    if look is _COARSE:
        likeness = likeness - _FAR * (steps[:, None] ** 2 + steps[None, :] ** 2) / reach**2
    down, across = divmod(int(np.argmax(likeness)), steps.size)
    return guess[0] + float(steps[down]), guess[1] + float(steps[across])


def _sampled(picture: Picture, rows: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.float32]:
    """The nearest pixels; beyond the frame its edge goes on."""
    r = np.clip(np.rint(rows).astype(int), 0, picture.shape[0] - 1)
    c = np.clip(np.rint(columns).astype(int), 0, picture.shape[1] - 1)
    return picture[np.ix_(r, c)]


def _box(roi: Roi, edge: int) -> tuple[slice, slice]:
    return (
        slice(max(roi.top - edge, 0), roi.top + roi.height + edge),
        slice(max(roi.left - edge, 0), roi.left + roi.width + edge),
    )
