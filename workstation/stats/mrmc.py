"""Several readers, several modalities, the same cases: is one modality better, for readers and cases like these?

Obuchowski and Rockette, Communications in Statistics 1995; 24: 285-308, with the degrees of freedom of Hillis,
Statistics in Medicine 2007; 26: 596-619. Three analyses: readers and cases random (rrrc), readers fixed (frrc: these
readers, cases like these), cases fixed (rrfc). Intervals are 95 % and not cut. 0/0 gives nan.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from workstation.stats.named import Named
from workstation.stats.normal import chi_square_tail, f_tail, t_quantile, two_sided_t
from workstation.stats.proportion import Z
from workstation.stats.readings import Covariance, Endpoint, accuracies, design
from workstation.stats.truth import Floats


@dataclass(frozen=True)
class Modality(Named):
    """The readers' mean in one modality, readers and cases random."""

    value: float
    se: float
    low: float
    high: float


@dataclass(frozen=True)
class FTest(Named):
    """All modalities alike? by F; ddf may be fractional. se: of a difference; low, high: of it, nan unless of two."""

    f: float
    df1: int
    ddf: float
    p: float
    se: float
    low: float
    high: float


@dataclass(frozen=True)
class FixedReaders(Named):
    """All modalities alike, for these very readers? by chi-square."""

    chi2: float
    df: int
    p: float
    se: float
    low: float
    high: float


@dataclass(frozen=True)
class FixedCases(Named):
    """All modalities alike, on these very cases? by F."""

    f: float
    df1: int
    df2: int
    p: float
    se: float
    low: float
    high: float


@dataclass(frozen=True)
class Pair(Named):
    """One modality less another, readers and cases random; p by t with the ddf of all modalities' test."""

    of: tuple[str, str]
    difference: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class ObuchowskiRockette(Named):
    """readers: reader -> modality -> value. difference: the first modality in sorted order less the second.

    With more than two it is None and `pairs` has each of them. dropped: cases not read by all readers in all
    modalities. var_error: the errors' mean variance; their mean covariances: cov1 of one reader in two modalities, cov2
    of two readers in one, cov3 of two in two.
    """

    readers: Mapping[str, Mapping[str, float]]
    modalities: Mapping[str, Modality]
    difference: float | None
    pairs: tuple[Pair, ...]
    rrrc: FTest
    frrc: FixedReaders
    rrfc: FixedCases
    var_error: float
    cov1: float
    cov2: float
    cov3: float
    cases: int
    dropped: tuple[str, ...]
    endpoint: str
    covariance: str


@dataclass(frozen=True)
class Standalone(Named):
    """A system alone against readers; difference = ai - readers_mean, readers and cases random, by t."""

    readers_mean: float
    ai: float
    difference: float
    se: float
    t: float
    df: float
    p: float
    low: float
    high: float
    dropped: tuple[str, ...]


def obuchowski_rockette(
    modality: ArrayLike,
    reader: ArrayLike,
    case: ArrayLike,
    truth: ArrayLike,
    score: ArrayLike,
    covariance: Covariance = "jackknife",
    endpoint: Endpoint = "auc",
    threshold: float | None = None,
) -> ObuchowskiRockette:
    """The analysis of readings in long form: arrays of one length, a row a reading, in any order.

    truth: 0 or 1, one for each case. score: higher is more malignant; nan is not read. A call is positive when score >=
    threshold. covariance: how the errors' is estimated, which only matters for AUCs. ValueError for what makes no
    sense: a reading twice, a case of two truths, one class only for AUCs, no case read by all.
    """
    data = design(modality, reader, case, truth, score)
    values, errors = accuracies(data, endpoint, covariance, threshold)
    i, j = values.shape
    var_error, cov1, cov2, cov3 = _components(errors)
    apart = _not_negative(cov2 - cov3) if i > 1 and j > 1 else 0.0
    of_modality, of_reader, middle = values.mean(axis=1), values.mean(axis=0), values.mean()
    rest = values - of_modality[:, None] - of_reader[None, :] + middle
    mst = float(j * ((of_modality - middle) ** 2).sum() / (i - 1)) if i > 1 else math.nan
    mstr = float((rest**2).sum() / ((i - 1) * (j - 1))) if i > 1 and j > 1 else math.nan
    difference = float(of_modality[0] - of_modality[1]) if i == 2 else None

    random = mstr + j * apart
    f, ddf, se = _over(mst, random), _satterthwaite(mstr, j * apart, (i - 1) * (j - 1)), _root(2 / j * random)
    rrrc = FTest(f, i - 1, ddf, f_tail(f, i - 1, ddf), se, *_around(difference, se, ddf))
    # With one reader nothing is shared between readers, and the error is that reader's own.
    fixed = var_error - cov1 + (j - 1) * apart
    chi2, se_fixed = _over((i - 1) * mst, fixed), _root(2 / j * fixed)
    frrc = FixedReaders(chi2, i - 1, chi_square_tail(chi2, i - 1), se_fixed, *_around(difference, se_fixed, math.inf))
    f, df2, se_cases = _over(mst, mstr), (i - 1) * (j - 1), _root(2 / j * mstr)
    rrfc = FixedCases(f, i - 1, df2, f_tail(f, i - 1, df2), se_cases, *_around(difference, se_cases, df2))
    pairs = []
    for a, b in combinations(range(i), 2) if i > 2 else ():
        one = float(of_modality[a] - of_modality[b])
        p = two_sided_t(_over(one, se), ddf)
        pairs.append(Pair((data.modalities[a], data.modalities[b]), one, *_around(one, se, ddf), p))
    return ObuchowskiRockette(
        {name: dict(zip(data.modalities, values[:, k].tolist(), strict=True)) for k, name in enumerate(data.readers)},
        {name: _single(values[k], errors[k, :, k, :]) for k, name in enumerate(data.modalities)},
        difference, tuple(pairs), rrrc, frrc, rrfc, var_error, cov1, cov2, cov3, data.scores.shape[-1], data.dropped,
        endpoint, covariance,
    )  # fmt: skip


def standalone(
    reader: ArrayLike,
    case: ArrayLike,
    truth: ArrayLike,
    score: ArrayLike,
    ai_score: ArrayLike,
    covariance: Covariance = "jackknife",
    endpoint: Endpoint = "auc",
    threshold: float | None = None,
    ai_threshold: float | None = None,
) -> Standalone:
    """A system alone against readers of one modality: their differences from it, readers and cases random.

    ai_score: (n,) one value a row, the same in all rows of a case, else ValueError. ai_threshold: its own, if it scores
    on another scale than the readers. Single-modality Obuchowski-Rockette of each reader's difference: Chakraborty,
    Observer Performance Methods for Diagnostic Imaging, 2017, on standalone CAD. One reader gives nan.
    """
    rows = len(np.asarray(reader))
    given, system = np.asarray(case).astype(str), np.asarray(ai_score, float)
    if system.shape != (rows,) or given.shape != (rows,):
        raise ValueError(f"every reading has one score of the system, got {rows} readings and {system.shape} scores")
    names, first, number = np.unique(given, return_index=True, return_inverse=True)
    if np.any((system != system[first][number]) & ~(np.isnan(system) & np.isnan(system[first][number]))):
        raise ValueError("the system has one score for each case")
    # The system is one more reader, under a name no reader has.
    people = np.asarray(reader).astype(str)
    alone = max([*people.tolist(), ""], key=len) + "+"
    data = design(
        np.repeat("", rows + len(names)), np.append(people, np.repeat(alone, len(names))), np.append(given, names),
        np.append(np.asarray(truth), np.asarray(truth)[first]), np.append(np.asarray(score, float), system[first]),
    )  # fmt: skip
    place = data.readers.index(alone)
    cuts = [ai_threshold if k == place and ai_threshold is not None else threshold for k in range(len(data.readers))]
    values, errors = accuracies(data, endpoint, covariance, cuts)
    others = [k for k in range(len(data.readers)) if k != place]
    away = values[0, place] - values[0, others]
    cov = errors[0, :, 0, :]
    shared = cov[place, place] - cov[place, others][:, None] - cov[place, others][None, :] + cov[np.ix_(others, others)]
    j, difference = len(others), float(away.mean())
    msr, cov2 = _reader_variance(away), _not_negative(_off_diagonal(shared))
    se, df = _root(msr / j + cov2), _satterthwaite(msr, j * cov2, j - 1)
    t = _over(difference, se)
    low, high = _around(difference, se, df)
    return Standalone(
        float(values[0, others].mean()), float(values[0, place]), difference, se, t, df, two_sided_t(t, df), low, high,
        data.dropped,
    )  # fmt: skip


def _components(errors: Floats) -> tuple[float, float, float, float]:
    """var_error, cov1, cov2, cov3 of the errors' covariances (modality, reader, modality, reader); nan where none."""
    i, j = errors.shape[:2]
    same_modality = np.eye(i, dtype=bool)[:, None, :, None]
    same_reader = np.eye(j, dtype=bool)[None, :, None, :]
    found = []
    for modality, reader in ((True, True), (False, True), (True, False), (False, False)):
        which = np.broadcast_to((same_modality == modality) & (same_reader == reader), errors.shape)
        found.append(float(errors[which].mean()) if which.any() else math.nan)
    return found[0], found[1], found[2], found[3]


def _single(values: Floats, errors: Floats) -> Modality:
    """One modality by its own variances; errors: (readers, readers)."""
    j, value = len(values), float(values.mean())
    if j == 1:
        se, df = _root(float(errors[0, 0])), math.inf  # no reader but this one
    else:
        msr, shared = _reader_variance(values), _not_negative(_off_diagonal(errors))
        se, df = _root(msr / j + shared), _satterthwaite(msr, j * shared, j - 1)
    return Modality(value, se, *_around(value, se, df))


def _reader_variance(values: Floats) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else math.nan


def _off_diagonal(matrix: Floats) -> float:
    return float(matrix[~np.eye(len(matrix), dtype=bool)].mean()) if len(matrix) > 1 else math.nan


def _not_negative(value: float) -> float:
    """At least 0; nan stays nan, which max() would lose."""
    return value if math.isnan(value) else max(value, 0.0)


def _root(variance: float) -> float:
    """A standard error; nan for no variance and for an estimate below 0, as an unbiased one may be."""
    return math.sqrt(variance) if variance >= 0 else math.nan


def _satterthwaite(seen: float, added: float, df: int) -> float:
    """The degrees of freedom of a sum of a mean square with df and a part known without error."""
    if math.isnan(seen + added) or df < 1:
        return math.nan
    if seen == 0:
        return math.inf if added > 0 else math.nan
    return (seen + added) ** 2 / (seen**2 / df)


def _around(value: float | None, se: float, df: float) -> tuple[float, float]:
    if value is None:
        return math.nan, math.nan
    half = (Z if df == math.inf else t_quantile(df)) * se
    return value - half, value + half


def _over(top: float, bottom: float) -> float:
    if math.isnan(top) or math.isnan(bottom) or bottom < 0:
        return math.nan
    if bottom == 0:
        return math.copysign(math.inf, top) if top else math.nan
    return top / bottom
