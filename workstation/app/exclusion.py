"""Scans taken out of the work, with a reason, and taken in again: one step of the reader's own reading."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from workstation.app.workbench import Workbench
from workstation.core import edits
from workstation.core.changes import Changes
from workstation.core.edits import Step
from workstation.core.lesion import Progress, ReadingKey

REASONS = ("injection failed", "picture quality", "primary bone tumour", "no follow-up", "other reason")


def exclude(workbench: Workbench, scans: Sequence[str], reason: str) -> int:
    """Exclude scans; how many were not excluded for that reason before."""
    return _judge(workbench, scans, _tr("Exclude: {0}").format(reason), Progress.EXCLUDED, reason)


def include(workbench: Workbench, scans: Sequence[str]) -> int:
    """Take excluded scans in again; how many were excluded. Work that had begun counts as in progress again."""
    return _judge(workbench, scans, _tr("Include again"), Progress.NEW, "")


def _judge(workbench: Workbench, scans: Sequence[str], what: str, progress: Progress, reason: str) -> int:
    from workstation.core.edits import EditError
    from workstation.store.errors import LibraryError

    library = workbench.library
    if library is None:
        return 0
    done = 0
    try:
        for scan in scans:
            key = ReadingKey(scan, workbench.reader)
            verdict = library.session(key).reading.verdict
            excluded = verdict.progress is Progress.EXCLUDED
            if (excluded, verdict.reason if excluded else "") == (progress is Progress.EXCLUDED, reason):
                continue
            edit = edits.judge(what, verdict, progress=progress, reason=reason)
            library.append(key, Step("edit", edit), workbench.reader)
            done += 1
    except (LibraryError, EditError) as error:
        workbench.note(str(error))
    if done:
        workbench.changed.emit(Changes.READING)
    return done


def _tr(text: str) -> str:
    return QCoreApplication.translate("exclusion", text)
