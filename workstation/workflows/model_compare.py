"""Two models on exactly the same cases: every figure of both, the difference, its intervals and tests.

Each model calls positive at its own threshold, chosen on its own inner validation patients, as it would in use.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from workstation.stats.bootstrap import RESAMPLES
from workstation.stats.burden_tables import SITES
from workstation.stats.clustered import clustered_mean
from workstation.stats.comparing import between_networks
from workstation.stats.joined import join, join_overlaps
from workstation.stats.measures import BOOTSTRAP, both
from workstation.stats.predictions import Predictions, common, per_scan
from workstation.stats.roc import auc
from workstation.stats.segmentation_tables import Overlaps
from workstation.workflows.errors import WorkflowError
from workstation.workflows.model_history import Figure
from workstation.workflows.predictions import SEGMENTS, Columns, Frozen
from workstation.workflows.run_folders import number

FROM_CARD = "its own, chosen on its inner validation patients"
NAMES = {"auc": "AUC"}

Cards = tuple[Mapping[str, Any], Mapping[str, Any]]
Tables = tuple[Columns, Columns]


def compared(task: str, tables: Tables, cards: Cards, frozen: Frozen, resamples: int = RESAMPLES) -> tuple[Figure, ...]:
    """Figures of the new model (first) and the current one. WorkflowError where they did not predict the same cases."""
    try:
        if task in SEGMENTS:
            one, other = (
                join_overlaps(table, SEGMENTS[task], number(card, "calibration", SEGMENTS[task], "threshold"))
                for table, card in zip(tables, cards, strict=True)
            )
            return _overlaps(one, other, SEGMENTS[task], resamples)
        found: list[Figure] = []
        for target in _targets(task):
            new, current = (
                _joined(task, table, card, frozen, target) for table, card in zip(tables, cards, strict=True)
            )
            found += _scored(new, current, _named(task, target), resamples)
        return tuple(found)
    except ValueError as error:
        raise WorkflowError(f"The models cannot be compared on these cases: {error}.") from error


def _targets(task: str) -> tuple[str, ...]:
    """What is compared: of detection the scans, which two models see alike however large their sub-images are."""
    return SITES if task == "sites" else ("malignant",) if task == "lesion" else ("metastasis",)


def _named(task: str, target: str) -> str:
    return f", {target}" if task == "sites" else ", by scan" if task == "detect" else ""


def _joined(task: str, table: Columns, card: Mapping[str, Any], frozen: Frozen, target: str) -> Predictions:
    threshold = number(card, "calibration", target, "threshold")
    found = join(table, frozen.scans, frozen.lesions, target, "calibrated", threshold, FROM_CARD)
    return per_scan(found) if task == "detect" else found


def _scored(new: Predictions, current: Predictions, of: str, resamples: int) -> list[Figure]:
    if set(new.case.tolist()) != set(current.case.tolist()):
        raise ValueError(f"one has {len(new)} cases, the other {len(current)}, and they are not the same")
    first, second = common(new, current)
    values: dict[str, tuple[float, ...]] = {
        name: tuple(getattr(each.confusion(), name).value for each in (first, second))
        for name in ("sensitivity", "specificity", "accuracy")
    }
    if both(first.truth):
        values["auc"] = tuple(auc(each.truth, each.score).value for each in (first, second))
    found = []
    for each in between_networks(first, second, resamples):
        assert each.difference is not None
        one, other = values[each.column]
        found.append(Figure(
            f"{NAMES.get(each.column, each.column)}{of}", one, other, each.difference.value,
            {between.name: (between.low, between.high) for between in each.difference.intervals},
            {test.name: test.p for test in each.tests}, each.cases, each.patients,
        ))  # fmt: skip
    return sorted(found, key=lambda figure: not figure.what.startswith("AUC"))


def _overlaps(new: Overlaps, current: Overlaps, target: str, resamples: int) -> tuple[Figure, ...]:
    """Mean Dice over scans that show the target, then over all, nothing against nothing being 1."""
    if new.scan.tolist() != current.scan.tolist() or not np.array_equal(new.pixels[:, 0, 2], current.pixels[:, 0, 2]):
        raise ValueError("they have not segmented the same scans")
    found = []
    for what, kept in ((f"Dice, {target}", new.target), (f"Dice, {target}, all scans", np.ones(len(new.scan), bool))):
        one, other, patients = new.dice()[kept], current.dice()[kept], new.patient[kept].tolist()
        apart = clustered_mean((one - other).tolist(), patients, resamples)
        mine, theirs = (float(each.mean()) if len(each) else math.nan for each in (one, other))
        between = {BOOTSTRAP: (apart.low, apart.high)}
        found.append(Figure(what, mine, theirs, apart.value, between, {}, len(one), apart.clusters))
    return tuple(found)
