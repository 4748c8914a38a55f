"""What a snapshot will hold, decided before the first picture is read: scans, strata, folds, who is sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workstation.core import cohort_tables, inclusion, sealing
from workstation.core.cohort_tables import ScanFacts
from workstation.core.inclusion import Count
from workstation.core.scan import VIEWS
from workstation.store.values import ADJUDICATED
from workstation.workflows.errors import CallError, WorkflowError

if TYPE_CHECKING:
    from workstation.store.moment import Moment, ReadingThen, ScanThen


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    reader: whose readings; None for the one that stands for each scan. sealed: how many patients are to be sealed, as
    "40", "0.1" or "10%", where none are yet. ai_labels: whether labels an AI had a part in may be tested on.
    """

    folds: int = 5
    seed: int = 0
    reader: str | None = None
    sealed: str | None = None
    ai_labels: bool = False


@dataclass(frozen=True)
class Statuses:
    """Included patients by what their status follows from, and how many are in conflict.

    lesions: neither Reference nor grade is there, so paper A's rule decides: one malignant lesion. conflicts: the
    Reference says one thing and the grade another. beside_lesions: the status and paper A's rule differ.
    """

    reference: int
    grade: int
    lesions: int
    conflicts: tuple[str, ...]
    beside_lesions: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """included: scans with the reading their labels come from, in the order they are written in.

    strata: of every included patient, "tumour/status". sealed: of the library, with those sealed now; seal_now: the
    latter alone. train_only: patients who may not be tested on. differing: included scans whose readers are still to
    be adjudicated. Names are the library's own.
    """

    wanted: Wanted
    collected: Count
    excluded: Mapping[str, Count]
    included: tuple[tuple[ScanThen, ReadingThen], ...]
    strata: Mapping[str, str]
    statuses: Statuses
    sealed: tuple[str, ...]
    seal_now: tuple[str, ...]
    train_only: tuple[str, ...]
    assisted: tuple[str, ...]
    differing: int
    openings: int

    @property
    def patients(self) -> tuple[str, ...]:
        return tuple(self.strata)

    @property
    def readers(self) -> frozenset[str]:
        return frozenset(reading.reader for _, reading in self.included)


def plan(moment: Moment, wanted: Wanted) -> Plan:
    """Decide. CallError where it was asked for wrongly, WorkflowError where there is too little."""
    if wanted.folds < 2:
        raise CallError("A snapshot has at least two folds: one is tested while the others are learnt from.")
    if wanted.seed < 0:
        raise CallError("A seed is 0 or more.")
    scans = moment.scans()
    readings = moment.readings()
    included, fates = _fates(moment, scans, readings, wanted.reader)
    excluded = inclusion.counted(fates)
    if not included:
        why = "; ".join(f"{reason}: {count.scans:,}" for reason, count in excluded.items()) or "it is empty"
        raise WorkflowError(f"No scan of this library can be taken into a snapshot ({why}). {_advice(excluded)}")
    strata, statuses = _strata(included)
    assisted = _assisted(scans, readings, included)
    sealed = moment.sealed()
    seal_now: tuple[str, ...] = ()
    if wanted.sealed is not None and not sealed:
        seal_now = sealed = _drawn(wanted, strata, set(assisted))
    train_only = () if wanted.ai_labels else tuple(name for name in assisted if name not in set(sealed))
    left = len(strata) - len(set(strata) & {*sealed, *train_only})
    if left < wanted.folds:
        raise CallError(
            f"There are too few patients for {wanted.folds} folds: {left} (included: {len(strata)}; sealed: "
            f"{len(set(sealed) & set(strata))}; for learning only, as an AI had a part in their labels: "
            f"{len(train_only)}). Ask for fewer folds, or read more scans."
        )
    to_adjudicate = moment.to_adjudicate()
    return Plan(
        wanted=wanted,
        collected=Count(len(scans), len({scan.patient for scan in scans})),
        excluded=excluded,
        included=tuple(included),
        strata=strata,
        statuses=statuses,
        sealed=sealed,
        seal_now=seal_now,
        train_only=train_only,
        assisted=assisted,
        differing=sum(scan.scan in to_adjudicate for scan, _ in included),
        openings=moment.openings(),
    )


def _fates(
    moment: Moment, scans: Sequence[ScanThen], readings: Sequence[ReadingThen], reader: str | None
) -> tuple[list[tuple[ScanThen, ReadingThen]], list[tuple[str, str]]]:
    """The included scans with their readings, and (patient, reason) of all the others: the first that holds."""
    exclusions = moment.exclusions()
    begun: dict[str, list[ReadingThen]] = {}
    for reading in readings:
        begun.setdefault(reading.scan, []).append(reading)
    included, fates = [], []
    for scan in scans:
        found = inclusion.chosen(begun.get(scan.scan, ()), reader, ADJUDICATED)
        if scan.scan in exclusions:
            fates.append((scan.patient, inclusion.reason(exclusions[scan.scan])))
        elif isinstance(found, str):
            fates.append((scan.patient, found))
        elif len(scan.views) < len(VIEWS):
            fates.append((scan.patient, inclusion.MISSING_VIEW))
        elif not scan.pixels:
            fates.append((scan.patient, inclusion.NO_PIXELS))
        else:
            included.append((scan, found))
    return included, fates


def _assisted(
    scans: Sequence[ScanThen], readings: Sequence[ReadingThen], included: Sequence[tuple[ScanThen, ReadingThen]]
) -> tuple[str, ...]:
    """Patients in whose labels an AI had a part.

    Labels travel: from one scan of a patient to the next when they are carried over, and from readers to what is
    adjudicated. So all that the same reader read of the patient counts, and where it was adjudicated all that anybody
    did.
    """
    patient_of = {scan.scan: scan.patient for scan in scans}
    by_reader = {(patient_of[reading.scan], reading.reader) for reading in readings if reading.assisted}
    by_anybody = {patient for patient, _ in by_reader}
    return tuple(
        sorted(
            {
                scan.patient
                for scan, reading in included
                if (scan.patient, reading.reader) in by_reader
                or (reading.reader == ADJUDICATED and scan.patient in by_anybody)
            }
        )
    )


def _strata(included: Sequence[tuple[ScanThen, ReadingThen]]) -> tuple[dict[str, str], Statuses]:
    facts = [
        ScanFacts(
            scan.scan, scan.patient, scan.tumour, scan.reference, reading.grade,
            reading.malignant, reading.benign, reading.uncertain,
        )
        for scan, reading in included
    ]  # fmt: skip
    strata, sources, conflicts, beside = {}, [], [], []
    for patient, own in cohort_tables.by_patient(facts).items():
        by_lesions = any(scan.malignant for scan in own)
        metastatic, conflict = cohort_tables.status(own)
        if metastatic is None:
            sources.append("lesions")
            metastatic = by_lesions
        else:
            sources.append("grade" if all(scan.reference is None for scan in own) else "reference")
        conflicts += [patient] if conflict else []
        beside += [patient] if metastatic != by_lesions else []
        strata[patient] = f"{cohort_tables.tumour(own)}/{'metastatic' if metastatic else 'clear'}"
    counts = {name: sources.count(name) for name in ("reference", "grade", "lesions")}
    return strata, Statuses(**counts, conflicts=tuple(conflicts), beside_lesions=tuple(beside))


def _drawn(wanted: Wanted, strata: Mapping[str, str], assisted: set[str]) -> tuple[str, ...]:
    """Nobody whose labels an AI had a part in: the final evaluation is against what people said alone."""
    asked = wanted.sealed or ""
    may = {patient: stratum for patient, stratum in strata.items() if patient not in assisted}
    number = sealing.number_of(asked, len(may))
    if number is None:
        raise CallError(f"{asked[:40]!r} is no number of patients to seal: give 40, or a share such as 0.1 or 10%.")
    if number > len(may) - wanted.folds:
        raise CallError(
            f"{number} of {len(may)} patients cannot be sealed: at least {wanted.folds}, one a fold, must be left."
        )
    return sealing.drawn(may, number, wanted.seed)


def _advice(excluded: Mapping[str, Count]) -> str:
    if inclusion.NO_READING in excluded or inclusion.NOT_FINISHED in excluded:
        return "Mark readings as done, or name whose are wanted with --reader."
    return "See the tables of the library for who is excluded and why."
