"""What a simulator tells of its scans beyond lesions and grade: which one it was, and where the bladder truly is.

It stands beside the reading of "truth", not in it: a bladder is no lesion anybody marked, and must show in no list,
table, export or agreement. Learning alone reads it, by `Moment`. A line of the history holds it as well.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from workstation.store import history, scan_state
from workstation.store.connection import Connections
from workstation.store.errors import LibraryError
from workstation.store.values import Simulation

TELL = "simulated"  # in the history


def tell(connections: Connections, told: Mapping[str, Simulation], who: str) -> int:
    """Keep it, all in one durable transaction; of how many scans it was news. LibraryError for an unknown scan."""
    news = 0
    with connections.writing() as db:
        for scan, simulation in told.items():
            text = history.canonical(scan_state.plain(simulation.to_json()))
            if text == _kept(db.conn, scan):
                continue
            if db.conn.execute("SELECT 1 FROM scans WHERE id = ?", (scan,)).fetchone() is None:
                raise LibraryError(f"There is no scan {scan} in this library.")
            db.conn.execute("INSERT OR REPLACE INTO simulations VALUES (?, ?)", (scan, text))
            history.append(db.conn, who, scan, TELL, text)
            news += 1
    return news


def of_scan(connection: sqlite3.Connection, scan: str) -> Simulation | None:
    """What was told of a scan, if anything was."""
    text = _kept(connection, scan)
    return None if text is None else Simulation.from_json(json.loads(text))


def _kept(connection: sqlite3.Connection, scan: str) -> str | None:
    found = connection.execute("SELECT told FROM simulations WHERE scan = ?", (scan,)).fetchone()
    return None if found is None else str(found[0])
