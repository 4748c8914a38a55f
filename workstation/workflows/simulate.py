"""Simulated cohorts on disk: DICOM objects as cameras write them, with the truth beside them.

Layout: `dicom/<scan>/*.dcm`; `truth/cohort.json`, `truth/scans.csv`, `truth/lesions.csv`, `truth/masks/<scan>.npz`,
and `truth/clinical.csv` for cohorts with clinical facts. The same cohort, seed and number of patients give the same
bytes on any number of processes.
"""

from __future__ import annotations

import zlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workstation.workflows.processes import in_order
from workstation.workflows.progress import Progress
from workstation.workflows.simulated import (
    CLINICAL_COLUMNS,
    Order,
    Row,
    SimulateResult,
    Tally,
    lesion_rows,
    orders,
    processes_for,
    scan_row,
    simulate,
    table_text,
)

if TYPE_CHECKING:
    from workstation.phantom.patient import SimulatedScan

SCAN_COLUMNS = ("scan", "patient", "day", "tumour", "sex", "age", "grade", "malignant", "diffuse", "sop_uids")
LESION_COLUMNS = (
    "scan", "lesion", "label", "criterion", "region", "side", "site6", "visible", "peak_ratio", "p_ceiling", "p_alone",
)  # fmt: skip


def run(
    cohort: str, out: Path, patients: int | None = None, seed: int = 0, processes: int | None = None
) -> Generator[Progress, None, SimulateResult]:
    """Simulate the first `patients` of a cohort (all it has by default) into the folder `out`, new or empty.

    processes: how many to use; as many as there are cores by default. The truth's tables are written last: a folder
    without `truth/cohort.json` is unfinished.
    """
    asked = orders(cohort, seed, patients, out)
    number = len(asked)
    tally = Tally()
    (out / "truth" / "masks").mkdir(parents=True)
    (out / "dicom").mkdir()
    scans: list[Row] = []
    lesions: list[Row] = []
    clinical: list[Row] = []
    yield Progress(0, number, "simulating patients")
    each = in_order(_carry_out, asked, processes_for(number) if processes is None else processes)
    for done, written in enumerate(each, start=1):
        scans += written.scans
        for of_scan in written.lesions:
            tally.add(of_scan)
            lesions += of_scan
        if written.clinical is not None:
            clinical.append(written.clinical)
        yield Progress(done, number, "simulating patients")
    truth = {
        "scans.csv": table_text(SCAN_COLUMNS, scans),
        "lesions.csv": table_text(LESION_COLUMNS, lesions),
        **({"clinical.csv": table_text(CLINICAL_COLUMNS, clinical)} if clinical else {}),
        "cohort.json": tally.facts(cohort, seed, number),  # the last
    }
    for name, text in truth.items():
        (out / "truth" / name).write_text(text, encoding="utf-8", newline="\n")
    return tally.result()


@dataclass(frozen=True)
class _Written:
    """The rows of one patient. lesions: of each scan."""

    scans: list[Row]
    lesions: list[list[Row]]
    clinical: Row | None


def _carry_out(order: Order) -> _Written:
    """Simulate one patient and write their scans."""
    import numpy as np

    style = header_style(order.seed, order.number)
    scans, lesions = [], []
    drawn, clinical = simulate(order)
    for scan in drawn:
        uids = _write_objects(order, scan, style)
        masks: dict[str, Any] = {f"lesion_{lesion.id}": lesion.masks for lesion in scan.lesions}
        np.savez_compressed(order.folder / "truth" / "masks" / f"{scan.scan}.npz", bladder=scan.bladder, **masks)
        scans.append({**scan_row(scan), "sop_uids": " ".join(uids)})
        lesions.append(lesion_rows(scan))
    return _Written(scans, lesions, clinical)


def header_style(seed: int, number: int) -> str:
    """In which of the header styles seen in the wild patient `number` (from 0) is written: any, at random."""
    import numpy as np

    from workstation.dicom.write import STYLES

    key = (zlib.crc32(b"header styles"), number)
    return STYLES[int(np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key)).integers(len(STYLES)))]


def _write_objects(order: Order, scan: SimulatedScan, style: str) -> tuple[str, ...]:
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
