"""What is watched while a network learns, and what is chosen on the inner validation patients. NumPy alone.

The tables of a study are made elsewhere from predictions; here is only what a training decides by.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating]


def sigmoid(logits: Values) -> Values:
    """1 / (1 + exp(-x)), without overflow."""
    return np.exp(-np.logaddexp(0, -np.asarray(logits, np.float64)))


def auc(truth: Values, score: Values) -> float:
    """The share of pairs of a positive and a negative in the right order, ties a half; nan with one kind only."""
    right = np.asarray(truth) > 0.5
    positives, negatives = int(right.sum()), int((~right).sum())
    if not positives or not negatives:
        return math.nan
    _, place, count = np.unique(np.asarray(score, np.float64), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    return float((ranks[right].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def log_loss(truth: Values, logits: Values) -> float:
    """Mean binary cross entropy of logits."""
    logits = np.asarray(logits, np.float64)
    return float(np.mean(np.logaddexp(0, logits) - logits * truth))


@dataclass(frozen=True)
class Chosen:
    """temperature: what logits are divided by. threshold: of the calibrated probability."""

    temperature: float
    threshold: float


def choose(truth: Values, logits: Values) -> Chosen:
    """Temperature by likelihood, threshold by sensitivity + specificity, of one target on the patients given.

    With one kind only nothing can be chosen: 1 and 0.5.
    """
    if np.min(truth) == np.max(truth):
        return Chosen(1.0, 0.5)
    temperature = _temperature(np.asarray(truth), np.asarray(logits, np.float64))
    calibrated = sigmoid(logits / temperature)
    positive = np.asarray(truth) > 0.5
    ordered = np.unique(calibrated)
    cuts = np.concatenate([ordered[:1], (ordered[1:] + ordered[:-1]) / 2])
    sensitive = 1 - np.searchsorted(np.sort(calibrated[positive]), cuts) / positive.sum()
    specific = np.searchsorted(np.sort(calibrated[~positive]), cuts) / (~positive).sum()
    gain = sensitive + specific
    best = np.flatnonzero(gain > gain.max() - 1e-12)
    return Chosen(temperature, float(cuts[best[np.argmin(np.abs(cuts[best] - 0.5))]]))


def _temperature(truth: Values, logits: Values) -> float:
    """The minimum of the log loss over log T, by golden section between 1/20 and 20: it has one valley."""
    low, high = math.log(0.05), math.log(20)
    ratio = (math.sqrt(5) - 1) / 2

    def at(log: float) -> float:
        return log_loss(truth, logits / math.exp(log))

    a, b = high - ratio * (high - low), low + ratio * (high - low)
    at_a, at_b = at(a), at(b)
    for _ in range(40):
        if at_a < at_b:
            high, b, at_b = b, a, at_a
            a = high - ratio * (high - low)
            at_a = at(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + ratio * (high - low)
            at_b = at(b)
    return math.exp((low + high) / 2)


def dice(pieces: Values) -> Values:
    """From (..., 3) intersection, predicted and actual pixels; empty against empty is 1."""
    both, total = np.asarray(pieces)[..., 0], np.asarray(pieces)[..., 1:].sum(-1)
    return np.where(total > 0, 2 * both / np.maximum(total, 1e-12), 1.0)


THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""At which the overlap of a segmentation is counted: 0.05 to 0.95."""
HALF = THRESHOLDS.index(0.5)


def choose_cut(pieces: Values) -> float:
    """The threshold with the best mean Dice over scans that have the target; pieces (scans, thresholds, 3)."""
    there = pieces[pieces[:, 0, 2] > 0]
    return THRESHOLDS[int(np.argmax(dice(there).mean(0)))] if len(there) else 0.5
