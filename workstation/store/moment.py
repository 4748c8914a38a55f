"""One moment of a library, read scan by scan however long it takes and whoever edits meanwhile."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from workstation.core.lesion import Lesion, Progress, Verdict
from workstation.core.scan import Scan, View
from workstation.store import lists, scans, sealed, simulations
from workstation.store.errors import decoding
from workstation.store.values import SIMULATED, Simulation


@dataclass(frozen=True)
class ScanThen:
    """One scan as it is known at that moment. views: those that there are. pixels: whether they are kept."""

    scan: str
    patient: str
    day: str | None
    tumour: str | None
    sex: str | None
    age: float | None
    reference: int | None
    simulated: bool
    views: tuple[View, ...]
    pixels: bool


@dataclass(frozen=True)
class ReadingThen:
    """A first reading. number: its own, by which its lesions are found, in the order in which readings were begun.

    assisted: whether an AI had a part in any step of it, also in one that was changed or taken back afterwards.
    malignant, benign, uncertain: how many of its lesions are.
    """

    number: int
    scan: str
    reader: str
    progress: Progress
    grade: int | None
    malignant: int
    benign: int
    uncertain: int
    assisted: bool


class Moment:
    """What a snapshot is made from. Use it in the one thread that opened it."""

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection = connection
        self._folder = folder

    def scans(self) -> list[ScanThen]:
        """All scans, patient by patient in the order of time."""
        views: dict[str, list[View]] = {}
        bare: set[str] = set()
        for scan, view, path in self._connection.execute("SELECT scan, view, path FROM frames ORDER BY scan, view"):
            views.setdefault(scan, []).append(View(view))
            bare |= {scan} if path is None else set()
        found = self._connection.execute(
            "SELECT id, patient, day, tumour, sex, age, reference, source FROM scans ORDER BY patient, day, id"
        )
        return [
            ScanThen(
                scan, patient, day, tumour, sex, age, reference, source == SIMULATED,
                tuple(views.get(scan, ())), scan not in bare,
            )
            for scan, patient, day, tumour, sex, age, reference, source in found
        ]  # fmt: skip

    def readings(self) -> list[ReadingThen]:
        """The first readings that are begun, in the order in which they were."""
        found = self._connection.execute(
            "SELECT id, scan, reader, status, grade, malignant, benign, uncertain,"
            " EXISTS (SELECT 1 FROM history h WHERE h.scan = r.scan AND h.reader = r.reader AND h.round = 1"
            " AND ' ' || h.origin LIKE '% AI %') FROM readings r WHERE round = 1 AND status_order > 0 ORDER BY id"
        )
        return [
            ReadingThen(number, scan, reader, Progress(status), grade, malignant, benign, uncertain, bool(assisted))
            for number, scan, reader, status, grade, malignant, benign, uncertain, assisted in found
        ]

    def read(self, reading: ReadingThen) -> tuple[Verdict, tuple[Lesion, ...]]:
        """The verdict, and the lesions in the order in which they were drawn."""
        (verdict,) = self._connection.execute("SELECT verdict FROM readings WHERE id = ?", (reading.number,)).fetchone()
        found = self._connection.execute(
            "SELECT lesion FROM lesions WHERE reading = ? ORDER BY position, id", (reading.number,)
        )
        with decoding(reading.scan):
            lesions = tuple(Lesion.from_json(json.loads(text)) for (text,) in found)
            return Verdict.from_json(json.loads(verdict)), lesions

    def load(self, scan: str) -> Scan:
        """The scan with its counts. LibraryError where its pixels are not there."""
        return scans.load(self._connection, self._folder, scan)

    def simulated(self, scan: str) -> Simulation | None:
        """What a simulator told of the scan; None where none did."""
        with decoding(scan):
            return simulations.of_scan(self._connection, scan)

    def exclusions(self) -> dict[str, str]:
        """As Library.exclusions."""
        return lists.exclusions(self._connection)

    def to_adjudicate(self) -> set[str]:
        """Scans that two or more people have finished and nobody has adjudicated since."""
        return {scan for (scan,) in self._connection.execute("SELECT id FROM scans WHERE to_adjudicate = 1")}

    def sealed(self) -> tuple[str, ...]:
        """The patients sealed in this library."""
        return sealed.patients(self._connection)

    def openings(self) -> int:
        """How often the sealed patients were looked at."""
        return len(sealed.openings(self._connection))
