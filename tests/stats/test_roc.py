"""AUC and DeLong's test against the definition in O(n^2), scikit-learn, and what DeLong's own paper says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from sklearn.metrics import roc_curve as their_curve

from workstation.stats.roc import auc, delong_test, roc_curve, unpaired_test
from workstation.stats.threshold import youden

# A truth with both classes and two scores with many ties.
CASES = st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 6)), max_size=30).map(
    lambda rows: np.array([(True, 3, 2), (False, 3, 4), *rows], int)
)


def naive(truth: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """DeLong as printed: psi for every pair, components, their covariance. The areas and the covariance matrix."""
    ill = truth.astype(bool)
    psi = [
        (s[ill][:, None] > s[~ill][None]).astype(float) + 0.5 * (s[ill][:, None] == s[~ill][None]) for s in (a, b)
    ]  # fmt: skip
    areas = np.array([each.mean() for each in psi])
    v10, v01 = np.stack([each.mean(axis=1) for each in psi]), np.stack([each.mean(axis=0) for each in psi])
    m, n = v10.shape[1], v01.shape[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        s10 = (v10 - areas[:, None]) @ (v10 - areas[:, None]).T / np.float64(m - 1)
        s01 = (v01 - areas[:, None]) @ (v01 - areas[:, None]).T / np.float64(n - 1)
    return areas, s10 / m + s01 / n


@settings(max_examples=50)
@given(CASES)
def test_delong_is_delong(cases: np.ndarray) -> None:
    truth, a, b = cases.T
    areas, covariance = naive(truth, a, b)
    one, pair = auc(truth, a), delong_test(truth, a, b)
    assert one.value == pytest.approx(areas[0], abs=1e-12)
    assert one.value == pytest.approx(roc_auc_score(truth, a), abs=1e-12)
    assert one.variance == pytest.approx(covariance[0, 0], abs=1e-12, nan_ok=True)
    assert pair.difference == pytest.approx(areas[0] - areas[1], abs=1e-12)
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    assert pair.variance == pytest.approx(variance, abs=1e-12, nan_ok=True)
    if variance > 1e-12:
        assert pair.z == pytest.approx((areas[0] - areas[1]) / math.sqrt(variance))
        assert pair.p == pytest.approx(math.erfc(abs(pair.z) / math.sqrt(2)))
        assert (pair.low + pair.high) / 2 == pytest.approx(pair.difference, abs=1e-12)
        assert pair.high - pair.low == pytest.approx(2 * 1.959963984540054 * math.sqrt(variance))


def test_an_area_by_hand() -> None:
    """Positives 1, 3, 3; negatives 0, 1, 2: pairs won 1.5, 3, 3 of 9; the variance from 1/2, 1, 1 and 1, 5/6, 2/3."""
    found = auc([1, 1, 1, 0, 0, 0], [1, 3, 3, 0, 1, 2])
    assert found.value == pytest.approx(7.5 / 9)
    assert found.variance == pytest.approx(np.var([0.5, 1, 1], ddof=1) / 3 + np.var([1, 5 / 6, 2 / 3], ddof=1) / 3)
    assert found.high > 1, "Wald's interval is not cut"
    assert found.high - found.value == pytest.approx(1.959963984540054 * math.sqrt(found.variance))


@settings(max_examples=50)
@given(CASES)
def test_turned_round(cases: np.ndarray) -> None:
    truth, a, b = cases.T
    assert auc(truth, -a).value == pytest.approx(1 - auc(truth, a).value)
    assert auc(1 - truth, -a).value == pytest.approx(auc(truth, a).value)
    assert auc(truth, np.exp(a)).variance == pytest.approx(auc(truth, a).variance, nan_ok=True)
    assert delong_test(truth, b, a).difference == pytest.approx(-delong_test(truth, a, b).difference, abs=1e-12)


def test_the_same_scores_do_not_differ() -> None:
    found = delong_test([0, 1, 0, 1, 1], [1, 2, 3, 4, 5], [10, 20, 30, 40, 50])
    assert (found.difference, found.variance) == (0, 0)
    assert math.isnan(found.z) and math.isnan(found.p)
    one = delong_test([0, 1], [1, 2], [2, 1])
    assert one.difference == 1 and math.isnan(one.low), "no variance of one case"


def test_intervals_cover() -> None:
    """Normal scores, true AUC 0.85: 1,000 sets of 60 and 60, seed 1; the standard error of the share is 0.7 points."""
    rng = np.random.default_rng(1)
    shift = math.sqrt(2) * 1.0364333894937898
    truth = np.repeat([1, 0], 60)
    covered = 0
    for _ in range(1000):
        found = auc(truth, np.concatenate([rng.normal(shift, 1, 60), rng.normal(0, 1, 60)]))
        covered += found.low <= 0.85 <= found.high
    assert 0.92 <= covered / 1000 <= 0.97


def test_the_test_keeps_its_level_and_finds_a_difference() -> None:
    rng = np.random.default_rng(2)
    truth = np.repeat([1, 0], 80)
    same, other = [], []
    for _ in range(600):
        case = rng.normal(0, 1, 160) + truth
        a, b = case + rng.normal(0, 1, 160), case + rng.normal(0, 1, 160)
        same.append(delong_test(truth, a, b).p < 0.05)
        other.append(delong_test(truth, a + truth, b).p < 0.05)
    assert 0.02 <= np.mean(same) <= 0.08 and np.mean(other) > 0.7


def test_independent_sets() -> None:
    rng = np.random.default_rng(3)
    truth, score = rng.integers(0, 2, 200), rng.normal(size=200)
    men, women = auc(truth[:80], score[:80]), auc(truth[80:], score[80:])
    found = unpaired_test(men, women)
    assert found.z == pytest.approx((men.value - women.value) / math.sqrt(men.variance + women.variance))


@settings(max_examples=50)
@given(CASES)
def test_the_curve_is_scikit_learns(cases: np.ndarray) -> None:
    truth, score, _ = cases.T
    found = roc_curve(truth, score)
    false, true, threshold = their_curve(truth, score, drop_intermediate=False)
    assert found.false_positive_rate == pytest.approx(false) and found.true_positive_rate == pytest.approx(true)
    assert found.threshold[0] == math.inf and list(found.threshold[1:]) == list(threshold[1:])
    area = np.trapezoid(found.true_positive_rate, found.false_positive_rate)
    assert area == pytest.approx(auc(truth, score).value)


@settings(max_examples=50)
@given(CASES)
def test_youdens_threshold_is_the_best_there_is(cases: np.ndarray) -> None:
    truth, score, _ = cases.T
    found = youden(truth, score)
    gains = {
        t: np.mean(score[truth == 1] >= t) + np.mean(score[truth == 0] < t) for t in [*np.unique(score), math.inf]
    }  # fmt: skip
    at = np.mean(score[truth == 1] >= found.value) + np.mean(score[truth == 0] < found.value)
    assert at == pytest.approx(max(gains.values())) and at == pytest.approx(found.sensitivity + found.specificity)


def test_youdens_threshold_lies_between_two_scores() -> None:
    assert youden([0, 0, 1, 1], [0.1, 0.2, 0.6, 0.9]).value == pytest.approx(0.4)
    near = np.nextafter(0.5, 1)
    assert youden([0, 1], [0.5, near]).value == near


@pytest.mark.parametrize(
    ("truth", "score", "words"),
    [
        ([1, 1], [1, 2], "both classes"), ([0, 0], [1, 2], "both classes"), ([], [], "both classes"),
        ([0, 1], [1, math.nan], "no numbers"), ([0, 1], [1], "one score"), ([0, 2], [1, 2], "0 or 1"),
        ([[0, 1]], [1, 2], "one row"), (["0", "1"], [1, 2], "0 or 1"),
    ],
)  # fmt: skip
def test_what_has_no_area_is_refused(truth: list[int], score: list[float], words: str) -> None:
    for call in (lambda: auc(truth, score), lambda: delong_test(truth, score, score), lambda: roc_curve(truth, score)):
        with pytest.raises(ValueError, match=words):
            call()


def test_infinite_scores_have_an_order() -> None:
    assert auc([0, 1, 1], [-math.inf, 0, math.inf]).value == 1
