"""P values of test statistics; nan in, nan out."""

from __future__ import annotations

import math


def two_sided(z: float) -> float:
    """The chance of a standard normal number at least as far from 0 as z."""
    return math.erfc(abs(z) / math.sqrt(2.0))


def chi_square_tail(statistic: float, df: int) -> float:
    """The chance of a chi-square number of `df` degrees of freedom of at least this size; nan without any."""
    if df < 1 or math.isnan(statistic):
        return math.nan
    from scipy.special import gammaincc

    return float(gammaincc(df / 2.0, max(statistic, 0.0) / 2.0))
