"""What one network says of cases it did not learn from: the one table every number of an evaluation comes from.

A case is a lesion (paper A), a scan (papers B and C) or a sub-image (paper C).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workstation.stats.confusion import Confusion, confusion
from workstation.stats.truth import Booleans, Floats, binary, numbered, scores

Texts = NDArray[np.str_]

BURDEN = ("few", "medium", "extensive")
AS_IN_THE_PAPERS = "0.5, as in the papers"


@dataclass(frozen=True, eq=False)
class Predictions:
    """One row a case, all arrays (n,); made by `predictions`.

    case: its name, once. fold: in which it was tested. truth: malignant or metastatic. score: higher is more so.
    threshold: from which score on it is called so; threshold_from: where that comes from, in words. tumour, sex: ""
    and age: nan where not known. lesions: how many its scan has, 0 where the cases are no lesions.
    """

    model: str
    case: Texts
    scan: Texts
    patient: Texts
    fold: NDArray[np.int64]
    score: Floats
    truth: Booleans
    threshold: Floats
    tumour: Texts
    sex: Texts
    age: Floats
    lesions: NDArray[np.int64]
    threshold_from: str = AS_IN_THE_PAPERS

    def __len__(self) -> int:
        return len(self.case)

    @property
    def called(self) -> Booleans:
        """Which cases are called positive."""
        return np.asarray(self.score >= self.threshold)

    @property
    def right(self) -> Booleans:
        return np.asarray(self.called == self.truth)

    @property
    def folds(self) -> tuple[int, ...]:
        """The folds there are cases of, in order."""
        return tuple(int(fold) for fold in np.unique(self.fold))

    @property
    def patients(self) -> int:
        return len(np.unique(self.patient))

    def confusion(self) -> Confusion:
        return confusion(self.truth, self.called)

    def take(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> Predictions:
        """Some of the cases: a mask (n,), or their places in a new order."""
        arrays = [f.name for f in fields(self) if f.name not in ("model", "threshold_from")]
        return replace(self, **{name: getattr(self, name)[which] for name in arrays})

    def of_fold(self, fold: int) -> Predictions:
        return self.take(self.fold == fold)


def predictions(
    model: str,
    case: ArrayLike,
    patient: ArrayLike,
    score: ArrayLike,
    truth: ArrayLike,
    scan: ArrayLike | None = None,
    fold: ArrayLike = 0,
    threshold: ArrayLike = 0.5,
    threshold_from: str = AS_IN_THE_PAPERS,
    tumour: ArrayLike = "",
    sex: ArrayLike = "",
    age: ArrayLike = math.nan,
    lesions: ArrayLike = 0,
) -> Predictions:
    """A checked table; one value instead of a column stands for all cases. scan: the case itself unless given.

    ValueError for columns of unequal length, a case twice, a patient in two folds, scores that are no numbers.
    """
    names = np.asarray(case, str)
    n = len(names)

    def column(values: ArrayLike, kind: type) -> NDArray[Any]:
        given: NDArray[Any] = np.asarray(values, kind)
        if given.shape not in ((), (n,)):
            raise ValueError(f"every case has one value in each column, got {n} cases and {given.shape} values")
        return np.broadcast_to(given, (n,))

    found = Predictions(
        model, names, column(names if scan is None else scan, str), column(patient, str), column(fold, np.int64),
        scores(score, n), binary(truth), column(threshold, float), column(tumour, str), column(sex, str),
        column(age, float), column(lesions, np.int64), threshold_from,
    )  # fmt: skip
    if len(found.truth) != n:
        raise ValueError(f"every case has one truth, got {n} cases and {len(found.truth)} truths")
    if len(np.unique(names)) != n:
        raise ValueError("a case stands in the table twice")
    number, patients = numbered(found.patient, n)
    first, last = np.full(patients, np.iinfo(np.int64).max), np.full(patients, np.iinfo(np.int64).min)
    np.minimum.at(first, number, found.fold)
    np.maximum.at(last, number, found.fold)
    if np.any(first != last):
        raise ValueError(f"{int(np.sum(first != last))} of {patients} patients are in more than one fold")
    return found


def common(one: Predictions, other: Predictions) -> tuple[Predictions, Predictions]:
    """The cases both have, in one order; ValueError where they do not agree on the truth of one."""
    _, mine, theirs = np.intersect1d(one.case, other.case, assume_unique=True, return_indices=True)
    first, second = one.take(mine), other.take(theirs)
    if np.any(first.truth != second.truth):
        raise ValueError(f"{one.model} and {other.model} were held to different truths")
    return first, second


def per_scan(parts: Predictions) -> Predictions:
    """Scans from their sub-images: as malignant as the worst of them, metastatic if any is (paper C)."""
    order = np.lexsort((parts.case, -parts.score, parts.scan))
    ranked = parts.take(order)
    scans, worst = np.unique(ranked.scan, return_index=True)
    truth = np.zeros(len(scans), bool)
    np.logical_or.at(truth, np.searchsorted(scans, parts.scan), parts.truth)
    return replace(ranked.take(worst), case=scans, truth=truth)


def burden_group(lesions: ArrayLike) -> Texts:
    """By lesions in the scan: few 1 to 3, medium 4 to 6, extensive more; "" where there are none. As in paper A."""
    count = np.asarray(lesions)
    return np.select([count < 1, count <= 3, count <= 6], ["", *BURDEN[:2]], BURDEN[2])


def age_group(age: ArrayLike, borders: tuple[int, ...]) -> Texts:
    """Ages in years between borders, e.g. (60,): "under 60", "60 or older"; (50, 70) has "50 to 69" too; nan is ""."""
    years = np.asarray(age, float)
    names = age_groups(borders)
    return np.where(np.isnan(years), "", np.asarray(names)[np.searchsorted(borders, years, side="right")])


def age_groups(borders: tuple[int, ...]) -> tuple[str, ...]:
    """The names of `age_group`, youngest first."""
    between = [f"{low} to {high - 1}" for low, high in zip(borders[:-1], borders[1:], strict=True)]
    return (f"under {borders[0]}", *between, f"{borders[-1]} or older")
