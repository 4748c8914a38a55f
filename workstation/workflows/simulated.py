"""What a simulated cohort is told by, on disk as DICOM or as a snapshot: the facts of its scans, lesions and whole."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import resources
from workstation.workflows.errors import CallError, WorkflowError
from workstation.workflows.processes import cores

if TYPE_CHECKING:
    from workstation.phantom.patient import SimulatedScan

CLINICAL_COLUMNS = (
    "patient", "tumour", "sex", "birth_year", "treatment_start", "reference", "reference_evidence", "reference_date",
    "alp", "alp_date", "psa", "psa_date", "excluded",
)  # fmt: skip
_WORTH_A_PROCESS = 4  # patients; starting a process costs as much as simulating a few
_PATIENT_BYTES = 1 << 20  # of one scan with two views; most patients have one

Row = dict[str, Any]


@dataclass(frozen=True)
class SimulateResult:
    """lesions: the visible ones, malignant of them. best_auc: the AUC of the exact chances of malignancy; None where
    one kind is missing.
    """

    scans: int
    lesions: int
    malignant: int
    seconds: float
    best_auc: float | None


@dataclass(frozen=True)
class Order:
    """One patient to simulate, as it is sent to a process. folder: where what is simulated goes."""

    cohort: str
    seed: int
    number: int
    folder: Path


def cohorts() -> tuple[str, ...]:
    """The names of the cohorts there are."""
    from workstation.phantom.cohorts import COHORTS

    return tuple(COHORTS)


def orders(cohort: str, seed: int, patients: int | None, out: Path) -> list[Order]:
    """An order for each patient (all of the cohort if None). Raises if that cannot be done, before anything is made."""
    from workstation.phantom.cohorts import COHORTS

    if cohort not in COHORTS:
        raise CallError(f"There is no simulated cohort {cohort!r}; there is {', '.join(COHORTS)}.")
    number = COHORTS[cohort].patients if patients is None else patients
    if number < 1 or seed < 0:
        raise CallError("A cohort needs at least one patient and a seed of 0 or more.")
    if out.exists() and not out.is_dir():
        raise CallError(f"{out} is not a folder. Name a new one.")
    if out.exists() and any(out.iterdir()):
        begun = any(
            (out / first).exists() and not (out / last).exists()
            for first, last in (("pictures.npy", "manifest.json"), ("truth", "truth/cohort.json"))
        )
        what = "holds a cohort that was never finished. Remove it, or name" if begun else "is not empty. Name"
        raise CallError(f"{out} {what} a new folder, so that no two cohorts are mixed.")
    needed, free = number * _PATIENT_BYTES, shutil.disk_usage(_existing(out)).free
    if needed > free:
        raise WorkflowError(
            f"{number:,} patients need {needed / 1e9:.2g} GB or more, and there are {free / 1e9:.2g} GB free where "
            f"{out} is to be. Make room, name another place, or ask for fewer patients."
        )
    return [Order(cohort, seed, index, out) for index in range(number)]


def processes_for(patients: int) -> int:
    """How many processes are worth starting."""
    return min(cores(), -(-patients // _WORTH_A_PROCESS))


def simulate(order: Order) -> tuple[tuple[SimulatedScan, ...], Row | None]:
    """A patient's scans in order of time, and their clinical facts where the cohort has any."""
    from workstation.phantom import clinical, patient
    from workstation.phantom.cohorts import COHORTS

    asked = COHORTS[order.cohort], order.seed, order.number
    return patient.simulate(*asked), clinical.facts(*asked)


def scan_row(scan: SimulatedScan) -> Row:
    """What both tables of scans tell."""
    return {
        "scan": scan.scan,
        "patient": scan.person.patient,
        "day": scan.acquired.date().isoformat(),
        "tumour": scan.person.tumour,
        "sex": scan.person.sex,
        "age": scan.person.age,
        "grade": scan.grade,
        "malignant": int(scan.malignant),
        "diffuse": int(scan.diffuse),
    }


def lesion_rows(scan: SimulatedScan) -> list[Row]:
    """What both tables of lesions tell."""
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


def table_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A table as a CSV file holds it; what is None is an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@dataclass
class Tally:
    """What is counted while a cohort is simulated; only visible lesions count, as in the papers' tables."""

    started: float = field(default_factory=time.monotonic)
    scans: int = 0
    _malignant: list[bool] = field(default_factory=list)
    _chances: dict[str, list[float]] = field(default_factory=lambda: {"p_ceiling": [], "p_alone": []})

    def add(self, lesions: Iterable[Mapping[str, Any]]) -> None:
        """One more scan and the rows of its lesions."""
        self.scans += 1
        for row in lesions:
            if row["visible"]:
                self._malignant.append(row["label"] == "malignant")
                for name, values in self._chances.items():
                    values.append(float(row[name]))

    def auc(self, chance: str) -> float | None:
        from workstation.phantom.posterior import auc

        return auc(self._malignant, self._chances[chance])

    def result(self) -> SimulateResult:
        seconds = time.monotonic() - self.started
        return SimulateResult(self.scans, len(self._malignant), sum(self._malignant), seconds, self.auc("p_ceiling"))

    def facts(self, cohort: str, seed: int, patients: int) -> str:
        """What cohort.json tells of the whole."""
        from workstation.phantom.cohorts import VERSION

        told = {
            "name": cohort,
            "seed": seed,
            "version": VERSION,
            "settings": _settings(patients),
            "best_auc": self.auc("p_ceiling"),
            "alone_auc": self.auc("p_alone"),
        }
        return json.dumps(told, indent=1, allow_nan=False) + "\n"


def _settings(patients: int) -> dict[str, Any]:
    """What decides over a cohort beside its name and seed: how many patients, and the simulator's tables by digest."""
    tables = sorted(path for path in resources.path("phantom").iterdir() if path.suffix in (".toml", ".csv"))
    return {
        "patients": patients,
        "tables": {path.name: hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest() for path in tables},
        "lesions": {name: value for name, value in resources.table("phantom/lesions").items() if name != "place"},
    }


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    path = Path(os.path.abspath(path))
    return next(each for each in (path, *path.parents) if each.exists())
