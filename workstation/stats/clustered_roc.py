"""The AUC of lesions that share patients: Obuchowski's variance, where lesions of one patient may be alike.

Obuchowski, Biometrics 1997; 53: 567-578: DeLong's structural components are summed over each patient first. With one
lesion a patient it is DeLong's variance exactly.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from workstation.stats.normal import chi_square_tail
from workstation.stats.proportion import Z
from workstation.stats.roc import Area, AreaDifference, both_classes, difference, placements
from workstation.stats.tables import ChiSquare
from workstation.stats.truth import Booleans, Floats, Numbers, numbered, scores

ROUNDING = 1e-20
"""A variance of an AUC below this is 0: of a million lesions it is more than 1e-13, and the rest is rounding."""


def clustered_auc(truth: ArrayLike, score: ArrayLike, clusters: ArrayLike) -> Area:
    """The AUC over all cases with the interval that holds when cases of one cluster (patient) are alike.

    truth: (n,) of 0 and 1; score: (n,), no nan; clusters: (n,) of anything that sorts. variance nan where only one
    cluster has a class. ValueError where there is one class only.
    """
    positive = both_classes(truth)
    number, _ = numbered(clusters, len(positive))
    of_positives, of_negatives = placements(positive, scores(score, len(positive)))
    value = float(of_positives.mean())
    variance = _variance(positive, number, of_positives, of_negatives)
    half = Z * math.sqrt(variance)
    return Area(value, variance, value - half, value + half, len(of_positives), len(of_negatives))


def clustered_auc_test(truth: ArrayLike, a: ArrayLike, b: ArrayLike, clusters: ArrayLike) -> AreaDifference:
    """Obuchowski's test of two scores on the same clustered cases: the AUC of a less that of b."""
    positive = both_classes(truth)
    number, _ = numbered(clusters, len(positive))
    one = placements(positive, scores(a, len(positive)))
    other = placements(positive, scores(b, len(positive)))
    of_positives, of_negatives = one[0] - other[0], one[1] - other[1]
    return difference(float(of_positives.mean()), _variance(positive, number, of_positives, of_negatives))


def clustered_heterogeneity(truth: ArrayLike, score: ArrayLike, clusters: ArrayLike, groups: ArrayLike) -> ChiSquare:
    """Do groups of cases share one AUC? Wald's chi-square, with all that patients in several groups bring along.

    groups: (n,) of anything that sorts, each with both classes, else ValueError. Covariances come from each patient's
    sums of components in all groups; nan where there are too few patients for them.
    """
    name = "Wald chi-square over patients"
    positive = both_classes(truth)
    given = scores(score, len(positive))
    number, among = numbered(clusters, len(positive))
    group, k = numbered(groups, len(positive))
    areas, pull = np.zeros(k), np.zeros((among, k))
    for at in range(k):
        inside = group == at
        ill = both_classes(positive[inside])
        of_positives, of_negatives = placements(ill, given[inside])
        areas[at] = of_positives.mean()
        # How much each patient moves the area: its lesions' components less what they would be if like all.
        pull[:, at] += np.bincount(number[inside][ill], (of_positives - areas[at]) / len(of_positives), among)
        pull[:, at] += np.bincount(number[inside][~ill], (of_negatives - areas[at]) / len(of_negatives), among)
    if k < 2 or among < 2:
        return ChiSquare(math.nan, 0, math.nan, name)
    apart = pull[:, 1:] - pull[:, :1]
    spread = among / (among - 1) * apart.T @ apart
    away = areas[1:] - areas[0]
    if np.linalg.matrix_rank(spread, tol=max(ROUNDING, float(np.abs(spread).max()) * 1e-12)) < k - 1:
        return ChiSquare(math.nan, 0, math.nan, name)
    statistic = float(away @ np.linalg.solve(spread, away))
    return ChiSquare(statistic, k - 1, chi_square_tail(statistic, k - 1), name)


def _variance(positive: Booleans, number: Numbers, of_positives: Floats, of_negatives: Floats) -> float:
    """Of the mean of either component; of_positives, of_negatives: those of the cases, or of their differences."""
    m, n = len(of_positives), len(of_negatives)
    ill, well = number[positive], number[~positive]
    clusters = int(number.max()) + 1
    with_ill, with_well = len(np.unique(ill)), len(np.unique(well))
    if min(with_ill, with_well) < 2:
        return math.nan
    # Each patient's sum less what it would be if the patient were like all.
    from_ill = np.bincount(ill, of_positives - of_positives.mean(), clusters)
    from_well = np.bincount(well, of_negatives - of_negatives.mean(), clusters)
    s10 = with_ill / (with_ill - 1) * float(from_ill @ from_ill) / m
    s01 = with_well / (with_well - 1) * float(from_well @ from_well) / n
    s11 = clusters / (clusters - 1) * float(from_ill @ from_well)
    # Few patients that have both classes can make the estimate negative; no variance is.
    variance = s10 / m + s01 / n + 2 * s11 / (m * n)
    return variance if variance > ROUNDING else 0.0
