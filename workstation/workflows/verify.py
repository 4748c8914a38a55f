"""Checks a library: its chain of edits, its tables, its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workstation.workflows.opening import reading
from workstation.workflows.progress import Job, Progress

if TYPE_CHECKING:
    from workstation.store.library import Library, Verification


def run(library: Library, head: str | None = None) -> Job[Verification]:
    """head: one noted earlier, which must still be in the chain, else its tail was cut off."""
    steps = library.verifying(head)
    while True:
        try:
            done, total = next(steps)
        except StopIteration as stop:
            found: Verification = stop.value
            return found
        yield Progress(done, total, "Verifying")


@dataclass(frozen=True)
class Found:
    """problems, notes: one sentence each; a note does no harm. head: of the history, None where nobody can read it."""

    ok: bool
    problems: tuple[str, ...]
    head: str | None
    rows: int
    notes: tuple[str, ...] = ()


def folder(path: Path, head: str | None = None) -> Job[Found]:
    """Check the library in a folder; one too damaged to be opened is a finding as well."""
    from workstation.store.errors import LibraryError

    try:
        with reading(path) as library:
            found = yield from run(library, head)
    except LibraryError as error:
        return Found(False, (str(error),), None, 0)
    return Found(found.ok, found.problems, found.head, found.rows, found.notes)
