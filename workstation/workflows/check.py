"""Looks through all readings of a library: what contradicts itself, and lesions that stand out from their like."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workstation.core.checks import CheckFacts, Finding
from workstation.core.criteria import CriteriaFacts
from workstation.core.lesion import ReadingKey
from workstation.core.outliers import Measured, Outlier
from workstation.workflows import opening
from workstation.workflows.progress import Job, Progress

if TYPE_CHECKING:
    from workstation.core.scan import Scan
    from workstation.store.library import Library


@dataclass(frozen=True)
class Found:
    """findings: with their readings, in the order of the scans. measured: the lesions by which outliers are judged.

    skipped: scans that could not be read, with the reason.
    """

    readings: int = 0
    findings: tuple[tuple[ReadingKey, Finding], ...] = ()
    outliers: tuple[Outlier, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()


@dataclass
class Gathered:
    """What has been found so far: whoever stops the job half way keeps it."""

    readings: int = 0
    findings: list[tuple[ReadingKey, Finding]] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def found(self) -> Found:
        from workstation.core.outliers import outliers

        return Found(self.readings, tuple(self.findings), outliers(self.measured), tuple(self.skipped))


def run(library: Library, reader: str | None = None, into: Gathered | None = None) -> Job[Found]:
    """Check a reader's readings, or those that stand for their scans. A scan that cannot be read is skipped."""
    from workstation.store.errors import LibraryError

    gathered = Gathered() if into is None else into
    keys = library.lesions().readings(reader)
    for number, key in enumerate(keys):
        yield Progress(number, len(keys), "Checking", len(gathered.skipped))
        try:
            _check(library, key, gathered)
        except LibraryError as error:
            gathered.skipped.append((key.scan, str(error)))
    yield Progress(len(keys), len(keys), "Checking", len(gathered.skipped))
    return gathered.found()


def folder(path: Path, reader: str | None = None) -> Job[Found]:
    """Check the library in a folder; it is only read."""
    with opening.seen(path, reader) as library:
        found = yield from run(library, reader)
    return found


def _check(library: Library, key: ReadingKey, into: Gathered) -> None:
    """Pixels are read only where something is drawn."""
    from workstation.core import body
    from workstation.core.checks import findings
    from workstation.core.outliers import measure
    from workstation.store.values import TRUTH

    read = library.session(key).reading
    into.readings += 1
    scan = library.load(key.scan)
    bodies = {}
    if read.lesions:
        bodies = body.bodies(scan.frames)
    if key.reader != TRUTH:  # what is known of a simulated scan is nobody's to mend
        facts = CheckFacts(_criteria(library, scan), bodies)
        into.findings += [(key, finding) for finding in findings(scan, read, facts)]
    measured = (measure(scan, key, lesion, bodies) for lesion in read.lesions.values())
    into.measured += [one for one in measured if one is not None]


def _criteria(library: Library, scan: Scan) -> CriteriaFacts:
    days = tuple(row.day for row in library.of_patient(scan.patient) if row.scan != scan.id and row.day is not None)
    return CriteriaFacts(scan.day, days, library.clinical(scan.patient).treatment_start)


def as_json(found: Found) -> dict[str, Any]:
    """One value: findings and outliers as they stand in the list."""
    return {
        "readings": found.readings,
        "findings": [
            {**_place(key), "lesion": finding.lesion, "kind": str(finding.kind), "sentence": finding.sentence}
            for key, finding in found.findings
        ],
        "outliers": [
            {
                **_place(one.key), "lesion": one.lesion, "label": str(one.label), "measure": one.measure, "z": one.z,
                "sentence": one.sentence,
            }
            for one in found.outliers
        ],
        "skipped": [{"scan": scan, "reason": reason} for scan, reason in found.skipped],
    }  # fmt: skip


def as_text(found: Found) -> list[str]:
    """The same, line by line."""
    lines = [f"{_count(len(found.findings), 'finding')} in {_count(found.readings, 'reading')}"]
    lines += [f"  {_where(key, finding.lesion)}  {finding.kind}: {finding.sentence}" for key, finding in found.findings]
    lines.append(f"{_count(len(found.outliers), 'lesion')} unlike the others")
    lines += [f"  {_where(one.key, one.lesion)}  {one.measure}: {one.sentence}" for one in found.outliers]
    if found.skipped:
        lines.append(f"{_count(len(found.skipped), 'scan')} not readable")
        lines += [f"  {scan}  {reason}" for scan, reason in found.skipped]
    return lines


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _place(key: ReadingKey) -> dict[str, Any]:
    return {"scan": key.scan, "reader": key.reader, "round": key.round}


def _where(key: ReadingKey, lesion: str | None) -> str:
    return f"{key.scan}  {key.reader}{'' if lesion is None else f'  {lesion}'}"
