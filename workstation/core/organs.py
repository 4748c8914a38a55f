"""What is hot on a bone scan and no bone: the bladder and the place where the tracer went in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workstation.core.connected import components, connected, widened
from workstation.core.counts import Counts, Picture, smoothed
from workstation.core.isocontour import ContourSpec, isocontour
from workstation.core.lesion import Mask, Roi
from workstation.core.silhouette import Midline

Floats = NDArray[np.float64]

# Where a bladder's hottest part lies, as shares of the body's height: rows from the vertex, and how sure of them.
_BLADDER_ROW, _BLADDER_ROWS_SIGMA, _BLADDER_COLUMNS_SIGMA = 0.445, 0.025, 0.02
# What the pool is opened with, of the radius of a disc of its size.
_ARMS = 0.45
# How large a bladder is from behind, at least, of what it is from the front.
_AS_LARGE = 0.5
# Below the shoulders and above the thighs, where elbows, wrists and hands lie beside the trunk.
_ARM_ROWS = (0.24, 0.62)


def find_bladder(counts: Counts, body: Mask, extent: tuple[int, int], midline: Midline, level: float) -> Roi | None:
    """The bladder: a large hot pool in the middle of the pelvis; None where it is empty.

    counts, body: (rows, columns). extent: first and last row of the body. level: the body's usual counts per pixel,
    against which hot is told. What is hotter but lies off the midline, higher or lower, or is small, is left to be a
    lesion: sacroiliac joints, sacrum, pubis.
    """
    first, height = extent[0], extent[1] - extent[0]
    middle = first + _BLADDER_ROW * height
    top, bottom = int(middle - 0.09 * height), int(middle + 0.09 * height)
    left, right = int(midline(middle) - 0.12 * height), int(midline(middle) + 0.12 * height) + 1
    left, right = max(left, 0), min(right, counts.shape[1])
    if height < 100 or left >= right:
        return None
    picture = np.where(body[top:bottom, left:right], smoothed(counts[top:bottom, left:right], 0.0025 * height), 0.0)
    rows, columns = np.arange(top, bottom), np.arange(left, right)
    aside = (columns[None, :] - midline.columns(rows)[:, None]) / height
    likely = np.exp(-0.5 * (((rows - middle) / height / _BLADDER_ROWS_SIGMA) ** 2)[:, None]) * np.exp(
        -0.5 * (aside / _BLADDER_COLUMNS_SIGMA) ** 2
    )
    at = np.unravel_index(int(np.argmax(picture * likely)), picture.shape)
    peak = float(picture[at])
    pelvis = float(np.percentile(picture[picture > 0], 60)) if (picture > 0).any() else 0.0
    if peak < 2.2 * max(level, 0.5 * pelvis):
        return None
    seed = np.zeros(picture.shape, bool)
    seed[at] = True
    # A threshold at which the pool is one with sacrum and joints is too low.
    down = (rows - first) / height
    for share in (0.4, 0.55):
        whole = connected(picture >= pelvis + share * (peak - pelvis), seed)
        if not _is_bladder(whole, aside, down, height):
            continue
        pool = _without_arms(whole)
        if _is_bladder(pool, aside, down, height):
            return _with_edge(Roi.from_mask(pool, top, left), counts.shape, 1)
    return None


def _without_arms(pool: Mask) -> Mask:
    """The pool without what hangs on to it by a narrow way: sacrum and pubis, and lesions in them, touch it often."""
    rows, columns = np.flatnonzero(pool.any(axis=1)), np.flatnonzero(pool.any(axis=0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    steps = int(_ARMS * np.sqrt(np.count_nonzero(pool) / np.pi))
    narrow = ~widened(~np.pad(pool[box], steps + 1), steps)
    if not narrow.any():
        return pool
    wide = widened(components(narrow, at_most=8)[0], steps)[steps + 1 : -steps - 1, steps + 1 : -steps - 1]
    kept: Mask = np.zeros_like(pool)
    kept[box] = wide & pool[box]
    return kept


def seen_from_both_sides(posterior: Roi, anterior: Roi | None, mirrored: NDArray[np.intp]) -> Roi | None:
    """What of a pool found in the posterior view is the bladder, which lies in front of the sacrum; None: nothing.

    The bladder is brighter from the front, so that what is no bladder there is none from behind either: it lies at the
    mirrored place and is about as large. What else is hot in the midline from behind is sacrum. `mirrored`: the column
    of the anterior view at which each column of the posterior one lies.
    """
    if anterior is None:
        return None
    shape = (max(posterior.top + posterior.height, anterior.top + anterior.height), mirrored.size)
    front = anterior.mask((shape[0], max(int(mirrored.max()) + 1, anterior.left + anterior.width)))
    pool = posterior.mask(shape) & front[:, mirrored] & (mirrored >= 0)
    return Roi.from_mask(pool) if np.count_nonzero(pool) >= _AS_LARGE * anterior.pixels else None


def _is_bladder(pool: Mask, aside: Floats, down: Floats, height: int) -> bool:
    """Of a bladder's size, wider than a spine is, on the midline, and below most of the sacrum."""
    tall, wide = (np.flatnonzero(pool.any(axis=axis)) for axis in (1, 0))
    high, broad = (int(span[-1] - span[0] + 1) for span in (tall, wide))
    middle = float((down * pool.sum(axis=1)).sum() / pool.sum())
    return (
        0.014 * height <= broad <= 0.08 * height
        and high <= min(1.6 * broad, 0.065 * height)
        and abs(float(aside[pool].mean())) <= 0.018
        and 0.424 <= middle <= 0.475
    )


def find_injection_site(
    counts: Counts, body: Mask, extent: tuple[int, int], midline: Midline, level: float
) -> Roi | None:
    """The injection site: a small spot in an arm or hand, far hotter than an arm ever is; None where there is none."""
    first, last = extent
    height = last - first
    top, bottom = first + int(_ARM_ROWS[0] * height), first + int(_ARM_ROWS[1] * height)
    rows = np.arange(top, bottom)
    columns = np.arange(counts.shape[1])
    middle = midline.columns(rows)
    part = body[top:bottom]
    aside = np.abs(columns[None, :] - middle[:, None])
    # The body's outermost pixels of each row are the farthest from its middle.
    left, right = part.argmax(axis=1), counts.shape[1] - 1 - part[:, ::-1].argmax(axis=1)
    half_width = np.where(part.any(axis=1), np.maximum(np.abs(left - middle), np.abs(right - middle)), 0.0)
    arms = part & (aside > np.maximum(0.72 * np.maximum(half_width, 1.0), 0.08 * height)[:, None])
    if not arms.any():
        return None
    picture: Picture = np.where(arms, smoothed(counts[top:bottom], 1.5), np.float32(0.0))
    at = np.unravel_index(int(np.argmax(picture)), picture.shape)
    if float(picture[at]) < 2.0 * level:
        return None
    place = (top + int(at[0]), int(at[1]))
    spot = isocontour(counts, place, ContourSpec("background", 0.25))
    # Elbows and wrists are hot for an arm, but they sit on bone; a depot of tracer stands alone.
    if spot is None or spot.background > 0.28 * spot.peak or spot.roi.pixels > (0.04 * height) ** 2:
        return None
    return _with_edge(spot.roi, counts.shape, 3)


def _with_edge(roi: Roi | None, shape: tuple[int, ...], steps: int) -> Roi | None:
    """The ROI with the blurred edge around it, which belongs to no bone either; without holes, inside the frame."""
    if roi is None:
        return None
    wide = np.pad(widened(np.pad(roi.box, steps), steps), 1)
    outside = np.zeros(wide.shape, bool)
    outside[0] = True
    whole = Roi.from_mask(~connected(~wide, outside), roi.top - steps - 1, roi.left - steps - 1)
    return None if whole is None else Roi.from_mask(whole.mask((shape[0], shape[1])))
