"""Tails of the normal, chi-square, t and F distributions, by scipy.special alone; nan in, nan out."""

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


def two_sided_t(t: float, df: float) -> float:
    """The chance of Student's t with df (not necessarily whole, may be infinite) at least as far from 0."""
    if math.isnan(t) or math.isnan(df):
        return math.nan
    if df == math.inf:
        return two_sided(t)
    from scipy.special import stdtr

    return float(2 * stdtr(df, -abs(t)))


def t_quantile(df: float) -> float:
    """How many standard errors a two-sided 95 % interval reaches with df degrees of freedom; nan without any."""
    if not df > 0:
        return math.nan
    from scipy.special import stdtrit

    return float(stdtrit(df, 0.975))


def f_tail(f: float, df1: float, df2: float) -> float:
    """The chance of an F number of at least this size; df2 need not be whole and may be infinite."""
    if math.isnan(f) or math.isnan(df2) or df1 < 1 or not df2 > 0:
        return math.nan
    if df2 == math.inf:
        return chi_square_tail(df1 * f, int(df1))
    from scipy.special import fdtrc

    return 0.0 if f == math.inf else float(fdtrc(df1, df2, f))
