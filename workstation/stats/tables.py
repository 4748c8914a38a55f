"""Pearson's chi-square test of a table of counts, as the papers printed it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from workstation.stats.normal import chi_square_tail
from workstation.stats.proportion import Proportion


@dataclass(frozen=True)
class ChiSquare:
    """test: its name, which every table prints beside p. nan and no degrees of freedom where nothing can differ."""

    statistic: float
    df: int
    p: float
    test: str = "Pearson chi-square"


def pearson_chi2(counts: ArrayLike) -> ChiSquare:
    """Are rows and columns of a table independent? Pearson's statistic without continuity correction.

    counts: (rows, columns), finite and not negative, not necessarily whole; empty rows and columns are dropped. Cases
    count as independent, which lesions of one patient are not: see `clustered_tables`.
    """
    table = np.asarray(counts, float)
    if table.ndim != 2:
        raise ValueError(f"a table has rows and columns, got the shape {table.shape}")
    if not np.all(np.isfinite(table)) or np.any(table < 0):
        raise ValueError("counts are finite and not negative")
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    df = (table.shape[0] - 1) * (table.shape[1] - 1) if table.size else 0
    if df == 0:
        return ChiSquare(math.nan, 0, math.nan)
    # Shares before they are multiplied: products of totals would overflow or vanish where counts are extreme.
    expected = table.sum(axis=1, keepdims=True) * (table.sum(axis=0) / table.sum())
    statistic = float(((table - expected) ** 2 / expected).sum())
    return ChiSquare(statistic, df, chi_square_tail(statistic, df))


def compare_proportions(parts: Sequence[Proportion], divided_by: float = 1.0) -> ChiSquare:
    """Pearson's test that groups share one proportion.

    divided_by: 5 tests mean counts per fold, as paper A's tables 4 and 5 did; it makes every statistic five times too
    small and is only there to print their figures beside the right ones.
    """
    return pearson_chi2([[part.count / divided_by, (part.total - part.count) / divided_by] for part in parts])
