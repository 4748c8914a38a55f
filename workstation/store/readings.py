"""Readings: what each person drew and said of each scan, written step by step and found again with its undo stacks."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import OrderedDict
from typing import Any

from workstation.core.edits import EditError, Session, Step
from workstation.core.lesion import Label, Lesion, Progress, Reading, ReadingKey, Verdict
from workstation.core.scan import View
from workstation.store import history
from workstation.store.connection import Connections
from workstation.store.errors import LibraryError
from workstation.store.fold import Fold
from workstation.store.values import ADJUDICATED, TRUTH

SUMMARY = "lesions, malignant, benign, uncertain, grade, status, status_order, reason"  # columns, as `summary` has them
# Which reading stands for the scan: the adjudicated one once anything is decided, else the first.
STANDING = "(reader <> ? OR status_order = 0), id"
_DONE, _EXCLUDED = (list(Progress).index(one) for one in (Progress.DONE, Progress.EXCLUDED))
_CACHED = 8  # readings whose stacks stay in memory: one drawn in, its prior's, a second reader's


class Readings:
    """The readings of one library."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._folds: OrderedDict[ReadingKey, Fold] = OrderedDict()
        # Of its own, taken after the writer's where both are needed: opening a case does not wait for an import.
        self._lock = threading.Lock()

    def session(self, key: ReadingKey) -> Session:
        """The reading with both undo stacks as they stand on disk; an empty one where nothing was done yet."""
        with self._lock, self._connections.reading() as connection:
            return self._fold(connection, key).session

    def append(self, key: ReadingKey, step: Step, who: str) -> str:
        """Write one step, durable on disk when this returns its row's hash.

        EditError where the step does not fit the reading as it stands; LibraryError where the disk says no. Nothing
        is written then.
        """
        if key.round < 1 or not key.reader:
            raise ValueError("a reading has a reader, and rounds count from 1")
        with self._connections.lock, self._lock:
            with self._connections.writing() as db:
                connection = db.conn
                fold = self._fold(connection, key)
                after = fold.session.after(step)
                _refuse_moved(connection, key.scan, step, fold.concerned(step.do))
                reading = _reading_row(connection, key)
                text = history.canonical(step.edit.to_json()) if step.do == "edit" else None
                seq, digest = history.append(
                    connection, who, key.scan, step.do, text, key.reader, key.round, fold.concerned(step.do),
                    _origin(step),
                )  # fmt: skip
                _keep_lesions(connection, reading, step, after.reading)
                _keep_summary(connection, reading, key.scan, after.reading)
            fold.accept(seq, step, after)
        return digest

    def _fold(self, connection: sqlite3.Connection, key: ReadingKey) -> Fold:
        fold = self._folds.pop(key, None) or Fold(key)  # a row that does not fit leaves none behind
        for row in rows_after(connection, key, fold.seq):
            fold.add(*row)
        self._folds[key] = fold
        while len(self._folds) > _CACHED:
            self._folds.popitem(last=False)
        return fold


def _refuse_moved(connection: sqlite3.Connection, scan: str, step: Step, of: int | None) -> None:
    """What was drawn before the scan was turned or its views exchanged would come back on the wrong pixels."""
    if of is None or not step.edit.lesions:
        return
    later = connection.execute(
        "SELECT do, edit FROM history WHERE scan = ? AND seq > ? AND do IN ('views', 'correct')", (scan, of)
    )
    for do, text in later:
        edit = json.loads(text)
        if "upside_down" in edit.get("after", ()) if do == "correct" else any(a != b for a, b in edit["views"].items()):
            raise EditError(
                "This was drawn before the scan was turned or its views were exchanged: it would lie elsewhere now."
            )


def rows_after(
    connection: sqlite3.Connection, key: ReadingKey, seq: int
) -> list[tuple[int, str, int | None, str | None]]:
    """(seq, do, of, edit) of the reading's rows that follow row `seq`."""
    return connection.execute(
        "SELECT seq, do, of, edit FROM history WHERE scan = ? AND reader = ? AND round = ? AND seq > ? ORDER BY seq",
        (key.scan, key.reader, key.round, seq),
    ).fetchall()


def of_scan(connection: sqlite3.Connection, scan: str) -> list[ReadingKey]:
    """The readings of a scan, the first begun first."""
    found = connection.execute("SELECT reader, round FROM readings WHERE scan = ? ORDER BY id", (scan,))
    return [ReadingKey(scan, reader, round) for reader, round in found]


def status(reading: Reading) -> Progress:
    """How far the reading has come: work begun counts as in progress before anybody says so."""
    verdict = reading.verdict
    if verdict.progress is not Progress.NEW:
        return verdict.progress
    begun = reading.lesions or verdict != Verdict()
    return Progress.IN_PROGRESS if begun else Progress.NEW


def summary(reading: Reading) -> tuple[Any, ...]:
    """The verdict and SUMMARY as the tables hold them."""
    verdict, progress = reading.verdict, status(reading)
    return (
        history.canonical(verdict.to_json()), len(reading.counted), reading.count(Label.MALIGNANT),
        reading.count(Label.BENIGN), reading.count(Label.UNCERTAIN), verdict.grade, str(progress),
        list(Progress).index(progress), verdict.reason,
    )  # fmt: skip


def lesion_row(lesion: Lesion) -> tuple[Any, ...]:
    """(label, region, side, anterior_pixels, posterior_pixels, lesion) as the tables hold them."""
    pixels = [lesion.rois[view].pixels if view in lesion.rois else 0 for view in View]
    label = None if lesion.label is None else str(lesion.label)
    return (label, lesion.region, lesion.side, *pixels, history.canonical(lesion.to_json()))


def _reading_row(connection: sqlite3.Connection, key: ReadingKey) -> int:
    where = (key.scan, key.reader, key.round)
    found = connection.execute("SELECT id FROM readings WHERE scan = ? AND reader = ? AND round = ?", where).fetchone()
    if found is not None:
        return int(found[0])
    if connection.execute("SELECT 1 FROM scans WHERE id = ?", (key.scan,)).fetchone() is None:
        raise LibraryError(f"There is no scan {key.scan} in this library.")
    made = connection.execute(
        f"INSERT INTO readings (scan, reader, round, verdict, {SUMMARY}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
        (*where, *summary(Reading(key))),
    ).lastrowid
    assert made is not None
    return made


def _keep_lesions(connection: sqlite3.Connection, reading: int, step: Step, stands: Reading) -> None:
    """Bring the table of present lesions in line with the step, which made the reading what it is now.

    New ones stand last, as they do in the reading; deleted ones come back to their place.
    """
    changes = step.edit.inverse.lesions if step.do == "undo" else step.edit.lesions
    for change in changes:
        if change.after is None:
            connection.execute("DELETE FROM lesions WHERE reading = ? AND id = ?", (reading, change.id))
            continue
        connection.execute(
            "INSERT INTO lesions"
            " (reading, id, position, label, region, side, anterior_pixels, posterior_pixels, lesion)"
            " VALUES (?1, ?2, (SELECT coalesce(max(position), 0) + 1 FROM lesions WHERE reading = ?1), ?,?,?,?,?,?)"
            " ON CONFLICT DO UPDATE SET label = excluded.label, region = excluded.region, side = excluded.side,"
            " anterior_pixels = excluded.anterior_pixels, posterior_pixels = excluded.posterior_pixels,"
            " lesion = excluded.lesion",
            (reading, change.id, *lesion_row(change.after)),
        )
    if step.do == "undo" and step.edit.takes_away:
        connection.executemany(
            "UPDATE lesions SET position = ? WHERE reading = ? AND id = ?",
            [(place, reading, lesion) for place, lesion in enumerate(stands.lesions, start=1)],
        )


def _keep_summary(connection: sqlite3.Connection, reading: int, scan: str, after: Reading) -> None:
    values = summary(after)
    connection.execute(
        f"UPDATE readings SET (verdict, {SUMMARY}) = (?,?,?,?,?,?,?,?,?) WHERE id = ?", (*values, reading)
    )
    keep_shown(connection, scan)


def keep_shown(connection: sqlite3.Connection, scan: str) -> None:
    """Bring the scan's line in the list in line with the reading that stands for it, and with its exclusion."""
    connection.execute(
        f"UPDATE readings SET shown = NOT shown WHERE scan = ? AND shown <> (id = (SELECT id FROM readings"
        f" WHERE scan = ? ORDER BY {STANDING} LIMIT 1))",
        (scan, scan, ADJUDICATED),
    )
    connection.execute("UPDATE scans SET to_adjudicate = ? WHERE id = ?", (to_adjudicate(connection, scan), scan))
    connection.execute(
        f"UPDATE scans SET (reader, {SUMMARY}) = (?,?,?,?,?,?,?,?,?) WHERE id = ?", (*shown(connection, scan), scan)
    )


def shown(connection: sqlite3.Connection, scan: str) -> tuple[Any, ...]:
    """(reader, SUMMARY) as the list has them: of the reading that stands for the scan, else of an empty one.

    A scan that the clinic excludes has that status and reason, whatever anybody reads.
    """
    found = connection.execute(
        f"SELECT reader, {SUMMARY} FROM readings WHERE scan = ? ORDER BY {STANDING} LIMIT 1", (scan, ADJUDICATED)
    ).fetchone()
    values = list(found or (None, *summary(Reading(ReadingKey(scan, "")))[1:]))
    (reason,) = connection.execute("SELECT excluded FROM scans WHERE id = ?", (scan,)).fetchone()
    if reason is not None:
        values[-3:] = str(Progress.EXCLUDED), list(Progress).index(Progress.EXCLUDED), reason
    return tuple(values)


def to_adjudicate(connection: sqlite3.Connection, scan: str) -> int:
    """1 where two or more people have finished their first round and are to be adjudicated; else 0.

    Who excludes the scan has finished it, but somebody must have read it. What was adjudicated is asked again once one
    of the readers has done anything since.
    """
    finished = dict(
        connection.execute(
            "SELECT reader, status_order = ? FROM readings"
            " WHERE scan = ? AND round = 1 AND status_order >= ? AND reader <> ?",
            (_EXCLUDED, scan, _DONE, TRUTH),
        ).fetchall()
    )
    adjudicated = finished.pop(ADJUDICATED, None) is not None
    if len(finished) < 2 or all(finished.values()):
        return 0
    if not adjudicated:
        return 1
    last = dict(
        connection.execute(
            "SELECT reader, max(seq) FROM history WHERE scan = ? AND round = 1 GROUP BY reader", (scan,)
        ).fetchall()
    )
    return int(any(last.get(reader, 0) > last.get(ADJUDICATED, 0) for reader in finished))


def _origin(step: Step) -> str:
    """Where the regions and labels this step leaves behind came from."""
    changes = step.edit.inverse.lesions if step.do == "undo" else step.edit.lesions
    left = [change.after for change in changes if change.after is not None]
    return ", ".join(sorted({str(o) for lesion in left for o in (lesion.roi_origin, lesion.label_origin)}))
