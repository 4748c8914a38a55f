"""What the clinic knows of the patient on screen: looked up with every case, and told by who reads."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from PySide6.QtCore import QCoreApplication

from workstation.app.workbench import Workbench
from workstation.core import clinical, days
from workstation.core.changes import Changes
from workstation.core.clinical import Clinical, Measured
from workstation.core.criteria import CriteriaFacts
from workstation.core.people import Role, Task
from workstation.workflows import clinical_values
from workstation.workflows.clinical_values import ValueTrouble

UNITS = {"alp": "U/l", "psa": "ng/ml"}
_OF_REFERENCE = ("reference", "reference_evidence", "reference_date")


@dataclass(frozen=True)
class PatientFacts:
    """One patient as seen from one scan. age, tumour, sex: as they stand with the scan.

    before, after: days from the patient's earlier scans to this one, and from this one to later ones, nearest first.
    """

    scan: str
    patient: str
    day: str | None
    tumour: str | None
    sex: str | None
    age: float | None
    facts: Clinical = Clinical()
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    undo_text: str | None = None
    redo_text: str | None = None
    other_days: tuple[str, ...] = field(default=(), repr=False)

    def nearest(self, test: str) -> tuple[Measured, int | None] | None:
        """The blood test nearest to the scan, and days after it."""
        return clinical.nearest(getattr(self.facts, test), self.day)

    @property
    def criteria(self) -> CriteriaFacts:
        return CriteriaFacts(self.day, self.other_days, self.facts.treatment_start)


def look_up(workbench: Workbench, scan: str | None) -> PatientFacts | None:
    """None where there is no scan, or the library cannot say."""
    from workstation.store.errors import LibraryError

    library = workbench.library
    if library is None or scan is None:
        return None
    try:
        found = library.rows([scan])
        if not found:
            return None
        row = found[0]
        told = library.clinical_told(row.patient)
        others = tuple(other.day for other in library.of_patient(row.patient) if other.day and other.scan != scan)
    except LibraryError as error:
        workbench.note(str(error))
        return None
    gaps = [] if row.day is None else [days.between(row.day, day) for day in others]
    before = tuple(sorted(-gap for gap in gaps if gap < 0))
    after = tuple(sorted(gap for gap in gaps if gap > 0))
    return PatientFacts(
        scan, row.patient, row.day, row.tumour, row.sex, row.age, told.facts, before, after, told.undo_text,
        told.redo_text, others,
    )  # fmt: skip


def tell(workbench: Workbench, patient: str, what: str, **fields: Any) -> bool:
    """Change facts of a patient; False, and a note, where it could not be written or nothing changed.

    A Reference is entered with the role of who enters it; taken away, its evidence and date go with it.
    """
    from workstation.store.errors import LibraryError

    library = workbench.library
    if library is None:
        return False
    role = str(workbench.role or Role.ANNOTATOR)
    try:
        before = library.clinical(patient)
        if any(name in fields for name in _OF_REFERENCE):
            if refused := workbench.refusal(Task.REFERENCE):
                workbench.note(refused)
                return False
            fields = {**fields, "reference_by": role}
            if fields.get("reference", before.reference) is None:
                fields |= dict.fromkeys((*_OF_REFERENCE, "reference_by"))
        after = replace(before, **fields)
        if {**vars(after), "reference_by": None} == {**vars(before), "reference_by": None}:
            return False
        library.tell_clinical(patient, after, what, workbench.reader, role)
    except (LibraryError, ValueError) as error:
        workbench.note(str(error))
        return False
    workbench.changed.emit(Changes.SCANS)
    return True


def measure(workbench: Workbench, patient: str, test: str, value: str, day: str, shown: str) -> bool:
    """A blood test as it was typed; a note where it is none.

    shown: the day of the value that stood in the field. Emptied, that value goes; one without a day is given it; a
    value of another day is one more.
    """
    library = workbench.library
    if library is None:
        return False
    try:
        series = getattr(library.clinical(patient), test)
        if not value.strip() or not shown:
            series = tuple(each for each in series if each.day != shown)
        if value.strip():
            number = clinical_values.number_of(test, value.strip(), "," in value)
            series = clinical.with_measured(series, Measured(read_day(day) or "", number))
    except ValueTrouble as trouble:
        workbench.note(_tr("Not taken: {0}.").format(trouble))
        return False
    return tell(workbench, patient, test.upper(), **{test: series})


def read_day(text: str) -> str | None:
    """A day as it was typed, in ISO form; None for nothing. ValueTrouble, in words, for what is no day."""
    return clinical_values.day_of(_tr("the day"), text.strip()) if text.strip() else None


def undo(workbench: Workbench, scan: str | None, again: bool = False) -> None:
    """Take back what was told last of the patient of a scan; again: tell it once more."""
    from workstation.store.errors import LibraryError

    library, found = workbench.library, look_up(workbench, scan)
    if library is None or found is None:
        return
    try:
        told = library.clinical_told(found.patient)
        steps = told.undone if again else told.done
        if steps and "reference" in steps[-1][1]["after"] and (refused := workbench.refusal(Task.REFERENCE)):
            workbench.note(refused)
            return
        step = library.redo_clinical if again else library.undo_clinical
        what = step(found.patient, workbench.reader)
    except LibraryError as error:
        workbench.note(str(error))
        return
    if what is None:
        workbench.note(_tr("Nothing more was told of this patient."))
        return
    workbench.note((_tr("Told again: {0}.") if again else _tr("Taken back: {0}.")).format(what))
    workbench.changed.emit(Changes.SCANS)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Clinical", text)
