"""Connections to one library: a reading one for every thread, and a single writing one behind a lock."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from workstation.store.errors import LibraryError, told

if TYPE_CHECKING:
    from sqlite_utils import Database

_BUSY_SECONDS = 10.0
# Pages (4 KiB) the log may grow to before it is worked into the database: seldom, because while that is going on the
# log is not a history any more that could be cut short without harm.
_LOG_PAGES = 16384


def open_reading(file: Path) -> sqlite3.Connection:
    """A connection that cannot write. Falls back to an immutable one where not even WAL's index may be made."""
    address = file.resolve().as_uri()
    connection = _connect(f"{address}?mode=ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        log = file.with_name(file.name + "-wal")
        if log.exists() and log.stat().st_size > 0:
            raise
        connection = _connect(f"{address}?immutable=1")
    return connection


def open_writing(file: Path) -> Database:
    """The writing connection: WAL, and every commit on disk before it returns (synchronous FULL)."""
    from sqlite_utils import Database  # late: 0.1 s, which a window that only shows need not pay

    connection = _connect(f"{file.resolve().as_uri()}?mode=rw")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")  # on a Mac, fsync alone stops at the drive's own memory
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    return Database(connection, execute_plugins=False)


def _fold_log(file: Path) -> None:
    """Work what a dead process left in the log into the database: the last writing connection to close does that."""
    with suppress(sqlite3.Error, OSError):  # if it cannot be done now, the log serves as well
        if file.with_name(file.name + "-wal").stat().st_size:
            connection = _connect(f"{file.resolve().as_uri()}?mode=rw")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            connection.close()


def _identity(file: Path) -> tuple[int, int] | None:
    """Which file it is, under whatever name: one that is deleted can be written to as long as it is open."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _connect(address: str) -> sqlite3.Connection:
    return sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)


class Connections:
    """Hands out connections; any thread may ask."""

    def __init__(self, file: Path, read_only: bool) -> None:
        self._file = file
        self._read_only = read_only
        self._local = threading.local()
        self._lock = threading.RLock()
        self._writer: Database | None = None
        self._identity = _identity(file)
        self._closed = False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """This thread's reading connection."""
        with told():
            reader = self._reader()  # held until the block ends, also when the library is closed meanwhile
            yield reader.connection

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """A reading connection of its own that sees one moment of the library, however long it takes."""
        self.check()
        with told():
            connection = open_reading(self._file)
            try:
                connection.execute("BEGIN")
                connection.execute("SELECT count(*) FROM library").fetchone()
                yield connection
            finally:
                connection.close()

    @contextmanager
    def writing(self) -> Iterator[Database]:
        """One transaction on the writing connection: durable when the block ends, nothing when it raises."""
        if self._read_only:
            raise LibraryError("This library is open read-only: nothing can be changed in it.")
        with self._lock:
            self.check()
            with told():
                if _identity(self._file) != self._identity:
                    raise LibraryError(
                        f"The library is not in {self._file.parent} any more: it was deleted, moved or replaced. "
                        "Nothing more is kept here; put it back, then open it again."
                    )
                if self._writer is None:
                    self._writer = open_writing(self._file)
                with self._writer.atomic():
                    yield self._writer

    @property
    def lock(self) -> threading.RLock:
        """Held while writing; hold it to validate and write in one go."""
        return self._lock

    def close(self) -> None:
        with self._lock:
            self._closed = True
            # Each thread's connection closes as soon as nobody uses it any more, never under somebody's hands.
            self._local = threading.local()
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            elif not self._read_only:
                _fold_log(self._file)

    def check(self) -> None:
        """LibraryError where the library has been closed."""
        if self._closed:
            raise LibraryError("The library has been closed.")

    def _reader(self) -> _Reader:
        self.check()
        reader: _Reader | None = getattr(self._local, "reader", None)
        if reader is None:
            reader = _Reader(open_reading(self._file))
            self._local.reader = reader
        return reader


class _Reader:
    """A connection that closes when it is let go of: when its thread ends, or the library is closed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()
