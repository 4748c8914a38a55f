"""What radiation passes through on its way out: the body's tissue, its lungs, and metal in or on it.

Distances mm. z grows to the front; everything is in the anterior frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from workstation.phantom.projection import Chords
from workstation.phantom.skeleton import Floats

MU = 0.015  # per mm, soft tissue at 140 keV, narrow beam
LUNG_DENSITY = 0.26
GAP = 45.0  # skin to collimator
_REACH_MM = 150.0  # the collimator keeps clear of the highest skin so far up and down


@dataclass(frozen=True, eq=False)
class Metal:
    """A thing that dims what is behind it. middle: its z per pixel (rows, columns), nan where it is not."""

    middle: Floats
    transmission: float

    @cached_property
    def reach(self) -> tuple[int, int]:
        """First and last flat index of its pixels; (0, -1) if it has none."""
        pixels = np.flatnonzero(~np.isnan(self.middle))
        return (int(pixels[0]), int(pixels[-1])) if pixels.size else (0, -1)


@dataclass(frozen=True, eq=False)
class Medium:
    """What radiation passes through, per pixel (rows, columns): skin and lungs as z, mm.

    back, front: the skin, nan outside the body. lung_back, lung_front: equal where there is no lung.
    plane_front, plane_back: z of the collimators, (rows,); they follow the body's outline slowly.
    """

    back: Floats
    front: Floats
    lung_back: Floats
    lung_front: Floats
    plane_front: Floats
    plane_back: Floats
    metals: tuple[Metal, ...] = ()

    @cached_property
    def thickness(self) -> Floats:
        """Of the body, mm; 0 outside."""
        return np.fmax(self.front - self.back, 0)

    @cached_property
    def body(self) -> NDArray[np.intp]:
        """Flat indices of the pixels of the body, row by row."""
        return np.flatnonzero(self.front > self.back)

    def dimmed(self, back: Floats, front: Floats, pixel: NDArray[np.intp], anterior: bool) -> Floats | float:
        """Share of the photons born evenly between two z at some pixels that metal on their way lets pass.

        A chord that metal cuts is dimmed in the proportion of what lies behind it. The shadow's edge is as sharp as
        what is behind it, not as the metal: an approximation, too soft by a few mm for things on the skin.
        """
        share: Floats | float = 1.0
        first, last = (int(pixel.min()), int(pixel.max())) if pixel.size else (0, 0)
        for metal in self.metals:
            if first > metal.reach[1] or last < metal.reach[0]:
                continue
            middle = np.take(metal.middle, pixel)
            hidden = (middle - back if anterior else front - middle) / np.maximum(front - back, 1e-6)
            share = share * (1 - (1 - metal.transmission) * np.nan_to_num(np.clip(hidden, 0, 1)))
        return share


def medium(back: Floats, front: Floats, lungs: Chords, spacing_mm: float) -> Medium:
    """back, front: the skin (rows, columns), nan outside the body. lungs: their chords, inside the skin."""
    lung_back, lung_front = np.zeros(back.shape, np.float32), np.zeros(back.shape, np.float32)
    back, front = back.astype(np.float32), front.astype(np.float32)
    at = lungs.row, lungs.column
    lung_back[at] = np.clip(lungs.back, back[at], front[at])
    lung_front[at] = np.clip(lungs.front, back[at], front[at])
    planes = _plane(np.fmax.reduce(front, axis=1), spacing_mm), -_plane(np.fmax.reduce(-back, axis=1), spacing_mm)
    return Medium(back, front, lung_back, lung_front, *planes)


def _plane(highest: Floats, spacing_mm: float) -> Floats:
    """Height of a collimator over each row, (rows,), from that of the skin, nan where there is no body."""
    highest = np.where(np.isnan(highest), np.nanmin(highest), highest).astype(float)
    reach = int(_REACH_MM / spacing_mm)
    smooth = gaussian_filter1d(maximum_filter1d(highest, 2 * reach + 1), reach / 2, mode="nearest")
    return np.asarray(smooth + GAP)
