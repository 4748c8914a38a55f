"""Queues: who is to read which scans in which order, frozen when made; what is done follows from the readings.

A queue is one row of the history, its end another. The table of its items is a projection: whether an item is done is
kept by a trigger on the readings, so that progress never lags behind and asking for it never waits.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workstation.core.ids import new_id
from workstation.core.lesion import ReadingKey
from workstation.core.pace import Pace, worked
from workstation.core.people import Person, Role
from workstation.core.repeats import Item
from workstation.store import history, people
from workstation.store.connection import Connections
from workstation.store.errors import LibraryError

MAKE, END = "queue", "queue end"
# Of queue_items q: nothing is left to do of what the clinic excludes, until it takes that back.
_OUT = "EXISTS (SELECT 1 FROM scans s WHERE s.id = q.scan AND s.excluded IS NOT NULL)"


@dataclass(frozen=True)
class Queue:
    """seq: its row of the history. at: when it was made, UTC. who: by whom. settings: how it was put together.

    blinded: while it is not ended its reader sees nobody else's readings, and no Reference.
    """

    id: str
    seq: int
    at: str
    who: str
    reader: str
    blinded: bool
    settings: Mapping[str, Any]
    ended: bool


@dataclass(frozen=True)
class QueueItem:
    """One case of a queue. key: the reading that is to be made; done: it is done, reviewed or excluded.

    excluded: by the clinic, whatever its reader says.
    """

    position: int
    key: ReadingKey
    done: bool
    excluded: bool = False

    @property
    def left(self) -> bool:
        return not (self.done or self.excluded)


@dataclass(frozen=True)
class Place:
    """Where somebody was: the item, and the lesion last worked on, None where it was none."""

    position: int
    lesion: str | None = None


@dataclass(frozen=True)
class Asked:
    """A queue to be made. settings: how it was put together. role: the reader's from then on; None: as it is."""

    reader: str
    items: Sequence[Item]
    blinded: bool
    settings: Mapping[str, Any]
    role: Role | None = None


class Queues:
    """The queues of one library. Work already counted stays counted: asking again looks at new edits only."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._states: dict[str, _State] = {}
        self._lock = threading.Lock()

    def make(self, asked: Sequence[Asked], who: str) -> list[Queue]:
        """Freeze queues, and give their readers their roles: all of it or nothing; durable when they come back.

        LibraryError where there is nothing to read, a scan is not there, or a reader has a queue that is not ended.
        ValueError for cases that come back in a queue that is not blinded: their first reading would be in sight.
        """
        if any(item.again for one in asked for item in one.items if not one.blinded):
            raise ValueError("cases come back in blinded queues only")
        with self._connections.writing() as db:
            return [_make(db.conn, one, who) for one in asked]

    def end(self, queue: str, who: str) -> None:
        """End a queue: what was read stays, nothing more is asked for, and nobody is blinded by it any more."""
        with self._connections.writing() as db:
            connection = db.conn
            found = connection.execute("SELECT seq, ended FROM queues WHERE id = ?", (queue,)).fetchone()
            if found is None:
                raise LibraryError(f"There is no queue {queue} in this library.")
            if found[1]:
                return
            history.append(connection, who, "", END, history.canonical({"queue": queue}), of=found[0])
            connection.execute("UPDATE queues SET ended = 1 WHERE id = ?", (queue,))

    def pace(self, queue: Queue) -> Pace:
        """How far its reader is, and how fast; from the times of the edits of its readings since it was made."""
        with self._lock, self._connections.reading() as connection:
            state = self._states.get(queue.id)
            if state is None:
                state = self._states[queue.id] = _State(connection, queue)
            return state.catch_up(connection, queue)


class _State:
    """A queue as of row `seq` of the history, so that asking again looks at what was done since."""

    def __init__(self, connection: sqlite3.Connection, queue: Queue) -> None:
        self.seq = queue.seq
        self.last: float | None = None
        self.seconds = 0.0
        (self.total,) = connection.execute("SELECT count(*) FROM queue_items WHERE queue = ?", (queue.id,)).fetchone()
        begun = connection.execute(
            "SELECT scan, round, done, lesions FROM queue_items WHERE queue = ? AND (done OR lesions > 0)", (queue.id,)
        )
        self.begun: dict[tuple[str, int], tuple[int, int]] = {
            (scan, number): (done, lesions) for scan, number, done, lesions in begun
        }
        self.done = sum(done for done, _ in self.begun.values())
        self.lesions = sum(lesions for _, lesions in self.begun.values())
        self.looked = -1  # the row of the history up to which exclusions are known
        self.out: list[tuple[str, int]] = []

    def catch_up(self, connection: sqlite3.Connection, queue: Queue) -> Pace:
        # All edits of the reader by their index, or the few rows that came since by theirs.
        index = "INDEXED BY history_reader" if self.last is None else "NOT INDEXED"
        new = connection.execute(
            f"SELECT seq, at, scan, round FROM history {index} WHERE reader = ? AND round > 0 AND seq > ? ORDER BY seq",
            (queue.reader, self.seq),
        ).fetchall()
        items = {(scan, number): self._item(connection, queue, scan, number) for _, _, scan, number in new}
        times = [datetime.fromisoformat(at).timestamp() for _, at, scan, number in new if items[scan, number]]
        for key, now in items.items():
            if now is not None:
                before = self.begun.get(key, (0, 0))
                self.done += now[0] - before[0]
                self.lesions += now[1] - before[1]
                self.begun[key] = now
        if times:
            self.seconds += worked(times, self.last)
            self.last = times[-1]
        if new:
            self.seq = new[-1][0]
        excluded = sum(not self.begun.get(key, (0, 0))[0] for key in self._excluded(connection, queue))
        return Pace(self.done, self.total - excluded, self.lesions, self.seconds, excluded)

    def _excluded(self, connection: sqlite3.Connection, queue: Queue) -> list[tuple[str, int]]:
        """Scan and round of the cases the clinic excludes, looked up again when anything but readings has changed."""
        (last,) = connection.execute("SELECT coalesce(max(seq), 0) FROM history").fetchone()
        told = "SELECT 1 FROM history NOT INDEXED WHERE seq > ? AND round = 0 LIMIT 1"
        if self.looked < 0 or connection.execute(told, (self.looked,)).fetchone():
            self.out = connection.execute(
                f"SELECT q.scan, q.round FROM queue_items q WHERE q.queue = ? AND {_OUT}", (queue.id,)
            ).fetchall()
        self.looked = last
        return self.out

    def _item(self, connection: sqlite3.Connection, queue: Queue, scan: str, number: int) -> tuple[int, int] | None:
        """Done and lesions of a case of this queue; None for a case of none or of another."""
        found: tuple[int, int] | None = connection.execute(
            "SELECT done, lesions FROM queue_items INDEXED BY queue_items_reading"
            " WHERE scan = ? AND reader = ? AND round = ? AND queue = ?",
            (scan, queue.reader, number, queue.id),
        ).fetchone()
        return found


def _make(connection: sqlite3.Connection, asked: Asked, who: str) -> Queue:
    reader = asked.reader
    if not reader.strip():
        raise LibraryError("A queue belongs to somebody: sign in with a name first.")
    if not asked.items:
        raise LibraryError("There is no scan to put into a queue: choose others in the library's list.")
    if connection.execute("SELECT 1 FROM queues WHERE reader = ? AND NOT ended", (reader,)).fetchone():
        raise LibraryError(f"{reader} has a queue that is not ended. Finish or end it, then make another.")
    if asked.role is not None:
        people.give(connection, Person(reader, asked.role), who)
    rounds = _rounds(connection, reader, asked.items)
    queue = new_id("Q")
    edit = {
        "queue": queue, "reader": reader, "blinded": asked.blinded, "settings": dict(asked.settings),
        "items": [[item.scan, number] for item, number in zip(asked.items, rounds, strict=True)],
    }  # fmt: skip
    seq, _ = history.append(connection, who, "", MAKE, history.canonical(edit))
    (at,) = connection.execute("SELECT at FROM history WHERE seq = ?", (seq,)).fetchone()
    _keep(connection, seq, at, who, edit)
    return Queue(queue, seq, at, who, reader, asked.blinded, dict(asked.settings), False)


def of_reader(connection: sqlite3.Connection, reader: str | None = None) -> list[Queue]:
    """All queues, or one reader's, the latest first."""
    found = connection.execute(
        "SELECT id, seq, at, who, reader, blinded, made_by, ended FROM queues WHERE ?1 IS NULL OR reader = ?1"
        " ORDER BY seq DESC",
        (reader,),
    )
    return [
        Queue(queue, seq, at, who, whose, bool(blinded), json.loads(made_by), bool(ended))
        for queue, seq, at, who, whose, blinded, made_by, ended in found
    ]


def items(connection: sqlite3.Connection, queue: str, start: int = 0, stop: int | None = None) -> list[QueueItem]:
    """The items at these positions, in order."""
    found = connection.execute(
        f"SELECT position, scan, reader, round, done, {_OUT} FROM queue_items q WHERE queue = ? AND position >= ?"
        " AND position < ? ORDER BY position",
        (queue, start, 1 << 40 if stop is None else stop),
    )
    return [QueueItem(position, ReadingKey(*key), bool(done), bool(out)) for position, *key, done, out in found]


def beside(connection: sqlite3.Connection, queue: str, position: int, by: int) -> QueueItem | None:
    """The next item that the clinic does not exclude, behind this one (by > 0) or before it; None: there is none."""
    way = "> ? AND {0} ORDER BY position" if by > 0 else "< ? AND {0} ORDER BY position DESC"
    found = connection.execute(
        f"SELECT position FROM queue_items q WHERE queue = ? AND position {way.format(f'NOT {_OUT}')} LIMIT 1",
        (queue, position),
    ).fetchone()
    return None if found is None else items(connection, queue, found[0], found[0] + 1)[0]


def scans(connection: sqlite3.Connection, queue: str, start: int, stop: int) -> list[tuple[str, bool]]:
    """Scan and whether it is done, at these positions: of a hundred thousand cases at once."""
    found = connection.execute(
        "SELECT scan, done = 1 FROM queue_items WHERE queue = ? AND position >= ? AND position < ? ORDER BY position",
        (queue, start, stop),
    )
    return found.fetchall()


def first_left(connection: sqlite3.Connection, queue: str, after: int = -1) -> int | None:
    """The first position behind `after` that is left: not done and not excluded by the clinic. None where all are."""
    found = connection.execute(
        f"SELECT position FROM queue_items q INDEXED BY queue_items_left WHERE queue = ? AND NOT done AND position > ?"
        f" AND NOT {_OUT} ORDER BY position LIMIT 1",
        (queue, after),
    ).fetchone()
    return None if found is None else int(found[0])


def reached(connection: sqlite3.Connection, queue: str) -> dict[str, int]:
    """Cases that have come back by now, with their present round: they are at their turn, or have been begun."""
    left = first_left(connection, queue)
    found = connection.execute(
        "SELECT q.scan, max(q.round) FROM queue_items q LEFT JOIN readings r"
        " ON r.scan = q.scan AND r.reader = q.reader AND r.round = q.round WHERE q.queue = ?1 AND q.round > 1"
        " AND (r.id IS NOT NULL OR q.position <= ?2) GROUP BY q.scan",
        (queue, 1 << 40 if left is None else left),
    )
    return {scan: int(number) for scan, number in found}


def place(connection: sqlite3.Connection, queue: Queue) -> Place | None:
    """Where its reader was at last; the first case that is left where nothing was begun; None where all is done."""
    left = first_left(connection, queue.id)
    if left is None:
        return None
    # Of the queue's own cases: what its reader read elsewhere in the meantime does not lose the place.
    last = connection.execute(
        f"SELECT q.position, q.done OR {_OUT}, h.of, h.edit FROM history h INDEXED BY history_reader"
        " CROSS JOIN queue_items q INDEXED BY queue_items_reading"
        " ON q.scan = h.scan AND q.reader = h.reader AND q.round = h.round AND q.queue = ?"
        " WHERE h.reader = ? AND h.round > 0 AND h.seq > ? ORDER BY h.at DESC LIMIT 1",
        (queue.id, queue.reader, queue.seq),
    ).fetchone()
    if last is None:
        return Place(left)
    position, done, of, edit = last
    if done:
        after = first_left(connection, queue.id, position)
        return Place(left if after is None else after)
    if edit is None:
        (edit,) = connection.execute("SELECT edit FROM history WHERE seq = ?", (of,)).fetchone()
    changes = json.loads(edit)["lesions"]
    lesion = (changes[-1]["after"] or changes[-1]["before"])["id"] if changes else None
    return Place(int(position), lesion)


def check(connection: sqlite3.Connection) -> list[str]:
    """Whether the tables are as the history and the readings have them."""
    problems = []
    rows = "SELECT seq, at, who, edit FROM history WHERE scan = '' AND do = ? ORDER BY seq"
    ended = {json.loads(edit)["queue"] for *_, edit in connection.execute(rows, (END,))}
    expected = {}
    for seq, at, who, text in connection.execute(rows, (MAKE,)).fetchall():
        edit = json.loads(text)
        queue = edit["queue"]
        made = (queue, seq, at, who, edit["reader"], int(edit["blinded"]), history.canonical(edit["settings"]))
        expected[queue] = (*made, int(queue in ended))
        held = connection.execute(
            "SELECT scan, reader, round FROM queue_items WHERE queue = ? ORDER BY position", (queue,)
        ).fetchall()
        if held != [(scan, edit["reader"], number) for scan, number in edit["items"]]:
            problems.append(f"The cases of queue {queue} are not as the history has them.")
    found = connection.execute("SELECT id, seq, at, who, reader, blinded, made_by, ended FROM queues").fetchall()
    wrong = {row[0] for row in found if expected.get(row[0]) != row} | expected.keys() - {row[0] for row in found}
    problems.extend(f"Queue {queue} is not as the history has it." for queue in sorted(wrong))
    behind = connection.execute(
        "SELECT DISTINCT q.queue FROM queue_items q LEFT JOIN readings r ON r.scan = q.scan AND r.reader = q.reader"
        " AND r.round = q.round WHERE q.done <> (coalesce(r.status_order, 0) >= 2)"
        " OR q.lesions <> coalesce(r.lesions, 0)"
    )
    problems.extend(f"The progress of queue {queue} is not its readings'." for (queue,) in behind)
    return problems


def _rounds(connection: sqlite3.Connection, reader: str, wanted: Sequence[Item]) -> list[int]:
    """The round of each item: the first for what is read for the first time, a new one for what comes back."""
    known = {row[0] for row in connection.execute("SELECT id FROM scans")}
    highest: dict[str, int] = dict(
        connection.execute(
            "SELECT scan, max(round) FROM (SELECT scan, round FROM readings WHERE reader = ?1"
            " UNION ALL SELECT scan, round FROM queue_items WHERE reader = ?1) GROUP BY scan",
            (reader,),
        ).fetchall()
    )
    rounds = []
    for item in wanted:
        if item.scan not in known:
            raise LibraryError(f"There is no scan {item.scan} in this library.")
        number = 1
        if item.again:
            number = highest[item.scan] = max(highest.get(item.scan, 1), 1) + 1
        rounds.append(number)
    return rounds


def _keep(connection: sqlite3.Connection, seq: int, at: str, who: str, edit: Mapping[str, Any]) -> None:
    queue, reader = edit["queue"], edit["reader"]
    connection.execute(
        "INSERT INTO queues (id, seq, at, who, reader, blinded, made_by) VALUES (?,?,?,?,?,?,?)",
        (queue, seq, at, who, reader, int(edit["blinded"]), history.canonical(edit["settings"])),
    )
    connection.executemany(
        "INSERT INTO queue_items (queue, position, scan, reader, round) VALUES (?,?,?,?,?)",
        [(queue, position, scan, reader, number) for position, (scan, number) in enumerate(edit["items"])],
    )
    connection.execute(
        "UPDATE queue_items SET (done, lesions) = (SELECT r.status_order >= 2, r.lesions FROM readings r"
        " WHERE r.scan = queue_items.scan AND r.reader = queue_items.reader AND r.round = queue_items.round)"
        " WHERE queue = ? AND EXISTS (SELECT 1 FROM readings r WHERE r.scan = queue_items.scan"
        " AND r.reader = queue_items.reader AND r.round = queue_items.round)",
        (queue,),
    )
