"""From counts to what a network sees: how much is one, where the midline runs, how large the picture is.

Everything is measured on the picture itself, never on its labels, so that a scan that is only predicted on is treated
as those learnt from. NumPy alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
View = NDArray[np.generic]

PERCENTILE = 99.5
_BLOCK = 4
"""The organs are found on means of so many by so many pixels: less noise, and quick."""


@dataclass(frozen=True)
class Measured:
    """one: the counts that become 1; 0 for an empty picture. midline: a column, in pixels, centres whole numbers."""

    one: float
    midline: float


def measured(view: View, scale: str = "percentile") -> Measured:
    """What has to be known of a view (rows, columns) to scale and to flip it.

    scale: "percentile", the 99.5th of the body outside bladder and injection site, or "max". Bladder and injection
    site are what surrounds the hottest block of the lower middle, and of the sides, down to half its value.
    """
    middle = midline(view)
    if scale == "max":
        return Measured(float(view.max()), middle)
    cut = view[: view.shape[0] // _BLOCK * _BLOCK, : view.shape[1] // _BLOCK * _BLOCK]
    means = cut.reshape(cut.shape[0] // _BLOCK, _BLOCK, -1, _BLOCK).sum(axis=(1, 3), dtype=np.float32) / _BLOCK**2
    inside = body(means)
    if not inside.any():
        return Measured(0.0, middle)
    pelvis, sides = _places(inside, (middle + 0.5) / _BLOCK)
    keep = inside & ~_hottest(means, inside & pelvis) & ~_hottest(means, inside & sides)
    pixels = cut.reshape(cut.shape[0] // _BLOCK, _BLOCK, -1, _BLOCK).swapaxes(1, 2)[keep if keep.any() else inside]
    return Measured(max(float(np.percentile(pixels.astype(np.float32), PERCENTILE)), 1.0), middle)


def resized(view: View, rows: int, columns: int) -> Floats:
    """A view (..., rows, columns) at another size, each new pixel the mean of the area it covers; float32."""
    high, wide = view.shape[-2:]
    if high % rows == 0 and wide % columns == 0:
        down, across = high // rows, wide // columns
        blocks = view.reshape(*view.shape[:-2], rows, down, columns, across)
        return np.asarray(blocks.sum(axis=(-3, -1), dtype=np.float32) / (down * across), np.float32)
    return np.asarray(areas(high, rows) @ view.astype(np.float32) @ areas(wide, columns).T, np.float32)


@cache
def areas(of: int, into: int) -> Floats:
    """(into, of): the share of each old pixel in each new one; rows add up to 1."""
    edges = np.linspace(0, of, into + 1)
    at = np.arange(of)
    overlap = np.minimum(edges[1:, None], at + 1) - np.maximum(edges[:-1, None], at)
    return np.asarray(np.clip(overlap, 0, None) * into / of, np.float32)


def midline(view: View) -> float:
    """The column, to half a pixel, about which the view is most like its mirror image.

    The peak of the rows' convolution with themselves: the sum over c of p(c) p(2m - c), p the root of the counts of
    eight rows. Sought in the middle half: a line at the very side has little to compare.
    """
    columns = view.shape[1]
    rows = np.sqrt(view[: view.shape[0] // 8 * 8].astype(np.float32)).reshape(-1, 8, columns).sum(axis=1)
    if not rows.any():
        return float(columns - 1) / 2
    spectrum = np.fft.rfft(rows, 2 * columns, axis=1)
    alike = np.fft.irfft((spectrum**2).sum(axis=0), 2 * columns)
    low, high = columns // 2, 2 * columns - columns // 2
    return float(low + int(np.argmax(alike[low:high]))) / 2


def body(means: Floats) -> Mask:
    """Where the body is, in blocks: 15 % of what the hotter tenth of all blocks that are not empty has."""
    filled = means[means > 0.25]
    return np.asarray(means > 0.15 * np.percentile(filled, 90)) if filled.size else np.zeros(means.shape, bool)


def _places(inside: Mask, middle: float) -> tuple[Mask, Mask]:
    """Where a bladder can be, and an injection site, as shares of the body's length from its top and the midline.

    The lower middle: 34 to 58 % down, a tenth to either side. Arms and hands: 16 to 65 % down, beyond 11 %.
    """
    rows = np.flatnonzero(inside.sum(axis=1) > 2)
    top, length = (int(rows[0]), int(rows[-1]) + 1 - int(rows[0])) if rows.size else (0, inside.shape[0])
    row, column = np.ogrid[: inside.shape[0], : inside.shape[1]]
    down, aside = (row - top) / length, np.abs(column + 0.5 - middle) / length
    pelvis = (down > 0.34) & (down < 0.58) & (aside < 0.1)
    return np.asarray(pelvis), np.asarray((down > 0.16) & (down < 0.65) & (aside > 0.11))


def _hottest(means: Floats, where: Mask) -> Mask:
    """The blocks around the hottest one in `where`, down to half its value, and their neighbours."""
    grown = np.zeros(means.shape, bool)
    if not where.any():
        return grown
    hottest = int(np.argmax(np.where(where, means, -1)))
    hot = where & (means > 0.5 * means.flat[hottest])
    grown.flat[hottest] = True
    while True:
        wider = _wider(grown) & hot
        if (wider == grown).all():
            return _wider(grown)
        grown = wider


def _wider(mask: Mask) -> Mask:
    wide = mask.copy()
    wide[1:] |= mask[:-1]
    wide[:-1] |= mask[1:]
    tall = wide.copy()
    tall[:, 1:] |= wide[:, :-1]
    tall[:, :-1] |= wide[:, 1:]
    return tall
