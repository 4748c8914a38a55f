"""Regions parted where the counts between their maxima are lowest.

Pixels are flooded from the highest count down; where the waters of two maxima meet, the border is. A maximum that
stands hardly higher than the saddle to a higher one is noise, and its water joins the other's.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workstation.core.counts import Counts, Picture, smoothed
from workstation.core.lesion import Mask, Roi

_NOISE = 1.0  # sigma of the smoothing against Poisson noise, pixels; as the isocontour's
_SIGMAS = 2.0  # a maximum stands this many times the noise left after smoothing above its saddle
_SMALLEST = 4  # pixels of a part
_NEIGHBOURS = ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))


def divided(counts: Counts, roi: Roi) -> tuple[Roi, ...]:
    """The ROI in parts, one for each maximum of the counts in it, the hottest first; the ROI alone where it has one.

    counts: (rows, columns) of the frame. The parts share no pixel and are together the ROI. A maximum counts when it
    stands clear of Poisson noise; a part of fewer than four pixels joins its neighbour.
    """
    picture, mask = _part(counts, roi)
    at_peak = float(picture[mask].max(initial=0.0))
    noise = float(np.sqrt(max(at_peak, 0.0) / (4 * np.pi * _NOISE**2)))
    basins = _basins(picture, mask, _SIGMAS * noise)
    if basins.max(initial=0) < 2:
        return (roi,)
    made = [Roi.from_mask(basins == basin, roi.top, roi.left) for basin in range(1, int(basins.max()) + 1)]
    return tuple(part for part in made if part is not None)


def apart(counts: Counts, rois: Sequence[Roi]) -> tuple[Roi, ...]:
    """ROIs that overlap, each pixel given to one of them: the water of each lesion's own maximum.

    counts: (rows, columns) of the frame. Together they hold what they held before. A lesion's own maximum is that of
    the pixels no other holds, or of all its pixels where it lies within another.
    """
    masks = [roi.mask((counts.shape[0], counts.shape[1])) for roi in rois]
    picture = smoothed(counts, _NOISE)
    shared = np.sum(masks, axis=0) > 1
    own = []
    for number, mask in enumerate(masks):
        alone = mask & ~shared
        if not alone.any():  # it lies within another one
            alone = mask
        place = divmod(int(np.argmax(np.where(alone, picture, -np.inf))), mask.shape[1])
        own.append((number, place, alone & ~shared))
    whole: Mask = np.any(masks, axis=0)
    marks = np.zeros(whole.shape, int)
    for number, _, alone in own:
        marks[alone] = number + 1  # nobody disputes these
    for number, place, _ in own:
        marks[place] = number + 1
    flooded = _flood(picture, whole, marks)
    for number, mask in enumerate(masks, 1):  # an island that lesions share, which no water reaches, is the first one's
        flooded[mask & (flooded == 0)] = number
    parts = [Roi.from_mask(flooded == number + 1) for number in range(len(rois))]
    return tuple(rois[number] if part is None else part for number, part in enumerate(parts))


def _part(counts: Counts, roi: Roi) -> tuple[Picture, Mask]:
    """Smoothed counts and mask of the ROI's box; what of it lies outside the frame has no counts."""
    edge = int(np.ceil(3 * _NOISE))
    top, left = max(roi.top - edge, 0), max(roi.left - edge, 0)
    crop = smoothed(counts[top : roi.top + roi.height + edge, left : roi.left + roi.width + edge], _NOISE)
    picture = np.zeros((roi.height, roi.width), np.float32)
    rows, columns = np.arange(roi.height) + roi.top - top, np.arange(roi.width) + roi.left - left
    good_rows, good_columns = (rows >= 0) & (rows < crop.shape[0]), (columns >= 0) & (columns < crop.shape[1])
    picture[np.ix_(good_rows, good_columns)] = crop[np.ix_(rows[good_rows], columns[good_columns])]
    return picture, roi.box


def _basins(picture: Picture, mask: Mask, depth: float) -> NDArray[np.int64]:
    """Number from 1 of the maximum each pixel belongs to, the highest first; 0 outside the mask.

    Maxima less than `depth` counts above the saddle to a higher one belong to that one.
    """
    basin = np.zeros(mask.shape, np.int64)
    into: list[int] = [0]  # what each number has become
    peaks: list[float] = [0.0]
    sizes: list[int] = [0]

    def root(number: int) -> int:
        while into[number] != number:
            number = into[number]
        return number

    rows, columns = np.nonzero(mask)
    for at in np.argsort(-picture[rows, columns], kind="stable"):
        row, column = int(rows[at]), int(columns[at])
        height = float(picture[row, column])
        near: list[int] = []
        uphill, highest = 0, -np.inf  # the basin of the highest pixel beside: where water from here would come from
        for down, across in _NEIGHBOURS:
            r, c = row + down, column + across
            if 0 <= r < mask.shape[0] and 0 <= c < mask.shape[1] and basin[r, c]:
                number = root(int(basin[r, c]))
                if number not in near:
                    near.append(number)
                if picture[r, c] > highest:
                    uphill, highest = number, float(picture[r, c])
        if not near:
            into.append(len(into))
            peaks.append(height)
            sizes.append(1)
            basin[row, column] = len(into) - 1
            continue
        near.sort(key=lambda number: -peaks[number])
        basin[row, column] = uphill
        sizes[uphill] += 1
        for lower in near[1:]:
            if peaks[lower] - height <= depth or sizes[lower] < _SMALLEST:
                into[lower] = near[0]
                sizes[near[0]] += sizes[lower]
    roots = sorted({root(number) for number in range(1, len(into))}, key=lambda number: -peaks[number])
    large = [number for number in roots if sizes[number] >= _SMALLEST] or roots[:1]
    names = {number: place for place, number in enumerate(large, 1)}
    whole = np.array([0] + [names.get(root(number), 0) for number in range(1, len(into))])[basin]
    # Parts too small for a lesion join what lies nearest.
    for row, column in np.argwhere(mask & (whole == 0)):
        there = np.argwhere(whole > 0)
        nearest = there[int(np.argmin(((there - (row, column)) ** 2).sum(axis=1)))]
        basin[row, column] = -whole[tuple(nearest)]
    return np.where(basin < 0, -basin, whole)


def _flood(picture: Picture, mask: Mask, marks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Every pixel of the mask with the number of the mark whose water reaches it first, the highest counts first."""
    reached = np.where(mask, marks, 0)
    queue: list[tuple[float, int, int, int]] = []
    order = 0
    for row, column in np.argwhere(reached > 0):
        heapq.heappush(queue, (-float(picture[row, column]), order, int(row), int(column)))
        order += 1
    while queue:
        _, _, row, column = heapq.heappop(queue)
        for down, across in _NEIGHBOURS:
            r, c = row + down, column + across
            if 0 <= r < mask.shape[0] and 0 <= c < mask.shape[1] and mask[r, c] and not reached[r, c]:
                reached[r, c] = reached[row, column]
                heapq.heappush(queue, (-float(picture[r, c]), order, r, c))
                order += 1
    return reached
