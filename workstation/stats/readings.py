"""Readings of a study, in long form, as a full array; each reader's accuracy in each modality with all covariances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from workstation.stats.roc import both_classes, placements
from workstation.stats.truth import Booleans, Floats, binary

Covariance = Literal["jackknife", "delong", "unbiased"]
Endpoint = Literal["auc", "sensitivity", "specificity", "accuracy"]


@dataclass(frozen=True, eq=False)
class Design:
    """scores: (modalities, readers, cases), every case read by all in all; truth: (cases,). Names are sorted.

    dropped: the cases that were not.
    """

    modalities: tuple[str, ...]
    readers: tuple[str, ...]
    scores: Floats
    truth: Booleans
    dropped: tuple[str, ...]


def design(modality: ArrayLike, reader: ArrayLike, case: ArrayLike, truth: ArrayLike, score: ArrayLike) -> Design:
    """The full array of rows of readings; a score of nan is not read.

    ValueError: unequal lengths, a reading twice, a case of two truths, no case read by all in all.
    """
    names = [np.asarray(each).astype(str) for each in (modality, reader, case)]
    ill, given = binary(truth), np.asarray(score, float)
    n = len(ill)
    if any(each.shape != (n,) for each in (*names, given)):
        raise ValueError(f"every reading has a modality, reader, case, truth and score, got {n} truths and others")
    if n == 0:
        raise ValueError("there are no readings")
    (modalities, m), (readers, r), (cases, c) = (np.unique(each, return_inverse=True) for each in names)
    place = (m * len(readers) + r) * len(cases) + c
    if len(np.unique(place)) != n:
        at = int(np.flatnonzero(np.bincount(place) > 1)[0])
        which = modalities[at // (len(readers) * len(cases))], readers[at // len(cases) % len(readers)]
        raise ValueError(f"reader {which[1]} read case {cases[at % len(cases)]} twice in {which[0]}")
    positive = np.zeros(len(cases), bool)
    positive[c] = ill
    if np.any(positive[c] != ill):
        raise ValueError(f"case {cases[c[np.argmax(positive[c] != ill)]]} has two truths")
    flat = np.full(len(modalities) * len(readers) * len(cases), np.nan)
    flat[place] = given
    scores = flat.reshape(len(modalities), len(readers), len(cases))
    full = ~np.isnan(scores).any(axis=(0, 1))
    if not full.any():
        raise ValueError("no case was read by all readers in all modalities")
    return Design(
        tuple(modalities.tolist()), tuple(readers.tolist()), scores[..., full], positive[full],
        tuple(cases[~full].tolist()),
    )  # fmt: skip


def accuracies(
    data: Design, endpoint: Endpoint, covariance: Covariance, threshold: float | None | Sequence[float | None]
) -> tuple[Floats, Floats]:
    """(modalities, readers) values and the (modalities, readers, modalities, readers) covariances of their errors.

    threshold: one, or one a reader. ValueError for a missing threshold, an unknown word, AUCs of one class.
    """
    i, j, n = data.scores.shape
    tests = data.scores.reshape(i * j, n)
    if covariance not in ("jackknife", "delong", "unbiased"):
        raise ValueError(f'covariance is "jackknife", "delong" or "unbiased", got {covariance!r}')
    if endpoint == "auc":
        values, errors = _areas(tests, both_classes(data.truth), covariance)
    elif endpoint in ("sensitivity", "specificity", "accuracy"):
        cuts = list(threshold) if isinstance(threshold, Sequence) else [threshold] * j
        if any(cut is None or math.isnan(cut) for cut in cuts):
            raise ValueError(f"{endpoint} needs a threshold")
        right = (data.scores >= np.asarray(cuts, float)[None, :, None]) == data.truth
        which = {"sensitivity": data.truth, "specificity": ~data.truth}.get(endpoint, np.ones(n, bool))
        values, errors = _shares(right.reshape(i * j, n)[:, which].astype(float))
    else:
        raise ValueError(f'the endpoint is "auc", "sensitivity", "specificity" or "accuracy", got {endpoint!r}')
    return values.reshape(i, j), errors.reshape(i, j, i, j)


def _shares(right: Floats) -> tuple[Floats, Floats]:
    """Means over the cases that matter, (tests, cases); jackknife, DeLong's way and the unbiased one are all this."""
    n = right.shape[1]
    if n == 0:
        return np.full(len(right), math.nan), np.full((len(right), len(right)), math.nan)
    values = right.mean(axis=1)
    away = right - values[:, None]
    return values, away @ away.T / (n * (n - 1)) if n > 1 else np.full((len(right), len(right)), math.nan)


def _areas(tests: Floats, positive: Booleans, covariance: Covariance) -> tuple[Floats, Floats]:
    parts = [placements(positive, each) for each in tests]
    of_positives, of_negatives = (np.stack([part[side] for part in parts]) for side in (0, 1))
    values = of_positives.mean(axis=1)
    m, n = of_positives.shape[1], of_negatives.shape[1]
    if min(m, n) < 2:
        return values, np.full((len(tests), len(tests)), math.nan)
    if covariance == "unbiased":
        return values, _unbiased(tests, positive, of_positives, of_negatives)
    up, down = of_positives - values[:, None], of_negatives - values[:, None]
    if covariance == "delong":
        return values, up @ up.T / (m * (m - 1)) + down @ down.T / (n * (n - 1))
    # The AUC without a case, less that with it.
    without = np.concatenate([-up / (m - 1), -down / (n - 1)], axis=1)
    without = without - without.mean(axis=1, keepdims=True)
    return values, (m + n - 1) / (m + n) * without @ without.T


def _unbiased(tests: Floats, positive: Booleans, of_positives: Floats, of_negatives: Floats) -> Floats:
    """Gallas, Academic Radiology 2006; 13: 353-362: the covariance of two-sample U-statistics without bias.

    The product of two AUCs, less a mean of products of wins that share no case, which is free of what they share.
    """
    m, n = of_positives.shape[1], of_negatives.shape[1]
    ill, well = tests[:, positive], tests[:, ~positive]
    same: Floats = np.zeros((len(tests), len(tests)))  # sums of products: of the same two cases
    for at in range(m):  # a positive at a time: all pairs of large studies would not fit
        wins = (ill[:, at, None] > well) + 0.5 * (ill[:, at, None] == well)
        same += wins @ wins.T
    with_positive = n * n * of_positives @ of_positives.T  # that share a positive at least
    with_negative = m * m * of_negatives @ of_negatives.T
    values = of_positives.mean(axis=1)
    product = np.outer(values, values)
    none = (m * n) ** 2 * product - with_positive - with_negative + same
    return np.asarray(product - none / (m * (m - 1) * n * (n - 1)))
