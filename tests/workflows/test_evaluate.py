"""Tables from run folders equal what other libraries make of the same predictions; bad folders are told in words."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, roc_auc_score

from ml.snapshot import Snapshot
from tests.workflows.made_runs import make_crossval, make_run, make_set, read, write
from workstation.report.cells import row_head
from workstation.report.evaluation import Evaluation
from workstation.report.plain_tables import notes
from workstation.stats.evaluation import Table
from workstation.workflows import evaluate, learning
from workstation.workflows.errors import CallError, WorkflowError
from workstation.workflows.evaluate import Asked
from workstation.workflows.progress import finish

FEW = 50  # draws of the bootstrap: enough for tests of everything but its width


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return make_set(tmp_path_factory.mktemp("evaluate") / "snapshot", sealed=("P04", "P05"), touched=("P07",))


def evaluated(run: Path, **asked: Any) -> Evaluation:
    return finish(evaluate.compute(Asked(run, resamples=FEW, **asked)))


def table(found: Evaluation, number: str, paper: str = "a") -> Table:
    tables = [each for study in found.studies for each in study.tables]
    return next(each for each in tables if (each.paper, each.number) == (paper, number))


def rows_of(run: Path, network: str) -> list[dict[str, str]]:
    """The rows of both folds."""
    return [row for fold in (0, 1) for row in read(run / f"small-x-{network}/fold-{fold}/predictions.csv")]


def lesions_of(run: Path, network: str, column: str = "score") -> dict[tuple[str, str], tuple[float, int, int, str]]:
    """(scan, lesion) -> score, truth, fold, patient; read by another reader than the evaluation's."""
    return {
        (row["scan"], row["lesion"]): (float(row[column]), int(row["truth"]), int(row["fold"]), row["patient"])
        for fold in sorted((run / f"small-x-{network}").glob("fold-*"))
        for row in read(fold / "predictions.csv")
        if (fold / "card.json").exists()
    }


@pytest.fixture(scope="module")
def run(data: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three networks, one of them with one fold only, one that never began; without what an AI touched."""
    out = tmp_path_factory.mktemp("runs") / "cv"
    make_crossval(out, data, {"tree": 2, "resnet50": 2, "roi-only": 1, "vgg16": 0})
    for file in out.glob("*/fold-*/predictions.csv"):
        write(file, [row for row in read(file) if row["patient"] != "P07"])
    return out


@pytest.fixture(scope="module")
def found(run: Path, data: Snapshot) -> Evaluation:
    return evaluated(run, snapshot=data.folder)


def test_a_row_is_what_scikit_learn_makes_of_the_same_predictions(found: Evaluation, run: Path) -> None:
    told = lesions_of(run, "resnet50")
    score, truth, fold, patient = (np.array(column) for column in zip(*told.values(), strict=True))
    row = table(found, "3").row("resnet50")
    tn, fp, fn, tp = confusion_matrix(truth, score >= 0.5).ravel()
    for name, count, total in (("sensitivity", tp, tp + fn), ("specificity", tn, tn + fp), ("ppv", tp, tp + fp)):
        assert (row.cells[name].count, row.cells[name].total) == (count, total)
    assert row.cells["accuracy"].value == pytest.approx(accuracy_score(truth, score >= 0.5))
    assert row.cells["auc"].value == pytest.approx(roc_auc_score(truth, score))
    each = [roc_auc_score(truth[fold == k], score[fold == k]) for k in (0, 1)]
    assert row.cells["auc"].folds is not None and row.cells["auc"].folds.mean == pytest.approx(np.mean(each))
    assert row.patients == len(set(patient)) and "P07" not in patient and "P04" not in patient
    assert row.cells["sensitivity"].paper == "81.30"  # beside it, the paper's


def test_our_network_is_first_and_the_others_are_compared_on_the_cases_both_have(found: Evaluation, run: Path) -> None:
    ours, part = lesions_of(run, "resnet50"), lesions_of(run, "roi-only")
    here = table(found, "3")
    assert [row.key for row in here.rows] == ["resnet50", "tree", "roi-only", "p_ceiling", "p_alone", "vgg16"]
    both = [case for case in ours if case in part]
    truth = [ours[case][1] for case in both]
    areas = [roc_auc_score(truth, [told[case][0] for case in both]) for told in (ours, part)]
    pair = next(each for each in here.comparisons if each.of == ("resnet50", "roi-only") and each.column == "auc")
    assert pair.cases == len(both) < len(ours)
    assert pair.difference is not None and pair.difference.value == pytest.approx(areas[0] - areas[1])


def test_bounds_of_simulated_lesions_are_on_the_same_lesions(found: Evaluation, run: Path, data: Snapshot) -> None:
    known = {(row["scan"], row["lesion"]): row for row in data.lesions}
    told = lesions_of(run, "resnet50")
    for name in ("p_ceiling", "p_alone"):
        expected = roc_auc_score([told[case][1] for case in told], [float(known[case][name]) for case in told])
        assert table(found, "3").row(name).cells["auc"].value == pytest.approx(expected)


def test_burden_and_tumour_come_from_the_set(found: Evaluation, run: Path, data: Snapshot) -> None:
    told = lesions_of(run, "resnet50")
    many = {scan: sum(row["scan"] == scan and row["visible"] == "1" for row in data.lesions) for scan, _ in told}
    assert table(found, "4").row("extensive").cases == sum(many[scan] > 6 for scan, _ in told)
    tumour = {row["scan"]: row["tumour"] for row in data.scans}
    assert table(found, "5").row("breast").cases == sum(tumour[scan] == "breast" for scan, _ in told)


def test_what_is_missing_is_told(found: Evaluation) -> None:
    assert found.absent == (
        "small-x-roi-only, fold 1: not begun", "small-x-vgg16, folds 0, 1: not begun",
    )  # fmt: skip
    here = table(found, "3")
    assert here.row("vgg16").cells == {} and any("vgg16: no fold is done" in note for note in here.notes)
    assert here.row("roi-only").folds == (0,)
    heads = [row_head(here, row) for row in here.rows]
    assert "ResNet-50, lesion only (fold 0 only)" in heads and "ResNet-50" in heads and "VGG16" in heads
    assert any(note.startswith("ResNet-50, lesion only: tested on fold 0 only") for note in notes(here))
    folds = table(found, "2")
    assert [row.key for row in folds.rows] == ["fold 0", "fold 1", "all"]  # as the folders; the paper's first beside
    assert folds.row("fold 0").cells["sensitivity"].paper == "83.19"


def test_thresholds_of_inner_validation_are_of_calibrated_scores(run: Path, data: Snapshot) -> None:
    found = evaluated(run, snapshot=data.folder, inner=True, network="tree")
    told = lesions_of(run, "tree", "calibrated")
    score, truth = (np.array([each[at] for each in told.values()]) for at in (0, 1))
    row = table(found, "3").rows[0]
    assert row.key == "tree"
    assert row.cells["sensitivity"].count == int(np.sum(truth[score >= 0.4]))
    assert any("inner validation" in note for note in table(found, "3").notes)


def test_calibration_is_before_and_after_the_temperature(found: Evaluation, run: Path) -> None:
    from sklearn.metrics import brier_score_loss

    rows = table(found, "calibration")
    for key, column in (("resnet50", "score"), ("resnet50, after its temperature", "calibrated")):
        told = lesions_of(run, "resnet50", column).values()
        expected = brier_score_loss([each[1] for each in told], [each[0] for each in told])
        assert rows.row(key).cells["brier"].value == pytest.approx(expected)


def test_patients_by_sex_and_age(data: Snapshot, tmp_path: Path) -> None:
    make_crossval(tmp_path / "cv", data, {"patient": 2}, "patient")
    for file in (tmp_path / "cv").glob("*/fold-*/predictions.csv"):
        write(file, [row for row in read(file) if row["patient"] != "P07"])
    found = evaluated(tmp_path / "cv", snapshot=data.folder)
    told = rows_of(tmp_path / "cv", "patient")
    number = {row["patient"]: int(row["patient"][1:]) for row in told}
    for key, kept in (
        ("female", lambda n: n % 2 == 1), ("60 or older", lambda n: 40 + n >= 60), ("lung", lambda n: n % 3 == 0),
    ):  # fmt: skip
        mine = [row for row in told if kept(number[row["patient"]])]
        expected = roc_auc_score([int(row["truth"]) for row in mine], [float(row["score"]) for row in mine])
        assert table(found, "2", "b").row(key).cells["auc"].value == pytest.approx(expected)


def test_burden_tables(data: Snapshot, tmp_path: Path) -> None:
    whole = make_set(tmp_path / "snapshot")
    make_crossval(tmp_path / "cv", whole, {"subimage": 2}, "detect")
    told = json.loads((tmp_path / "cv/crossval.json").read_text("utf-8"))
    for network, task in (("residual-unet", "metastases"), ("unet", "metastases"), ("localiser", "sites")):
        told["networks"][f"small-x-{network}"] = "settings"
        for fold in (0, 1):
            make_run(tmp_path / f"cv/small-x-{network}/fold-{fold}", whole, network, fold, task)
    (tmp_path / "cv/crossval.json").write_text(json.dumps(told), "utf-8")
    found = evaluated(tmp_path / "cv")  # the set lies beside it
    parts = rows_of(tmp_path / "cv", "subimage")
    scans = sorted({row["scan"] for row in parts})
    worst, ill = {}, {}
    for row in parts:
        if row["target"] == "metastasis":
            worst[row["scan"]] = max(worst.get(row["scan"], 0.0), float(row["score"]))
            ill[row["scan"]] = ill.get(row["scan"], False) or row["truth"] == "1"
    detection = table(found, "4", "c").row("subimage")
    assert detection.cases == len(scans) == 40
    assert detection.cells["auc"].value == pytest.approx(
        roc_auc_score([ill[scan] for scan in scans], [worst[scan] for scan in scans])
    )
    pixels = rows_of(tmp_path / "cv", "residual-unet")
    half = [row for row in pixels if row["threshold"] == "0.5" and row["actual"] != "0"]
    dice = [2 * int(row["intersection"]) / (int(row["predicted"]) + int(row["actual"])) for row in half]
    cell = table(found, "dice", "c").row("residual-unet").cells["metastasis"]
    assert cell.value == pytest.approx(np.mean(dice)) and cell.paper == "0.7387"
    sites = rows_of(tmp_path / "cv", "localiser")
    femur = [row for row in sites if row["target"] == "femur" and row["truth"] == "1"]
    cell = table(found, "sites", "c").row("femur").cells["sensitivity"]
    assert (cell.count, cell.total) == (sum(float(row["score"]) >= 0.5 for row in femur), len(femur))
    counted = table(found, "3", "c").row("testing set").cells
    assert counted["total"].count == 40 and counted["metastases"].count == sum(ill.values())
    assert not found.absent


def test_one_class_has_no_auc_and_says_why(tmp_path: Path) -> None:
    from workstation.report.plain_tables import notes

    benign = make_set(tmp_path / "snapshot", patients=8, malignant=lambda number, lesion: False)
    make_crossval(tmp_path / "cv", benign, {"resnet50": 2})
    found = evaluated(tmp_path / "cv")
    cell = table(found, "3").row("resnet50").cells["auc"]
    assert np.isnan(cell.value) and np.isnan(table(found, "3").row("resnet50").cells["sensitivity"].value)
    assert any("all its cases are of one class" in note for note in notes(table(found, "3")))


def edited(**cells: str) -> Callable[[list[dict[str, str]]], list[dict[str, str]]]:
    return lambda rows: [{**rows[0], **cells}, *rows[1:]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (edited(truth="1"), "is not that of the snapshot"),
        (edited(scan="S99"), "has no scan 'S99'"),
        (edited(patient="P39"), "has no scan"),
        (edited(fold="1"), "is not in fold 0"),
        (edited(patient="P04", scan="S04"), "is not in fold 0"),  # one who is sealed
        (edited(score="1.5"), "a number from 0 to 1"),
        (edited(score="nan"), "a number from 0 to 1"),
        (edited(calibrated="much"), "a number from 0 to 1"),
        (edited(lesion="99"), "is not that of the snapshot"),  # one nobody can see
        (lambda rows: rows[5:], "lacks 5 of"),
        (lambda rows: [*rows, rows[0]], "stands in the table twice"),
        (lambda rows: [*rows, {**rows[0], "target": "femur"}], "was not to be tested"),
    ],
)
def test_a_table_edited_by_hand_is_not_evaluated(
    change: Callable[[list[dict[str, str]]], list[dict[str, str]]], words: str, tmp_path: Path, data: Snapshot
) -> None:
    make_run(tmp_path / "run", data, "resnet50", 0)
    kept = [row for row in read(tmp_path / "run/predictions.csv") if row["patient"] != "P07"]
    kept.sort(key=lambda row: row["truth"])
    write(tmp_path / "run/predictions.csv", change(kept))
    with pytest.raises(WorkflowError, match=words):
        evaluated(tmp_path / "run", snapshot=data.folder)
    write(tmp_path / "run/predictions.csv", kept)
    evaluated(tmp_path / "run", snapshot=data.folder)


def test_a_table_with_another_hash_than_its_card_says(tmp_path: Path, data: Snapshot) -> None:
    make_run(tmp_path / "run", data, "resnet50", 0)
    card = json.loads((tmp_path / "run/card.json").read_text("utf-8"))
    card["predictions"] = {"file": "predictions.csv", "sha256": "0" * 64}
    (tmp_path / "run/card.json").write_text(json.dumps(card), "utf-8")
    with pytest.raises(WorkflowError, match="changed afterwards"):
        evaluated(tmp_path / "run", snapshot=data.folder)


def no_card(run: Path) -> None:
    (run / "card.json").unlink()
    (run / "status.json").write_text(json.dumps({"state": "stopped", "epoch": 3, "epochs": 12}), "utf-8")


def garbled(name: str, text: bytes) -> Callable[[Path], None]:
    def change(run: Path) -> None:
        (run / name).write_bytes(text)

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (shutil.rmtree, "no folder"),
        (lambda run: (run / "config.json").unlink(), "neither a training nor a cross-validation"),
        (no_card, "stopped in epoch 3 of 12"),
        (garbled("config.json", b"{"), "is damaged"),
        (garbled("config.json", b"[1]"), "is damaged"),
        (garbled("config.json", b'{"preset": 3}'), "not the settings"),
        (garbled("card.json", b'{"task": "sites"}'), "not the card"),
        (garbled("predictions.csv", b""), "is empty"),
        (garbled("predictions.csv", b"scan,patient\n1,2\n"), "no column"),
        (garbled("predictions.csv", b"\xff\xfe"), "no table that can be read"),
        (garbled("predictions.csv", b'scan,patient\n"1'), "no table that can be read"),
        (lambda run: (run / "predictions.csv").unlink(), "cannot be read"),
    ],
)
def test_folders_that_are_no_finished_run(
    change: Callable[[Path], None], words: str, tmp_path: Path, data: Snapshot
) -> None:
    make_run(tmp_path / "run", data, "resnet50", 0)
    change(tmp_path / "run")
    with pytest.raises(WorkflowError, match=words):
        evaluated(tmp_path / "run", snapshot=data.folder)


def test_a_set_that_was_changed_or_is_another_is_refused(tmp_path: Path, data: Snapshot) -> None:
    make_run(tmp_path / "run", data, "resnet50", 0)
    with pytest.raises(CallError, match="--snapshot"):
        evaluated(tmp_path / "run")  # nobody knows where it is
    other = make_set(tmp_path / "other", patients=8)
    with pytest.raises(CallError, match="another one"):
        evaluated(tmp_path / "run", snapshot=other.folder)
    copy = tmp_path / "snapshot"
    shutil.copytree(data.folder, copy)
    lesions = (copy / "lesions.csv").read_text("utf-8")
    (copy / "lesions.csv").write_text(lesions.replace("benign", "malignant", 1), "utf-8")
    with pytest.raises(CallError, match="changed after"):
        evaluated(tmp_path / "run", snapshot=copy)


def test_pictures_are_not_needed(tmp_path: Path, data: Snapshot) -> None:
    """Of a training made elsewhere only tables come back."""
    copy = tmp_path / "snapshot"
    shutil.copytree(data.folder, copy)
    (copy / "pictures.npy").unlink()
    make_run(tmp_path / "run", data, "resnet50", 0)
    kept = [row for row in read(tmp_path / "run/predictions.csv") if row["patient"] != "P07"]
    write(tmp_path / "run/predictions.csv", kept)
    assert evaluated(tmp_path / "run").data.patients == 40


def test_nothing_is_sealed_so_nothing_is_opened(tmp_path: Path) -> None:
    whole = make_set(tmp_path / "snapshot", patients=8)
    make_crossval(tmp_path / "cv", whole, {"resnet50": 2})
    with pytest.raises(CallError, match="No patients are sealed"):
        evaluated(tmp_path / "cv", final=True)


@pytest.fixture
def predicted(monkeypatch: pytest.MonkeyPatch, data: Snapshot) -> list[list[str]]:
    """In the place of the process that predicts sealed patients: what was asked of it."""
    asked: list[list[str]] = []

    def start(arguments: list[str], said: Any, gave: Any) -> Any:
        asked.append(arguments)
        return subprocess.Popen([sys.executable, "-c", ""])

    monkeypatch.setattr(learning, "start", start)
    return asked


def test_sealed_patients_are_counted_before_they_are_read_and_averaged_over_the_folds(
    data: Snapshot, tmp_path: Path, predicted: list[list[str]]
) -> None:
    copy = tmp_path / "snapshot"
    shutil.copytree(data.folder, copy)
    make_crossval(tmp_path / "cv", data, {"resnet50": 2})
    with pytest.raises(WorkflowError, match="cannot be read"):  # nobody predicted them
        evaluated(tmp_path / "cv", final=True)
    mine = {
        (row["scan"], row["lesion"]): row["label"] == "malignant"
        for row in data.lesions
        if row["visible"] == "1" and row["patient"] in data.manifest.sealed
    }
    rng = np.random.default_rng(2)
    scores = rng.uniform(0.1, 0.9, (2, len(mine)))
    for fold in (0, 1):
        write(tmp_path / f"cv/small-x-resnet50/fold-{fold}/final.csv", [
            {"scan": scan, "patient": scan.replace("S", "P"), "lesion": lesion, "target": "malignant", "fold": fold,
             "model": "small-x/resnet50", "score": score, "calibrated": score, "truth": int(bad)}
            for ((scan, lesion), bad), score in zip(mine.items(), scores[fold].tolist(), strict=True)
        ])  # fmt: skip
    found = evaluated(tmp_path / "cv", final=True)
    assert found.openings == 2 and len(predicted) == 2 and found.final
    assert len((tmp_path / "snapshot.openings.jsonl").read_text("utf-8").splitlines()) == 2
    row = table(found, "3").row("resnet50")
    assert row.cases == len(mine) and row.patients == 2
    assert row.cells["auc"].value == pytest.approx(roc_auc_score(list(mine.values()), scores.mean(axis=0)))
    folds = evaluated_without_ai(tmp_path / "cv")
    assert folds.openings == 2 and not folds.final and len(predicted) == 2  # told of beside other results too


def evaluated_without_ai(run: Path) -> Evaluation:
    for file in run.glob("*/fold-*/predictions.csv"):
        write(file, [row for row in read(file) if row["patient"] != "P07"])
    return evaluated(run)


def test_a_network_that_is_not_there(run: Path, data: Snapshot) -> None:
    with pytest.raises(CallError, match="resnet50, roi-only, tree"):
        evaluated(run, snapshot=data.folder, network="resnet51")
