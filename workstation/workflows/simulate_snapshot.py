"""Simulated cohorts straight to arrays, for learning: no DICOM in between, on all cores, with little memory.

The layout is that of `ml.snapshot`. The same cohort, seed, patients and folds give the same bytes on any number of
processes. NumPy, SciPy and scikit-image are all this needs.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workstation.workflows.errors import CallError
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
    from ml.snapshot import FrozenScan
    from workstation.phantom.patient import SimulatedScan


FOLDS = 5


@dataclass(frozen=True, eq=False)
class _Frozen:
    """One patient, ready to be written down."""

    scans: tuple[FrozenScan, ...]
    stratum: str
    clinical: Row | None


def run(
    cohort: str,
    out: Path,
    patients: int | None = None,
    seed: int = 0,
    folds: int | None = None,
    processes: int | None = None,
) -> Generator[Progress, None, SimulateResult]:
    """Simulate the first `patients` of a cohort (all it has by default) into a snapshot in `out`, new or empty.

    folds: into how many the patients are dealt, by `seed` as well; 5, or as many as there are patients, by default.
    processes: as many as there are cores by default. The manifest is written last: a folder without it is no snapshot;
    stopped, what was written is taken away again.
    """
    from ml.snapshot import Writer

    if folds is not None and folds < 1:
        raise CallError("A snapshot has at least one fold.")
    asked = orders(cohort, seed, patients, out)
    number = len(asked)
    folds = min(FOLDS, number) if folds is None else folds
    if folds > number:
        raise CallError(f"{number:,} patients cannot be dealt into {folds:,} folds: ask for fewer folds.")
    tally = Tally()
    strata: dict[str, str] = {}
    clinical: list[Row] = []
    yield Progress(0, number, "simulating patients")
    each = in_order(_carry_out, asked, processes_for(number) if processes is None else processes)
    with Writer(out) as writer, closing(each):
        for done, patient in enumerate(each, start=1):
            for scan in patient.scans:
                writer.add(scan)
                tally.add(lesion.row for lesion in scan.lesions)
                strata[str(scan.row["patient"])] = patient.stratum
            if patient.clinical is not None:
                clinical.append(patient.clinical)
            yield Progress(done, number, "simulating patients")
        yield Progress(0, None, "checking what was written")
        if clinical:
            writer.add_text("clinical.csv", table_text(CLINICAL_COLUMNS, clinical))
        writer.add_text("cohort.json", tally.facts(cohort, seed, number))
        writer.finish(strata, folds, seed, labels_from="truth")
    return tally.result()


def _carry_out(order: Order) -> _Frozen:
    scans, clinical = simulate(order)
    return _Frozen(tuple(_frozen(scan) for scan in scans), stratum(scans, clinical), clinical)


def stratum(scans: Sequence[SimulatedScan], clinical: Row | None) -> str:
    """A patient's "tumour/status"; the status is the reference where there is one, else what the grades say."""
    reference = None if clinical is None else clinical.get("reference")
    metastatic = any(scan.grade >= 2 for scan in scans) if reference is None else bool(reference)
    return f"{scans[0].person.tumour}/{'metastatic' if metastatic else 'clear'}"


def _frozen(scan: SimulatedScan) -> FrozenScan:
    from ml.snapshot import FrozenLesion, FrozenScan, to_runs

    whose = {"patient": scan.person.patient, "tumour": scan.person.tumour, "origin": "truth"}
    lesions = tuple(
        FrozenLesion({**row, **whose}, to_runs(lesion.masks))
        for lesion, row in zip(scan.lesions, lesion_rows(scan), strict=True)
    )
    row = {**scan_row(scan), "spacing_mm": f"{scan.acquisition.camera.spacing_mm:g}"}
    return FrozenScan(row, scan.counts, to_runs(scan.bladder), lesions)
