"""What the bone would show without its spot: taken from places of the same scan whose surroundings look alike.

Nothing but the scan itself is asked: the other side of the body, mirrored about the midline, and the rows above and
below (the next rib, the next vertebra) are looked over for the place whose ring of pixels follows that around the
spot best, up to a factor and a constant. What lies in the middle of that ring is what lay under the spot.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from workstation.core.counts import Counts, Picture

Floats = NDArray[np.float64]

NOISE = 1.2  # sigma of the smoothing of what is copied, pixels: its noise is not the spot's
_HOLE = 6.0  # the spot's own pixels do not say what looks alike: sigma of the hole in the ring, pixels
_RING = 10.0  # sigma of the ring's outer side, pixels
_ASIDE = 4  # how far about the mirrored place is looked, pixels, both ways
_ALONG = (10, 30, 8)  # how far above and below: at least, at most; and to either side, pixels


@lru_cache(maxsize=8)
def ring(reach: int, unit: float) -> Floats:
    """Weights of a square of 2 reach + 1 pixels: around the middle, not in it."""
    rows, columns = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    square = (rows**2 + columns**2) / unit**2
    weights: Floats = np.exp(-0.5 * square / _RING**2) * (1.0 - np.exp(-0.5 * square / _HOLE**2)) ** 2
    return weights


def cut(counts: Counts | NDArray[np.uint8], row: int, column: int, down: int, across: int) -> Picture:
    """The (2 down + 1, 2 across + 1) counts around a pixel; nought beyond the frame."""
    out = np.zeros((2 * down + 1, 2 * across + 1), np.float32)
    top, left = row - down, column - across
    part = counts[max(top, 0) : max(row + down + 1, 0), max(left, 0) : max(column + across + 1, 0)]
    if part.size:
        out[max(-top, 0) :, max(-left, 0) :][: part.shape[0], : part.shape[1]] = part
    return out


def mirrored(
    smooth: Picture, row: int, column: int, middle: float, data: Floats, weights: Floats, unit: float
) -> Floats:
    """The other side's picture of the same place, mirrored and shifted to fit; data, weights: squares about it.

    smooth: the frame's counts, smoothed by `NOISE`.
    """
    reach, shift = data.shape[0] // 2, 2 * round(_ASIDE * unit / 2)
    wide = cut(smooth, row, round(2 * middle - column), reach + shift, reach + shift)[:, ::-1]
    return _best(wide, data, weights, 0)


def along(smooth: Picture, row: int, column: int, data: Floats, weights: Floats, unit: float) -> Floats:
    """The place above or below that looks most alike."""
    reach = data.shape[0] // 2
    least, most, across = (2 * round(length * unit / 2) for length in _ALONG)
    wide = cut(smooth, row, column, reach + most, reach + across)
    return _best(wide, data, weights, least)


def _halved(picture: NDArray[np.floating]) -> Floats:
    """Sums of 2 x 2 pixels; an odd last row or column is left out."""
    rows, columns = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
    even = picture[:rows, :columns]
    halved: Floats = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    return halved


def _best(wide: Picture, data: Floats, weights: Floats, least: int) -> Floats:
    """The square of `wide` that fits `data` best up to a factor above nought and a constant.

    Looked for on halved pixels, which is fast and fine enough for pictures blurred by four. least: rows that are too
    near the middle to be another place.
    """
    size = data.shape[0]
    small, share = _halved(data).ravel(), _halved(weights).ravel()
    squares = sliding_window_view(_halved(wide), (size // 2, size // 2))
    rows, columns = squares.shape[:2]
    here = squares.reshape(rows * columns, -1)
    total = float(share.sum()) or 1.0
    mean = float(share @ small) / total
    sums = here @ share
    spread = np.maximum((here * here) @ share - sums * sums / total, 1e-6)
    fit = here @ (share * small) - sums * mean
    gain = np.where(fit > 0.0, fit * fit / spread, 0.0)
    if least:
        near = np.abs(np.arange(rows) - rows // 2) < least // 2
        gain.reshape(rows, columns)[near] = -1.0
    row, column = divmod(int(np.argmax(gain)), columns)
    found: Floats = wide[2 * row : 2 * row + size, 2 * column : 2 * column + size].astype(np.float64)
    return found
