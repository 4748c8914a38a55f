"""Clinical facts out of a table into a library: each line goes in whole or not at all, and twice is as good as once.

A line names its patient as the library does, or by the original identifier. In a research library original
identifiers are known through the key, which lies outside it; the days of such a line are true ones and move by the
patient's secret number, as those of the scans did. A line that uses the library's own name has the library's days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from workstation.core.clinical import TESTS, Clinical, Measured, with_measured
from workstation.core.people import Task, refusal
from workstation.workflows import clinical_values
from workstation.workflows.clinical_csv import ClinicalRow, ClinicalTable
from workstation.workflows.clinical_values import Said, ValueTrouble
from workstation.workflows.errors import WorkflowError
from workstation.workflows.identity import Identity
from workstation.workflows.progress import Job, Progress

if TYPE_CHECKING:
    from workstation.store.library import Library

ORIGIN = "table"
_DAYS = ("treatment_start", "reference_date")
_OLDEST = 90  # years, in a research library: few live longer, and a rare age points to a person
_TICK = 64


@dataclass(frozen=True)
class ClinicalResult:
    """told: lines that said something new. refused: (line of the file, why). notes: on the file as a whole."""

    told: int = 0
    refused: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()


@dataclass
class _Patient:
    """What the lines of one patient say together. of: field or (test, day) -> the line that said it."""

    before: Clinical
    after: Clinical
    of: dict[Any, int] = field(default_factory=dict)
    lines: int = 0


def run(
    table: ClinicalTable, library: Library, identity: Identity | None, who: str, simulated: bool = False
) -> Job[ClinicalResult]:
    """Bring a table in, a patient at a time. identity: of a research library, None where its key is not here.

    Whose role does not let them enter the Reference is refused the lines that would change one; simulated: what the
    file says is the truth of simulated patients, and nobody's verdict.
    """
    not_theirs = None if simulated else refusal(Task.REFERENCE, who, library.people())
    bringing = _Bringing(library, identity, library.patients(), not_theirs)
    refused: list[tuple[str, str]] = []
    for row in table.rows:
        try:
            if row.trouble is not None:
                raise ValueTrouble(row.trouble)
            bringing.take(row, table.comma)
        except (ValueTrouble, WorkflowError) as error:
            refused.append((f"{table.file}: line {row.line}", f"The line was left out: {error}."))
    total, told = len(bringing.patients), 0
    for done, (patient, said) in enumerate(bringing.patients.items(), start=1):
        if library.tell_clinical(patient, said.after, "Import clinical facts", who, ORIGIN):
            told += said.lines
        if done % _TICK == 0 or done == total:
            yield Progress(done, total, "Bringing in clinical facts", len(refused))
    notes: tuple[tuple[str, str], ...] = ()
    if table.unknown:
        names = ", ".join(name[:40] for name in table.unknown[:12])
        notes = ((table.file, f"The columns {names} mean nothing here; they were left out."),)
    return ClinicalResult(told, tuple(refused), notes)


@dataclass
class _Bringing:
    """One table under way."""

    library: Library
    identity: Identity | None
    known: set[str]
    not_theirs: str | None = None  # why the importing person may not enter the Reference
    patients: dict[str, _Patient] = field(default_factory=dict)

    def take(self, row: ClinicalRow, comma: bool) -> None:
        """Add one line to what is to be told. ValueTrouble where it cannot be, and then nothing of it is."""
        patient, moved = self._patient(row.cells.get("patient", ""))
        said = clinical_values.read(row.cells, comma)
        if self.library.kind == "research":
            said = self._as_kept(said, moved, patient)
        standing = self.patients.get(patient)
        if standing is None:
            before = self.library.clinical(patient)
            standing = _Patient(before, before)
        after, of, new = _joined(standing, said, row.line)
        if self.not_theirs is not None and _verdict(after) != _verdict(standing.after):
            raise ValueTrouble(self.not_theirs.removesuffix("."))
        self.patients[patient] = _Patient(standing.before, after, of, standing.lines + new)

    def _patient(self, named: str) -> tuple[str, int]:
        """The patient's name in the library, and by how many days the line's dates have to move."""
        if not named:
            raise ValueTrouble("it names no patient")
        if named in self.known:
            return named, 0
        persons = [] if self.identity is None else self.identity.known_as(named)
        here = [person for person in persons if person.research in self.known]
        if len(here) > 1:
            raise ValueTrouble("several patients of this library have that identifier; use the library's own name")
        if here:
            return here[0].research, here[0].days
        if self.identity is None and self.library.kind == "research":
            raise ValueTrouble(
                "the library has no patient of that name, and its key, which knows original identifiers, is not on "
                "this machine"
            )
        raise ValueTrouble("the library has no patient of that name or identifier")

    def _as_kept(self, said: Said, moved: int, patient: str) -> Said:
        """Days moved as the scans' were, and no age that points to a person."""
        fields = dict(said.fields)
        for name in _DAYS:
            if name in fields:
                fields[name] = _moved(fields[name], moved)
        if "birth_year" in fields:
            # The middle of the year, so that ages at the scans stay true to within the year that is not known anyway.
            year = int(_moved(f"{fields['birth_year']}-07-01", moved)[:4])
            days = [row.day for row in self.library.of_patient(patient) if row.day]
            fields["birth_year"] = max(year, int(max(days)[:4]) - _OLDEST) if days else year
        if "age" in fields:
            fields["age"] = min(fields["age"], float(_OLDEST))
        tests = {}
        for name in TESTS:
            test: Measured | None = getattr(said, name)
            tests[name] = replace(test, day=_moved(test.day, moved)) if test is not None and test.day else test
        return Said(fields, tests["alp"], tests["psa"])


def _verdict(facts: Clinical) -> tuple[object, ...]:
    return facts.reference, facts.reference_evidence, facts.reference_date


def _joined(standing: _Patient, said: Said, line: int) -> tuple[Clinical, dict[Any, int], bool]:
    """What the patient's lines say with this one, whether it said anything. ValueTrouble where two lines disagree."""
    after, of = standing.after, dict(standing.of)
    fields: dict[str, Any] = {}
    for name, value in said.fields.items():
        if name in of and getattr(after, name) != value:
            raise ValueTrouble(f"line {of[name]} says otherwise of the same patient ({name})")
        fields[name] = value
        of[name] = line
    _refuse_overruling(standing.before, fields)
    if "reference" in fields and {**vars(after), **fields} != vars(after):
        fields["reference_by"] = ORIGIN
        if fields["reference"] != after.reference:  # evidence and day belong to the verdict they came with
            fields = {"reference_evidence": None, "reference_date": None, **fields}
    for name in TESTS:
        test: Measured | None = getattr(said, name)
        if test is None:
            continue
        series: Sequence[Measured] = fields.get(name, getattr(after, name))
        there = {each.day: each.value for each in series}
        if (name, test.day) in of and there.get(test.day) != test.value:
            raise ValueTrouble(f"line {of[name, test.day]} says otherwise of the same patient ({name})")
        fields[name] = with_measured(series, test)
        of[name, test.day] = line
    now = replace(after, **fields)
    return now, of, now != after


def _refuse_overruling(before: Clinical, fields: Mapping[str, Any]) -> None:
    """A verdict that a person entered here is not overruled by a file."""
    if before.reference is None or before.reference_by in (None, ORIGIN):
        return
    if any(name in fields and fields[name] != getattr(before, name) for name in
           ("reference", "reference_evidence", "reference_date")):  # fmt: skip
        raise ValueTrouble("the reference differs from the one a person has entered in the library")


def _moved(day: str, by: int) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(by)).isoformat()
    except (ValueError, OverflowError) as error:
        raise ValueTrouble(f"{day!r} is too long ago") from error
