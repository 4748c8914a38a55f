"""Lists of scans: SQL searches, filters and sorts; only ids come back, and rows for the few that are looked at."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from workstation.core.lesion import Progress
from workstation.core.scan import How, View
from workstation.store.errors import decoding
from workstation.store.values import SIMULATED, ScanQuery, ScanRow

_READ = ("reader", "lesions", "malignant", "benign", "uncertain", "grade", "status", "reason")
_SORTED = ("lesions", "malignant", "benign", "uncertain", "grade", "status_order")
_BLOCK = 500
# The reader's own first round, where it is not the reading shown for the scan anyway.
_OWN = "LEFT JOIN readings own ON own.scan = scans.id AND own.reader = :reader AND own.round = 1 AND NOT own.shown"


def ids(connection: sqlite3.Connection, query: ScanQuery) -> list[str]:
    """The ids of the scans asked for, in order; equal ones in the order of their ids."""
    own = query.reader is not None and _has_own(connection, query.reader)
    read = {name: _own_or_shown(name) if own else f"scans.{name}" for name in _SORTED}
    where: list[str] = []
    values: dict[str, Any] = {"reader": query.reader}
    source = "scans"
    words = query.text.casefold().split()
    if words:
        # The index of search texts is a fifth of the table; CROSS keeps SQLite from turning the two round.
        values.update({f"word{n}": word for n, word in enumerate(words)})
        holds = " AND ".join(f"instr(search, :word{n})" for n in range(len(words)))
        source = (
            f"(SELECT id AS hit FROM scans INDEXED BY scans_search WHERE {holds}) CROSS JOIN scans ON scans.id = hit"
        )
    if query.tumour:
        where.append("tumour IS NULL" if query.tumour == "none" else "tumour = :tumour")
        values["tumour"] = query.tumour
    if query.status is not None:
        where.append(f"{read['status_order']} = :status")
        values["status"] = list(Progress).index(query.status)
    if query.labelled is not None:
        where.append(f"{read['lesions']} {'>' if query.labelled else '='} 0")
    if query.to_adjudicate:
        where.append("to_adjudicate = 1")
    direction = "DESC" if query.descending else "ASC"
    order = ", ".join(f"{key} {direction}" for key in (*_sort_keys(query.sort, read), "scans.id"))
    sql = (
        f"SELECT scans.id FROM {source} {_OWN if own else ''} {'WHERE ' + ' AND '.join(where) if where else ''}"
        f" ORDER BY {order}"
    )
    return [row[0] for row in connection.execute(sql, values)]


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
    """Scan -> reason: the clinic's, else that of the first reading which excludes it."""
    by_reader = connection.execute(
        "SELECT scan, reason FROM readings WHERE status = ? ORDER BY id DESC", (str(Progress.EXCLUDED),)
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


def _sort_keys(sort: str, read: dict[str, str]) -> tuple[str, ...]:
    if sort == "status":
        return (read["status_order"],)
    if sort == "patient":
        return "scans.patient", "scans.day"
    return (read.get(sort, f"scans.{sort}"),)


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
