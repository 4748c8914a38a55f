"""The history: one row per thing anybody did, each holding the hash of the row before, so that none can be changed.

hash = SHA-256 of the row before's hash followed by this row as canonical JSON (sorted keys, no spaces). The chain
starts from the library's own id, so that no other library's history can be put in its place.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import metadata


@dataclass(frozen=True)
class HistoryRow:
    """at: UTC, ISO. of: seq of the edit that an undo or redo concerns. edit: JSON text, None for undo and redo."""

    seq: int
    at: str
    who: str
    scan: str
    reader: str
    round: int
    do: str
    of: int | None
    edit: str | None
    origin: str
    version: str

    def hash_after(self, before: str) -> str:
        return hashlib.sha256((before + canonical(vars(self))).encode("ascii")).hexdigest()


_COLUMNS = "seq, at, who, scan, reader, round, do, of, edit, origin, version"


def canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def start_of_chain(library_id: str) -> str:
    return hashlib.sha256(f"osteoscope {library_id}".encode()).hexdigest()


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@cache
def program_version() -> str:
    try:
        return metadata.version("osteoscope")
    except metadata.PackageNotFoundError:
        return "unpackaged"


def append(
    connection: sqlite3.Connection,
    who: str,
    scan: str,
    do: str,
    edit: str | None,
    reader: str = "",
    round: int = 0,
    of: int | None = None,
    origin: str = "",
) -> tuple[int, str]:
    """Add a row within the caller's transaction; returns (seq, hash)."""
    last = connection.execute("SELECT seq, hash FROM history ORDER BY seq DESC LIMIT 1").fetchone()
    if last is None:
        library_id = connection.execute("SELECT value FROM library WHERE key = 'id'").fetchone()[0]
        last = (0, start_of_chain(library_id))
    row = HistoryRow(last[0] + 1, now(), who, scan, reader, round, do, of, edit, origin, program_version())
    digest = row.hash_after(last[1])
    connection.execute(
        f"INSERT INTO history ({_COLUMNS}, before_hash, hash) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (*_values(row), last[1], digest),
    )
    return row.seq, digest


def rows(connection: sqlite3.Connection) -> Iterator[tuple[HistoryRow, str, str]]:
    """Every row with its `before_hash` and `hash`, in order."""
    for found in connection.execute(f"SELECT {_COLUMNS}, before_hash, hash FROM history ORDER BY seq"):
        yield HistoryRow(*found[:-2]), found[-2], found[-1]


def touched(connection: sqlite3.Connection, since: int | None, reader: str | None = None) -> tuple[int, set[str]]:
    """The last row's seq, and the scans to which anything was done after row `since`; None asks for no scans.

    reader: leave out what others did in their readings.
    """
    (last,) = connection.execute("SELECT coalesce(max(seq), 0) FROM history").fetchone()
    if since is None:
        return last, set()
    found = connection.execute(
        "SELECT scan FROM history WHERE seq > ?1 AND scan <> '' AND (?2 IS NULL OR reader IN ('', ?2))", (since, reader)
    )
    return last, {scan for (scan,) in found}


def of_scan(connection: sqlite3.Connection, scan: str) -> list[HistoryRow]:
    """What was done to the scan itself, in order."""
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM history WHERE scan = ? AND reader = '' AND round = 0 ORDER BY seq", (scan,)
    )
    return [HistoryRow(*row) for row in found]


def _values(row: HistoryRow) -> tuple[object, ...]:
    return (
        row.seq, row.at, row.who, row.scan, row.reader, row.round, row.do, row.of, row.edit, row.origin, row.version,
    )  # fmt: skip
