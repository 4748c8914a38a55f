"""Import and export from the window: the jobs, what a result means in words, which files ask for their sides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication

from workstation.app.jobs import Job, Jobs
from workstation.app.workbench import Workbench
from workstation.core.changes import Changes
from workstation.workflows import export, identity, import_scans
from workstation.workflows.arriving import Asks
from workstation.workflows.export import ExportResult
from workstation.workflows.import_scans import ImportOptions, ImportResult, Told
from workstation.workflows.progress import Job as Workflow
from workstation.workflows.progress import Progress

__all__ = [
    "Asks", "ImportOptions", "ImportResult", "Progress", "Told", "are_pictures", "in_short", "key_is_missing",
    "left_unsaid", "save_refused", "start_demo", "start_export", "start_import",
]  # fmt: skip

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")


def _tr(text: str) -> str:
    return QCoreApplication.translate("importing", text)


def are_pictures(paths: Sequence[Path]) -> bool:
    """Whether a file among them is an ordinary picture, whose sides only the user knows."""
    return any(path.suffix.lower() in PICTURES for path in paths)


def left_unsaid(result: ImportResult) -> dict[Asks, list[Path]]:
    """The files an import left out because nobody had said what they show, by what is to be said of them."""
    found: dict[Asks, list[Path]] = {}
    for name, asks in result.asks:
        found.setdefault(asks, []).append(Path(name))
    return found


def key_is_missing(workbench: Workbench) -> bool:
    """Whether the library's patients could not be known again here, as its key is on another machine."""
    library = workbench.library
    if library is None or library.kind != "research" or identity.key_file(library.id).exists():
        return False
    return bool(library.ids())


def start_import(workbench: Workbench, jobs: Jobs, paths: Sequence[Path], options: ImportOptions) -> Job:
    """Import files and folders into the open library; pages hear of it when it ends, cancelled or not."""
    library = workbench.library
    assert library is not None
    own = replace(options, who=workbench.reader)
    return _telling(workbench, jobs, lambda: import_scans.run(list(paths), library, own), _tr("Importing"))


def start_demo(workbench: Workbench, jobs: Jobs) -> Job:
    """Fill the open library with the first-run scans: simulated patients and the one real scan."""
    from workstation.workflows import first_run

    library = workbench.library
    assert library is not None
    return _telling(workbench, jobs, lambda: first_run.fill(library), _tr("Making simulated scans"))


def start_export(workbench: Workbench, jobs: Jobs, out: Path, form: str, scans: Sequence[str]) -> Job:
    """Export the readings of these scans into a folder."""
    library = workbench.library
    assert library is not None
    return jobs.start(lambda: export.run(library, out, form, scans=scans), _tr("Exporting"))


def _telling(workbench: Workbench, jobs: Jobs, make: Callable[[], Workflow[Any]], title: str) -> Job:
    job = jobs.start(make, title)
    job.ended.connect(lambda: workbench.changed.emit(Changes.SCANS))
    return job


def in_short(result: object) -> str:
    """What came of an import or an export, in one line; nothing of another job."""
    if isinstance(result, ExportResult):
        return _tr("{0:,} lesions written, in {1:,} files in {2}").format(result.lesions, result.files, result.out)
    if not isinstance(result, ImportResult):
        return ""
    parts = [_tr("{0} new scans").format(result.scans) if result.scans != 1 else _tr("1 new scan")]
    if result.joined:
        parts.append(_tr("{0} completed by their other view").format(result.joined))
    if result.duplicates:
        parts.append(_tr("{0} files were there already").format(result.duplicates))
    if result.labels:
        parts.append(_tr("{0} lesions").format(result.labels))
    elif result.readings:
        parts.append(_tr("{0} readings without lesions").format(result.readings))
    if result.refused:
        parts.append(_tr("{0} files left out").format(len(result.refused)))
    return "    ".join(parts)


def save_refused(result: ImportResult, file: Path) -> str:
    """Save the refused files as CSV; a sentence where that failed, else nothing."""
    try:
        import_scans.write_refused(result, file)
    except OSError as error:
        return _tr("{0} could not be written: {1}.").format(file, error.strerror or type(error).__name__)
    return ""
