"""Proportions over lesions that share patients: the interval, groups compared, two networks compared.

A proportion over lesions is a ratio of two sums over patients, so its variance comes from the patients' residuals
(Rao and Scott, Biometrics 1992; 48: 577-585). One lesion a patient gives the ordinary results, up to n / (n - 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from workstation.stats.normal import chi_square_tail, two_sided
from workstation.stats.proportion import Z, wilson
from workstation.stats.tables import ChiSquare
from workstation.stats.truth import binary, numbered


@dataclass(frozen=True)
class ClusteredProportion:
    """count of total cases in `clusters` patients; value nan where there are none.

    low, high: 95 % Wilson interval for total / design_effect cases. design_effect: how many times larger the variance
    is than with independent cases.
    """

    count: int
    total: int
    clusters: int
    design_effect: float

    @property
    def value(self) -> float:
        return self.count / self.total if self.total else math.nan

    @property
    def low(self) -> float:
        return self._interval()[0]

    @property
    def high(self) -> float:
        return self._interval()[1]

    def _interval(self) -> tuple[float, float]:
        return wilson(self.value, self.total / self.design_effect) if self.total else (math.nan, math.nan)


@dataclass(frozen=True)
class ProportionDifference:
    """One proportion less another on the same cases; test names where p comes from. nan where 0/0."""

    difference: float
    low: float
    high: float
    p: float
    test: str


def clustered_proportion(right: ArrayLike, clusters: ArrayLike) -> ClusteredProportion:
    """The share of `right` cases (n,) of 0 and 1, with an interval that holds when cases of one cluster are alike.

    Where all cases are right, or none, nothing tells how alike they are: then each cluster counts as one case.
    """
    right = binary(right, "a case's being right")
    number, among = numbered(clusters, len(right))
    total, count = len(right), int(right.sum())
    if total == 0:
        return ClusteredProportion(0, 0, 0, math.nan)
    share = count / total
    if count in (0, total) or among == 1:
        return ClusteredProportion(count, total, among, total / among)
    residual = np.bincount(number, right - share)
    variance = among / (among - 1) * float(residual @ residual) / total**2
    effect = variance / (share * (1 - share) / total)
    # Below one case a lesion's worth nothing can be known; cases that balance out within every patient make it 0.
    return ClusteredProportion(count, total, among, max(effect, 1.0 / total))


def clustered_chi2(right: ArrayLike, clusters: ArrayLike, groups: ArrayLike) -> ChiSquare:
    """Do groups of cases share one proportion? The generalised score test of a GEE with independence.

    right: (n,) of 0 and 1; clusters: (n,) patients, who may have cases in several groups; groups: (n,). Rotnitzky and
    Jewell, Biometrika 1990; 77: 485-497; Boos, American Statistician 1992; 46: 327-333. Unlike Wald's it also
    holds where a group is all right. Close to Pearson's where every cluster is one case.
    """
    name = "generalised score test over patients"
    right = binary(right, "a case's being right")
    number, among = numbered(clusters, len(right))
    group, k = numbered(groups, len(right))
    nothing = ChiSquare(math.nan, 0, math.nan, name)
    if k < 2 or among < 2:
        return nothing
    residual = right - right.mean()
    sums = np.bincount(number * k + group, residual, among * k).reshape(among, k)
    # What each patient adds to the groups' scores, once the common proportion is estimated from all.
    share = np.bincount(group, minlength=k) / len(group)
    each = (sums - np.outer(sums.sum(axis=1), share))[:, 1:]
    score = np.bincount(group, residual, k)[1:]
    spread = each.T @ each
    df = int(np.linalg.matrix_rank(spread))
    if df == 0:
        return nothing
    statistic = float(score @ np.linalg.pinv(spread, hermitian=True) @ score)
    return ChiSquare(statistic, df, chi_square_tail(statistic, df), name)


def clustered_difference(a: ArrayLike, b: ArrayLike, clusters: ArrayLike) -> ProportionDifference:
    """How much oftener a is right than b on the same cases; cases of one cluster may be alike.

    a, b: (n,) of 0 and 1. The ratio estimator of Obuchowski, Statistics in Medicine 1998; 17: 1495-1507; Wald's
    interval and test, not cut at -1 and 1. nan where nobody ever differs, or in one cluster.
    """
    name = "Wald test over patients"
    one, other = binary(a, "a case's being right"), binary(b, "a case's being right")
    if one.shape != other.shape:
        raise ValueError(f"both are told of the same cases, got {len(one)} and {len(other)}")
    number, among = numbered(clusters, len(one))
    apart = one.astype(float) - other
    if among < 2:
        value = float(apart.mean()) if len(apart) else math.nan
        return ProportionDifference(value, math.nan, math.nan, math.nan, name)
    value = float(apart.mean())
    residual = np.bincount(number, apart - value)
    error = math.sqrt(among / (among - 1) * float(residual @ residual)) / len(apart)
    p = two_sided(value / error) if error > 0 else math.nan
    return ProportionDifference(value, value - Z * error, value + Z * error, p, name)
