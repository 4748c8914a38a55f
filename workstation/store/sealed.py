"""Patients sealed for one final evaluation: drawn once in a library and for ever, and each opening counted.

Both stand in the history, which nobody can change, and in tables of their own, which no statement may change either.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workstation.store import history
from workstation.store.connection import Connections
from workstation.store.errors import LibraryError

SEAL, OPEN = "seal", "open sealed"


@dataclass(frozen=True)
class Opening:
    """One look at the sealed patients. at: UTC, ISO. who: the reader. run: which one. snapshot: hash of its data."""

    at: str
    who: str
    run: str
    snapshot: str


def patients(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The sealed patients, sorted; empty where nobody was sealed."""
    return tuple(row[0] for row in connection.execute("SELECT patient FROM sealed ORDER BY patient"))


def openings(connection: sqlite3.Connection) -> tuple[Opening, ...]:
    """All openings, the first first."""
    found = connection.execute("SELECT at, who, run, snapshot FROM openings ORDER BY seq")
    return tuple(Opening(*row) for row in found)


def seal(connections: Connections, names: Sequence[str], who: str, settings: Mapping[str, Any]) -> None:
    """Seal these patients; durable when this returns. settings: how they were drawn.

    LibraryError where patients are sealed already, or one is not in the library.
    """
    if not names or len(set(names)) != len(names):
        raise ValueError("sealed are some patients, each once")
    with connections.writing() as db:
        if there := patients(db.conn):
            raise LibraryError(
                f"{len(there)} patients of this library are sealed already: they are for ever, and no others are."
            )
        edit = {"patients": sorted(names), "settings": dict(settings)}
        seq, _ = history.append(db.conn, who, "", SEAL, history.canonical(edit))
        for name in sorted(names):
            if db.conn.execute("SELECT 1 FROM patients WHERE id = ?", (name,)).fetchone() is None:
                raise LibraryError(f"There is no patient {name} in this library.")
            db.conn.execute("INSERT INTO sealed VALUES (?, ?)", (name, seq))


def note_opening(connections: Connections, run: str, snapshot: str, who: str) -> int:
    """Count one opening; how many there are now. Durable when this returns, so call it before anything is looked at."""
    with connections.writing() as db:
        edit = {"run": run, "snapshot": snapshot}
        seq, _ = history.append(db.conn, who, "", OPEN, history.canonical(edit))
        db.conn.execute(
            "INSERT INTO openings SELECT seq, at, who, ?, ? FROM history WHERE seq = ?", (run, snapshot, seq)
        )
        return int(db.conn.execute("SELECT count(*) FROM openings").fetchone()[0])


def check(connection: sqlite3.Connection) -> list[str]:
    """Whether the tables are as the history has them."""
    expected: list[tuple[str, int]] = []
    opened = []
    for seq, at, who, do, text in connection.execute(
        "SELECT seq, at, who, do, edit FROM history WHERE scan = '' AND do IN (?, ?) ORDER BY seq", (SEAL, OPEN)
    ):
        edit = json.loads(text)
        if do == SEAL:
            expected += [(name, seq) for name in edit["patients"]]
        else:
            opened.append((seq, at, who, edit["run"], edit["snapshot"]))
    problems = []
    if sorted(expected) != connection.execute("SELECT patient, seq FROM sealed ORDER BY patient, seq").fetchall():
        problems.append("who is sealed is not as the history has it")
    if opened != connection.execute("SELECT seq, at, who, run, snapshot FROM openings ORDER BY seq").fetchall():
        problems.append("the openings of the sealed patients are not as the history has them")
    return problems
