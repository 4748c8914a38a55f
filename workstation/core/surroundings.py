"""The bone around a hot spot: how high counts stand where the spot has ended but its bone goes on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workstation.core.counts import Picture

_RAYS = 48
_LONGEST = 30.0  # no spot is followed farther from its peak than this, pixels
_GAP = (3.0, 8.0)  # how far beyond the spot's edge the bone is looked at: as far as the spot reaches, within these
_WIDTH = 3  # and over how many pixels
_BEND = 3  # rays to either side of the opposite one in which a curved bone may go on
_SHARE = 85.0  # percentile over the rays: along the bone, not across it, and not the one hottest way
_CLEAR = 0.12  # a peak stands at least this share of itself above its surroundings; else the look goes wider
_ROUNDS = 8


@dataclass(frozen=True)
class Surroundings:
    """background: counts per pixel of the bone around. extent: the spot's usual reach from its peak, pixels."""

    background: float
    extent: float


def surroundings(picture: Picture, peak: tuple[int, int], unit: float = 1.0) -> Surroundings:
    """Look along rays from a peak of a smoothed picture (rows, columns). unit: pixels per usual pixel of 2.3 mm.

    A ray sees the bone a little beyond where the counts have fallen half way. A bone goes on to both sides, so each
    ray counts as the lower of its own value and that of the way opposite: across the bone one of the two is soft
    tissue, along it both are bone. The answer is near the highest of these; edge and background are found in turns
    until they agree.
    """
    height = float(picture[peak])
    rays = _rays(picture, peak, int(np.ceil((_LONGEST + _GAP[1]) * unit)) + _WIDTH + 1)
    least, background, extent = 2.0 * unit, 0.0, 0.0
    while True:
        background = 0.85 * height  # from the peak outwards: the nearest answer that holds
        for _ in range(_ROUNDS):
            before = background
            background, extent = _look(rays, 0.5 * (height + background), least, unit)
            background = min(background, height)
            if abs(background - before) < 0.005 * height:
                break
        if height - background >= _CLEAR * height or least >= 12.0 * unit:
            return Surroundings(background, extent)
        least += 2.0 * unit


def _rays(picture: Picture, peak: tuple[int, int], length: int) -> NDArray[np.float32]:
    """Values along rays (ray, distance in pixels), interpolated; beyond the picture its edge goes on."""
    angle = np.arange(_RAYS) * (2 * np.pi / _RAYS)
    distance = np.arange(length)
    rows = np.clip(peak[0] + np.outer(np.sin(angle), distance), 0, picture.shape[0] - 1)
    columns = np.clip(peak[1] + np.outer(np.cos(angle), distance), 0, picture.shape[1] - 1)
    top = np.minimum(rows.astype(int), max(picture.shape[0] - 2, 0))
    left = np.minimum(columns.astype(int), max(picture.shape[1] - 2, 0))
    below, right = np.minimum(top + 1, picture.shape[0] - 1), np.minimum(left + 1, picture.shape[1] - 1)
    down, across = rows - top, columns - left
    upper = picture[top, left] * (1 - across) + picture[top, right] * across
    lower = picture[below, left] * (1 - across) + picture[below, right] * across
    values: NDArray[np.float32] = (upper * (1 - down) + lower * down).astype(np.float32)
    return values


def _look(rays: NDArray[np.float32], threshold: float, least: float, unit: float) -> tuple[float, float]:
    """Background and usual reach when the spot ends at `threshold`, but not before `least` pixels."""
    length = rays.shape[1]
    below = rays < threshold
    reach = np.where(below.any(axis=1), below.argmax(axis=1), length)
    reach = np.clip(reach, least, max(_LONGEST * unit, least))
    extent = float(np.median(reach))
    gap = min(max(extent, _GAP[0] * unit), _GAP[1] * unit)
    first = np.minimum(np.rint(reach + gap).astype(int), length - _WIDTH)
    bone = rays[np.arange(_RAYS)[:, None], first[:, None] + np.arange(_WIDTH)].mean(axis=1)
    around = np.max([np.roll(bone, step) for step in range(-_BEND, _BEND + 1)], axis=0)
    return float(np.percentile(np.minimum(bone, np.roll(around, _RAYS // 2)), _SHARE)), extent
