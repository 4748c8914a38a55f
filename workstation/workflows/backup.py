"""Writes a consistent copy of a library into one file, while it is in use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workstation.workflows.errors import CallError
from workstation.workflows.progress import Job, Progress

if TYPE_CHECKING:
    from workstation.store.library import Library


@dataclass(frozen=True)
class BackupResult:
    file: Path
    bytes: int


def run(library: Library, file: Path) -> Job[BackupResult]:
    """Progress counts bytes. Stopped half-way, nothing is left behind."""
    if file.is_dir():
        raise CallError(f"{file} is a folder: name the file to write the backup into, such as {file / 'library.zip'}.")
    if file.exists() and not _is_backup(file):
        raise CallError(f"{file} is there already and is no backup: choose another name, so that nothing is lost.")
    if library.folder.resolve() in file.resolve().parents:
        raise CallError("The backup would lie inside the library itself: choose a place outside it.")
    file.parent.mkdir(parents=True, exist_ok=True)
    steps = library.backing_up(file)
    try:
        while True:
            try:
                done, total = next(steps)
            except StopIteration as stop:
                return BackupResult(file, stop.value)
            yield Progress(done, total, "Backing up")
    finally:
        steps.close()


def _is_backup(file: Path) -> bool:
    """Whether what stands there may be written over: an earlier backup, or an empty file."""
    if not file.is_file():
        return False
    with open(file, "rb") as stream:
        return stream.read(4) in (b"", b"PK\x03\x04")
