"""Reliability, calibration error, Brier score, temperature: against scikit-learn, statsmodels and the definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as their_loss

from workstation.stats.calibration import (
    brier,
    cooled,
    expected_calibration_error,
    expit,
    log_loss,
    logit,
    reliability,
    temperature,
)
from workstation.stats.roc import auc

CASES = st.lists(st.tuples(st.booleans(), st.floats(0.001, 0.999)), min_size=1, max_size=60)


def overconfident(n: int, by: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Truth and probabilities whose logits are `by` times what they should be."""
    rng = np.random.default_rng(seed)
    honest = rng.normal(0, 1.5, n)
    return (rng.random(n) < expit(honest)).astype(int), expit(by * honest)


@settings(max_examples=50)
@given(CASES)
def test_the_curve_is_scikit_learns(cases: list[tuple[bool, float]]) -> None:
    truth, p = np.array([t for t, _ in cases], int), np.array([p for _, p in cases])
    curve = [each for each in reliability(truth, p) if each.seen.total]
    seen, said = calibration_curve(truth, p, n_bins=10)
    assert [each.seen.value for each in curve] == pytest.approx(list(seen))
    assert [each.said for each in curve] == pytest.approx(list(said))
    assert sum(each.seen.total for each in curve) == len(cases)
    by_hand = sum(abs(np.sum(truth[inside] - p[inside])) for inside in bins_of(p)) / len(p)
    assert expected_calibration_error(truth, p) == pytest.approx(by_hand)
    assert brier(truth, p) == pytest.approx(brier_score_loss(truth, p, pos_label=1))
    assert log_loss(truth, p) == pytest.approx(their_loss(truth, p, labels=[0, 1]), rel=1e-6)


def bins_of(p: np.ndarray) -> list[np.ndarray]:
    edges = np.linspace(0, 1, 11)
    return [(p > low) & (p <= high) for low, high in zip(edges[:-1], edges[1:], strict=True)]


def test_the_borders_belong_somewhere() -> None:
    curve = reliability([0, 1, 1], [0.0, 0.5, 1.0], bins=2)
    assert [each.seen.total for each in curve] == [2, 1]
    assert math.isnan(reliability([1], [0.9], bins=2)[0].said)


def test_a_temperature_is_a_logistic_regression() -> None:
    """Along one coefficient and without an intercept, statsmodels' estimate is 1 / temperature."""
    truth, p = overconfident(4000, 2.5)
    found = temperature(truth, p)
    fit = sm.Logit(truth, logit(p)[:, None]).fit(disp=0)
    assert found == pytest.approx(1 / fit.params[0], rel=1e-5)
    assert found == pytest.approx(2.5, rel=0.1)
    mended = cooled(p, found)
    assert log_loss(truth, mended) < log_loss(truth, p)
    assert expected_calibration_error(truth, mended) < 0.03 < expected_calibration_error(truth, p)
    assert auc(truth, mended).value == pytest.approx(auc(truth, p).value)


def test_temperatures_at_their_ends() -> None:
    assert temperature([], []) == temperature([0, 1], [0.5, 0.5]) == 1
    assert temperature([0, 1], [0.9, 0.1]) == pytest.approx(100), "worse than none"
    assert temperature([0, 1], [0.1, 0.9]) == pytest.approx(0.01), "never wrong"
    found = temperature([0, 1, 1, 0, 1], [0.0, 1.0, 1.0, 1.0, 1.0])
    assert 1 < found < 100, "one certain mistake is not infinitely bad"
    assert list(cooled([0.2, 0.7], 1)) == pytest.approx([0.2, 0.7])


def test_nothing_is_nan() -> None:
    assert all(math.isnan(found) for found in (brier([], []), log_loss([], []), expected_calibration_error([], [])))


@pytest.mark.parametrize(("truth", "p"), [([1], [1.2]), ([1], [math.nan]), ([1, 0], [0.5]), ([2], [0.5])])
def test_what_is_no_probability_is_refused(truth: list[int], p: list[float]) -> None:
    for function in (brier, temperature, reliability):
        with pytest.raises(ValueError):
            function(truth, p)  # type: ignore[operator]
    with pytest.raises(ValueError, match="temperature"):
        cooled([0.5], 0)
    with pytest.raises(ValueError, match="bin"):
        reliability([1], [0.5], bins=0)
