"""Paper C's Dice coefficients, of metastases and of the bladder, from pixels counted scan by scan."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workstation.stats.bootstrap import RESAMPLES
from workstation.stats.clustered import clustered_mean
from workstation.stats.evaluation import Cell, Comparison, Interval, Row, Table
from workstation.stats.folds import FoldMean
from workstation.stats.measures import BOOTSTRAP
from workstation.stats.truth import Floats, numbered

COUNTED = (
    "Pixels are those of the scan as it was taken, as in the paper, at whatever size the network sees it; both views "
    "of a scan together."
)


@dataclass(frozen=True, eq=False)
class Overlaps:
    """A segmentation's pixels by scan, for each of several thresholds.

    pixels: (n, thresholds, 3) in both, in the prediction, in the truth, of both views. chosen: (n,) which threshold was
    chosen without these scans. scan, patient, fold: (n,).
    """

    model: str
    scan: NDArray[np.str_]
    patient: NDArray[np.str_]
    fold: NDArray[np.int64]
    pixels: NDArray[np.float64]
    thresholds: tuple[float, ...]
    chosen: NDArray[np.int64]

    def __post_init__(self) -> None:
        n = len(self.scan)
        if self.pixels.shape != (n, len(self.thresholds), 3):
            raise ValueError(f"{n} scans and {len(self.thresholds)} thresholds need other pixels: {self.pixels.shape}")
        if not len(self.patient) == len(self.fold) == len(self.chosen) == n:
            raise ValueError("every scan has a patient, a fold and a chosen threshold")

    @property
    def target(self) -> NDArray[np.bool_]:
        """The scans that show the target at all."""
        return np.asarray(self.pixels[:, 0, 2] > 0)

    def dice(self) -> Floats:
        """Of each scan, at its chosen threshold."""
        return dice(*self.pixels[np.arange(len(self.scan)), self.chosen].T)

    def oracle(self) -> tuple[float, Floats]:
        """The one threshold with the best mean over the scans that show the target, and each scan's Dice at it.

        Chosen on the very scans it is judged on: a bound, not a result. nan where no scan shows the target.
        """
        each = dice(self.pixels[..., 0], self.pixels[..., 1], self.pixels[..., 2])
        if not self.target.any():
            return math.nan, np.full(len(self.scan), math.nan)
        best = int(np.argmax(each[self.target].mean(axis=0)))
        return self.thresholds[best], each[:, best]


def dice(both: ArrayLike, predicted: ArrayLike, actual: ArrayLike) -> Floats:
    """2 |A and B| / (|A| + |B|) of pixel counts; nothing against nothing is 1, as in paper C."""
    total = np.asarray(predicted, float) + np.asarray(actual, float)
    return np.where(total > 0, 2 * np.asarray(both, float) / np.where(total > 0, total, 1), 1.0)


def segmentation(networks: Sequence[Overlaps], target: str) -> Table:
    """Mean Dice by network: over scans that show the target, over all with empty = 1, and at the oracle threshold.

    Intervals are the patient bootstrap's. The first network's differences from the others, whichever way they fall.
    """
    columns = (target, f"{target}, all scans, empty = 1", f"{target}, oracle threshold")
    rows, notes = [], []
    for each in networks:
        threshold, at_best = each.oracle()
        shown = each.target
        cells = {
            columns[0]: _mean(each.dice()[shown], each.patient[shown], each.fold[shown]),
            columns[1]: _mean(each.dice(), each.patient, each.fold),
            columns[2]: _mean(at_best[shown], each.patient[shown], each.fold[shown]),
        }
        folds = tuple(int(fold) for fold in np.unique(each.fold))
        rows.append(Row(each.model, len(each.scan), len(np.unique(each.patient)), folds, cells))
        notes.append(f"{each.model}: {int(shown.sum())} of {len(shown)} scans show it; oracle threshold {threshold:g}.")
    differences = [_difference(networks[0], other, columns[0]) for other in networks[1:]]
    notes.append(COUNTED)
    return Table("c", "dice", f"Segmentation, {target}", columns, tuple(rows), tuple(differences), tuple(notes))


def _difference(one: Overlaps, other: Overlaps, column: str) -> Comparison:
    """The mean difference of Dice over scans both have that show the target."""
    _, mine, theirs = np.intersect1d(one.scan, other.scan, assume_unique=True, return_indices=True)
    kept = one.target[mine]
    apart = (one.dice()[mine] - other.dice()[theirs])[kept]
    patient = one.patient[mine][kept]
    cell = _mean(apart, patient, one.fold[mine][kept])
    return Comparison(column, (one.model, other.model), (), cell, len(apart), len(np.unique(patient)))


def _mean(values: Floats, patients: NDArray[np.str_], folds: NDArray[np.int64]) -> Cell:
    found = clustered_mean(values.tolist(), patients.tolist(), RESAMPLES)
    number, k = numbered(folds, len(values))
    by_fold = np.bincount(number, values, k) / np.bincount(number, minlength=k) if k else np.zeros(0)
    return Cell(
        found.value, intervals=(Interval(BOOTSTRAP, found.low, found.high),), folds=FoldMean(tuple(by_fold.tolist()))
    )
