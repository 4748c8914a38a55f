"""Many scans judged or corrected at once: taken out of the work with a reason, taken in again, given their tumour.

An exclusion is one step of the reader's own reading, so undo on the reading page takes it back. Each function is a
workflow: a few scans are done at once, thousands in a thread with progress.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication

from workstation.app.jobs import Job, Jobs
from workstation.app.workbench import Workbench
from workstation.core import edits
from workstation.core.changes import Changes
from workstation.core.edits import Step
from workstation.core.exclusion import REASONS as REASONS
from workstation.core.lesion import Progress as Status
from workstation.workflows.errors import in_words
from workstation.workflows.progress import Job as Workflow
from workstation.workflows.progress import Progress, finish

if TYPE_CHECKING:
    from workstation.store.library import Library

FEW = 32  # scans written in a blink

Make = Callable[["Library", str], Workflow[int]]  # library, who


def exclude(scans: Sequence[str], reason: str) -> Make:
    """Exclude scans; the workflow gives how many were not excluded for that reason before."""
    return lambda library, who: _judge(library, scans, who, _tr("Exclude: {0}").format(reason), Status.EXCLUDED, reason)


def include(scans: Sequence[str]) -> Make:
    """Take excluded scans in again; work that had begun counts as in progress again."""
    return lambda library, who: _judge(library, scans, who, _tr("Include again"), Status.NEW, "")


def set_tumour(scans: Sequence[str], tumour: str | None) -> Make:
    """Say for which tumour the patients are followed; None where nobody knows."""
    return lambda library, who: _set_tumour(library, scans, who, tumour)


def run(workbench: Workbench, jobs: Jobs, make: Make, scans: int, changes: Changes) -> Job | None:
    """Do it now where the scans are few, and else in a job, which comes back. Pages hear of it when it is done."""
    library, who = workbench.library, workbench.reader
    if library is None:
        return None
    if scans > FEW:
        job = jobs.start(lambda: make(library, who), _tr("Writing"))
        job.ended.connect(lambda: workbench.changed.emit(changes))
        return job
    try:
        finish(make(library, who))
    except Exception as error:
        words = in_words(error)
        if words is None:
            raise
        workbench.note(words)
    workbench.changed.emit(changes)
    return None


def _judge(
    library: Library, scans: Sequence[str], who: str, what: str, status: Status, reason: str
) -> Workflow[int]:
    written = 0
    for done, scan in enumerate(scans, start=1):
        key = library.key(scan, who)
        verdict = library.session(key).reading.verdict
        excluded = verdict.progress is Status.EXCLUDED
        if (excluded, verdict.reason if excluded else "") != (status is Status.EXCLUDED, reason):
            library.append(key, Step("edit", edits.judge(what, verdict, progress=status, reason=reason)), who)
            written += 1
        yield Progress(done, len(scans), _tr("Writing"))
    return written


def _set_tumour(library: Library, scans: Sequence[str], who: str, tumour: Any) -> Workflow[int]:
    for done, scan in enumerate(scans, start=1):
        library.correct(scan, who, tumour=tumour)
        yield Progress(done, len(scans), _tr("Writing"))
    return len(scans)


def _tr(text: str) -> str:
    return QCoreApplication.translate("many_scans", text)
