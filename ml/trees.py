"""A gradient-boosted tree on measured features: the second anchor beside the networks, with nothing learnt of pictures.

scikit-learn's histogram boosting, which takes NaN as it is. The settings are fixed here, before any network was
trained; the number of rounds is the one with the lowest log loss on inner validation patients. A model is never kept:
fitted again from the same features and seed it is the same, in seconds, and there is nothing to unpickle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ROUNDS = 400
SETTINGS: dict[str, Any] = {
    "learning_rate": 0.05,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 20,
    "l2_regularization": 1.0,
    "max_features": 0.3,
    "early_stopping": False,  # scikit-learn's own would split rows, and put a patient on both sides
}


class TreeError(ValueError):
    """Features or labels no tree can be fitted to; the message says why."""


@dataclass(frozen=True, eq=False)
class Tree:
    """rounds: how many were kept. log_loss: on the inner patients, after each round. known: features it could learn."""

    model: Any
    rounds: int
    log_loss: Floats
    known: NDArray[np.bool_]

    def probability(self, features: Floats) -> Floats:
        """P(positive) of each row, (n, features) to (n,)."""
        features = np.where(self.known, features, 0.0)
        return _probability(_nth(self.model.staged_decision_function(features), self.rounds))


def fit(features: Floats, truth: NDArray[Any], inner: Floats, inner_truth: NDArray[Any], seed: int = 0) -> Tree:
    """A tree fitted to (n, features), NaN allowed, and 0/1 truth (n,), its rounds chosen on the inner rows.

    Raises TreeError for shapes that do not fit, infinite features, and an empty class on either side.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier  # a second of import

    truth, inner_truth = np.asarray(truth).astype(bool), np.asarray(inner_truth).astype(bool)
    for rows, labels, part in ((features, truth, "training"), (inner, inner_truth, "inner validation")):
        if rows.ndim != 2 or labels.shape != rows.shape[:1] or rows.shape[1] != features.shape[1]:
            raise TreeError(f"The {part} features {rows.shape} and labels {labels.shape} do not belong together.")
        if np.isinf(rows).any():
            raise TreeError(f"The {part} features hold infinity; what could not be measured is NaN.")
        if labels.all() or not labels.any():
            raise TreeError(f"The {part} lesions are all of one kind; both are needed. Use more patients.")
    known = np.asarray(~np.isnan(features).all(axis=0))  # nothing but NaN cannot be binned: 0 for all instead
    features, inner = (np.where(known, rows, 0.0) for rows in (features, inner))
    model = HistGradientBoostingClassifier(max_iter=ROUNDS, random_state=seed, **SETTINGS)
    model.fit(features, truth)
    losses = []
    for raw in model.staged_decision_function(inner):
        signed = np.where(inner_truth, raw, -raw)
        losses.append(float(np.logaddexp(0, -signed).mean()))
    log_loss = np.array(losses)
    return Tree(model, int(np.argmin(log_loss)) + 1, log_loss, known)


def _nth(stages: Iterator[Floats], number: int) -> Floats:
    for at, raw in enumerate(stages, 1):
        if at == number:
            return raw
    raise IndexError(f"a tree has fewer than {number} rounds")


def _probability(raw: Floats) -> Floats:
    return np.asarray(np.exp(-np.logaddexp(0, -raw)))
