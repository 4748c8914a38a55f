"""The area under the ROC curve with its variance, two areas on the same cases compared, and the curve itself.

DeLong, DeLong, Clarke-Pearson, Biometrics 1988; 44: 837-845, in O(n log n) by midranks (Sun and Xu, IEEE Signal
Processing Letters 2014; 21: 1389-1393). Intervals are Wald's, 95 %, not cut at 0 or 1. Every case counts as
independent; `clustered_roc` is for lesions of the same patients.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from workstation.stats.normal import chi_square_tail, two_sided
from workstation.stats.proportion import Z
from workstation.stats.tables import ChiSquare
from workstation.stats.truth import Booleans, Floats, binary, scores


@dataclass(frozen=True)
class Area:
    """AUC of `positives` against `negatives` cases. variance, low, high: nan where a class has one case only."""

    value: float
    variance: float
    low: float
    high: float
    positives: int
    negatives: int


@dataclass(frozen=True)
class AreaDifference:
    """One AUC less another. z, p: of no difference; nan where neither ever ranks otherwise than the other (0/0)."""

    difference: float
    variance: float
    low: float
    high: float
    z: float
    p: float


@dataclass(frozen=True, eq=False)
class Curve:
    """ROC points from (0, 0) to (1, 1): calling positive what scores at least `threshold` (infinite at the first)."""

    false_positive_rate: Floats
    true_positive_rate: Floats
    threshold: Floats


def auc(truth: ArrayLike, score: ArrayLike) -> Area:
    """The chance that a positive case scores above a negative one, ties counting half. Higher = more malignant.

    truth: (n,) of 0 and 1. score: (n,), no nan. ValueError where there is one class only.
    """
    positive = both_classes(truth)
    of_positives, of_negatives = placements(positive, scores(score, len(positive)))
    value = float(of_positives.mean())
    variance = _variance(of_positives, of_negatives)
    half = Z * math.sqrt(variance)
    return Area(value, variance, value - half, value + half, len(of_positives), len(of_negatives))


def delong_test(truth: ArrayLike, a: ArrayLike, b: ArrayLike) -> AreaDifference:
    """DeLong's test of two scores on the same cases: the AUC of a less that of b. ValueError for one class only."""
    positive = both_classes(truth)
    one = placements(positive, scores(a, len(positive)))
    other = placements(positive, scores(b, len(positive)))
    # The variance of the difference, from the cases' differences: exact 0 where both rank alike.
    of_positives, of_negatives = one[0] - other[0], one[1] - other[1]
    return difference(float(of_positives.mean()), _variance(of_positives, of_negatives))


def unpaired_test(one: Area, other: Area) -> AreaDifference:
    """Two AUCs on different, independent cases compared, e.g. of men and of women."""
    return difference(one.value - other.value, one.variance + other.variance)


def heterogeneity(areas: Sequence[Area]) -> ChiSquare:
    """Do AUCs on different, independent cases share one value? Wald's chi-square with DeLong's variances.

    nan where an area has no variance or none but 0; of two areas the statistic is the square of `unpaired_test`'s z.
    """
    name = "Wald chi-square, DeLong"
    variance = np.array([each.variance for each in areas])
    if len(areas) < 2 or not np.all(variance > 0):
        return ChiSquare(math.nan, 0, math.nan, name)
    value, weight = np.array([each.value for each in areas]), 1 / variance
    statistic = float(weight @ (value - weight @ value / weight.sum()) ** 2)
    return ChiSquare(statistic, len(areas) - 1, chi_square_tail(statistic, len(areas) - 1), name)


def roc_curve(truth: ArrayLike, score: ArrayLike) -> Curve:
    """The curve's corners, one for each score that occurs. ValueError where there is one class only."""
    positive = both_classes(truth)
    score = scores(score, len(positive))
    order = np.argsort(-score, kind="stable")
    ranked, hits = score[order], positive[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    true, false = np.cumsum(hits)[last], np.cumsum(~hits)[last]
    return Curve(
        np.append(0.0, false / false[-1]), np.append(0.0, true / true[-1]), np.append(np.inf, ranked[last])
    )  # fmt: skip


def both_classes(truth: ArrayLike) -> Booleans:
    """The truth as booleans; ValueError unless both classes are there."""
    positive = binary(truth)
    if not positive.any() or positive.all():
        raise ValueError(f"an AUC needs both classes, got {int(positive.sum())} positive of {len(positive)} cases")
    return positive


def placements(positive: Booleans, score: Floats) -> tuple[Floats, Floats]:
    """For each positive case the share of negatives it scores above, for each negative the share of positives above it.

    Ties count half. In the order of the cases; the mean of either is the AUC. DeLong's structural components.
    """
    ill, well = score[positive], score[~positive]
    return _share_below(ill, well), 1.0 - _share_below(well, ill)


def _share_below(values: Floats, others: Floats) -> Floats:
    ranked = np.sort(others)
    below, up_to = np.searchsorted(ranked, values, "left"), np.searchsorted(ranked, values, "right")
    return np.asarray((below + up_to) / (2.0 * len(others)))


def _variance(of_positives: Floats, of_negatives: Floats) -> float:
    if min(len(of_positives), len(of_negatives)) < 2:
        return math.nan
    return float(of_positives.var(ddof=1) / len(of_positives) + of_negatives.var(ddof=1) / len(of_negatives))


def difference(value: float, variance: float) -> AreaDifference:
    """A difference of AUCs with Wald's interval and test."""
    error = math.sqrt(variance)
    if error > 0:
        z = value / error
    else:
        z = math.copysign(math.inf, value) if error == 0 and value != 0 else math.nan
    return AreaDifference(value, variance, value - Z * error, value + Z * error, z, two_sided(z))
