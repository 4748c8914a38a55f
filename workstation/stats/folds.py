"""Metrics over the folds of a cross-validation: the mean of the folds beside the pooled counts, never mixed."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from workstation.stats.confusion import METRICS, Confusion


@dataclass(frozen=True)
class FoldMean:
    """One number of each fold, their unweighted mean, and their standard deviation (n - 1). nan folds are left out."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        there = self._there()
        return math.fsum(there) / len(there) if there else math.nan

    @property
    def sd(self) -> float:
        there = self._there()
        return statistics.stdev(there) if len(there) > 1 else math.nan

    def _there(self) -> list[float]:
        return [value for value in self.values if not math.isnan(value)]


def over_folds(folds: Sequence[Confusion]) -> dict[str, FoldMean]:
    """Each metric's fold mean, by its name in METRICS. The pooled value is that of `confusion.pooled(folds)`."""
    return {name: FoldMean(tuple(getattr(fold, name).value for fold in folds)) for name in METRICS}
