"""Does the library still hold what was put into it? Works on any copy, also while somebody writes to it.

The history is the truth: its chain of hashes is followed, every scan and reading is built again from it and compared
with the tables, and every file is hashed. A chain proves nothing about rows cut off its end: who noted a head earlier
can ask whether it is still there.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path

from workstation.core.lesion import ReadingKey
from workstation.store import clinical, files, history, people, queues, readings, scan_state, schema, sealed
from workstation.store.connection import Connections
from workstation.store.errors import LibraryError
from workstation.store.fold import Fold
from workstation.store.scan_state import State
from workstation.store.values import ADJUDICATED, Verification

_EVERY = 256  # rows between two reports of progress
_OURS = (".dcm", ".npy", ".part")

Steps = Generator[tuple[int, int], None, Verification]


class _Checking:
    """One verification under way: what was found, and how far it has come."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.head = ""
        self.rows = 0
        self.done = 0
        self.total = 0

    def tick(self) -> Iterator[tuple[int, int]]:
        self.done += 1
        if self.done % _EVERY == 0:
            yield self.done, self.total


def steps(connections: Connections, folder: Path, head: str | None = None) -> Steps:
    """Verify, yielding (done, total) on the way."""
    checking = _Checking()
    try:
        with connections.snapshot() as connection:
            yield from _database(connection, checking)
            yield from _chain(connection, checking, head)
            yield from _scans(connection, checking)
            yield from _readings(connection, checking)
            checking.problems.extend(clinical.check(connection))
            _report(checking, "People", partial(people.check, connection))
            _report(checking, "Queues", partial(queues.check, connection))
            _report(checking, "Sealing", partial(sealed.check, connection))
            named = _named(connection)
        yield from _files(folder, named, checking)
        unknown = _present(folder) - set(named)
        if unknown:  # what another process has brought in meanwhile is named by now
            with connections.snapshot() as connection:
                arriving = {row[0] for row in connection.execute("SELECT path FROM incoming")}
                unknown -= set(_named(connection)) | arriving | {f"{path}.part" for path in arriving}
        checking.notes.extend(f"{path} belongs to no scan." for path in sorted(unknown))
    except LibraryError as error:
        checking.problems.append(str(error))
    found, notes = tuple(checking.problems), tuple(checking.notes)
    return Verification(not found, found, checking.head, checking.rows, notes)


def _database(connection: sqlite3.Connection, checking: _Checking) -> Iterator[tuple[int, int]]:
    counts = ("history", "scans", "readings", "objects", "frames")
    checking.total = sum(connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in counts)
    yield 0, checking.total
    for (said,) in connection.execute("PRAGMA integrity_check(20)"):
        if said != "ok":
            checking.problems.append(f"The database is damaged: {said}.")
    for table, *_ in connection.execute("PRAGMA foreign_key_check"):
        checking.problems.append(f"A row of table {table} names something that is not there.")
    with_all = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(with_all)
    missing = set(_parts(with_all)) - set(_parts(connection))
    with_all.close()
    checking.problems.extend(f"The {kind} {name} was removed or changed." for kind, name, _ in sorted(missing))


def _parts(connection: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """Tables and indexes by name, triggers with what they do."""
    found = connection.execute("SELECT type, name, iif(type = 'trigger', sql, '') FROM sqlite_master")
    return [(kind, name, sql) for kind, name, sql in found if not name.startswith("sqlite_")]


def _chain(connection: sqlite3.Connection, checking: _Checking, head: str | None) -> Iterator[tuple[int, int]]:
    named = connection.execute("SELECT value FROM library WHERE key = 'id'").fetchone()
    before = history.start_of_chain(named[0] if named else "")
    there = head is None or head == before
    for row, before_hash, digest in history.rows(connection):
        checking.rows += 1
        if row.seq != checking.rows:
            checking.problems.append(f"The history has row {row.seq} where row {checking.rows} belongs.")
            checking.rows = row.seq
        if before_hash != before:
            checking.problems.append(f"Row {row.seq} of the history does not follow from the row before it.")
        if _hash(row, before_hash) != digest:
            checking.problems.append(f"Row {row.seq} of the history was changed.")
        before = digest
        there = there or head == digest
        yield from checking.tick()
    checking.head = str(before)
    checking.rows = connection.execute("SELECT count(*) FROM history").fetchone()[0]
    if not there:
        checking.problems.append("The head noted earlier is not in the history: rows were cut off or written anew.")


def _hash(row: history.HistoryRow, before: object) -> str | None:
    try:
        return row.hash_after(str(before))
    except (TypeError, ValueError):  # a value no row of ours holds
        return None


def _scans(connection: sqlite3.Connection, checking: _Checking) -> Iterator[tuple[int, int]]:
    listed = "SELECT id FROM scans UNION SELECT scan FROM history WHERE round = 0 AND scan <> '' ORDER BY 1"
    for (scan,) in connection.execute(listed).fetchall():
        _report(checking, f"Scan {scan}", partial(_scan, connection, scan))
        yield from checking.tick()


def _report(checking: _Checking, what: str, check: Callable[[], list[str]]) -> None:
    try:
        checking.problems.extend(f"{what}: {problem.rstrip('.')}." for problem in check())
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        checking.problems.append(f"{what}: its history or its rows cannot be read ({error}).")
    except LibraryError as error:
        checking.problems.append(str(error))


def _scan(connection: sqlite3.Connection, scan: str) -> list[str]:
    expected: State | None = None
    for row in history.of_scan(connection, scan):
        expected = scan_state.after(expected, row.do, json.loads(row.edit or ""))
    held = scan_state.read(connection, scan)
    told = connection.execute("SELECT told FROM simulations WHERE scan = ?", (scan,)).fetchone()
    if held is not None and told is not None:
        held["simulated"] = json.loads(told[0])
    if expected is None or held is None:
        return ["it is in the history but not in the library" if held is None else "it has no history"]
    # A library of an older format has rows from before some of the columns came to be.
    names = sorted({*expected, *held})
    problems = [f"{name} is not as the history has it" for name in names if expected.get(name) != held.get(name)]
    search = connection.execute("SELECT search FROM scans WHERE id = ?", (scan,)).fetchone()[0]
    if search != scan_state.search_text(scan, expected):
        problems.append("the text it is searched by is not its own")
    return problems + _shown(connection, scan)


def _shown(connection: sqlite3.Connection, scan: str) -> list[str]:
    """The list's columns are those of the reading that stands for the scan."""
    listed = connection.execute(f"SELECT reader, {readings.SUMMARY} FROM scans WHERE id = ?", (scan,)).fetchone()
    marked = connection.execute(
        "SELECT count(*), sum(shown) FROM readings WHERE scan = ? AND shown = (id = (SELECT id FROM readings"
        f" WHERE scan = ? ORDER BY {readings.STANDING} LIMIT 1))",
        (scan, scan, ADJUDICATED),
    ).fetchone()
    all_readings = connection.execute("SELECT count(*) FROM readings WHERE scan = ?", (scan,)).fetchone()[0]
    if marked[0] != all_readings:
        return ["another reading is marked as standing for it"]
    (kept,) = connection.execute("SELECT to_adjudicate FROM scans WHERE id = ?", (scan,)).fetchone()
    if kept != readings.to_adjudicate(connection, scan):
        return ["whether it needs adjudication is not as its readings have it"]
    if listed != readings.shown(connection, scan):
        return ["its line in the list is not its reading's"]
    return []


def _readings(connection: sqlite3.Connection, checking: _Checking) -> Iterator[tuple[int, int]]:
    listed = (
        "SELECT scan, reader, round FROM readings"
        " UNION SELECT scan, reader, round FROM history WHERE round <> 0 ORDER BY 1, 2, 3"
    )
    for found in connection.execute(listed).fetchall():
        key = ReadingKey(*found)
        what = f"{key.reader}'s reading of scan {key.scan}, round {key.round}"
        _report(checking, what, partial(_reading, connection, key))
        yield from checking.tick()


def _reading(connection: sqlite3.Connection, key: ReadingKey) -> list[str]:
    fold = Fold(key)
    for row in readings.rows_after(connection, key, 0):
        fold.add(*row)
    expected = fold.session.reading
    held = connection.execute(
        f"SELECT id, verdict, {readings.SUMMARY} FROM readings WHERE scan = ? AND reader = ? AND round = ?",
        (key.scan, key.reader, key.round),
    ).fetchone()
    if held is None:
        return ["it is in the history but not in the library"]
    problems = []
    if held[1:] != readings.summary(expected):
        problems.append("its verdict or counts are not as the history has them")
    lesions = connection.execute(
        "SELECT id, label, region, side, anterior_pixels, posterior_pixels, lesion FROM lesions WHERE reading = ?"
        " ORDER BY id",  # not their order: older versions put a lesion that came back by undo last
        (held[0],),
    ).fetchall()
    if lesions != [(name, *readings.lesion_row(lesion)) for name, lesion in sorted(expected.lesions.items())]:
        problems.append("its lesions are not as the history has them")
    return problems


def _named(connection: sqlite3.Connection) -> dict[str, str]:
    """SHA-256 of every file that a row names."""
    return dict(
        connection.execute(
            "SELECT path, sha256 FROM objects UNION ALL SELECT path, sha256 FROM frames WHERE path IS NOT NULL"
        )
    )


def _files(folder: Path, named: dict[str, str], checking: _Checking) -> Iterator[tuple[int, int]]:
    for path, digest in sorted(named.items()):
        try:
            with open(folder / path, "rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        except FileNotFoundError:
            checking.problems.append(f"{path} is missing.")
        except OSError as error:
            checking.problems.append(f"{path} cannot be read: {error.strerror}.")
        else:
            if found != digest:
                checking.problems.append(f"{path} is not as it was imported.")
        yield from checking.tick()


def _present(folder: Path) -> set[str]:
    return {
        file.relative_to(folder).as_posix()
        for name in files.FOLDERS
        for file in (folder / name).rglob("*")
        if file.suffix in _OURS and not file.name.startswith(".")
    }
