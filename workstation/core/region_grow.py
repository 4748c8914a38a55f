"""Region grow: all that is joined to a place and nearly as hot, however far it reaches and whatever its form."""

from __future__ import annotations

import numpy as np

from workstation.core.connected import connected
from workstation.core.counts import Counts, smoothed
from workstation.core.isocontour import Contour
from workstation.core.lesion import Mask, Roi
from workstation.core.surroundings import surroundings

_NOISE = 1.0  # sigma of the smoothing against Poisson noise, pixels
_CLEAR = 3.0  # a seed stands this many times the noise left after smoothing above its background
_AROUND = 40  # pixels around the seed in which its background is looked for


def grow(counts: Counts, at: tuple[float, float], share: float = 0.5, exclude: Mask | None = None) -> Contour | None:
    """The region joined to a (row, column) seed whose counts lie above background + share x (seed - background).

    counts: one frame. exclude: pixels the region may not enter. Unlike the isocontour the seed is the pixel itself,
    not the peak uphill of it, and the region may run along a bone as far as it is that hot: for what has no one peak.
    None outside the frame, on an excluded pixel, and where the seed is not clearly above the bone around it: from
    there the region would be the noise of half the body.
    """
    row, column = round(at[0]), round(at[1])
    if not (0 <= row < counts.shape[0] and 0 <= column < counts.shape[1]):
        return None
    if exclude is not None and exclude[row, column]:
        return None
    picture = smoothed(counts, _NOISE)
    height = float(picture[row, column])
    if not height > 0.0:
        return None
    top, left = max(row - _AROUND, 0), max(column - _AROUND, 0)
    crop = picture[top : row + _AROUND + 1, left : column + _AROUND + 1]
    background = min(surroundings(crop, (row - top, column - left)).background, height)
    if height - background < _CLEAR * float(np.sqrt(height / (4 * np.pi * _NOISE**2))):
        return None
    threshold = background + share * (height - background)
    hot = picture >= threshold
    if exclude is not None:
        hot &= ~exclude
    seed = np.zeros(hot.shape, bool)
    seed[row, column] = True
    roi = Roi.from_mask(connected(hot, seed))
    return None if roi is None else Contour(roi, threshold, height, background, "region")
