"""The isocontour of a hot spot: where counts stand half way (or another share) from the bone around it to its peak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from workstation.core.connected import connected, widened
from workstation.core.counts import Counts, Picture, smoothed
from workstation.core.lesion import Mask, Roi

# All lengths are meant at this spacing, that of the usual 256 columns over 0.6 m, and scaled where a scan's differs.
_USUAL_MM = 2.3
_NOISE = 1.5  # sigma of the smoothing against Poisson noise, pixels
_CLIMB = 6.0  # how far from the click the peak is looked for, pixels
_REACH = 30.0  # a contour ends this far from its peak: what is larger is not one focal lesion, pixels
_ROUNDS = 6


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
    The peak is the local maximum of the smoothed counts uphill from the point; the region is what is connected to it
    at or above the threshold, without what lies across a valley towards a hotter neighbour, and within a limit of
    about 70 mm, so that a click on plain bone does not flood it.
    """
    row, column = round(at[0]), round(at[1])
    if not (0 <= row < counts.shape[0] and 0 <= column < counts.shape[1]):
        return None
    unit = _USUAL_MM / float(np.mean(spacing_mm)) if spacing_mm else 1.0
    half = int(np.ceil((_REACH + _CLIMB + 14) * unit))
    top, left = max(row - half, 0), max(column - half, 0)
    crop = counts[top : row + half + 1, left : column + half + 1]
    allowed = np.ones(crop.shape, bool) if exclude is None else ~exclude[top : row + half + 1, left : column + half + 1]
    if not allowed[row - top, column - left]:
        return None
    picture = smoothed(crop, _NOISE * unit)
    peak = _climb(picture, allowed, (row - top, column - left), _CLIMB * unit)
    height = float(picture[peak])
    if height <= 0.0:
        return None
    rows, columns = np.ogrid[: crop.shape[0], : crop.shape[1]]
    near = allowed & ((rows - peak[0]) ** 2 + (columns - peak[1]) ** 2 <= (_REACH * unit) ** 2)
    background = _background(picture, near, allowed, peak, spec, unit)
    if spec.mode == "maximum":
        threshold = spec.fraction * height
    else:
        threshold = background + spec.fraction * (height - background)
    region = _region(picture, near, peak, threshold)
    roi = Roi.from_mask(region, top, left)
    return None if roi is None else Contour(roi, threshold, height, background, spec.mode)


def _climb(picture: Picture, allowed: Mask, start: tuple[int, int], reach: float) -> tuple[int, int]:
    """Uphill over neighbours within 2 pixels, which steps over what noise is left, until none is higher."""
    here = start
    while True:
        top, left = max(here[0] - 2, 0), max(here[1] - 2, 0)
        part = np.where(
            allowed[top : here[0] + 3, left : here[1] + 3], picture[top : here[0] + 3, left : here[1] + 3], -np.inf
        )
        r, c = divmod(int(np.argmax(part)), part.shape[1])
        there = (top + r, left + c)
        if picture[there] <= picture[here] or np.hypot(there[0] - start[0], there[1] - start[1]) > reach:
            return here
        here = there


def _seed(shape: tuple[int, int], at: tuple[int, int]) -> Mask:
    seed = np.zeros(shape, bool)
    seed[at] = True
    return seed


def _background(
    picture: Picture, near: Mask, allowed: Mask, peak: tuple[int, int], spec: ContourSpec, unit: float
) -> float:
    """The bone around the hot spot: found again for each new region until both agree."""
    seed = _seed(near.shape, peak)
    height = float(picture[peak])
    background = 0.5 * height
    for _ in range(_ROUNDS):
        threshold = background + 0.5 * (height - background)
        region = connected(near & (picture >= threshold), seed)
        radius = np.sqrt(np.count_nonzero(region) / np.pi)
        gap = int(round(min(max(0.8 * radius, 2 * unit), 9 * unit)))
        inner = widened(region, gap)
        ring = widened(inner, int(round(4 * unit))) & ~inner & allowed & (picture < threshold)
        values = picture[ring]
        if values.size < 8:
            break
        now = min(float(np.percentile(values, 75)), height)
        if abs(now - background) < 0.01 * height:
            background = now
            break
        background = now
    return background


def _region(picture: Picture, near: Mask, peak: tuple[int, int], threshold: float) -> Mask:
    seed = _seed(near.shape, peak)
    return connected(near & (picture >= min(threshold, float(picture[peak]))), seed)
