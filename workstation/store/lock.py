"""One writer per library, on every platform, until its process ends.

The lock is SQLite's own exclusive lock on a small file of its own: the operating system lets it go when the process
dies, a forked child does not inherit it, and a second opening in the same process is refused as well.
"""

from __future__ import annotations

import os
import platform
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

LOCK = "writer.lock"
HOLDER = "writer.txt"


class WriterLock:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._connection: sqlite3.Connection | None = None

    def take(self) -> bool:
        """Whether this process is the library's writer now: not where another is, nor where nobody can write."""
        if not os.access(self._folder, os.W_OK):
            return False
        connection = sqlite3.connect(self._folder / LOCK, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            connection.close()
            if error.sqlite_errorname == "SQLITE_BUSY":
                return False
            raise
        self._connection = connection
        since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        text = f"process {os.getpid()} on {platform.node() or 'this machine'}, since {since}"
        (self._folder / HOLDER).write_text(text, encoding="utf-8")
        return True

    def release(self) -> None:
        if self._connection is not None:
            (self._folder / HOLDER).unlink(missing_ok=True)
            self._connection.close()
            self._connection = None


def holder(folder: Path) -> str:
    """Who writes to the library, as far as they left word."""
    try:
        return (folder / HOLDER).read_text(encoding="utf-8")[:200] or "another process"
    except (OSError, UnicodeDecodeError):
        return "another process"
