"""A library as one file: a zip, not compressed, with the database as of one moment and every file it names.

Unpacked into an empty folder it is the library again, by hand or with `restore`.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Generator
from pathlib import Path

from workstation.store import files
from workstation.store.connection import Connections
from workstation.store.errors import LibraryError, told

_MEMBER = re.compile(r"library\.db|(objects|pixels)(/[A-Za-z0-9_][A-Za-z0-9._-]*){1,3}")


def steps(connections: Connections, folder: Path, out: Path) -> Generator[tuple[int, int], None, int]:
    """Write the backup, yielding (done, total) bytes; returns the size of the finished file.

    The file appears under its name when it is whole and on disk; given up half-way, nothing stays behind.
    """
    part = out.with_name(out.name + ".part")
    copy = out.with_name(out.name + ".db.part")
    with told():
        try:
            paths = _copy_database(connections, copy)
            # Files once named are never changed, so they may be copied while the library is written to.
            sizes = {path: _size(folder / path) for path in paths}
            done, total = 0, copy.stat().st_size + sum(sizes.values())
            yield done, total
            with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
                archive.write(copy, "library.db")
                done += copy.stat().st_size
                for path, size in sizes.items():
                    yield done, total
                    archive.write(folder / path, path)
                    done += size
            with open(part, "rb+") as stream:
                files.sync(stream.fileno())
            size = part.stat().st_size
            os.replace(part, out)
            files.sync_folder(out.parent)
        finally:
            part.unlink(missing_ok=True)
            copy.unlink(missing_ok=True)
    return size


def restore(file: Path, folder: Path) -> None:
    """Unpack a backup into a new or empty folder. LibraryError where it is none or is damaged."""
    with told():
        if folder.exists() and any(folder.iterdir()):
            raise LibraryError(f"{folder} is not empty: choose an empty folder to restore into.")
        part = folder.with_name(folder.name + ".restoring")
        shutil.rmtree(part, ignore_errors=True)
        try:
            with zipfile.ZipFile(file) as archive:
                names = archive.namelist()
                if "library.db" not in names or not all(_MEMBER.fullmatch(name) for name in names):
                    raise LibraryError(f"{file} is no backup of a library.")
                archive.extractall(part)
        except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
            shutil.rmtree(part, ignore_errors=True)
            raise LibraryError(f"{file} is no backup of a library, or it is damaged ({error}).") from error
        if folder.exists():
            folder.rmdir()
        os.replace(part, folder)


def _copy_database(connections: Connections, copy: Path) -> list[str]:
    copy.unlink(missing_ok=True)
    target = sqlite3.connect(copy, isolation_level=None)
    try:
        with connections.snapshot() as source:
            source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
        target.execute("DELETE FROM incoming")
        named = "SELECT path FROM objects UNION SELECT path FROM frames WHERE path IS NOT NULL"
        return [row[0] for row in target.execute(named)]
    finally:
        target.close()


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        raise LibraryError(
            f"The backup was not made: {file.name} is missing from the library. Verify lists all that is."
        ) from None
