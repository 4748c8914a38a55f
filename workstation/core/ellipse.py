"""The shape of a blurred spot: counts that fall off from a middle by an ellipse, half way at its edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LN2 = float(np.log(2.0))

# A shape is five numbers: row and column of the middle, then the logarithm of the ellipse's matrix: `size`, the mean
# logarithm of its two half axes (pixels), `upright` and `slanted`, how it is drawn out along the rows or a diagonal.
# All five can be any number.


def profile(shape: Floats, rows: Floats, columns: Floats) -> Floats:
    """Counts at places (rows, columns) of a spot whose peak is 1; 0.5 at the edge of the ellipse."""
    down, across = rows - shape[0], columns - shape[1]
    a, b, c = _matrix(shape)
    counts: Floats = np.exp(-_LN2 * (a * down * down + 2.0 * b * down * across + c * across * across))
    return counts


def reach(shape: Floats, fraction: float) -> float:
    """How far from the middle counts are at least `fraction` of the peak, pixels, along the longer axis."""
    stretch = float(np.hypot(shape[3], shape[4]))
    return float(np.exp(shape[2] + stretch)) * float(np.sqrt(-np.log(fraction) / _LN2))


def _matrix(shape: Floats) -> tuple[float, float, float]:
    size, upright, slanted = (float(value) for value in shape[2:])
    stretch = float(np.hypot(upright, slanted))
    inverse = np.exp(-2.0 * size)
    even = np.cosh(2.0 * stretch)
    odd = np.sinh(2.0 * stretch) / stretch if stretch > 1e-9 else 2.0
    return inverse * (even - odd * upright), -inverse * odd * slanted, inverse * (even + odd * upright)
