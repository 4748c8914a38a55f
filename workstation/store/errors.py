"""The world's errors of a library, in words for the user; everything else is ours and raises as it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


class LibraryError(Exception):
    """A library cannot do what was asked; the message says what, why and what to do."""


@contextmanager
def told() -> Iterator[None]:
    """Turn what SQLite and the disk say about the world into LibraryError; mistakes of ours pass through."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError):
        raise
    except sqlite3.OperationalError as error:
        raise LibraryError(f"The library could not be read or written: {error}. Nothing was changed.") from error
    except sqlite3.DatabaseError as error:
        raise LibraryError(
            f"The library's database is damaged ({error}). Restore the last backup, or run verify to see what is left."
        ) from error
    except UnicodeEncodeError as error:
        raise LibraryError(f"The text {error.object[:80]!a} cannot be kept: it is not Unicode.") from error
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise LibraryError(f"The library's folder could not be read or written: {error.strerror}{where}.") from error


@contextmanager
def decoding(scan: str) -> Iterator[None]:
    """Around the reading of a scan's row: where it holds what nobody wrote, the disk has damaged it."""
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:
        raise LibraryError(
            f"What the library holds of scan {scan} is damaged ({error}). Restore the last backup; verify lists all."
        ) from error
