"""A library as somebody sees it who reads blinded: their own readings, nobody else's, and no Reference.

It stands in for the library wherever the window asks, so that no page has to think of blinding, and none can forget it.
What was read in an earlier round is hidden as well once a case has come back, for it is to be read as if new.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

from workstation.core.clinical import Clinical
from workstation.core.edits import Session, Step
from workstation.core.lesion import Progress, Reading, ReadingKey
from workstation.store import history, readings, sheet, simulations
from workstation.store.clinical import Told
from workstation.store.errors import LibraryError
from workstation.store.lesion_lists import LesionLists
from workstation.store.library import Library
from workstation.store.sheet import Sheet
from workstation.store.values import ScanQuery, ScanRow

# Methods of Library that tell nothing of others' readings nor of the Reference; all others are overridden here.
OPEN = frozenset(
    "create open restore close add_scans join_frame correct turn assign_views has_objects find_partner load facts"
    " prints thumbnail objects patients people role tell_role make_queue make_queues end_queue queues open_queue"
    " queue_items queue_beside spacing queue_scans first_left place_in pace come_back verify verifying backup"
    " backing_up sealed openings note_opening tell_simulated".split()
)
_HIDDEN = ("reference", "reference_evidence", "reference_date", "reference_by", "excluded")
_EXCLUDED = list(Progress).index(Progress.EXCLUDED)
_BLOCK = 500
_NOTHING: tuple[Any, ...] = (0, 0, 0, 0, None, str(Progress.NEW), 0, "")  # as readings.SUMMARY


class BlindLibrary(Library):
    """Shares everything with the library it stands in for. rounds: present round of the cases that have come back."""

    def __init__(self, library: Library, reader: str) -> None:
        vars(self).update(vars(library))
        self.reader = reader
        self.rounds: dict[str, int] = {}
        self._listed: dict[str, int] = {}  # the rounds that the sheet knows
        self._sheet = Sheet(self._columns)
        self.catch_up()

    def catch_up(self) -> None:
        """Look which cases have come back by now."""
        queue = self.open_queue(self.reader)
        if queue is not None:
            self.rounds.update(self.come_back(queue.id))

    def key(self, scan: str, reader: str = "") -> ReadingKey:
        """The reader's present reading of a scan."""
        own = reader in ("", self.reader)
        return ReadingKey(scan, self.reader, self.rounds.get(scan, 1)) if own else ReadingKey(scan, reader)

    # Readings

    def readings(self, scan: str) -> list[ReadingKey]:
        return [key for key in super().readings(scan) if key == self.key(scan)]

    def reach(self, key: ReadingKey) -> None:
        """A case has come back: from now on it is read in that round, and what was read before is out of sight."""
        self.rounds[key.scan] = max(key.round, self.rounds.get(key.scan, 1))

    def several_readings(self) -> list[str]:
        return []

    def session(self, key: ReadingKey) -> Session:
        """Empty for every reading but the reader's own present one."""
        return super().session(key) if key == self.key(key.scan) else Session(Reading(key))

    def append(self, key: ReadingKey, step: Step, who: str) -> str:
        if key != self.key(key.scan):
            raise LibraryError("You read blinded: only your own present reading can be changed.")
        return super().append(key, step, who)

    def history(self, scan: str) -> list[history.HistoryRow]:
        """Without what was told of the Reference, of exclusions, and by a simulator."""
        return [row for row in super().history(scan) if not _tells(row)]

    def moment(self) -> NoReturn:
        raise LibraryError(
            f"{self.reader} reads blinded, and a snapshot holds what others read and the Reference. End that queue "
            "first, or let somebody else make it."
        )

    def seal(self, patients: Sequence[str], who: str, settings: Mapping[str, Any]) -> NoReturn:
        self.moment()  # they are drawn by status, which is not to be seen

    # Lists

    def ids(self, query: ScanQuery | None = None) -> list[str]:
        """Status, lesions and grade are the reader's own, in filters and order too; a Reference sorts nothing."""
        asked = query or ScanQuery()
        if asked.to_adjudicate:
            return []  # that two have finished a scan tells something of both
        if asked.sort == "reference":
            asked = replace(asked, sort="imported")
        with self._connections.reading() as connection:
            return self._sheet.ids(connection, asked, self._moved())

    def rows(self, ids: Sequence[str], reader: str | None = None) -> list[ScanRow]:
        """The reader's own counts and status, whoever's are asked for."""
        return self._blind(super().rows(ids))

    def touched(self, since: int | None) -> tuple[int, set[str]]:
        """Without what others read."""
        with self._connections.reading() as connection:
            return history.touched(connection, since, self.reader)

    def lesions(self) -> LesionLists:
        """The reader's own, of their present readings."""
        return LesionLists(self._connections, (self.reader, self.rounds))

    def priors(self, scan: str, reader: str | None = None) -> list[ScanRow]:
        return self._blind(super().priors(scan))

    def of_patient(self, patient: str, reader: str | None = None) -> list[ScanRow]:
        return self._blind(super().of_patient(patient))

    def exclusions(self) -> dict[str, str]:
        """Scans that the clinic excludes, without the reason, which may be a diagnosis; and the reader's own."""
        with self._connections.reading() as connection:
            clinic = {scan for (scan,) in connection.execute("SELECT id FROM scans WHERE excluded IS NOT NULL")}
        own = self._own()
        mine = {scan: row[-1] for scan, row in own.items() if row[-2] == _EXCLUDED and scan not in clinic}
        return {**dict.fromkeys(sorted(clinic), ""), **mine}

    def _moved(self) -> set[str]:
        """The scans that have come to another round since the list was asked for last."""
        before, self._listed = self._listed, dict(self.rounds)
        return {scan for scan, number in self._listed.items() if before.get(scan) != number}

    def _columns(
        self, connection: sqlite3.Connection, names: Sequence[str], scans: Sequence[str] | None
    ) -> Sequence[list[Any]]:
        """Columns of the `sheet`, with the reader's present readings or none, and no Reference."""
        read = {name: f"coalesce(own.{name}, {-1 if name == 'grade' else 0})" for name in sheet.READ}
        read["status_order"] = f"iif(scans.excluded IS NULL, {read['status_order']}, {_EXCLUDED})"
        read |= {"reference": "NULL", "to_adjudicate": "0"}
        source = "scans"
        if not sheet.READ.isdisjoint(names):
            source += (
                " LEFT JOIN (SELECT key AS scan, value AS round FROM json_each(:rounds)) present"
                " ON present.scan = scans.id LEFT JOIN readings own"
                " ON own.scan = scans.id AND own.reader = :reader AND own.round = coalesce(present.round, 1)"
            )
        values = {"rounds": json.dumps(self.rounds), "reader": self.reader}
        return sheet.columns(connection, [read.get(name, f"scans.{name}") for name in names], source, values, scans)

    def _own(self) -> dict[str, tuple[Any, ...]]:
        """SUMMARY of the reader's present readings, and of what the clinic excludes, by scan."""
        with self._connections.reading() as connection:
            found = connection.execute(
                f"SELECT scan, round, {readings.SUMMARY} FROM readings WHERE reader = ?", (self.reader,)
            ).fetchall()
            out = [row[0] for row in connection.execute("SELECT id FROM scans WHERE excluded IS NOT NULL")]
        own = {scan: tuple(row) for scan, number, *row in found if number == self.rounds.get(scan, 1)}
        for scan in out:
            own[scan] = (*own.get(scan, _NOTHING)[:5], str(Progress.EXCLUDED), _EXCLUDED, "")
        return own

    def _blind(self, rows: Sequence[ScanRow]) -> list[ScanRow]:
        names = readings.SUMMARY.split(", ")
        own: dict[str, tuple[Any, ...]] = {}
        out: set[str] = set()
        with self._connections.reading() as connection:
            for start in range(0, len(rows), _BLOCK):
                ids = [row.scan for row in rows[start : start + _BLOCK]]
                marks = ", ".join("?" * len(ids))
                found = connection.execute(
                    f"SELECT scan, round, {readings.SUMMARY} FROM readings WHERE scan IN ({marks}) AND reader = ?",
                    (*ids, self.reader),
                )
                own.update((scan, tuple(of)) for scan, number, *of in found if number == self.rounds.get(scan, 1))
                excluded = f"SELECT id FROM scans WHERE id IN ({marks}) AND excluded IS NOT NULL"
                out.update(scan for (scan,) in connection.execute(excluded, ids))
        blind = []
        for row in rows:
            values = dict(zip(names, own.get(row.scan, _NOTHING), strict=True))
            del values["status_order"]
            values["status"] = Progress(values["status"])
            if row.scan in out:
                values |= {"status": Progress.EXCLUDED, "reason": ""}
            blind.append(replace(row, reader=self.reader if row.scan in own else None, reference=None, **values))
        return blind

    # Clinical facts

    def clinical(self, patient: str) -> Clinical:
        """Without the Reference."""
        return _without_reference(super().clinical(patient))

    def all_clinical(self) -> dict[str, Clinical]:
        return {patient: _without_reference(facts) for patient, facts in super().all_clinical().items()}

    def clinical_told(self, patient: str) -> Told:
        """Without the steps, whose names may tell the Reference."""
        return Told(self.clinical(patient))

    def tell_clinical(self, patient: str, after: Clinical, what: str, who: str, origin: str = "") -> bool:
        """What the teller cannot see stays as it is."""
        standing = super().clinical(patient)
        hidden = {name: getattr(standing, name) for name in _HIDDEN}
        return super().tell_clinical(patient, replace(after, **hidden), what, who, origin)

    def undo_clinical(self, patient: str, who: str) -> str | None:
        return None

    def redo_clinical(self, patient: str, who: str) -> str | None:
        return None


def _without_reference(facts: Clinical) -> Clinical:
    hidden: dict[str, Any] = dict.fromkeys(_HIDDEN)
    return replace(facts, **hidden)


def _tells(row: history.HistoryRow) -> bool:
    if row.do != "correct":
        return row.do == simulations.TELL
    told = json.loads(row.edit or "{}").get("after", {})
    return "reference" in told or "excluded" in told
