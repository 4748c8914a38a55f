"""Lists of scans: ids of those asked for, off a sheet in memory, and rows from SQL for the few that are looked at."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Any

from workstation.core.lesion import Progress
from workstation.core.scan import How, View
from workstation.store import sheet
from workstation.store.errors import decoding
from workstation.store.sheet import Sheets
from workstation.store.values import ADJUDICATED, SIMULATED, ScanQuery, ScanRow

_READ = ("reader", "lesions", "malignant", "benign", "uncertain", "grade", "status", "reason")
_BLOCK = 500
# The reader's own first round, where it is not the reading shown for the scan anyway.
_OWN = "LEFT JOIN readings own ON own.scan = scans.id AND own.reader = :reader AND own.round = 1 AND NOT own.shown"


def ids(connection: sqlite3.Connection, query: ScanQuery, sheets: Sheets) -> list[str]:
    """The ids of the scans asked for, in order; equal ones in the order of their ids."""
    reader = query.reader if query.reader is not None and _has_own(connection, query.reader) else None
    return sheets.get(reader, partial(_columns, reader)).ids(connection, query)


def rows(connection: sqlite3.Connection, wanted: Sequence[str], reader: str | None = None) -> list[ScanRow]:
    """The rows of these scans, in this order; ids that are not there are left out."""
    found: dict[str, ScanRow] = {}
    for start in range(0, len(wanted), _BLOCK):
        found.update(_rows(connection, wanted[start : start + _BLOCK], reader))
    return [found[scan] for scan in wanted if scan in found]


def priors(connection: sqlite3.Connection, scan: str, reader: str | None = None) -> list[ScanRow]:
    """The same patient's scans of earlier days, the latest first."""
    earlier = connection.execute(
        "SELECT earlier.id FROM scans JOIN scans earlier ON earlier.patient = scans.patient AND earlier.day < scans.day"
        " WHERE scans.id = ? ORDER BY earlier.day DESC, earlier.id",
        (scan,),
    )
    return rows(connection, [row[0] for row in earlier], reader)


def of_patient(connection: sqlite3.Connection, patient: str, reader: str | None = None) -> list[ScanRow]:
    """All scans of a patient, the first day first; those without a day stand first."""
    found = connection.execute("SELECT id FROM scans WHERE patient = ? ORDER BY day, id", (patient,))
    return rows(connection, [row[0] for row in found], reader)


def exclusions(connection: sqlite3.Connection) -> dict[str, str]:
    """Scan -> reason: the clinic's, else that of the first reading which excludes it, unless it was adjudicated."""
    by_reader = connection.execute(
        "SELECT scan, reason FROM readings r WHERE status = ? AND NOT EXISTS (SELECT 1 FROM readings a"
        " WHERE a.scan = r.scan AND a.reader = ? AND a.status_order IN (2, 3)) ORDER BY id DESC",
        (str(Progress.EXCLUDED), ADJUDICATED),
    )
    by_clinic = connection.execute("SELECT id, excluded FROM scans WHERE excluded IS NOT NULL")
    return {**dict(by_reader.fetchall()), **dict(by_clinic.fetchall())}


def _own_or_shown(name: str) -> str:
    """The reader's own, else the scan's; what the clinic excludes is excluded for every reader."""
    excluded = " OR scans.excluded IS NOT NULL" if name in ("status", "status_order", "reason") else ""
    return f"iif(own.id IS NULL{excluded}, scans.{name}, own.{name})"


def _has_own(connection: sqlite3.Connection, reader: str) -> bool:
    return (
        connection.execute("SELECT 1 FROM readings WHERE reader = ? AND NOT shown LIMIT 1", (reader,)).fetchone()
        is not None
    )


def _columns(
    reader: str | None, connection: sqlite3.Connection, names: Sequence[str], scans: Sequence[str] | None
) -> Sequence[list[Any]]:
    """Columns of the `sheet`, with a reader's own readings before those shown."""
    own = reader is not None and not sheet.READ.isdisjoint(names)
    read = {name: _own_or_shown(name) for name in sheet.READ} if own else {}
    source = f"scans {_OWN}" if own else "scans"
    return sheet.columns(connection, [read.get(n, f"scans.{n}") for n in names], source, {"reader": reader}, scans)


def _rows(connection: sqlite3.Connection, block: Sequence[str], reader: str | None) -> dict[str, ScanRow]:
    marks = ", ".join(f":id{n}" for n in range(len(block)))
    values: dict[str, Any] = {f"id{n}": scan for n, scan in enumerate(block)}
    frames: dict[str, list[tuple[str, str | None]]] = {}
    for scan, view, how in connection.execute(
        f"SELECT scan, view, how FROM frames WHERE scan IN ({marks}) ORDER BY scan, view", values
    ):
        frames.setdefault(scan, []).append((view, how))
    read = ", ".join(_own_or_shown(name) for name in _READ)
    found = connection.execute(
        f"SELECT scans.id, patient, day, tumour, sex, age, reference, {read}, source FROM scans {_OWN}"
        f" WHERE scans.id IN ({marks})",
        {**values, "reader": reader},
    )
    return {row[0]: _row(row, frames.get(row[0], [])) for row in found}


def _row(row: tuple[Any, ...], frames: Sequence[tuple[str, str | None]]) -> ScanRow:
    scan, patient, day, tumour, sex, age, reference, reader, lesions, malignant, benign, uncertain, grade = row[:13]
    with decoding(scan):
        return ScanRow(
            scan, patient, day, tumour, sex, age,
            tuple(View(view) for view, _ in frames),
            tuple(None if how is None else How(how) for _, how in frames),
            lesions, malignant, benign, uncertain, grade, reference, Progress(row[13]), reader, row[14],
            simulated=row[15] == SIMULATED,
        )  # fmt: skip
