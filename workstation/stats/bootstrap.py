"""The patient-clustered bootstrap: patients are drawn with replacement, all their lesions with them.

Percentile intervals, 95 %, seeded. A draw is how often each patient is in it, so 15,000 lesions cost one pass a draw.
Draws without a class (or without any case a metric needs) tell nothing and are left out. Where all the cases are of one
patient every draw is the same: how patients differ is not known, and the interval is nan rather than a point.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workstation.stats.proportion import NOTHING, Estimate
from workstation.stats.roc import both_classes, placements
from workstation.stats.truth import Booleans, Floats, Numbers, binary, numbered, scores

RESAMPLES = 2000
_AT_ONCE = 2_000_000  # numbers held at a time


def bootstrap_proportions(
    parts: Mapping[str, tuple[ArrayLike, ArrayLike]], clusters: ArrayLike, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Estimate]:
    """Intervals of several proportions over the same cases from the same draws.

    parts: by name, (right, counted), each (n,) of 0 and 1: of the cases that are counted, how many are right.
    """
    whole = {name: (binary(right), binary(counted)) for name, (right, counted) in parts.items()}
    n = len(np.asarray(clusters))
    number, among = numbered(clusters, n)
    tops = [np.bincount(number, right & counted, among) for right, counted in whole.values()]
    totals = [np.bincount(number, counted, among) for _, counted in whole.values()]
    sums = np.stack([*tops, *totals], axis=1) if tops else np.zeros((among, 0))
    drawn = np.concatenate([draws @ sums for draws in _draws(among, resamples, seed)]) if among else np.zeros((0, 0))
    found = {}
    for at, (name, (right, counted)) in enumerate(whole.items()):
        total = int(counted.sum())
        if total == 0:
            found[name] = NOTHING
            continue
        if np.count_nonzero(totals[at]) < 2:
            found[name] = Estimate(int((right & counted).sum()) / total, math.nan, math.nan)
            continue
        top, below = drawn[:, at], drawn[:, at + len(whole)]
        found[name] = _percentiles(int((right & counted).sum()) / total, top[below > 0] / below[below > 0])
    return found


def bootstrap_auc(
    truth: ArrayLike, score: ArrayLike, clusters: ArrayLike, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """The AUC with its patient-clustered bootstrap interval. ValueError where there is one class only."""
    positive = both_classes(truth)
    given = scores(score, len(positive))
    number, among = numbered(clusters, len(positive))
    value = float(placements(positive, given)[0].mean())
    if _one_of_each(positive, number):
        return Estimate(value, math.nan, math.nan)
    drawn = _areas(positive, given, number, among, resamples, seed)
    return _percentiles(value, drawn[np.isfinite(drawn)])


def bootstrap_auc_difference(
    truth: ArrayLike, a: ArrayLike, b: ArrayLike, clusters: ArrayLike, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """The AUC of a less that of b on the same cases, from the same draws."""
    positive = both_classes(truth)
    one, other = scores(a, len(positive)), scores(b, len(positive))
    number, among = numbered(clusters, len(positive))
    value = float(placements(positive, one)[0].mean() - placements(positive, other)[0].mean())
    if _one_of_each(positive, number):
        return Estimate(value, math.nan, math.nan)
    drawn = _areas(positive, one, number, among, resamples, seed)
    drawn = drawn - _areas(positive, other, number, among, resamples, seed)
    return _percentiles(value, drawn[np.isfinite(drawn)])


def _one_of_each(positive: Booleans, number: Numbers) -> bool:
    """Whether one patient has all positive cases, and one, the same or another, all negative ones."""
    return len(np.unique(number[positive])) < 2 and len(np.unique(number[~positive])) < 2


def _draws(among: int, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each cluster is drawn, (draws, among), a block at a time."""
    rng = np.random.default_rng(seed)
    block = max(1, _AT_ONCE // max(among, 1))
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        picked = rng.integers(0, among, (rows, among)) + among * np.arange(rows)[:, None]
        yield np.bincount(picked.ravel(), minlength=rows * among).reshape(rows, among).astype(float)


def _areas(
    positive: Booleans, score: Floats, number: Numbers, among: int, resamples: int, seed: int
) -> NDArray[np.float64]:
    """The AUC of every draw; nan where it lacks a class. The scores are put in order once, draws only weigh cases."""
    order = np.argsort(score[~positive], kind="stable")
    well, ill = number[~positive][order], number[positive]
    ranked = score[~positive][order]
    first, last = (np.searchsorted(ranked, score[positive], side) for side in ("left", "right"))
    below = np.zeros(len(well) + 1)  # the weight of all negatives up to each in order
    areas = []
    for draws in _draws(among, resamples, seed):
        for weight in draws:
            np.cumsum(weight[well], out=below[1:])
            positives = weight[ill]
            pairs = positives.sum() * below[-1]
            areas.append(float(positives @ (below[first] + below[last])) / (2 * pairs) if pairs else math.nan)
    return np.asarray(areas)


def _percentiles(value: float, drawn: NDArray[np.float64]) -> Estimate:
    if not len(drawn):
        return Estimate(value, math.nan, math.nan)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Estimate(value, float(low), float(high))
