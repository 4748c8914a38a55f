"""The papers' tables from predictions: numbers counted otherwise, and paper A's own figures from its own counts."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2_contingency

import resources
from workstation.stats.burden_tables import SITES, by_age, by_site, detection, site_counts, sub_images
from workstation.stats.calibration import cooled, temperature
from workstation.stats.calibration_tables import calibration
from workstation.stats.clustered_tables import clustered_chi2
from workstation.stats.confusion import METRICS
from workstation.stats.evaluation import Printed, Table, beside, to_json
from workstation.stats.lesion_tables import lesion_tables
from workstation.stats.measures import row
from workstation.stats.patient_tables import patient_tables
from workstation.stats.predictions import (
    Predictions,
    age_group,
    burden_group,
    common,
    per_scan,
    predictions,
)
from workstation.stats.printing import p_value, percent, rounded
from workstation.stats.roc import auc, delong_test
from workstation.stats.segmentation_tables import Overlaps, dice, segmentation

FEW = 60  # resamples; enough to see that intervals are there


def printed(paper: str) -> Printed:
    return {(f["table"], f["row"]): f["printed"] for f in resources.table(f"papers/{paper}")["figure"]}


def cohort(model: str = "ours", seed: int = 1, noise: float = 1.0) -> Predictions:
    """150 patients in 5 folds with 1 to 9 lesions each; truth is the same for every model and noise."""
    rng = np.random.default_rng(7)
    number = np.repeat(np.arange(150), rng.integers(1, 10, 150))
    ill = rng.random(150) < 0.5
    truth = (rng.random(len(number)) < np.where(ill, 0.8, 0.0)[number]).astype(int)
    lesions = np.bincount(number)[number]
    score = truth + np.random.default_rng(seed).normal(0.5, noise, len(number))
    tumour = np.array(["lung", "prostate", "breast"])[number % 3]
    return predictions(
        model, [f"S{p}/L{i}" for i, p in enumerate(number)], [f"P{p}" for p in number],
        1 / (1 + np.exp(1 - 2 * score)), truth, scan=[f"S{p}" for p in number], fold=number % 5, tumour=tumour,
        sex=np.where(number % 2, "male", "female"), age=40 + number % 45, lesions=lesions,
    )  # fmt: skip


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    ours, other = cohort(), cohort("vgg16", 2, 1.5)
    return {each.number: each for each in lesion_tables([ours, other.of_fold(0)], FEW)}


def test_table_1_by_counting(tables: dict[str, Table]) -> None:
    given = cohort()
    malignant = {p for p, t in zip(given.patient, given.truth, strict=True) if t}
    tumour = dict(zip(given.patient.tolist(), given.tumour.tolist(), strict=True))
    everyone, ill = Counter(tumour.values()), Counter(tumour[p] for p in malignant)
    for name in ("lung", "prostate", "breast"):
        cells = tables["1"].row(name).cells
        assert (cells["patients"].count, cells["malignant patients"].count) == (everyone[name], ill[name])
        assert cells["metastasis rate of patients"].value == ill[name] / everyone[name]
        assert cells["benign lesions"].count == sum(
            not t for t, u in zip(given.truth, given.tumour, strict=True) if u == name
        )
    assert tables["1"].row("total").cells["lesions"].count == len(given)


def test_table_2_keeps_folds_and_pooled_apart(tables: dict[str, Table]) -> None:
    given, table = cohort(), tables["2"]
    assert [each.key for each in table.rows] == [*(f"fold {n}" for n in range(5)), "all"]
    called = given.score >= 0.5
    shares = []
    for fold in range(5):
        inside = given.fold == fold
        cell = table.row(f"fold {fold}").cells["sensitivity"]
        assert (cell.count, cell.total) == (
            int(np.sum(inside & given.truth & called)),
            int(np.sum(inside & given.truth)),
        )
        shares.append(cell.value)
    whole = table.row("all").cells["sensitivity"]
    assert whole.folds is not None and whole.folds.mean == pytest.approx(np.mean(shares))
    assert whole.value == pytest.approx(np.mean(called[given.truth])) and whole.value != whole.folds.mean
    assert [each.name for each in whole.intervals] == ["Wilson", "patient bootstrap"]
    area = table.row("all").cells["auc"]
    assert area.value == auc(given.truth, given.score).value and area.folds is not None
    assert area.folds.values[2] == auc(given.truth[given.fold == 2], given.score[given.fold == 2]).value


def test_table_3_compares_on_the_cases_both_have(tables: dict[str, Table]) -> None:
    ours, other, table = cohort().of_fold(0), cohort("vgg16", 2, 1.5).of_fold(0), tables["3"]
    assert [each.key for each in table.rows] == ["ours", "vgg16"]
    assert "vgg16: tested on fold 0 only" in table.notes[1]
    compared = {each.column: each for each in table.comparisons}
    assert set(compared) == {"sensitivity", "specificity", "accuracy", "auc"}
    expected = delong_test(ours.truth, ours.score, other.score)
    found = compared["auc"]
    assert found.of == ("ours", "vgg16") and found.difference is not None and found.cases == len(ours)
    assert (found.difference.value, found.tests[0].p) == pytest.approx((expected.difference, expected.p))
    assert [each.name for each in found.difference.intervals] == [
        "DeLong", "Obuchowski over patients", "patient bootstrap"
    ]  # fmt: skip
    accuracy = compared["accuracy"].difference
    assert accuracy is not None and accuracy.value == pytest.approx(np.mean(ours.right) - np.mean(other.right))
    assert accuracy.intervals[1].low < accuracy.value < accuracy.intervals[1].high
    assert [each.name for each in compared["accuracy"].tests] == ["exact McNemar", "Wald test over patients"]


def test_table_4_tests_groups_in_three_ways(tables: dict[str, Table]) -> None:
    given, table = cohort(), tables["4"]
    group = np.where(given.lesions <= 3, "few", np.where(given.lesions <= 6, "medium", "extensive"))
    assert [each.key for each in table.rows] == ["few", "medium", "extensive"]
    compared = {each.column: each for each in table.comparisons}
    counts = [
        [np.sum(given.right[group == g]), np.sum(~given.right[group == g])] for g in ("few", "medium", "extensive")
    ]
    expected = chi2_contingency(counts, correction=False)
    plain, fifth, over = compared["accuracy"].tests
    assert (plain.statistic, plain.p) == pytest.approx((expected.statistic, expected.pvalue))
    assert fifth.statistic == pytest.approx(expected.statistic / 5) and "per fold" in fifth.name
    assert over.df == 2 and over.name == "generalised score test over patients" and over.p != plain.p
    of = given.called
    assert compared["ppv"].cases == of.sum()
    expected_ppv = clustered_chi2(given.right[of], given.patient[of], group[of])
    assert compared["ppv"].tests[2].p == pytest.approx(expected_ppv.p)
    assert [each.df for each in compared["auc"].tests] == [2, 2]
    assert set(tables) == {"1", "2", "3", "4", "5", "S1", "S2", "S3"}
    assert tables["S2"].title.endswith("prostate") and tables["S2"].row("few").cases == np.sum(
        (group == "few") & (given.tumour == "prostate")
    )


def from_counts(figures: list[tuple[str, list[int]]], as_fold: bool) -> Predictions:
    """Lesions with just these confusion matrices, by fold or by tumour; ten of a patient."""
    truth, score, group = [], [], []
    for at, (_, (tp, fn, tn, fp)) in enumerate(figures):
        truth += [1] * (tp + fn) + [0] * (tn + fp)
        score += [0.9] * tp + [0.1] * fn + [0.1] * tn + [0.9] * fp
        group += [at] * (tp + fn + tn + fp)
    number = np.arange(len(truth))
    place, name = np.array(group), np.array([key for key, _ in figures])
    # Neighbours may lie across the border of two groups, and a patient may not.
    patient = [f"{g}/{i // 10}" for g, i in zip(group, number, strict=True)]
    fold = place if as_fold else np.array([fold_of(p) for p in patient])
    return predictions("resnet50", number, patient, score, truth, fold=fold, tumour="lung" if as_fold else name[place])


def fold_of(patient: str) -> int:
    return sum(map(ord, patient)) % 5


def test_the_papers_counts_give_the_papers_tables() -> None:
    """Predictions with paper A's counts by fold give its table 2 and its headline; by tumour its table 5's tests."""
    figures = resources.table("papers/a")["figure"]
    folds = [(f["row"], f["counts"]) for f in figures if f["table"] == "2" and f["kind"] == "counts"]
    found = {each.number: beside(each, printed("a")) for each in lesion_tables([from_counts(folds, True)], 2)}
    assert [name for name, _ in folds] == [f"fold {number}" for number in range(1, 6)]
    for fold in range(5):  # counted from 0 here
        for metric in METRICS:
            cell = found["2"].row(f"fold {fold}").cells[metric]
            assert cell.paper == percent(cell.value)
    for metric in METRICS:
        ours = found["3"].row("resnet50").cells[metric]
        assert ours.folds is not None and percent(ours.folds.mean) == ours.paper
    assert percent(found["3"].row("resnet50").cells["sensitivity"].value) == "81.36", "pooled is another number"
    tumours = [(f["row"], f["counts"]) for f in figures if f["table"] == "5" and f["kind"] == "counts"]
    found = {each.number: beside(each, printed("a")) for each in lesion_tables([from_counts(tumours, False)], 2)}
    for each in found["5"].comparisons:
        if each.column in METRICS:
            assert each.paper is not None
            by_fifth = each.tests[1]
            assert by_fifth.statistic is not None
            assert (rounded(by_fifth.statistic, 2), p_value(by_fifth.p)) == (each.paper["statistic"], each.paper["p"])
    assert found["5"].row("lung").cells["auc"].paper == "0.870"
    totals = found["1"].row("total").cells
    assert totals["benign lesions"].paper == "6812" and totals["benign lesions"].count == 7302
    other = beside(found["1"], {("11", "total"): {"lesions": "1"}, ("1 more", "total"): {"patients": "2"}}).row("total")
    assert (other.cells["lesions"].paper, other.cells["patients"].paper) == (None, "2"), "table 11 is not table 1"


def test_paper_b(tables: dict[str, Table]) -> None:
    lesions = cohort()
    first = np.unique(lesions.patient, return_index=True)[1]
    ours = lesions.take(first)
    found = {
        each.number: beside(each, printed("b")) for each in patient_tables([ours, replace(ours, model="x")], 0.1, FEW)
    }
    assert set(found) == {"1", "2", "2 lung", "2 prostate", "2 breast", "networks"}
    table = found["2"]
    old = np.asarray(ours.age) >= 60
    assert table.row("60 or older").cells["auc"].value == auc(ours.truth[old], ours.score[old]).value
    assert table.row("60 or older").cells["auc"].paper == "0.949"
    assert table.row("total").cells["auc"].paper == "0.964"
    assert table.row("total").cells["ppv at 10 %"].value == ours.confusion().ppv_at(0.1).value
    by_sex = [each for each in table.comparisons if each.of == ("male", "female") and each.column == "auc"]
    men, women = (auc(ours.truth[ours.sex == s], ours.score[ours.sex == s]) for s in ("male", "female"))
    expected = (men.value - women.value) ** 2 / (men.variance + women.variance)
    assert by_sex[0].tests[0].statistic == pytest.approx(expected)
    assert by_sex[0].tests[1].statistic == pytest.approx(expected, rel=0.1), "one scan a patient"
    assert found["2 prostate"].row("prostate, under 60").cells["auc"].paper == "0.992"
    assert found["1"].row("lung").cells["male"].count == np.sum((ours.tumour == "lung") & (ours.sex == "male"))
    same = [each for each in found["networks"].comparisons if each.column == "auc"][0]
    assert same.difference is not None and same.difference.value == 0 and math.isnan(same.tests[0].p)


def test_paper_c() -> None:
    rng = np.random.default_rng(3)
    scans = np.repeat([f"S{i}" for i in range(40)], 14)
    truth = (rng.random(560) < 0.1).astype(int)
    score, age = np.clip(0.6 * truth + rng.random(560) * 0.5, 0, 1), np.repeat(rng.integers(30, 90, 40), 14)
    tiles = predictions("subimage", np.arange(560), scans, score, truth, scan=scans, age=age)
    whole = per_scan(tiles)
    for at, scan in enumerate(whole.case):
        assert (
            whole.score[at] == tiles.score[scans == scan].max() and whole.truth[at] == tiles.truth[scans == scan].any()
        )
    assert len(whole) == 40
    table = detection([whole], FEW)
    assert table.row("subimage").cells["sensitivity"].total == whole.truth.sum()
    ages = by_age(whole, FEW)
    assert sum(each.cases for each in ages.rows) == 40
    assert ages.row("50 to 69").cases == np.sum((whole.age >= 50) & (whole.age < 70))
    parts = beside(sub_images({"metastasis": tiles, "bladder": tiles}, FEW), printed("c"))
    assert [each.cells["auc"].paper for each in parts.rows] == ["0.9263", "0.9970"]
    sites = [predictions(site, whole.case, whole.patient, rng.random(40), rng.random(40) < 0.3) for site in SITES]
    found = beside(by_site(sites, FEW), printed("c"))
    ill = np.any([each.truth for each in sites], axis=0)
    right = np.all([each.right for each in sites], axis=0)
    cell = found.row("all sites").cells["all sites right, of metastatic scans"]
    assert (cell.count, cell.total, cell.paper) == (np.sum(ill & right), np.sum(ill), "74.07")
    assert found.row("spine").cells["specificity"].total == np.sum(~sites[0].truth)
    assert found.row("scapula").cells["sensitivity"].paper == "44.44"
    assert site_counts(sites).rows[0].cells["none"].count == np.sum(~ill)
    with pytest.raises(ValueError, match="6 sites"):
        by_site(sites[:5])
    with pytest.raises(ValueError, match="same scans"):
        by_site([*sites[:5], sites[5].take(np.arange(40)[::-1])])


def overlaps(model: str, chosen: int, seed: int) -> Overlaps:
    """30 scans, a third without the target; at the third threshold nothing is predicted any more."""
    rng = np.random.default_rng(seed)
    actual = np.where(np.arange(30) % 3, 100, 0)
    predicted = np.stack([rng.integers(0, 200, 30), rng.integers(50, 150, 30), np.zeros(30)], axis=1)
    both = np.minimum(predicted, actual[:, None]) * rng.random((30, 1))
    names = np.array([f"S{i}" for i in range(30)])
    pixels = np.stack([both, predicted, np.broadcast_to(actual[:, None], (30, 3))], axis=-1)
    return Overlaps(model, names, names, np.arange(30) % 2, pixels, (0.1, 0.5, 0.9), np.full(30, chosen))


def test_dice_of_scans() -> None:
    ours, plain = overlaps("residual-unet", 1, 1), overlaps("unet", 2, 2)
    table = beside(segmentation([ours, plain], "metastasis"), printed("c"))
    shown = [i for i in range(30) if i % 3]
    each = [2 * ours.pixels[i, 1, 0] / (ours.pixels[i, 1, 1] + 100) for i in shown]
    cells = table.row("residual-unet").cells
    assert cells["metastasis"].value == pytest.approx(np.mean(each)) and cells["metastasis"].paper == "0.7387"
    assert cells["metastasis"].folds is not None and len(cells["metastasis"].folds.values) == 2
    empty = [1.0 if ours.pixels[i, 1, 1] == 0 else 0.0 for i in range(0, 30, 3)]
    assert cells["metastasis, all scans, empty = 1"].value == pytest.approx((sum(each) + sum(empty)) / 30)
    best = max(np.mean([2 * ours.pixels[i, t, 0] / (ours.pixels[i, t, 1] + 100) for i in shown]) for t in range(3))
    assert cells["metastasis, oracle threshold"].value == pytest.approx(best)
    found = table.comparisons[0]
    assert found.difference is not None and found.difference.value == pytest.approx(np.mean(each)), (
        "the other finds none"
    )
    assert (
        found.of == ("residual-unet", "unet") and found.cases == 20 and table.row("unet").cells["metastasis"].value == 0
    )
    assert table.row("unet").cells["metastasis, all scans, empty = 1"].value == pytest.approx(1 / 3)
    assert list(dice([0, 5, 0], [0, 5, 3], [0, 5, 0])) == [1, 1, 0]
    with pytest.raises(ValueError, match="pixels"):
        replace(ours, thresholds=(0.5,))
    nothing = replace(ours, pixels=ours.pixels * [1, 1, 0])
    assert math.isnan(segmentation([nothing], "metastasis").rows[0].cells["metastasis"].value)


def test_every_number_goes_into_json(tables: dict[str, Table]) -> None:
    text = json.dumps([to_json(each) for each in tables.values()], allow_nan=False)
    again = json.loads(text)
    assert again[0]["rows"][0]["cells"]["lesions"]["count"] == tables["1"].rows[0].cases
    cell = again[1]["rows"][-1]["cells"]["accuracy"]
    assert cell["folds"]["mean"] == tables["2"].rows[-1].cells["accuracy"].folds.mean  # type: ignore[union-attr]
    assert cell["intervals"][1]["name"] == "patient bootstrap"
    assert all(test["name"] for each in again for one in each["comparisons"] for test in one["tests"])


def test_what_has_one_class_is_told_by_nan() -> None:
    """Nothing malignant, one fold, all right: no exception, no interval of no width."""
    given = predictions("m", range(12), np.repeat(["P1", "P2", "P3"], 4), np.zeros(12), np.zeros(12))
    found = row("all", given, FEW)
    assert math.isnan(found.cells["sensitivity"].value) and math.isnan(found.cells["auc"].value)
    specificity = found.cells["specificity"]
    assert specificity.value == 1 and specificity.intervals[1].name == "Wilson over patients"
    assert specificity.intervals[1].low == pytest.approx(3 / (3 + 1.959964**2))
    empty = given.take(np.zeros(12, bool))
    assert row("none", empty, FEW).cases == 0 and math.isnan(row("none", empty, FEW).cells["accuracy"].value)
    tables = lesion_tables([given], FEW)
    assert json.dumps([to_json(each) for each in tables], allow_nan=False)


def test_thresholds_of_each_fold_are_named() -> None:
    given = predictions(
        "m", range(4), list("abcd"), [0.3, 0.3, 0.6, 0.6], [1, 0, 1, 0], fold=[0, 0, 1, 1],
        threshold=[0.2, 0.2, 0.7, 0.7], threshold_from="chosen on inner validation patients",
    )  # fmt: skip
    assert list(given.called) == [True, True, False, False]
    assert lesion_tables([given], FEW)[1].notes[0] == "Threshold: chosen on inner validation patients."


def test_groups_by_number_and_age() -> None:
    assert list(burden_group([0, 1, 3, 4, 6, 7])) == ["", "few", "few", "medium", "medium", "extensive"]
    assert list(age_group([49.9, 50, 69, 70, math.nan], (50, 70))) == [
        "under 50",
        "50 to 69",
        "50 to 69",
        "70 or older",
        "",
    ]
    assert list(age_group([59, 60], (60,))) == ["under 60", "60 or older"]


def test_predictions_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        predictions("m", ["a", "a"], ["p", "q"], [0, 1], [0, 1])
    with pytest.raises(ValueError, match="1 of 1 patients are in more than one fold"):
        predictions("m", ["a", "b"], ["p", "p"], [0, 1], [0, 1], fold=[0, 1])
    with pytest.raises(ValueError, match="no numbers"):
        predictions("m", ["a", "b"], ["p", "p"], [0, math.nan], [0, 1])
    with pytest.raises(ValueError, match="column"):
        predictions("m", ["a", "b"], ["p", "p"], [0, 1], [0, 1], tumour=["lung"] * 3)
    with pytest.raises(ValueError, match="one truth"):
        predictions("m", ["a", "b"], ["p", "p"], [0, 1], [0, 1, 1])
    one, other = cohort(), cohort("x", 2)
    with pytest.raises(ValueError, match="different truths"):
        common(one, replace(other, truth=~other.truth))
    mixed = common(one, other.take(np.arange(len(other))[::-1]))
    assert list(mixed[0].case) == list(mixed[1].case) and np.array_equal(mixed[0].truth, mixed[1].truth)
    with pytest.raises(ValueError, match="no predictions"):
        lesion_tables([])
    with pytest.raises(ValueError, match="no predictions"):
        patient_tables([])


def test_calibration_before_and_after() -> None:
    given = cohort()
    sure = replace(given, score=np.where(given.score >= 0.5, 0.999, 0.001))
    mended = cooled(sure.score, temperature(sure.truth, sure.score))
    table = calibration("a", [sure, given], [mended], FEW)
    assert [each.key for each in table.rows] == ["ours", "ours, after its temperature", "ours"]
    before, after = (table.rows[at].cells for at in (0, 1))
    assert before["brier"].value == pytest.approx(np.mean((sure.score - sure.truth) ** 2))
    assert before["brier"].intervals[0].low < before["brier"].value < before["brier"].intervals[0].high
    assert all(after[name].value < before[name].value for name in ("brier", "log loss", "calibration error"))
    assert before["log loss"].folds is not None and len(before["log loss"].folds.values) == 5
