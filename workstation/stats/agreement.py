"""How far readers agree beyond chance: McNemar's exact test, Cohen's kappa, Fleiss' kappa.

Tables count paired verdicts: rows are one reader's categories, columns the other's, in the same order. Intervals are
95 % and not cut at 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workstation.stats.proportion import Z

Weights = Literal["linear", "quadratic"]

RESAMPLES = 2000


@dataclass(frozen=True)
class McNemar:
    """Exact McNemar test. b, c: pairs right by the first only, and by the second only."""

    b: int
    c: int
    p: float


@dataclass(frozen=True)
class Kappa:
    """Agreement beyond chance: 1 perfect, 0 chance; nan where chance alone would agree always. n: pairs or subjects.

    low, high: 95 % interval. se: its standard error, nan where the interval does not come from one.
    """

    value: float
    low: float
    high: float
    se: float
    n: float


def mcnemar_exact(b: int, c: int) -> McNemar:
    """Two-sided binomial test that discordant pairs fall either way equally often; no such pairs give p = 1.

    McNemar 1947; the doubled smaller tail, at most 1. ValueError for what is no count.
    """
    if b < 0 or c < 0 or b != int(b) or c != int(c):
        raise ValueError(f"discordant pairs are counts, got {b} and {c}")
    from scipy.special import bdtr  # scipy.stats takes a second to import

    fewer, both = int(min(b, c)), int(b) + int(c)
    return McNemar(int(b), int(c), min(1.0, 2.0 * float(bdtr(fewer, both, 0.5))))


def cohens_kappa(table: ArrayLike, weights: Weights | ArrayLike | None = None) -> Kappa:
    """Cohen's kappa of a square table of counts, with the large-sample interval of Fleiss, Cohen and Everitt.

    weights: of agreement. None counts equal categories only; "linear" 1 - |i - j| / (k - 1); "quadratic"
    1 - (i - j)^2 / (k - 1)^2; or a (k, k) matrix with 1 on its diagonal.
    Cohen 1960 and 1968; standard error: Fleiss, Cohen, Everitt, Psychological Bulletin 1969; 72: 323-327, eq. 13.
    """
    counts = np.asarray(table, float)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(f"a table of agreement is square, got the shape {counts.shape}")
    _check_counts(counts)
    w = _weights(len(counts), weights)
    n = float(counts.sum())
    if n == 0:
        return Kappa(math.nan, math.nan, math.nan, math.nan, 0.0)
    share = counts / n
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    observed = float((w * share).sum())
    chance = float((w * np.outer(rows, columns)).sum())
    beyond = 1.0 - chance
    if beyond <= 1e-12:  # both always say the same one thing
        return Kappa(math.nan, math.nan, math.nan, math.nan, n)
    value = (observed - chance) / beyond
    row_mean, column_mean = w @ columns, w.T @ rows
    inner = w * beyond - (row_mean[:, None] + column_mean[None, :]) * (1.0 - observed)
    # Theirs is the sum of p inner^2 less (po pe - 2 pe + po)^2, which is the mean of inner: taken off before squaring,
    # perfect agreement has no error at all.
    middle = observed * chance - 2.0 * chance + observed
    se = math.sqrt(float((share * (inner - middle) ** 2).sum()) / n) / beyond**2
    return Kappa(value, value - Z * se, value + Z * se, se, n)


def fleiss_kappa(counts: ArrayLike, resamples: int = RESAMPLES) -> Kappa:
    """Fleiss' kappa of (subjects, categories): how many raters put each subject into each category.

    The interval is a percentile bootstrap over subjects (seed 0). ValueError where subjects have unequally many raters.
    Fleiss, Psychological Bulletin 1971; 76: 378-382.
    """
    table = np.asarray(counts, float)
    if table.ndim != 2:
        raise ValueError(f"counts are (subjects, categories), got the shape {table.shape}")
    _check_counts(table)
    subjects = len(table)
    raters = table.sum(axis=1)
    if subjects and not np.all(raters == raters[0]):
        raise ValueError("every subject has equally many raters")
    value = float(_fleiss(table[None])[0])
    if math.isnan(value):
        return Kappa(value, math.nan, math.nan, math.nan, float(subjects))
    rng = np.random.default_rng(0)
    block = max(1, 4_000_000 // max(table.size, 1))
    drawn: list[NDArray[np.float64]] = []
    for start in range(0, resamples, block):
        picked = rng.integers(0, subjects, (min(block, resamples - start), subjects))
        drawn.append(_fleiss(table[picked]))
    found = np.concatenate(drawn)
    found = found[np.isfinite(found)]  # a resample in which all say the same one thing has no kappa
    low, high = np.percentile(found, (2.5, 97.5)) if found.size else (math.nan, math.nan)
    return Kappa(value, float(low), float(high), math.nan, float(subjects))


def _fleiss(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kappa of each (subjects, categories) table of a stack."""
    with np.errstate(invalid="ignore", divide="ignore"):
        raters = tables.sum(axis=2)
        agree = ((tables * (tables - 1)).sum(axis=2) / (raters * (raters - 1))).sum(axis=1) / tables.shape[1]
        share = tables.sum(axis=1) / raters.sum(axis=1)[:, None]
        chance = (share**2).sum(axis=1)
        beyond = np.where(1.0 - chance > 1e-12, 1.0 - chance, np.nan)
        kappa: NDArray[np.float64] = (agree - chance) / beyond
    return kappa


def _weights(k: int, weights: Weights | ArrayLike | None) -> NDArray[np.float64]:
    if weights is None:
        return np.eye(k)
    if isinstance(weights, str):
        if weights not in ("linear", "quadratic"):
            raise ValueError(f'weights are None, "linear" or "quadratic", got {weights!r}')
        apart = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / max(k - 1, 1)
        return np.asarray(1.0 - apart ** (1 if weights == "linear" else 2), float)
    given = np.asarray(weights, float)
    if given.shape != (k, k):
        raise ValueError(f"weights have the table's shape ({k}, {k}), got {given.shape}")
    return given


def _check_counts(counts: NDArray[np.float64]) -> None:
    if not np.all(np.isfinite(counts)) or np.any(counts < 0):
        raise ValueError("counts are finite and not negative")
