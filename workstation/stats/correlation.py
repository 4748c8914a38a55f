"""Pearson's correlation with its interval and test, as of tumour burden and alkaline phosphatase."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from workstation.stats.proportion import Z


@dataclass(frozen=True)
class Correlation:
    """r of n pairs. low, high: 95 % by Fisher's z (1921). t, p: of no correlation, n - 2 degrees of freedom.

    nan where there are too few pairs (n under 3; 4 for the interval) or one side does not vary.
    """

    r: float
    n: int
    low: float
    high: float
    t: float
    p: float


def pearson_correlation(x: ArrayLike, y: ArrayLike) -> Correlation:
    """Of pairs (n,) and (n,), both finite; ValueError otherwise."""
    one, other = np.asarray(x, float), np.asarray(y, float)
    if one.shape != other.shape or one.ndim != 1:
        raise ValueError(f"a correlation is of pairs, got the shapes {one.shape} and {other.shape}")
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise ValueError("a correlation is of finite numbers")
    if len(one) < 2:
        return from_r(math.nan, len(one))
    # Scaled first, so that squares neither overflow nor vanish.
    apart = [each - each.mean() for each in (one, other)]
    lengths = [float(np.abs(each).max()) for each in apart]
    if 0 in lengths:
        return from_r(math.nan, len(one))
    first, second = (each / length for each, length in zip(apart, lengths, strict=True))
    return from_r(float(first @ second / math.sqrt(float(first @ first) * float(second @ second))), len(one))


def from_r(r: float, n: int) -> Correlation:
    """What follows from r of n pairs, as where a paper prints no more."""
    r = min(max(r, -1.0), 1.0) if not math.isnan(r) else r
    low = high = t = p = math.nan
    if n > 3 and abs(r) < 1:
        middle, half = math.atanh(r), Z / math.sqrt(n - 3)
        low, high = math.tanh(middle - half), math.tanh(middle + half)
    if n > 2 and not math.isnan(r):
        from scipy.special import stdtr

        t = math.copysign(math.inf, r) if abs(r) == 1 else r * math.sqrt((n - 2) / (1 - r * r))
        p = float(2 * stdtr(n - 2, -abs(t)))
    return Correlation(r, n, low, high, t, p)
