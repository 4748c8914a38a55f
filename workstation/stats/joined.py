"""Predictions and overlaps from columns of text: a network's table with the tables of the snapshot it was made on.

Columns are as in `ml.predictions` and `ml.snapshot`; who reads them from files gives them as name -> values.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from workstation.stats.predictions import AS_IN_THE_PAPERS, Predictions, predictions
from workstation.stats.segmentation_tables import Overlaps

Columns = Mapping[str, Sequence[str]]

SEXES = {"M": "male", "F": "female"}
COUNTED = ("malignant", "benign")


def join(
    table: Columns,
    scans: Columns,
    lesions: Columns,
    target: str,
    score: str = "score",
    threshold: float | Mapping[int, float] = 0.5,
    threshold_from: str = AS_IN_THE_PAPERS,
) -> Predictions:
    """What one network says of one target, with each scan's tumour, sex, age and number of lesions.

    score: the column, "score" or "calibrated". threshold: of that column; a mapping has each fold's own. A case is a
    lesion, scan, view or sub-image, whatever the table has rows of. Lesions count that are labelled and visible. Model:
    its network's name, without the preset. ValueError for a column that is missing or no number, no row of the target,
    more than one model, a scan the snapshot does not have, a fold without a threshold.
    """
    rows = [at for at, name in enumerate(_column(table, "target")) if name == target]
    if not rows:
        raise ValueError(f"the table has no predictions of {target}")
    model = _one_model([table["model"][at] for at in rows])
    places = {scan: at for at, scan in enumerate(_column(scans, "scan"))}
    of = _column(table, "scan")
    if strange := sorted({of[at] for at in rows} - set(places)):
        raise ValueError(f"the snapshot has no scan {strange[0]}, which the predictions are of")
    many = Counter(
        scan
        for scan, label, visible in zip(
            _column(lesions, "scan"), _column(lesions, "label"), _column(lesions, "visible"), strict=True
        )
        if label in COUNTED and visible != "0"
    )
    mine = [places[of[at]] for at in rows]
    fold = _numbers(table, "fold", rows).astype(int)
    return predictions(
        model,
        ["/".join(filter(None, (table[name][at] for name in ("scan", "lesion", "view", "row")))) for at in rows],
        [_column(scans, "patient")[at] for at in mine],
        _numbers(table, score, rows),
        _numbers(table, "truth", rows),
        scan=[of[at] for at in rows],
        fold=fold,
        threshold=_by_fold(threshold, fold),
        threshold_from=threshold_from,
        tumour=[_column(scans, "tumour")[at] for at in mine],
        sex=[SEXES.get(_column(scans, "sex")[at], "") for at in mine],
        age=[_age(_column(scans, "age")[at]) for at in mine],
        lesions=[many[of[at]] for at in rows],
    )


def join_overlaps(table: Columns, target: str, threshold: float | Mapping[int, float] = 0.5) -> Overlaps:
    """A segmentation's pixels of one target by scan and threshold.

    threshold: the chosen one, or each fold's own; the nearest the table has is taken. ValueError as `join`, and where
    a scan lacks a threshold or has one twice.
    """
    rows = [at for at, name in enumerate(_column(table, "target")) if name == target]
    if not rows:
        raise ValueError(f"the table has no overlaps of {target}")
    model = _one_model([table["model"][at] for at in rows])
    of = [_column(table, "scan")[at] for at in rows]
    cuts, cut = np.unique(_numbers(table, "threshold", rows), return_inverse=True)
    scans, first, number = np.unique(of, return_index=True, return_inverse=True)
    if len(rows) != len(scans) * len(cuts) or len(np.unique(number * len(cuts) + cut)) != len(rows):
        raise ValueError("every scan has each threshold once")
    pixels = np.zeros((len(scans), len(cuts), 3))
    for at, name in enumerate(("intersection", "predicted", "actual")):
        pixels[number, cut, at] = _numbers(table, name, rows)
    fold = _numbers(table, "fold", rows).astype(int)[first]
    chosen = np.abs(cuts[None] - _by_fold(threshold, fold)[:, None]).argmin(axis=1)
    patient = np.asarray([_column(table, "patient")[rows[at]] for at in first], str)
    return Overlaps(model, scans, patient, fold, pixels, tuple(cuts.tolist()), chosen)


def _column(table: Columns, name: str) -> Sequence[str]:
    if name not in table:
        raise ValueError(f'a table without the column "{name}" is none of predictions or of a snapshot')
    return table[name]


def _numbers(table: Columns, name: str, rows: Sequence[int]) -> np.ndarray:
    column = _column(table, name)
    try:
        return np.array([float(column[at]) for at in rows])
    except ValueError as error:
        raise ValueError(f'the column "{name}" has what is no number: {error}') from error


def _one_model(names: Sequence[str]) -> str:
    if len(set(names)) != 1:
        raise ValueError(f"a table is of one model, this one is of {', '.join(sorted(set(names)))}")
    return names[0].rpartition("/")[2]


def _by_fold(threshold: float | Mapping[int, float], fold: np.ndarray) -> np.ndarray:
    if not isinstance(threshold, Mapping):
        return np.full(len(fold), float(threshold))
    if missing := sorted(set(fold.tolist()) - set(threshold)):
        raise ValueError(f"fold {missing[0]} has no threshold")
    return np.array([threshold[each] for each in fold.tolist()])


def _age(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
