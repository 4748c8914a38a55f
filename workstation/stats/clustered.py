"""Means over lesions with intervals that know that lesions of one patient are alike: the bootstrap draws patients."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Mean:
    """n: values. clusters: patients. low, high: 95 % percentile bootstrap over clusters; nan where n is 0."""

    value: float
    low: float
    high: float
    n: int
    clusters: int


def clustered_mean(values: Sequence[float], clusters: Sequence[Hashable], resamples: int = 2000, seed: int = 0) -> Mean:
    """The mean of all values, its interval from resampling whole clusters. ValueError for unequal lengths."""
    if len(values) != len(clusters):
        raise ValueError("every value has its cluster")
    if not values:
        return Mean(math.nan, math.nan, math.nan, 0, 0)
    number = {cluster: at for at, cluster in enumerate(dict.fromkeys(clusters))}
    of = np.array([number[cluster] for cluster in clusters])
    given = np.asarray(values, float)
    sums, counts = np.bincount(of, given), np.bincount(of)
    rng = np.random.default_rng(seed)
    picked = rng.integers(0, len(number), (resamples, len(number)))
    means = sums[picked].sum(axis=1) / counts[picked].sum(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return Mean(float(given.mean()), float(low), float(high), len(values), len(number))
