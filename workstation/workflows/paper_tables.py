"""Which tables each paper gets from the networks of its tasks; `workstation.stats` computes them.

In every list of networks the first is ours; the others are compared with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import resources
from workstation.report.evaluation import Chart, Study
from workstation.stats import burden_tables, joined
from workstation.stats.bootstrap import RESAMPLES
from workstation.stats.burden_tables import SITES
from workstation.stats.calibration_tables import calibration
from workstation.stats.evaluation import Table, beside
from workstation.stats.lesion_tables import lesion_tables
from workstation.stats.patient_tables import patient_tables
from workstation.stats.predictions import AS_IN_THE_PAPERS, Predictions, per_scan, predictions
from workstation.stats.segmentation_tables import Overlaps, segmentation
from workstation.stats.truth import Floats
from workstation.workflows.predictions import SEGMENTS, Columns, Frozen
from workstation.workflows.run_folders import Run, number

PAPERS = {"lesion": "a", "patient": "b", "detect": "c", "metastases": "c", "bladder": "c", "sites": "c"}
OURS = {
    "lesion": "resnet50", "patient": "patient", "detect": "subimage", "metastases": "residual-unet",
    "bladder": "residual-unet", "sites": "localiser",
}  # fmt: skip
"""The network each paper is about."""
BOUNDS = ("p_ceiling", "p_alone")
"""Columns of a simulated set's lesions: the chance that each is malignant, exactly, by what can be known of it."""
FROM_INNER = "chosen on inner validation patients, in each fold its own, of calibrated probabilities"
PREVALENCE = 0.1
"""Of metastases where PPV and NPV are given beside those of the set; the tables name it."""
BEHIND = ", behind the classifier"


@dataclass(frozen=True)
class Settings:
    """inner: thresholds chosen on inner validation patients instead of 0.5. resamples: of the patient bootstrap."""

    inner: bool = False
    resamples: int = RESAMPLES


@dataclass(frozen=True, eq=False)
class Network:
    """One network of one task: its runs that are done and what they predicted, all folds behind one another.

    whom: the patients tested. final: they are the sealed ones, and the table is what all its runs say on average.
    """

    name: str
    runs: tuple[Run, ...]
    table: Columns
    whom: frozenset[str]
    final: bool = False


Tasks = Mapping[str, Sequence[Network]]


def of_lesions(tasks: Tasks, frozen: Frozen, settings: Settings) -> Study:
    """Paper A. The bounds of a simulated set stand among the networks."""
    given = tasks["lesion"]
    told = [_predictions(each, frozen, "malignant", settings) for each in given]
    bounds = _bounds(told[0], frozen)
    made = lesion_tables([*told, *bounds], settings.resamples)
    chart, calibrated = _judged(given, frozen, "malignant", "a", settings)
    return Study("a", told[0].model, _printed("a", [*made, calibrated]), (replace(chart, bounds=tuple(bounds)),))


def of_patients(tasks: Tasks, frozen: Frozen, settings: Settings) -> Study:
    """Paper B: its network cross-validated; a patient is tested once."""
    given = tasks["patient"]
    told = [_predictions(each, frozen, "metastasis", settings) for each in given]
    made = patient_tables(told, PREVALENCE, settings.resamples)
    chart, calibrated = _judged(given, frozen, "metastasis", "b", settings)
    return Study("b", told[0].model, _printed("b", [*made, calibrated]), (chart,))


def of_burden(tasks: Tasks, frozen: Frozen, settings: Settings) -> Study:
    """Paper C, as far as its tasks are there: sites, detection, age groups, sub-images, segmentations."""
    made: list[Table] = []
    charts: list[Chart] = []
    if "sites" in tasks:
        made += _of_sites(tasks["sites"], frozen, settings)
    if "detect" in tasks:
        given = tasks["detect"]
        parts = {
            target: _predictions(given[0], frozen, target, settings) for target in ("metastasis", "bladder")
        }  # fmt: skip
        scans = [per_scan(_predictions(each, frozen, "metastasis", settings)) for each in given]
        made += [
            burden_tables.detection(scans, settings.resamples),
            burden_tables.by_age(scans[0], settings.resamples),
            burden_tables.sub_images(parts, settings.resamples),
        ]
        charts.append(Chart("metastasis, by scan", tuple(scans)))
        for target in parts:
            chart, calibrated = _judged(given, frozen, target, "c", settings)
            charts.append(replace(chart, target=f"{target}, by sub-image"))
            made.append(replace(calibrated, title=f"Calibration, {target}, by sub-image"))
    for task, target in SEGMENTS.items():
        if task in tasks:
            made.append(segmentation(_overlaps(tasks[task], target, settings), target))
    ours = next(iter(tasks.values()))[0].name
    return Study("c", ours, _printed("c", made), tuple(charts))


STUDIES: Mapping[str, Callable[[Tasks, Frozen, Settings], Study]] = {
    "a": of_lesions, "b": of_patients, "c": of_burden,
}  # fmt: skip


def _predictions(network: Network, frozen: Frozen, target: str, settings: Settings) -> Predictions:
    """What one network says of one target; by calibrated probabilities where the threshold is that of those."""
    if settings.inner:
        score, source = "calibrated", FROM_INNER
    else:
        score, source = "score", AS_IN_THE_PAPERS
    threshold = _chosen(network, target) if settings.inner else 0.5
    found = joined.join(network.table, frozen.scans, frozen.lesions, target, score, threshold, source)
    return replace(found, model=network.name)


def _chosen(network: Network, target: str) -> dict[int, float]:
    found = {each.fold: number(each.card, "calibration", target, "threshold") for each in network.runs}
    if lacking := [fold for fold, value in found.items() if math.isnan(value)]:
        raise ValueError(f"the card of {network.name}, fold {lacking[0]}, has no threshold for {target}")
    return {network.runs[0].fold: float(np.mean(list(found.values())))} if network.final else found


def _judged(
    given: Sequence[Network], frozen: Frozen, target: str, paper: str, settings: Settings
) -> tuple[Chart, Table]:
    """What figures are drawn from, and the table of calibration: raw scores, and after their temperatures."""
    told = [_predictions(each, frozen, target, replace(settings, inner=False)) for each in given]
    after: list[Floats] = [
        joined.join(each.table, frozen.scans, frozen.lesions, target, "calibrated").score for each in given
    ]
    table = calibration(paper, told, after, settings.resamples)
    return Chart(target, tuple(told), tuple(after)), table


def _bounds(ours: Predictions, frozen: Frozen) -> list[Predictions]:
    """What can be known of the same lesions at best, where they are simulated and the snapshot says so."""
    lesions, found = frozen.lesions, []
    for name in BOUNDS if frozen.simulated else ():
        named = zip(lesions["scan"], lesions["lesion"], lesions.get(name, ()), strict=False)
        known = {f"{scan}/{lesion}": float(value) for scan, lesion, value in named if value}
        if all(case in known for case in ours.case.tolist()):
            score = np.array([known[case] for case in ours.case.tolist()])
            half = np.full(len(ours), 0.5)
            found.append(replace(ours, model=name, score=score, threshold=half, threshold_from=AS_IN_THE_PAPERS))
    return found


def _of_sites(given: Sequence[Network], frozen: Frozen, settings: Settings) -> list[Table]:
    """How many scans have metastases where, in all folds that were tested; each network's figures at each site."""
    found = [burden_tables.site_counts(_sites_of_all(frozen, given[0].whom))]
    only = "Scans with metastases alone, as without any there is no site to name; specificity is of those scans."
    for at, network in enumerate(given):
        table = burden_tables.by_site(
            [_predictions(network, frozen, site, settings) for site in SITES], settings.resamples
        )
        key = table.number if at == 0 else f"{table.number}, {network.name}"
        found.append(replace(table, number=key, title=f"Sites, {network.name}", notes=(*table.notes, only)))
    return found


def _sites_of_all(frozen: Frozen, whom: frozenset[str]) -> list[Predictions]:
    """The truth of every scan of these patients at each site, as tables whose scores mean nothing."""
    manifest, lesions = frozen.manifest, frozen.lesions
    there = [
        (scan, patient)
        for scan, patient in zip(manifest.scans, manifest.patients, strict=True)
        if patient in whom
    ]
    ill = {
        (scan, site)
        for scan, site, label, visible in zip(
            lesions["scan"], lesions["site6"], lesions["label"], lesions["visible"], strict=True
        )
        if label == "malignant" and visible != "0"
    }
    scans, patients = [scan for scan, _ in there], [patient for _, patient in there]
    return [
        predictions(
            "truth", scans, patients, np.zeros(len(scans)), [(scan, site) in ill for scan in scans],
            fold=[manifest.folds.get(patient, 0) for patient in patients],
        )
        for site in SITES
    ]  # fmt: skip


def _overlaps(given: Sequence[Network], target: str, settings: Settings) -> list[Overlaps]:
    """Of each network: all sub-images segmented; then those its classifier called positive, where that was done."""
    found = []
    for gated, behind in (("0", ""), ("1", BEHIND)):
        for network in given:
            kept = [at for at, value in enumerate(network.table["gated"]) if value == gated]
            if not kept:
                continue
            part = {name: [column[at] for at in kept] for name, column in network.table.items()}
            threshold = _chosen(network, target) if settings.inner else 0.5
            found.append(replace(joined.join_overlaps(part, target, threshold), model=network.name + behind))
    return found


def _printed(paper: str, tables: Sequence[Table]) -> tuple[Table, ...]:
    """The paper's own digits beside."""
    figures = resources.table(f"papers/{paper}")["figure"]
    printed = {(each["table"], each["row"]): each["printed"] for each in figures}
    return tuple(_with_errata(beside(table, printed), figures) for table in tables)


def _with_errata(table: Table, figures: Sequence[Mapping[str, Any]]) -> Table:
    """What the paper prints and cannot be, below the table it stands in."""
    notes = [
        f"The paper prints {each['printed'][column]} {column}; that cannot be: {differs['why']}."
        for each in figures
        if each["table"] == table.number and each["row"] in {row.key for row in table.rows}
        for column, differs in each.get("differs", {}).items()
        if "why" in differs
    ]
    return replace(table, notes=(*table.notes, *notes))
