"""Workflows in threads of their own: progress, time left, cancel; an answer nobody waits for any more is dropped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, cast

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal

from workstation.workflows.errors import in_words
from workstation.workflows.progress import Job as Workflow
from workstation.workflows.progress import Progress, TimeLeft

log = logging.getLogger(__name__)

# A workflow may yield thousands of times a second; the eye needs no more than this.
TOLD_EVERY_S = 0.05

_Pace = tuple[Progress, float | None, float | None]  # seconds left, steps a second


class Job(QObject):
    """One workflow under way. Its signals arrive in the window's thread, in order, and `ended` comes last, once.

    progressed: (Progress, seconds left or None). finished: the workflow's result. failed: a sentence. stopped: it was
    cancelled before its end; what it had done stays done. rate: steps a second of the part under way, None at first.
    """

    progressed = Signal(object, object)
    finished = Signal(object)
    failed = Signal(str)
    stopped = Signal()
    ended = Signal()
    _said = Signal(str, object)

    def __init__(self, make: Callable[[], Workflow[Any]], title: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.title = title
        self.rate: float | None = None
        self._make = make
        self._cancelled = threading.Event()
        self._dropped = False
        # What the thread says is heard in this object's thread, one event after the other.
        self._said.connect(self._hear, Qt.ConnectionType.QueuedConnection)
        self._thread = threading.Thread(target=self._work, name=title, daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Stop between two steps."""
        self._cancelled.set()

    def drop(self) -> None:
        """Cancel, and say nothing any more but `ended`: nobody waits for the answer."""
        self._dropped = True
        self._cancelled.set()

    def wait(self, seconds: float) -> bool:
        """True once the thread is gone."""
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _hear(self, what: str, value: object) -> None:
        if what == "ended":
            self.ended.emit()
        elif self._dropped:
            return
        elif what == "progressed":
            progress, seconds, self.rate = cast(_Pace, value)
            self.progressed.emit(progress, seconds)
        elif what == "finished":
            self.finished.emit(value)
        elif what == "failed":
            self.failed.emit(value)
        else:
            self.stopped.emit()

    # In the thread

    def _work(self) -> None:
        try:
            self._say(*self._run())
        finally:
            self._say("ended")

    def _run(self) -> tuple[str, object]:
        try:
            workflow = self._make()
            try:
                self._step_through(workflow)
                return "stopped", None
            except StopIteration as stop:
                return "finished", stop.value
            finally:
                workflow.close()
        except Exception as error:
            words = in_words(error)
            if words is None:
                # The traceback only: an error's text may quote a patient's name out of a file.
                from workstation.workflows.home import log_mistake

                file = log_mistake(error)
                log.error("a mistake of ours in the job %s: %s, written to %s", self.title, type(error).__name__, file)
                words = QCoreApplication.translate(
                    "Job", "Osteoscope made a mistake ({0}). Please report it, with the file {1}."
                ).format(type(error).__name__, file)
            return "failed", words

    def _step_through(self, workflow: Workflow[Any]) -> None:
        """Until the workflow returns (StopIteration) or the job is cancelled."""
        left, told = TimeLeft(), 0.0
        part, began, first = "", 0.0, 0
        while not self._cancelled.is_set():
            progress = next(workflow)
            now = time.monotonic()
            if progress.what != part or progress.done < first:
                part, began, first = progress.what, now, progress.done
            seconds = left.after(progress, now)
            if now - told >= TOLD_EVERY_S or progress.done == progress.total:
                told = now
                rate = (progress.done - first) / (now - began) if now - began > 0.5 else None
                self._say("progressed", (progress, seconds, rate))

    def _say(self, what: str, value: object = None) -> None:
        try:
            self._said.emit(what, value)
        except RuntimeError:
            log.info("the window closed before the job %s did", self.title)


class Jobs(QObject):
    """The jobs of one window."""

    started = Signal(object)  # Job

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.running: list[Job] = []

    def start(self, make: Callable[[], Workflow[Any]], title: str) -> Job:
        """Run the workflow that `make` gives. Connect to the job's signals before the event loop turns."""
        job = Job(make, title, self)
        self.running.append(job)
        job.ended.connect(self._forget)
        self.started.emit(job)
        job.start()
        return job

    def stop(self, seconds: float = 10.0) -> bool:
        """Drop everything and wait, e.g. before the window closes. True where all jobs are gone."""
        for job in self.running:
            job.drop()
        gone = [job.wait(seconds) for job in self.running]
        self.running.clear()
        return all(gone)

    def _forget(self) -> None:
        job = self.sender()
        if isinstance(job, Job) and job in self.running:
            self.running.remove(job)
            job.deleteLater()
