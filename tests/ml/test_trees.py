"""The tree against a law that is known, and what it must not do."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ml.trees import TreeError, fit

Floats = NDArray[np.float64]


def drawn(number: int, seed: int) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Features of which two matter, a truth drawn by a law that is not additive, and the law; a tenth not measured."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(number, 5))
    p = 1 / (1 + np.exp(-(2 * features[:, 0] + 2 * np.abs(features[:, 1]) - 1.5)))
    truth = rng.random(number) < p
    features[rng.random(features.shape) < 0.1] = np.nan
    return features, truth, p


def auc(truth: NDArray[np.bool_], score: Floats) -> float:
    return float((score[truth][:, None] > score[~truth][None]).mean())


def test_the_tree_comes_near_the_best_there_is() -> None:
    features, truth, p = drawn(2000, 0)
    tree = fit(features[:1200], truth[:1200], features[1200:1400], truth[1200:1400])
    found = tree.probability(features[1400:])
    assert np.array_equal(found, tree.probability(features[1400:])) and ((found > 0) & (found < 1)).all()
    best = auc(truth[1400:], p[1400:])
    assert best - 0.06 < auc(truth[1400:], found) < best
    assert abs(found.mean() - truth[1400:].mean()) < 0.05


def test_rounds_are_chosen_on_the_inner_rows_and_all_is_repeated_by_its_seed() -> None:
    features, truth, _ = drawn(600, 1)
    inner, inner_truth, _ = drawn(150, 2)
    tree = fit(features, truth, inner, inner_truth, seed=3)
    p = tree.probability(inner)
    loss = -np.where(inner_truth, np.log(p), np.log1p(-p)).mean()
    assert loss == pytest.approx(tree.log_loss.min()) and tree.log_loss[tree.rounds - 1] == tree.log_loss.min()
    assert tree.rounds < len(tree.log_loss)  # more rounds learn 600 rows by heart
    again, other = fit(features, truth, inner, inner_truth, seed=3), fit(features, truth, inner, inner_truth, seed=4)
    assert np.array_equal(again.probability(inner), p) and not np.array_equal(other.probability(inner), p)


def test_a_feature_of_no_lesion_plays_no_part() -> None:
    """As what is measured of other lesions is, where every scan has one."""
    features, truth, _ = drawn(200, 0)
    inner, inner_truth, _ = drawn(60, 2)
    unknown = [np.concatenate([rows, np.full((len(rows), 1), np.nan)], axis=1) for rows in (features, inner)]
    tree = fit(unknown[0], truth, unknown[1], inner_truth)
    p = tree.probability(unknown[1])
    unknown[1][:, -1] = 5.0  # known later: nothing was learnt of it
    assert np.array_equal(tree.probability(unknown[1]), p) and auc(inner_truth, p) > 0.6


def test_bad_tables_are_refused_in_words() -> None:
    features, truth, _ = drawn(60, 0)
    for changed, words in (
        ((features, np.ones(60), features, truth), "training lesions are all of one kind"),
        ((features, truth, features, np.zeros(60)), "inner validation lesions are all of one kind"),
        ((features, truth[:50], features, truth), "do not belong together"),
        ((features, truth, features[:, :3], truth), "do not belong together"),
        ((np.where(np.isnan(features), np.inf, features), truth, features, truth), "infinity"),
        ((features[:0], truth[:0], features, truth), "all of one kind"),
    ):
        with pytest.raises(TreeError, match=words):
            fit(*changed)
