"""What is hot on a bone scan and no bone: the bladder and the place where the tracer went in."""

from __future__ import annotations

import numpy as np

from workstation.core.connected import connected, widened
from workstation.core.counts import Counts, Picture, smoothed
from workstation.core.isocontour import ContourSpec, isocontour
from workstation.core.lesion import Mask, Roi
from workstation.core.silhouette import Midline

# Shares of the body's height, from the vertex down, in which the middle of a bladder lies.
_BLADDER_ROWS = (0.38, 0.52)
# Below the shoulders and above the thighs, where elbows, wrists and hands lie beside the trunk.
_ARM_ROWS = (0.24, 0.62)


def find_bladder(counts: Counts, body: Mask, extent: tuple[int, int], midline: Midline, level: float) -> Roi | None:
    """The bladder: a large hot pool in the middle of the pelvis; None where it is empty.

    counts, body: (rows, columns). extent: first and last row of the body. level: the body's usual counts per pixel,
    against which hot is told. A hot spot that is small, or whose middle lies off the midline, is left to be a lesion.
    """
    first, last = extent
    height = last - first
    top, bottom = first + int(_BLADDER_ROWS[0] * height), first + int(_BLADDER_ROWS[1] * height)
    left, right = int(midline((top + bottom) / 2) - 0.06 * height), int(midline((top + bottom) / 2) + 0.06 * height) + 1
    if left < 0 or bottom <= top:
        return None
    picture = smoothed(counts[top:bottom, left:right], 0.0045 * height)
    row, column = (int(k) for k in np.unravel_index(int(np.argmax(picture)), picture.shape))
    peak = float(picture[row, column])
    at = (top + row, left + column)
    if peak < 2.2 * level or abs(at[1] - midline(at[0])) > 0.035 * height:
        return None
    pool = isocontour(counts, at, ContourSpec("background", 0.35))
    if pool is None or pool.background > 0.6 * peak:
        return None
    wide = pool.roi.width
    middle = pool.roi.centre
    if wide < 0.018 * height or abs(middle[1] - midline(middle[0])) > 0.03 * height:
        return None
    return _with_edge(pool.roi, counts.shape, 2) if body[at] else None


def find_injection_site(
    counts: Counts, body: Mask, extent: tuple[int, int], midline: Midline, level: float
) -> Roi | None:
    """The injection site: a small spot in an arm or hand, far hotter than an arm ever is; None where there is none."""
    first, last = extent
    height = last - first
    top, bottom = first + int(_ARM_ROWS[0] * height), first + int(_ARM_ROWS[1] * height)
    rows = np.arange(top, bottom)
    columns = np.arange(counts.shape[1])
    aside = np.abs(columns[None, :] - midline.columns(rows)[:, None])
    half_width = np.maximum((body[top:bottom] * aside).max(axis=1), 1.0)[:, None]
    arms = body[top:bottom] & (aside > 0.72 * half_width) & (aside > 0.08 * height)
    if not arms.any():
        return None
    picture: Picture = np.where(arms, smoothed(counts[top:bottom], 1.5), 0.0).astype(np.float32)
    at = np.unravel_index(int(np.argmax(picture)), picture.shape)
    peak = float(picture[at])
    arm = float(np.median(picture[arms]))
    if peak < max(3.0 * arm, 1.5 * level):
        return None
    place = (top + int(at[0]), int(at[1]))
    spot = isocontour(counts, place, ContourSpec("background", 0.25))
    if spot is None or spot.roi.pixels > (0.04 * height) ** 2:
        return None
    return _with_edge(spot.roi, counts.shape, 3)


def _with_edge(roi: Roi, shape: tuple[int, int], steps: int) -> Roi | None:
    """The ROI with the blurred edge around it, which belongs to no bone either; in one piece without holes."""
    mask = widened(roi.mask(shape), steps)
    border = np.zeros(shape, bool)
    border[0], border[-1], border[:, 0], border[:, -1] = True, True, True, True
    return Roi.from_mask(~connected(~mask, border & ~mask))
