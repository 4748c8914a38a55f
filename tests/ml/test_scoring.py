"""What a training decides by, against slow and plain ways to the same."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.scoring import auc, choose, choose_cut, dice, log_loss, sigmoid

Scores = st.lists(st.tuples(st.integers(0, 1), st.integers(-4, 4)), min_size=2, max_size=40)


@given(Scores)
def test_auc_counts_pairs(pairs: list[tuple[int, int]]) -> None:
    truth, score = np.array(pairs, float).T
    ordered = [
        (a > b) + 0.5 * (a == b) for a, b in itertools.product(score[truth > 0], score[truth == 0])
    ]  # every positive with every negative
    found = auc(truth, score)
    assert np.isnan(found) if not ordered else abs(found - np.mean(ordered)) < 1e-12


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.2, 8))
def test_temperature_finds_what_was_done(seed: int, wrong: float) -> None:
    rng = np.random.default_rng(seed)
    honest = rng.normal(0, 2, 4000)
    truth = (rng.random(4000) < sigmoid(honest)).astype(float)
    chosen = choose(truth, honest * wrong)
    grid = [log_loss(truth, honest * wrong / t) for t in np.geomspace(0.05, 20, 400)]
    assert log_loss(truth, honest * wrong / chosen.temperature) <= min(grid) + 1e-9
    assert abs(np.log(chosen.temperature / wrong)) < 0.2


@given(Scores.filter(lambda pairs: len({truth for truth, _ in pairs}) == 2))
def test_threshold_has_the_best_sum(pairs: list[tuple[int, int]]) -> None:
    truth, logits = np.array(pairs, float).T
    chosen = choose(truth, logits)
    calibrated = sigmoid(logits / chosen.temperature)

    def gain(cut: float) -> float:
        called = calibrated >= cut
        return float(called[truth > 0].mean() + (~called)[truth == 0].mean())

    best = max(gain(cut) for cut in [*calibrated, 2.0])
    assert gain(chosen.threshold) >= best - 1e-9 or best <= 1 + 1e-9


def test_one_kind_chooses_nothing() -> None:
    assert choose(np.ones(4), np.arange(4.0)) == choose(np.zeros(4), np.arange(4.0))
    assert choose(np.ones(4), np.arange(4.0)).threshold == 0.5


def test_dice() -> None:
    assert dice(np.array([[0, 0, 0], [2, 4, 4], [0, 3, 0]])).tolist() == [1, 0.5, 0]
    pieces = np.zeros((2, 19, 3))
    pieces[0, :, 1:] = 10, 10
    pieces[0, 3, 0] = 9
    assert choose_cut(pieces) == 0.2 and choose_cut(pieces[1:]) == 0.5
