"""Freezing a library from the window: what can be chosen, the job, and what came of it in words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from workstation.app.jobs import Job, Jobs
from workstation.app.workbench import Workbench
from workstation.workflows import snapshot, snapshot_told
from workstation.workflows.snapshot import SnapshotResult
from workstation.workflows.snapshot_plan import Wanted
from workstation.workflows.truth import READER as TRUTH

__all__ = ["Choices", "SnapshotResult", "Wanted", "choices", "start", "told"]


@dataclass(frozen=True)
class Choices:
    """readers: (name, in words), None first for the readings that stand. sealed: how many patients are sealed already.

    may_seal: whether some can be sealed now.
    """

    readers: tuple[tuple[str | None, str], ...]
    sealed: int
    may_seal: bool


def choices(workbench: Workbench) -> Choices:
    """What can be chosen in the open library."""
    library = workbench.library
    assert library is not None
    names = library.lesions().readers()
    words = {TRUTH: _tr("Truth of simulated scans")}
    readers = tuple((name, words.get(name, name)) for name in names)
    sealed = len(library.sealed())
    return Choices(((None, _tr("Adjudicated, else first")), *readers), sealed, workbench.writable and not sealed)


def start(workbench: Workbench, jobs: Jobs, out: Path, wanted: Wanted) -> Job:
    """Freeze the open library into a folder, in a thread."""
    library, who = workbench.library, workbench.reader
    assert library is not None
    return jobs.start(lambda: snapshot.run(library, out, wanted, who), _tr("Freezing a data set"))


def told(result: object) -> str:
    """What was included, left out and why, a line each; nothing of another job."""
    return "\n".join(snapshot_told.as_text(result)) if isinstance(result, SnapshotResult) else ""


def _tr(text: str) -> str:
    return QCoreApplication.translate("freezing", text)
