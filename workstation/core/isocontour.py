"""The isocontour of a hot spot: where counts stand half way (or another share) from the bone around it to its peak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from workstation.core.connected import connected
from workstation.core.counts import Counts, Picture, smoothed
from workstation.core.lesion import Mask, Roi
from workstation.core.surroundings import surroundings

# All lengths are meant at this spacing, that of the usual 256 columns over 0.6 m, and scaled where a scan's differs.
_USUAL_MM = 2.3
_NOISE = 1.0  # sigma of the smoothing against Poisson noise, pixels: more widens small lesions more than it calms
_CLIMB = 5.0  # how far from the click the peak is looked for, pixels
_REACH = 30.0  # a contour ends this far from its peak: what is larger is not one focal lesion, pixels
_STRETCH = 2.5  # and this many times the usual reach of its spot, and 2 pixels: lesions along a rib are that long
# A pixel of the region also stands out from its own neighbourhood, this share of the fraction as much as the peak
# does; where the threshold alone would run along a bone that is hot for itself, this ends it. The neighbourhood is a
# Gaussian whose sigma follows the spot's reach.
_OWN = 0.8
_NEIGHBOURHOOD = (1.5, 6.0, 20.0)  # times the reach, at least, at most, pixels


@dataclass(frozen=True)
class ContourSpec:
    """How the threshold is set. mode "background": b + fraction (p - b); mode "maximum": fraction p.

    p is the smoothed local peak, b the background of the same bone around it.
    """

    mode: Literal["background", "maximum"] = "background"
    fraction: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 < self.fraction < 1.0:
            raise ValueError(f"the fraction lies between 0 and 1, got {self.fraction}")


HALF_WAY = ContourSpec()


@dataclass(frozen=True)
class Contour:
    """A region and how it was found; threshold, peak and background in counts per pixel."""

    roi: Roi
    threshold: float
    peak: float
    background: float
    mode: str


def isocontour(
    counts: Counts,
    at: tuple[float, float],
    spec: ContourSpec = HALF_WAY,
    spacing_mm: tuple[float, float] | None = None,
    exclude: Mask | None = None,
) -> Contour | None:
    """The contour of the hot spot at a (row, column) point, or None where there are no counts to speak of.

    counts: one frame. exclude: pixels that belong to no bone, such as the bladder; neither peak nor region lies there.
    The peak lies uphill from the point. The region is what is connected to it at or above the threshold; in the
    "background" mode only pixels that stand out from their neighbourhood, so that it ends where a hotter bone or a
    neighbouring spot begins; never farther than about 70 mm from the peak, so that plain bone is not flooded.
    """
    row, column = round(at[0]), round(at[1])
    if not (0 <= row < counts.shape[0] and 0 <= column < counts.shape[1]):
        return None
    unit = _USUAL_MM / float(np.mean(spacing_mm)) if spacing_mm else 1.0
    half = int(np.ceil((_REACH + _CLIMB + 14) * unit))
    top, left = max(row - half, 0), max(column - half, 0)
    crop: Counts = counts[top : row + half + 1, left : column + half + 1]
    if crop.dtype != np.uint16:  # what is no number counts as nought
        crop = np.nan_to_num(crop.astype(np.float32), posinf=0.0, neginf=0.0)
    allowed = np.ones(crop.shape, bool) if exclude is None else ~exclude[top : row + half + 1, left : column + half + 1]
    if not allowed[row - top, column - left]:
        return None
    picture = smoothed(crop, _NOISE * unit)
    broad = smoothed(picture, _NEIGHBOURHOOD[1] * unit)
    peak = _climb(picture - broad, allowed, (row - top, column - left), _CLIMB * unit)
    height = float(picture[peak])
    if height <= 0.0:
        return None
    rows, columns = np.ogrid[: crop.shape[0], : crop.shape[1]]
    distance = (rows - peak[0]) ** 2 + (columns - peak[1]) ** 2
    near = allowed & (distance <= (_REACH * unit) ** 2)
    around = surroundings(np.where(allowed, picture, np.float32(0.0)), peak, unit)
    if spec.mode == "maximum":
        threshold = spec.fraction * height
        inside = near & (picture >= threshold)
    else:
        threshold = around.background + spec.fraction * (height - around.background)
        near &= distance <= (_STRETCH * around.extent + 2 * unit) ** 2
        inside = near & (picture >= threshold) & _outstanding(picture, peak, around.extent, spec.fraction, unit)
    seed = np.zeros(near.shape, bool)
    seed[peak] = True
    roi = Roi.from_mask(connected(inside, seed), top, left)
    return None if roi is None else Contour(roi, threshold, height, around.background, spec.mode)


def _climb(picture: Picture, allowed: Mask, start: tuple[int, int], reach: float) -> tuple[int, int]:
    """Uphill over neighbours within 2 pixels, which steps over what noise is left, until none is higher.

    picture: counts against their neighbourhood, so that a lesion on the slope of a hotter bone has a summit of its own.
    """
    here = start
    while True:
        top, left = max(here[0] - 2, 0), max(here[1] - 2, 0)
        box = np.s_[top : here[0] + 3, left : here[1] + 3]
        part = np.where(allowed[box], picture[box], -np.inf)
        r, c = divmod(int(np.argmax(part)), part.shape[1])
        there = (top + r, left + c)
        # Not "<=": where counts ran over into NaN no pixel is higher, and the way must end.
        if not part[r, c] > picture[here] or np.hypot(there[0] - start[0], there[1] - start[1]) > reach:
            return here
        here = there


def _outstanding(picture: Picture, peak: tuple[int, int], extent: float, fraction: float, unit: float) -> Mask:
    """Where counts stand out from their neighbourhood nearly as the peak does."""
    times, least, most = _NEIGHBOURHOOD
    sigma = round(2 * min(max(times * extent, least * unit), most * unit)) / 2
    contrast = picture - smoothed(picture, sigma)
    outstanding: Mask = contrast >= _OWN * fraction * float(contrast[peak])
    outstanding[peak] = True
    return outstanding
