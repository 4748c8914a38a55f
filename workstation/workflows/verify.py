"""Checks a library: its chain of edits, its tables, its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
