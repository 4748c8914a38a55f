"""Tables of the papers from trainings, made in a thread: of the tested folds, or of the sealed patients when opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from workstation.app.jobs import Job, Jobs
from workstation.app.workbench import Workbench
from workstation.workflows.progress import Job as Workflow
from workstation.workflows.progress import Progress

if TYPE_CHECKING:
    from workstation.workflows.evaluate import Reported
    from workstation.workflows.trainings import Training


@dataclass(frozen=True)
class State:
    """Of one folder's tables. finished: how many runs they are of. trouble: why there are none, or no newer ones."""

    reported: Reported | None = None
    finished: int = 0
    trouble: str = ""


class Evaluating(QObject):
    """One at a time; what was made stays until the window closes, and its report on disk for ever."""

    changed = Signal()

    def __init__(self, workbench: Workbench, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench, self._jobs = workbench, jobs
        self._states: dict[Path, State] = {}
        self._job: Job | None = None
        self.at: Path | None = None  # the folder under way
        self.step = ""
        self.cancelling = False

    def state(self, folder: Path) -> State:
        return self._states.get(folder, State())

    def start(self, run: Training, finished: int, otherwise: Path | None, final: bool = False) -> None:
        """Make the tables of a run, or of the whole cross-validation it is a fold of.

        finished: how many of its runs are done. otherwise: a snapshot to try where its own is not where it was.
        final: open the sealed patients, which counts.
        """
        if self._job is not None:
            return
        folder = run.crossval or run.folder
        workbench = self._workbench

        def making() -> Workflow[Reported]:
            from workstation.workflows import evaluate, sealing, starting

            yield Progress(0, None, self.tr("reading predictions"))
            snapshot = starting.snapshot_of(folder, run.snapshot, otherwise)
            counted = sealing.counting(snapshot, workbench.library) if final else None
            asked = evaluate.Asked(folder, snapshot, final=final, library=counted, who=workbench.reader)
            return (yield from evaluate.run(asked))

        self.at, self.step, self.cancelling = folder, "", False
        before = self.state(folder)
        self._states[folder] = State(before.reported, before.finished)
        title = self.tr("Opening the sealed patients") if final else self.tr("Making tables")
        self._job = job = self._jobs.start(making, title)
        job.progressed.connect(self._progressed)
        job.finished.connect(lambda reported: self._made(folder, reported, finished))
        job.failed.connect(lambda words: self._failed(folder, words))
        job.ended.connect(self._ended)
        self.changed.emit()

    def cancel(self) -> None:
        """Stop between two steps; an opening that was counted stays counted."""
        if self._job is not None:
            self._job.cancel()
            self.cancelling = True
            self.changed.emit()

    def _progressed(self, progress: Progress, _seconds: Any) -> None:
        if progress.what != self.step:
            self.step = progress.what
            self.changed.emit()

    def _made(self, folder: Path, reported: Reported, finished: int) -> None:
        self._states[folder] = State(reported, finished)

    def _failed(self, folder: Path, words: str) -> None:
        from workstation.workflows.trainings import line

        before = self.state(folder)
        self._states[folder] = State(before.reported, before.finished, line(words, 600))

    def _ended(self) -> None:
        self._job, self.at, self.cancelling = None, None, False
        self.changed.emit()
