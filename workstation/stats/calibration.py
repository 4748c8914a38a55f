"""Do probabilities mean what they say: reliability, expected calibration error, Brier score, and one temperature.

A temperature, like a threshold, is chosen on inner validation patients and only applied to test patients; the
functions here know nothing of folds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from workstation.stats.proportion import Proportion
from workstation.stats.truth import Floats, binary, probabilities

EDGE = 1e-7  # a probability of 0 or 1 stands this far from it, or no temperature could mend one confident mistake


@dataclass(frozen=True)
class ReliabilityBin:
    """Cases whose probability lies in (low, high], the first bin's low included.

    said: their mean probability. seen: the share of positives, with its counts and interval; nan in an empty bin.
    """

    low: float
    high: float
    said: float
    seen: Proportion


def reliability(truth: ArrayLike, probability: ArrayLike, bins: int = 10) -> tuple[ReliabilityBin, ...]:
    """The reliability curve over `bins` equally wide bins. truth: (n,) of 0 and 1; probability: (n,) from 0 to 1."""
    positive = binary(truth)
    given = probabilities(probability, len(positive))
    if bins < 1:
        raise ValueError(f"a curve has at least one bin, got {bins}")
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.searchsorted(edges, given, side="left") - 1, 0, bins - 1)
    count, hits, said = (np.bincount(place, weight, bins) for weight in (np.ones(len(given)), positive, given))
    return tuple(
        ReliabilityBin(
            float(edges[at]), float(edges[at + 1]), float(said[at] / count[at]) if count[at] else math.nan,
            Proportion(int(hits[at]), int(count[at])),
        )
        for at in range(bins)
    )  # fmt: skip


def expected_calibration_error(truth: ArrayLike, probability: ArrayLike, bins: int = 10) -> float:
    """How far, on average over cases, what a bin says lies from what is seen in it; nan without cases.

    Naeini, Cooper, Hauskrecht, AAAI 2015. It is never negative, so with few cases it is above 0 by chance alone.
    """
    curve = reliability(truth, probability, bins)
    total = sum(each.seen.total for each in curve)
    if not total:
        return math.nan
    return sum(each.seen.total * abs(each.said - each.seen.value) for each in curve if each.seen.total) / total


def brier(truth: ArrayLike, probability: ArrayLike) -> float:
    """The mean squared distance of the probability from what is true (Brier 1950); nan without cases."""
    positive = binary(truth)
    given = probabilities(probability, len(positive))
    return float(np.mean((given - positive) ** 2)) if len(given) else math.nan


def log_loss(truth: ArrayLike, probability: ArrayLike) -> float:
    """The mean negative log-likelihood, in nats; nan without cases."""
    positive = binary(truth)
    return _loss(positive, logit(probabilities(probability, len(positive)))) if len(positive) else math.nan


def temperature(truth: ArrayLike, probability: ArrayLike) -> float:
    """The one number by which to divide logits so that these cases' log loss is least (Guo et al., ICML 2017).

    Above 1: the probabilities were too sure of themselves. Between 0.01 and 100; 1 where nothing tells (no cases, or
    all probabilities 0.5), 100 where the logits are worse than none.
    """
    positive = binary(truth)
    logits = logit(probabilities(probability, len(positive)))
    if not np.any(logits):
        return 1.0

    def slope(sharpness: float) -> float:
        """Of the loss along 1 / temperature, in which it is convex."""
        return float(np.mean((expit(sharpness * logits) - positive) * logits))

    low, high = math.log(0.01), math.log(100.0)
    for _ in range(60):
        middle = (low + high) / 2
        if slope(math.exp(middle)) <= 0:  # 0 where all is as sure as a float can be: sharper still
            low = middle
        else:
            high = middle
    return min(max(math.exp(-(low + high) / 2), 0.01), 100.0)


def cooled(probability: ArrayLike, by: float) -> Floats:
    """Probabilities (n,) with their logits divided by this temperature; their order stays."""
    given = np.asarray(probability, float)
    if not by > 0:
        raise ValueError(f"a temperature is above 0, got {by}")
    return expit(logit(probabilities(given, len(given))) / by)


def logit(probability: Floats) -> Floats:
    """log(p / (1 - p)), p kept EDGE away from 0 and 1."""
    kept = np.clip(probability, EDGE, 1 - EDGE)
    return np.asarray(np.log(kept) - np.log1p(-kept))


def expit(logits: Floats) -> Floats:
    """1 / (1 + exp(-x)) without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)))


def _loss(positive: Floats | np.ndarray, logits: Floats) -> float:
    return float(np.mean(np.logaddexp(0.0, np.where(positive, -logits, logits))))
