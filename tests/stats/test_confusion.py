"""Proportions, confusion matrices, predictive values elsewhere, chi-square: against statsmodels, scipy and counting."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chi2_contingency
from statsmodels.stats.proportion import proportion_confint

from workstation.stats.confusion import METRICS, Confusion, confusion, pooled
from workstation.stats.folds import FoldMean, over_folds
from workstation.stats.proportion import Proportion
from workstation.stats.tables import compare_proportions, pearson_chi2

COUNTS = st.integers(0, 400)
CONFUSIONS = st.builds(Confusion, COUNTS, COUNTS, COUNTS, COUNTS)


@settings(max_examples=50)
@given(COUNTS, COUNTS)
def test_wilsons_interval_is_statsmodels(count: int, more: int) -> None:
    part = Proportion(count, count + more)
    if part.total == 0:
        assert math.isnan(part.value) and math.isnan(part.low) and math.isnan(part.high)
        return
    low, high = proportion_confint(count, part.total, method="wilson")
    assert (part.low, part.high) == pytest.approx((low, high), abs=1e-12)
    assert 0 <= part.low <= part.value <= part.high <= 1


def test_newcombe_1998() -> None:
    """Newcombe, Statistics in Medicine 1998; 17: 857-872, table I, score interval: 81/263, 15/148, 0/20, 1/29."""
    found = [Proportion(*each) for each in ((81, 263), (15, 148), (0, 20), (1, 29))]
    assert [(round(each.low, 4), round(each.high, 4)) for each in found] == [
        (0.2553, 0.3662), (0.0624, 0.1605), (0.0, 0.1611), (0.0061, 0.1718)
    ]  # fmt: skip


@settings(max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40))
def test_counting(cases: list[tuple[bool, bool]]) -> None:
    found = confusion([int(ill) for ill, _ in cases], [called for _, called in cases])
    right = [ill == called for ill, called in cases]
    assert (found.accuracy.count, found.accuracy.total) == (sum(right), len(cases))
    assert (found.sensitivity.count, found.sensitivity.total) == (cases.count((True, True)), sum(i for i, _ in cases))
    assert (found.ppv.count, found.ppv.total) == (cases.count((True, True)), sum(called for _, called in cases))
    assert (found.npv.count, found.npv.total) == (cases.count((False, False)), sum(not c for _, c in cases))
    assert found.specificity.total == sum(not ill for ill, _ in cases)


def test_nothing_is_nan() -> None:
    nothing = Confusion(0, 0, 0, 0)
    for name in METRICS:
        metric = getattr(nothing, name)
        assert math.isnan(metric.value) and math.isnan(metric.low) and math.isnan(metric.high) and metric.total == 0
    assert math.isnan(nothing.ppv_at(0.1).value) and math.isnan(nothing.npv_at(0.1).high)
    assert math.isnan(Confusion(0, 5, 5, 0).ppv_at(0.1).value), "nobody is called positive"


@settings(max_examples=50)
@given(CONFUSIONS)
def test_predictive_values_at_the_sets_own_prevalence(found: Confusion) -> None:
    """By Bayes' rule at its own prevalence a set's predictive values are what it shows."""
    ill, well = found.sensitivity.total, found.specificity.total
    assume(ill and well and found.tp + found.fp and found.tn + found.fn)
    own = ill / (ill + well)
    for elsewhere, here in ((found.ppv_at(own), found.ppv), (found.npv_at(own), found.npv)):
        assert elsewhere.value == pytest.approx(here.value)
        assert 0 <= elsewhere.low <= elsewhere.value + 1e-12 and elsewhere.value <= elsewhere.high + 1e-12 <= 1 + 1e-11


def test_the_logit_interval_of_large_sets() -> None:
    """Mercaldo, Lau, Zhou, Statistics in Medicine 2007; 26: 2170-2183: logit PPV and its standard error,
    sqrt((1 - se) / (se m) + sp / ((1 - sp) n)), give what the interval here approaches as cells grow."""
    found = Confusion(16400, 3600, 27000, 3000)
    se, sp, at = 0.82, 0.9, 0.03
    middle = math.log(at / (1 - at) * se / (1 - sp))
    error = math.sqrt((1 - se) / (se * 20000) + sp / ((1 - sp) * 30000))
    expected = [1 / (1 + math.exp(-middle - shift * 1.959964 * error)) for shift in (-1, 0, 1)]
    interval = found.ppv_at(at)
    assert [interval.low, interval.value, interval.high] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("se", "sp", "m", "n"), [(0.8, 0.9, 30, 40), (0.95, 0.97, 50, 50), (0.6, 0.99, 25, 60)])
def test_predictive_values_cover(se: float, sp: float, m: int, n: int) -> None:
    """All tables there can be, weighted by their chance: 95 % of the intervals hold the true value, empty cells too."""
    at = 0.1
    true = at * se / (at * se + (1 - at) * (1 - sp))
    chance = np.outer(binom.pmf(np.arange(m + 1), m, se), binom.pmf(np.arange(n + 1), n, 1 - sp))
    covered = total = 0.0
    for tp, fp in np.argwhere(chance > 1e-4):
        if tp or fp:
            interval = Confusion(int(tp), m - int(tp), n - int(fp), int(fp)).ppv_at(at)
            covered += chance[tp, fp] * (interval.low <= true <= interval.high)
            total += chance[tp, fp]
    assert 0.93 <= covered / total <= 0.985


@settings(max_examples=50)
@given(st.lists(st.lists(st.integers(0, 50), min_size=3, max_size=3), min_size=2, max_size=4))
def test_chi_square_is_scipys(rows: list[list[int]]) -> None:
    table = np.array(rows)
    found = pearson_chi2(table)
    kept = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(kept.shape) < 2:
        assert math.isnan(found.p) and found.df == 0
        return
    expected = chi2_contingency(kept, correction=False)
    assert (found.statistic, found.df, found.p) == pytest.approx((expected.statistic, expected.dof, expected.pvalue))


def test_chi_square_by_hand() -> None:
    """2 x 2: n (ad - bc)^2 / (row and column totals); a fifth of the counts, a fifth of the statistic."""
    found = pearson_chi2([[148, 52], [187, 13]])
    assert found.statistic == pytest.approx(400 * (148 * 13 - 52 * 187) ** 2 / (200 * 200 * 335 * 65))
    parts = [Proportion(148, 200), Proportion(187, 200)]
    assert compare_proportions(parts) == found
    assert compare_proportions(parts, divided_by=5).statistic == pytest.approx(found.statistic / 5)


@pytest.mark.parametrize("bad", [[[1, -1], [2, 3]], [[1, math.nan], [2, 3]], [1, 2, 3]])
def test_what_is_no_table_is_refused(bad: object) -> None:
    with pytest.raises(ValueError):
        pearson_chi2(bad)  # type: ignore[arg-type]


def test_what_is_no_count_is_refused() -> None:
    for bad in ((-1, 0, 0, 0), (0, 1.5, 0, 0), (0, 0, math.nan, 0), (0, 0, 0, math.inf)):
        with pytest.raises(ValueError, match="count"):
            Confusion(*bad)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="count of a total"):
        Proportion(3, 2)
    with pytest.raises(ValueError, match="0 or 1"):
        confusion([0, 2], [0, 1])
    with pytest.raises(ValueError, match="one call"):
        confusion([0, 1], [0])
    with pytest.raises(ValueError, match="prevalence"):
        Confusion(1, 1, 1, 1).ppv_at(0)


def test_fold_means_and_pooled_counts_are_two_things() -> None:
    folds = [Confusion(9, 1, 5, 5), Confusion(10, 90, 20, 0)]
    means = over_folds(folds)
    assert means["sensitivity"].mean == pytest.approx((0.9 + 0.1) / 2)
    assert means["sensitivity"].sd == pytest.approx(np.std([0.9, 0.1], ddof=1))
    assert pooled(folds).sensitivity.value == pytest.approx(19 / 110)
    assert FoldMean((0.5, math.nan)).mean == 0.5 and math.isnan(FoldMean((math.nan,)).mean)
