"""Simulated cohorts on disk: DICOM objects as cameras write them, with the truth beside them.

Layout: `dicom/<scan>/*.dcm`; `truth/cohort.json`, `truth/scans.csv`, `truth/lesions.csv`, `truth/masks/<scan>.npz`.
The same cohort, seed and number of patients give the same bytes on any number of processes.
"""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import time
import zlib
from collections.abc import Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workstation.workflows.errors import CallError
from workstation.workflows.progress import Progress
from workstation.workflows.taking_in import NO_PROCESSES

if TYPE_CHECKING:
    from workstation.phantom.patient import SimulatedScan

SCAN_COLUMNS = ("scan", "patient", "day", "tumour", "sex", "age", "grade", "malignant", "diffuse", "sop_uids")
LESION_COLUMNS = (
    "scan", "lesion", "label", "criterion", "region", "side", "site6", "visible", "peak_ratio", "p_ceiling", "p_alone",
)  # fmt: skip
_WORTH_A_PROCESS = 4  # patients; starting a process costs as much as simulating a few

Row = dict[str, Any]


@dataclass(frozen=True)
class SimulateResult:
    """malignant: lesions. best_auc: the AUC of the exact chances of malignancy; None where one kind is missing."""

    scans: int
    lesions: int
    malignant: int
    seconds: float
    best_auc: float | None


@dataclass(frozen=True)
class _Order:
    """One patient to simulate and write, as it is sent to a process."""

    cohort: str
    seed: int
    number: int
    folder: Path


def cohorts() -> tuple[str, ...]:
    """The names of the cohorts there are."""
    from workstation.phantom.cohorts import COHORTS

    return tuple(COHORTS)


def run(
    cohort: str, out: Path, patients: int | None = None, seed: int = 0, processes: int | None = None
) -> Generator[Progress, None, SimulateResult]:
    """Simulate the first `patients` of a cohort (all it has by default) into the folder `out`, new or empty.

    processes: how many to use; as many as there are cores by default. The truth's tables are written last: a folder
    without `truth/cohort.json` is unfinished.
    """
    from workstation.phantom.cohorts import COHORTS, VERSION
    from workstation.phantom.patient import settings
    from workstation.phantom.posterior import auc

    if cohort not in COHORTS:
        raise CallError(f"There is no simulated cohort {cohort!r}; there is {', '.join(COHORTS)}.")
    number = COHORTS[cohort].patients if patients is None else patients
    if number < 1 or seed < 0:
        raise CallError("A cohort needs at least one patient and a seed of 0 or more.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CallError(f"{out} is not empty. Name a new folder, so that no two cohorts are mixed.")
    started = time.monotonic()
    (out / "truth" / "masks").mkdir(parents=True)
    (out / "dicom").mkdir()
    scans: list[Row] = []
    lesions: list[Row] = []
    yield Progress(0, number, "simulating patients")
    orders = [_Order(cohort, seed, index, out) for index in range(number)]
    for done, (of_scans, of_lesions) in enumerate(_carried_out(orders, processes), start=1):
        scans += of_scans
        lesions += of_lesions
        yield Progress(done, number, "simulating patients")
    malignant = [row["label"] == "malignant" for row in lesions]
    best, alone = (auc(malignant, [float(row[name]) for row in lesions]) for name in ("p_ceiling", "p_alone"))
    _write_table(out / "truth" / "scans.csv", SCAN_COLUMNS, scans)
    _write_table(out / "truth" / "lesions.csv", LESION_COLUMNS, lesions)
    facts = {
        "name": cohort,
        "seed": seed,
        "version": VERSION,
        "settings": {"patients": number, "lesions": settings()},
        "best_auc": best,
        "alone_auc": alone,
    }
    (out / "truth" / "cohort.json").write_text(json.dumps(facts, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return SimulateResult(len(scans), len(lesions), sum(malignant), time.monotonic() - started, best)


def _carried_out(orders: list[_Order], processes: int | None) -> Iterator[tuple[list[Row], list[Row]]]:
    """The rows of each order, in order. Leaving the loop early drops what has not begun."""
    wanted = processes if processes is not None else os.cpu_count() or 1
    workers = min(wanted, -(-len(orders) // _WORTH_A_PROCESS))
    if workers <= 1:
        yield from map(_carry_out, orders)
        return
    pool = None
    done = 0
    try:
        try:
            # Never forked: a fork of a program with threads and a window may hang.
            pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
            results = pool.map(_carry_out, orders)
        except NO_PROCESSES:
            results = map(_carry_out, orders)
        try:
            for result in results:
                yield result
                done += 1
        except BrokenProcessPool:
            # A process was killed, or none could begin here: go on alone. What it left half written is written anew.
            yield from map(_carry_out, orders[done:])
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def _carry_out(order: _Order) -> tuple[list[Row], list[Row]]:
    """Simulate one patient and write their scans; the rows of scans.csv and lesions.csv."""
    import numpy as np

    from workstation.dicom.write import STYLES
    from workstation.phantom.cohorts import COHORTS
    from workstation.phantom.patient import simulate

    key = (zlib.crc32(b"header styles"), order.number)
    style = STYLES[int(np.random.default_rng(np.random.SeedSequence(order.seed, spawn_key=key)).integers(len(STYLES)))]
    scans, lesions = [], []
    for scan in simulate(COHORTS[order.cohort], order.seed, order.number):
        uids = _write_objects(order, scan, style)
        masks: dict[str, Any] = {f"lesion_{lesion.id}": lesion.masks for lesion in scan.lesions}
        np.savez_compressed(order.folder / "truth" / "masks" / f"{scan.scan}.npz", bladder=scan.bladder, **masks)
        scans.append(_scan_row(scan, uids))
        lesions += _lesion_rows(scan)
    return scans, lesions


def _write_objects(order: _Order, scan: SimulatedScan, style: str) -> tuple[str, ...]:
    from datetime import date

    from workstation.dicom.write import NmStudy, sop_uids, write_nm
    from workstation.phantom.cohorts import VERSION

    spacing = scan.acquisition.camera.spacing_mm
    study = NmStudy(
        seed=f"simulated {VERSION} {order.cohort} {order.seed} {scan.scan}",
        anterior=scan.counts[0],
        posterior=scan.counts[1],
        patient_id=scan.person.patient,
        patient_name=f"Simulated^{scan.person.patient}",
        sex=scan.person.sex,
        acquired=scan.acquired,
        birth_date=date(scan.acquired.year - scan.person.age, 1, 1),
        age=scan.person.age,
        weight_kg=round(scan.body.weight_kg, 1),
        height_m=round(scan.body.height_mm / 1000, 2),
        injected=scan.injected,
        activity_mbq=round(scan.activity_mbq, 1),
        camera=scan.acquisition.camera.make,
        speed_mm_s=scan.acquisition.speed * 10 / 60,
        spacing_mm=(spacing, spacing),
    )
    write_nm(order.folder / "dicom" / scan.scan, study, style)
    return sop_uids(study, style)


def _scan_row(scan: SimulatedScan, uids: tuple[str, ...]) -> Row:
    return {
        "scan": scan.scan,
        "patient": scan.person.patient,
        "day": scan.acquired.date().isoformat(),
        "tumour": scan.person.tumour,
        "sex": scan.person.sex,
        "age": scan.person.age,
        "grade": scan.grade,
        "malignant": int(scan.malignant),
        "diffuse": 0,
        "sop_uids": " ".join(uids),
    }


def _lesion_rows(scan: SimulatedScan) -> list[Row]:
    return [
        {
            "scan": scan.scan,
            "lesion": lesion.id,
            "label": "malignant" if lesion.malignant else "benign",
            "criterion": lesion.criterion,
            "region": lesion.site.region,
            "side": lesion.site.side,
            "site6": lesion.site6,
            "visible": int(lesion.visible),
            "peak_ratio": f"{lesion.peak_ratio:.6g}",
            "p_ceiling": f"{lesion.p_ceiling:.9g}",
            "p_alone": f"{lesion.p_alone:.9g}",
        }
        for lesion in scan.lesions
    ]


def _write_table(path: Path, columns: tuple[str, ...], rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
