"""The list of scans as columns in memory, so that a search, a sort or a filter of 100,000 scans takes milliseconds.

A sheet holds what SQL told of every scan, and nothing of its own: before each question it asks the history which
scans anything was done to since, and reads their lines anew. Nothing changes a scan's line without such a row.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import compress, repeat
from operator import contains
from typing import Any

import numpy as np

from workstation.core.lesion import Progress
from workstation.store import history
from workstation.store.values import ScanQuery

# Reads columns by name, of all scans or of those named, in the order of their ids.
Read = Callable[[sqlite3.Connection, Sequence[str], Sequence[str] | None], Sequence[list[Any]]]

TEXTS = ("id", "patient", "day", "tumour", "sex", "imported", "search")
NUMBERS = ("age", "reference", "lesions", "malignant", "benign", "uncertain", "grade", "status_order", "to_adjudicate")
READ = frozenset(NUMBERS[2:8])  # those that follow from a reading
_MANY = 2_000  # rows of the history from which on reading all again is quicker
_SORTED_BY = {"status_order": ("status",), "day": ("patient",)}  # other sorts that a column takes part in
_Array = np.ndarray[Any, Any]


class Sheet:
    """Columns in the order of the scans' ids, each read when it is first needed. May be asked from any thread."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._seq = -1  # the history's row up to which it is known
        self._columns: dict[str, _Array] = {}
        self._ranks: dict[str, _Array] = {}  # of texts
        self._orders: dict[str, tuple[_Array, list[str]]] = {}  # by what is sorted by

    def ids(self, connection: sqlite3.Connection, query: ScanQuery, changed: Iterable[str] = ()) -> list[str]:
        """The ids of the scans asked for, in order. changed: scans whose lines changed otherwise than by an edit."""
        with self._lock, _one_moment(connection):
            self._catch_up(connection, set(changed))
            wanted = self._wanted(connection, query)
            order, found = self._order(connection, query.sort)
            if wanted is not None and not wanted.all():
                found = list(compress(found, wanted[order].tobytes()))
            return found[::-1] if query.descending else found[:]

    # What is asked for

    def _wanted(self, connection: sqlite3.Connection, query: ScanQuery) -> _Array | None:
        """Which scans are asked for; None for all."""
        masks = []
        words = _composed(query.text.casefold()).split()
        if words:
            texts = self._column(connection, "search")
            mask = _holding(texts, words[0])
            for word in words[1:]:
                mask[mask] = _holding(texts[mask], word)
            masks.append(mask)
        if query.tumour:
            tumour = None if query.tumour == "none" else query.tumour
            masks.append(self._column(connection, "tumour") == tumour)
        if query.status is not None:
            masks.append(self._column(connection, "status_order") == list(Progress).index(query.status))
        if query.labelled is not None:
            masks.append((self._column(connection, "lesions") > 0) == query.labelled)
        if query.to_adjudicate:
            masks.append(self._column(connection, "to_adjudicate") == 1)
        return np.logical_and.reduce(masks) if masks else None

    def _order(self, connection: sqlite3.Connection, sort: str) -> tuple[_Array, list[str]]:
        """Where the scans stand, ascending, and their ids; equal ones by id, as the columns do already."""
        if sort not in self._orders:
            if sort == "patient":
                order = np.lexsort((self._rank(connection, "day"), self._rank(connection, "patient")))
            elif sort in TEXTS:
                order = np.argsort(self._rank(connection, sort), kind="stable")
            else:
                numbers = self._column(connection, "status_order" if sort == "status" else sort)
                order = np.argsort(numbers, kind="stable")
            self._orders[sort] = order, self._columns["id"][order].tolist()
        return self._orders[sort]

    def _rank(self, connection: sqlite3.Connection, name: str) -> _Array:
        """Numbers that sort as the texts do; nothing comes first."""
        if name not in self._ranks:
            texts = self._column(connection, name).tolist()
            rank: dict[str | None, int] = {text: n for n, text in enumerate(sorted({*texts} - {None}))}
            rank[None] = -1
            self._ranks[name] = np.array([rank[text] for text in texts], np.int32)
        return self._ranks[name]

    # What is known

    def _column(self, connection: sqlite3.Connection, name: str) -> _Array:
        if name not in self._columns:
            names = tuple(READ) if name in READ else (name,)
            self._columns.update(self._arrays(connection, names, None))
        return self._columns[name]

    def _arrays(
        self, connection: sqlite3.Connection, names: Sequence[str], scans: Sequence[str] | None
    ) -> dict[str, _Array]:
        return {
            name: _array(name, values) for name, values in zip(names, self._read(connection, names, scans), strict=True)
        }

    def _catch_up(self, connection: sqlite3.Connection, scans: set[str]) -> None:
        last, _ = history.touched(connection, None)
        if 0 <= last - self._seq <= _MANY and self._columns:
            scans = scans | history.touched(connection, self._seq)[1]
            if scans and len(scans) <= _MANY:
                self._take(self._arrays(connection, tuple(self._columns), sorted(scans)))
        if not self._columns or not 0 <= last - self._seq <= _MANY or len(scans) > _MANY:
            self._orders.clear()
            self._ranks.clear()
            self._columns = self._arrays(connection, ("id",), None)
        self._seq = last

    def _take(self, now: dict[str, _Array]) -> None:
        """Put lines in their places. What is sorted by a column that did not change stays sorted."""
        ids, fresh = self._columns["id"], now["id"]
        at = np.searchsorted(ids, fresh)
        known = np.array([place < len(ids) and ids[place] == scan for place, scan in zip(at, fresh, strict=True)], bool)
        if not known.all():
            self._columns = {
                name: np.insert(column, at[~known], now[name][~known]) for name, column in self._columns.items()
            }
            self._ranks.clear()
            self._orders.clear()
        there = np.searchsorted(self._columns["id"], fresh)
        for name, column in self._columns.items():
            if not np.array_equal(column[there], now[name]):
                column[there] = now[name]
                self._ranks.pop(name, None)
                for sort in (name, *_SORTED_BY.get(name, ())):
                    self._orders.pop(sort, None)


class Sheets:
    """The sheets of one library: one for everybody, and one for each reader who has readings of their own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sheets: dict[str | None, Sheet] = {}

    def get(self, whose: str | None, read: Read) -> Sheet:
        """The sheet of a reader, or everybody's; `read` fills it where there is none yet."""
        with self._lock:
            return self._sheets.setdefault(whose, Sheet(read))


def columns(
    connection: sqlite3.Connection,
    names: Sequence[str],
    source: str,
    values: Mapping[str, Any],
    scans: Sequence[str] | None,
) -> Sequence[list[Any]]:
    """Run what `Read` promises: names are expressions over `source`, which holds the table scans.

    As JSON, which SQLite puts together in less than half the time that as many rows take to come over.
    """
    some = "" if scans is None else "WHERE scans.id IN (SELECT value FROM json_each(:scans))"
    inner = ", ".join(f"{name} AS c{n}" for n, name in enumerate(names))
    outer = ", ".join(f"json_group_array(c{n})" for n in range(len(names)))
    found = connection.execute(
        f"SELECT {outer} FROM (SELECT {inner} FROM {source} {some} ORDER BY scans.id)",
        {**values, "scans": json.dumps(scans)},
    ).fetchone()
    return [json.loads(text) for text in found]


@contextmanager
def _one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    """What is read within is of one moment, whatever is written meanwhile."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")


def _holding(texts: _Array, word: str) -> _Array:
    """Which of the texts hold the word."""
    return np.fromiter(map(contains, texts.tolist(), repeat(word)), bool, len(texts))


def _composed(text: str) -> str:
    """A letter and its accent as one: macOS and other programs write them as two, which looks the same."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _array(name: str, values: Sequence[Any]) -> _Array:
    if name in TEXTS:
        texts = np.empty(len(values), object)
        texts[:] = [_composed(text) for text in values] if name == "search" else values
        return texts
    # Where there is no number it is less than any, as SQLite sorts it.
    return np.array([-1 if value is None else value for value in values], float if name == "age" else np.int32)
