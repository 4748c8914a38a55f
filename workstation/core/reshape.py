"""A region of interest made larger, smaller, smoother, whole, or one with others. ROIs in, ROIs out.

`shape` is the frame's (rows, columns): nothing grows beyond it. What would leave no pixel gives None, so that the
caller can refuse in words and change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workstation.core.connected import connected, widened
from workstation.core.lesion import Mask, Roi

_MAJORITY = 5  # of the nine pixels around and at a place


def grown(roi: Roi, steps: int, shape: tuple[int, int]) -> Roi | None:
    """The ROI with all pixels within `steps` pixels of it, that the frame has."""
    wide = Roi.from_mask(widened(np.pad(roi.box, steps), steps), roi.top - steps, roi.left - steps)
    return None if wide is None else within(wide, shape)


def shrunk(roi: Roi, steps: int, shape: tuple[int, int]) -> Roi | None:
    """The pixels of the ROI farther than `steps` pixels from what is not the ROI; None where none are left.

    The frame's edge is not the ROI's own: a region cut off by it is not worn down there.
    """
    beyond = np.pad(~roi.box, steps, constant_values=True)
    rows = np.arange(roi.top - steps, roi.top + roi.height + steps)
    columns = np.arange(roi.left - steps, roi.left + roi.width + steps)
    beyond &= ((rows >= 0) & (rows < shape[0]))[:, None] & ((columns >= 0) & (columns < shape[1]))[None, :]
    kept = np.pad(roi.box, steps) & ~widened(beyond, steps)
    left = Roi.from_mask(kept, roi.top - steps, roi.left - steps)
    return None if left is None else within(left, shape)


def smooth(roi: Roi, shape: tuple[int, int]) -> Roi:
    """Each pixel as most of the nine around and at it are: spurs and notches of one pixel go.

    A line or dot too thin to have a majority anywhere is kept as it is: smoothing never takes a lesion away. Beyond
    the frame's edge the pixels at the edge are thought to go on.
    """
    wide = np.zeros((roi.height + 4, roi.width + 4), np.int8)
    rows = np.clip(np.arange(roi.top - 2, roi.top + roi.height + 2), 0, shape[0] - 1) - roi.top
    columns = np.clip(np.arange(roi.left - 2, roi.left + roi.width + 2), 0, shape[1] - 1) - roi.left
    has_row, has_column = (rows >= 0) & (rows < roi.height), (columns >= 0) & (columns < roi.width)
    wide[np.ix_(has_row, has_column)] = roi.box[np.ix_(rows[has_row], columns[has_column])]
    inner = (slice(1, -1), slice(1, -1))
    near = sum(np.roll(wide, (down, across), (0, 1))[inner] for down in (-1, 0, 1) for across in (-1, 0, 1))
    calm = Roi.from_mask(np.asarray(near) >= _MAJORITY, roi.top - 1, roi.left - 1)
    return roi if calm is None else within(calm, shape) or roi


def filled(roi: Roi) -> Roi:
    """The ROI with every hole in it filled: what cannot be reached from outside without crossing it."""
    outside = np.pad(~roi.box, 1, constant_values=True)
    edge = np.zeros_like(outside)
    edge[0] = True
    whole = Roi.from_mask(~connected(outside, edge), roi.top - 1, roi.left - 1)
    assert whole is not None
    return whole


def merged(rois: Sequence[Roi]) -> Roi:
    """All pixels of any of the ROIs; ValueError for none."""
    if not rois:
        raise ValueError("there is nothing to merge")
    top, left = min(roi.top for roi in rois), min(roi.left for roi in rois)
    height = max(roi.top + roi.height for roi in rois) - top
    width = max(roi.left + roi.width for roi in rois) - left
    union: Mask = np.zeros((height, width), bool)
    for roi in rois:
        box = np.s_[roi.top - top : roi.top - top + roi.height, roi.left - left : roi.left - left + roi.width]
        union[box] |= roi.box
    made = Roi.from_mask(union, top, left)
    assert made is not None
    return made


def gap(one: Roi, other: Roi) -> float:
    """Pixels from the nearest pixel of one ROI to that of another; 0 where they overlap."""
    a, b = np.argwhere(one.box) + (one.top, one.left), np.argwhere(other.box) + (other.top, other.left)
    # Only pixels near the other's box can be nearest; few are left of two lesions far apart or large.
    return float(min(np.hypot(*(b - pixel).T).min() for pixel in a)) if len(a) <= len(b) else gap(other, one)


def within(roi: Roi, shape: tuple[int, int]) -> Roi | None:
    """The part of an ROI that a frame of `shape` has."""
    first, left = max(-roi.top, 0), max(-roi.left, 0)
    last, right = min(roi.height, shape[0] - roi.top), min(roi.width, shape[1] - roi.left)
    if last <= first or right <= left:
        return None
    return Roi.from_mask(roi.box[first:last, left:right], roi.top + first, roi.left + left)
