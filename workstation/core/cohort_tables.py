"""Who is in a library, counted: patients and lesions by tumour (table 1 of paper A), and the way from all that was
collected to all that is included (flow diagram of paper B).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workstation.core.clinical import standing

UNKNOWN = "unknown"  # the tumour of a patient of whom nobody told it
MALIGNANT, BENIGN, UNDECIDED = "malignant", "benign", "undecided"


@dataclass(frozen=True)
class ScanFacts:
    """What is counted of one scan. malignant, benign, uncertain, unlabelled: lesions. excluded: the reason, or None.

    reference: the patient's, as it stands with every scan. grade: of the reading that stands for the scan.
    """

    scan: str
    patient: str
    tumour: str | None = None
    reference: int | None = None
    grade: int | None = None
    malignant: int = 0
    benign: int = 0
    uncertain: int = 0
    unlabelled: int = 0
    excluded: str | None = None


@dataclass(frozen=True)
class Share:
    """total = malignant + benign + undecided. rate: malignant of malignant and benign; nan where there is neither."""

    malignant: int
    benign: int
    undecided: int

    @property
    def total(self) -> int:
        return self.malignant + self.benign + self.undecided

    @property
    def rate(self) -> float:
        decided = self.malignant + self.benign
        return self.malignant / decided if decided else float("nan")


@dataclass(frozen=True)
class PatientTable:
    """Table 1 of paper A over the included scans; each column a tumour, the last "total".

    patients: by their lesions: malignant as soon as one lesion is, benign where all labelled ones are, else undecided.
    status: by the derived status. lesions: by label; uncertain and unlabelled ones are undecided.
    """

    patients: Mapping[str, Share]
    status: Mapping[str, Share]
    lesions: Mapping[str, Share]


@dataclass(frozen=True)
class Flow:
    """Paper B's way. collected, included: scans; *_patients: the patients they are of.

    excluded: reason -> scans, the most frequent first. by_tumour: included scans by the derived status of the patient.
    conflicts: patients, included, whose Reference and grade say different things.
    """

    collected: int
    collected_patients: int
    excluded: Mapping[str, int]
    included: int
    included_patients: int
    by_tumour: Mapping[str, Share]
    conflicts: tuple[str, ...]


def tumours(scans: Sequence[ScanFacts], order: Sequence[str]) -> tuple[str, ...]:
    """The columns: tumours in the order of the vocabulary, others and unknown after them, where there are any."""
    there = {scan.tumour or UNKNOWN for scan in scans}
    rest = sorted(there - {*order, UNKNOWN})
    return (*(name for name in order if name in there), *rest, *((UNKNOWN,) if UNKNOWN in there else ()))


def patient_table(scans: Sequence[ScanFacts], order: Sequence[str] = ()) -> PatientTable:
    included = [scan for scan in scans if scan.excluded is None]
    columns = tumours(included, order)
    of_patient = by_patient(included)
    tumour_of = {patient: tumour(own) for patient, own in of_patient.items()}
    by_lesion = {patient: _by_lesions(own) for patient, own in of_patient.items()}
    derived = {patient: _word(status(own)[0]) for patient, own in of_patient.items()}
    lesions = {
        column: Share(
            sum(scan.malignant for scan in included if tumour_of[scan.patient] == column),
            sum(scan.benign for scan in included if tumour_of[scan.patient] == column),
            sum(scan.uncertain + scan.unlabelled for scan in included if tumour_of[scan.patient] == column),
        )
        for column in columns
    }
    return PatientTable(
        with_total(_shares(by_lesion, tumour_of, columns)),
        with_total(_shares(derived, tumour_of, columns)),
        with_total(lesions),
    )


def flow(scans: Sequence[ScanFacts], order: Sequence[str] = ()) -> Flow:
    included = [scan for scan in scans if scan.excluded is None]
    reasons: dict[str, int] = {}
    for scan in scans:
        if scan.excluded is not None:
            reasons[scan.excluded] = reasons.get(scan.excluded, 0) + 1
    of_patient = by_patient(included)
    status_of = {patient: status(own) for patient, own in of_patient.items()}
    word_of = {scan.scan: _word(status_of[scan.patient][0]) for scan in included}
    tumour_of = {scan.scan: tumour(of_patient[scan.patient]) for scan in included}
    return Flow(
        len(scans),
        len({scan.patient for scan in scans}),
        dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        len(included),
        len(of_patient),
        with_total(_shares(word_of, tumour_of, tumours(included, order))),
        tuple(sorted(patient for patient, (_, conflict) in status_of.items() if conflict)),
    )


def by_patient(scans: Sequence[ScanFacts]) -> dict[str, list[ScanFacts]]:
    found: dict[str, list[ScanFacts]] = {}
    for scan in scans:
        found.setdefault(scan.patient, []).append(scan)
    return found


def tumour(own: Sequence[ScanFacts]) -> str:
    """A patient's tumour: that of the first scan which has one."""
    return next((scan.tumour for scan in own if scan.tumour), UNKNOWN)


def status(own: Sequence[ScanFacts]) -> tuple[bool | None, bool]:
    """A patient's derived status, and whether Reference and grade are in conflict.

    Of several scans the highest grade counts: a metastasis seen once was there.
    """
    reference = next((scan.reference for scan in own if scan.reference is not None), None)
    grade = max((scan.grade for scan in own if scan.grade is not None), default=None)
    found = standing(reference, grade)
    return found.metastatic, found.conflict


def with_total(shares: Mapping[str, Share]) -> dict[str, Share]:
    parts = list(shares.values())
    total = Share(
        sum(part.malignant for part in parts),
        sum(part.benign for part in parts),
        sum(part.undecided for part in parts),
    )
    return {**shares, "total": total}


def _by_lesions(own: Sequence[ScanFacts]) -> str:
    if any(scan.malignant for scan in own):
        return MALIGNANT
    undecided = any(scan.uncertain or scan.unlabelled for scan in own)
    return BENIGN if any(scan.benign for scan in own) and not undecided else UNDECIDED


def _word(metastatic: bool | None) -> str:
    return UNDECIDED if metastatic is None else MALIGNANT if metastatic else BENIGN


def _shares(words: Mapping[str, str], columns_of: Mapping[str, str], columns: Sequence[str]) -> dict[str, Share]:
    shares = {}
    for column in columns:
        own = [word for name, word in words.items() if columns_of[name] == column]
        shares[column] = Share(own.count(MALIGNANT), own.count(BENIGN), own.count(UNDECIDED))
    return shares
