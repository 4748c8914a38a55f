"""Rows of a table from predictions: sensitivity, specificity, accuracy, PPV, NPV and AUC with all their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from workstation.stats.bootstrap import RESAMPLES, bootstrap_auc, bootstrap_proportions
from workstation.stats.clustered_tables import clustered_proportion
from workstation.stats.confusion import METRICS, Confusion
from workstation.stats.evaluation import Cell, Interval, Row
from workstation.stats.folds import FoldMean
from workstation.stats.predictions import Predictions
from workstation.stats.proportion import Estimate, Proportion
from workstation.stats.roc import auc
from workstation.stats.truth import Booleans

COLUMNS = (*METRICS, "auc")
WILSON, DELONG = "Wilson", "DeLong"
BOOTSTRAP, FEW_PATIENTS = "patient bootstrap", "Wilson over patients"


def row(key: str, given: Predictions, resamples: int = RESAMPLES) -> Row:
    """All metrics of these cases. A metric without cases, an AUC without both classes, is nan.

    resamples: of the patient bootstrap. It has nothing to say of a proportion of 0 or 1; there the interval is Wilson's
    with each patient as one case.
    """
    by_fold = [given.of_fold(fold) for fold in given.folds]
    matrices = [fold.confusion() for fold in by_fold]
    whole, which = given.confusion(), counted(given)
    drawn = bootstrap_proportions({name: (given.right, which[name]) for name in METRICS}, given.patient, resamples)
    cells = {}
    for name in METRICS:
        part: Proportion = getattr(whole, name)
        over_patients = _over_patients(part, drawn[name], given, which[name])
        folds = FoldMean(tuple(getattr(matrix, name).value for matrix in matrices))
        intervals = (Interval(WILSON, part.low, part.high), over_patients)
        cells[name] = Cell(part.value, part.count, part.total, intervals, folds)
    cells["auc"] = area(given, by_fold, resamples)
    return Row(key, len(given), given.patients, given.folds, cells)


def area(given: Predictions, by_fold: Sequence[Predictions], resamples: int = RESAMPLES) -> Cell:
    """The AUC of all cases, nan with one class only; its fold mean is over the folds that have both."""
    folds = FoldMean(tuple(auc(f.truth, f.score).value if both(f.truth) else math.nan for f in by_fold))
    if not both(given.truth):
        return Cell(math.nan, folds=folds)
    found, drawn = auc(given.truth, given.score), bootstrap_auc(given.truth, given.score, given.patient, resamples)
    intervals = Interval(DELONG, found.low, found.high), Interval(BOOTSTRAP, drawn.low, drawn.high)
    return Cell(found.value, intervals=intervals, folds=folds)


def counted(given: Predictions) -> dict[str, Booleans]:
    """The cases each metric is a share of right ones of."""
    return {
        "sensitivity": given.truth,
        "specificity": ~given.truth,
        "accuracy": np.ones(len(given), bool),
        "ppv": given.called,
        "npv": ~given.called,
    }


def counts(**numbers: int) -> dict[str, Cell]:
    """Plain counts as cells."""
    return {name.replace("_", " "): Cell(float(number), number) for name, number in numbers.items()}


def share(count: int, total: int) -> Cell:
    """A proportion with Wilson's interval alone."""
    part = Proportion(count, total)
    return Cell(part.value, count, total, (Interval(WILSON, part.low, part.high),))


def elsewhere(matrix: Confusion, prevalence: float) -> dict[str, Cell]:
    """Predictive values where this share of patients is positive, by names such as "ppv at 10 %"."""
    at = f"at {100 * prevalence:g} %"
    both_values = {f"ppv {at}": matrix.ppv_at(prevalence), f"npv {at}": matrix.npv_at(prevalence)}
    return {name: Cell(v.value, intervals=(Interval("Bayes", v.low, v.high),)) for name, v in both_values.items()}


def both(truth: Booleans) -> bool:
    """Whether there are positives and negatives."""
    return bool(truth.any() and not truth.all())


def _over_patients(part: Proportion, drawn: Estimate, given: Predictions, which: Booleans) -> Interval:
    if 0 < part.count < part.total:
        return Interval(BOOTSTRAP, drawn.low, drawn.high)
    alike = clustered_proportion(given.right[which], given.patient[which])
    return Interval(FEW_PATIENTS, alike.low, alike.high)
