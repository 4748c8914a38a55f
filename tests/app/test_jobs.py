"""Workflows in threads: what is heard, in which thread, and what is not heard any more."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QThread

from workstation.app.jobs import Job, Jobs
from workstation.store.errors import LibraryError
from workstation.workflows.progress import Progress


@pytest.fixture
def jobs(qapp):
    made = Jobs()
    yield made
    assert made.stop()


class Heard:
    """All signals of a job, in order, and that each arrived in the window's thread."""

    def __init__(self, job: Job) -> None:
        self.said: list[tuple] = []
        job.progressed.connect(lambda progress, seconds: self._add("progressed", progress))
        job.finished.connect(lambda result: self._add("finished", result))
        job.failed.connect(lambda words: self._add("failed", words))
        job.stopped.connect(lambda: self._add("stopped"))
        job.ended.connect(lambda: self._add("ended"))

    def _add(self, *said) -> None:
        from PySide6.QtCore import QCoreApplication

        assert QThread.currentThread() is QCoreApplication.instance().thread()
        self.said.append(said)

    @property
    def names(self) -> list[str]:
        return [said[0] for said in self.said]


def test_a_job_tells_its_last_progress_then_its_result_then_ends(qtbot, jobs):
    threads = []

    def work():
        for done in range(1, 4):
            threads.append(threading.current_thread())
            yield Progress(done, 3, "counting")
        return "three"

    job = jobs.start(work, "Counting")
    heard = Heard(job)
    with qtbot.waitSignal(job.ended):
        pass
    assert heard.said[-3:] == [("progressed", Progress(3, 3, "counting")), ("finished", "three"), ("ended",)]
    assert threading.main_thread() not in threads
    assert jobs.running == []


def test_cancel_closes_the_workflow_between_two_steps(qtbot, jobs):
    steps, closed = [], threading.Event()
    go_on = threading.Semaphore(1)

    def work():
        try:
            while True:
                go_on.acquire()
                steps.append(len(steps))
                yield Progress(len(steps), None, "for ever")
        finally:
            closed.set()

    job = jobs.start(work, "For ever")
    heard = Heard(job)
    qtbot.waitUntil(lambda: "progressed" in heard.names)
    with qtbot.waitSignal(job.ended):
        job.cancel()
        go_on.release()
    assert closed.is_set()
    assert len(steps) <= 2
    assert heard.names[-2:] == ["stopped", "ended"]
    assert "finished" not in heard.names


def test_a_dropped_job_says_nothing_but_that_it_ended(qtbot, jobs):
    go_on = threading.Event()

    def work():
        yield Progress(0, 1, "waiting")
        go_on.wait(5)
        yield Progress(1, 1, "late")
        return "late answer"

    job = jobs.start(work, "Late")
    heard = Heard(job)
    qtbot.waitUntil(lambda: bool(heard.said))
    before = list(heard.said)
    with qtbot.waitSignal(job.ended):
        job.drop()
        go_on.set()
    assert heard.said == [*before, ("ended",)]


def test_an_error_of_the_world_is_told_in_its_own_words(qtbot, jobs):
    def work():
        yield Progress(0, 1, "writing")
        raise LibraryError("The disk is full. Make room and try again.")

    job = jobs.start(work, "Writing")
    heard = Heard(job)
    with qtbot.waitSignal(job.ended):
        pass
    assert heard.said[-2:] == [("failed", "The disk is full. Make room and try again."), ("ended",)]


@pytest.mark.logs_errors
def test_a_mistake_of_ours_is_logged_without_quoting_and_asks_to_be_reported(qtbot, jobs, caplog, tmp_library_home):
    patient = "^".join(("Doe", "Jane"))

    def work():
        yield Progress(0, 1, "dividing")
        raise ZeroDivisionError(patient)

    job = jobs.start(work, "Dividing")
    heard = Heard(job)
    with qtbot.waitSignal(job.ended):
        pass
    ((_, words),) = [said for said in heard.said if said[0] == "failed"]
    assert "ZeroDivisionError" in words and "report" in words
    log = (tmp_library_home / "osteoscope.log").read_text()
    assert "test_jobs.py" in log and patient not in log + words + caplog.text


def test_stopping_ends_every_thread_before_the_window_goes(qapp):
    jobs = Jobs()
    ended = []

    def work():
        try:
            while True:
                yield Progress(0, None, "spinning")
        finally:
            ended.append(1)

    for _ in range(3):
        jobs.start(work, "Spinning")
    assert jobs.stop()
    assert len(ended) == 3
