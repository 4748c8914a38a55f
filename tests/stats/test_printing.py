"""Digits as printed, and Pearson's correlation against scipy."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr

from workstation.stats.correlation import from_r, pearson_correlation
from workstation.stats.printing import p_value, percent, rounded


@settings(max_examples=50)
@given(st.integers(0, 4000), st.integers(1, 4000))
def test_percentages_round_halves_up(count: int, more: int) -> None:
    """Against whole numbers: floor(10000 count / total + 1/2) hundredths of a percent."""
    total = count + more
    hundredths = math.floor(Fraction(10000 * count, total) + Fraction(1, 2))
    assert percent(count / total) == f"{hundredths // 100}.{hundredths % 100:02d}"


def test_digits() -> None:
    assert (rounded(0.125, 2), rounded(-0.125, 2), rounded(2.0, 3), rounded(1e-9, 2)) == (
        "0.13",
        "-0.13",
        "2.000",
        "0.00",
    )
    assert (rounded(math.nan, 2), percent(math.nan), p_value(math.nan)) == ("\N{EN DASH}",) * 3
    assert (p_value(0.00099), p_value(0.001), p_value(1.0), p_value(0.0485)) == ("<0.001", "0.001", "1.000", "0.049")
    assert rounded(math.inf, 1) == "\N{INFINITY}" and (percent(1e-7, 4), percent(1 / 800)) == ("0.0000", "0.13")


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=4, max_size=30))
def test_correlation_is_scipys(pairs: list[tuple[int, int]]) -> None:
    x, y = np.array(pairs, float).T
    found = pearson_correlation(x, y)
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert math.isnan(found.r) and math.isnan(found.p)
        return
    expected = pearsonr(x, y)
    assert (found.r, found.p) == pytest.approx((expected.statistic, expected.pvalue), abs=1e-9)
    if abs(found.r) < 1 - 1e-9:
        interval = expected.confidence_interval()
        assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=1e-9)


def test_correlations_of_too_few() -> None:
    assert math.isnan(pearson_correlation([], []).r) and math.isnan(from_r(0.5, 3).low)
    assert pearson_correlation([1, 2, 3], [2, 4, 6]).p == 0
    assert pearson_correlation([1e200, -1e200, 0], [1, 0, 1e-300]).r == pytest.approx(0.8660254)
    for bad in (([1, 2], [1]), ([1, math.nan], [1, 2])):
        with pytest.raises(ValueError):
            pearson_correlation(*bad)
