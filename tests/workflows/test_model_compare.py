"""Differences between two models equal what other libraries make of the same tables, for every task."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from ml.snapshot import Snapshot
from tests.workflows.made_runs import CUTS, SITES, make_set, rows
from workstation.workflows.errors import WorkflowError
from workstation.workflows.model_compare import compared
from workstation.workflows.model_history import Figure
from workstation.workflows.predictions import Columns, Frozen, load

THRESHOLDS = (0.4, 0.6)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return make_set(tmp_path_factory.mktemp("compare") / "snapshot", patients=40, folds=1)


@pytest.fixture(scope="module")
def frozen(data: Snapshot) -> Frozen:
    return load(data.folder)


def both(data: Snapshot, task: str) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """What two networks say of all patients."""
    made = (
        rows(data, "net", 0, task, noise, np.random.default_rng(at)) for at, noise in enumerate((0.15, 0.3))
    )  # fmt: skip
    one, other = ([{name: str(value) for name, value in row.items()} for row in table] for table in made)
    return one, other


def columns(table: list[dict[str, str]]) -> Columns:
    return {name: [row[name] for row in table] for name in table[0]}


def figures(task: str, tables: tuple[list[dict[str, str]], list[dict[str, str]]], frozen: Frozen) -> dict[str, Figure]:
    targets = ("malignant", "metastasis", "bladder", *SITES)
    cards = tuple({"calibration": {name: {"threshold": cut} for name in targets}} for cut in THRESHOLDS)
    given = (columns(tables[0]), columns(tables[1]))
    return {each.what: each for each in compared(task, given, (cards[0], cards[1]), frozen, resamples=50)}


@pytest.mark.parametrize(
    ("task", "target", "of"),
    [
        ("lesion", "malignant", ""),
        ("patient", "metastasis", ""),
        ("sites", "rib", ", rib"),
        ("sites", "spine", ", spine"),
    ],
)
def test_of_scored_cases(task: str, target: str, of: str, data: Snapshot, frozen: Frozen) -> None:
    tables = both(data, task)
    found = figures(task, tables, frozen)
    mine = [[row for row in table if row["target"] == target] for table in tables]
    truth = np.array([row["truth"] == "1" for row in mine[0]])
    score = [np.array([float(row["calibrated"]) for row in table]) for table in mine]
    areas = [roc_auc_score(truth, each) for each in score]
    area = found[f"AUC{of}"]
    assert (area.new, area.current) == (pytest.approx(areas[0]), pytest.approx(areas[1]))
    assert area.difference == pytest.approx(areas[0] - areas[1]) and area.cases == len(truth)
    assert all(low < area.difference < high for low, high in area.intervals.values()) and len(area.intervals) == 3
    right = [(each >= cut) == truth for each, cut in zip(score, THRESHOLDS, strict=True)]
    accuracy, sensitivity = found[f"accuracy{of}"], found[f"sensitivity{of}"]
    assert accuracy.difference == pytest.approx(right[0].mean() - right[1].mean())
    assert sensitivity.new == pytest.approx(right[0][truth].mean()) and sensitivity.cases == truth.sum()
    b, c = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    expected = binomtest(b, b + c).pvalue if b + c else 1.0
    assert accuracy.tests["exact McNemar"] == pytest.approx(expected)


def test_of_detection_by_scan_however_the_sub_images_lie(data: Snapshot, frozen: Frozen) -> None:
    one, other = both(data, "detect")
    other = [{**row, "row": str(int(row["row"]) * 2)} for row in other]  # sub-images of a larger picture
    found = figures("detect", (one, other), frozen)
    scans = sorted({row["scan"] for row in one})
    areas = []
    for table in (one, other):
        mine = [row for row in table if row["target"] == "metastasis"]
        worst = [max(float(row["calibrated"]) for row in mine if row["scan"] == scan) for scan in scans]
        areas.append(roc_auc_score([any(r["truth"] == "1" for r in mine if r["scan"] == s) for s in scans], worst))
    assert found["AUC, by scan"].difference == pytest.approx(areas[0] - areas[1])
    assert found["AUC, by scan"].cases == len(scans) == 40


def test_of_a_segmentation_each_at_its_own_threshold(data: Snapshot, frozen: Frozen) -> None:
    one, other = both(data, "metastases")
    found = figures("metastases", (one, other), frozen)
    means = {}
    for empty in (False, True):
        each = []
        for table, cut in zip((one, other), THRESHOLDS, strict=True):
            assert cut in CUTS
            kept = [row for row in table if float(row["threshold"]) == cut and (empty or row["actual"] != "0")]
            sizes = [(int(row["intersection"]), int(row["predicted"]) + int(row["actual"])) for row in kept]
            each.append(np.mean([2 * inside / size if size else 1.0 for inside, size in sizes]))
        means[empty] = each
    for what, empty in (("Dice, metastasis", False), ("Dice, metastasis, all scans", True)):
        assert (found[what].new, found[what].current) == (
            pytest.approx(means[empty][0]), pytest.approx(means[empty][1])
        )  # fmt: skip
        assert found[what].difference == pytest.approx(means[empty][0] - means[empty][1])
    assert found["Dice, metastasis, all scans"].cases == 40 > found["Dice, metastasis"].cases


def test_cases_that_are_not_the_same_and_one_class(data: Snapshot, frozen: Frozen, tmp_path: Path) -> None:
    for task in ("lesion", "metastases"):
        one, other = both(data, task)
        last = other[-1]["scan"]
        with pytest.raises(WorkflowError, match="cannot be compared on these cases"):
            figures(task, (one, [row for row in other if row["scan"] != last]), frozen)
    one, other = both(data, "patient")
    kept = {row["scan"] for row in one if row["truth"] == "1"}
    ill = ([row for row in one if row["scan"] in kept], [row for row in other if row["scan"] in kept])
    found = figures("patient", ill, frozen)
    assert "AUC" not in found and math.isnan(found["specificity"].new) and found["specificity"].cases == 0
