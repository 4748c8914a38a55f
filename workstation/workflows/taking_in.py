"""Many files taken in at once: in this process when they are few, on all cores when they are many."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from workstation.workflows.arriving import Arrived, Rules, take_in

_FEW = 20  # files; starting a process costs as much as reading some fifty
_AHEAD = 32  # files on their way at once
_AHEAD_BYTES = 64 << 20

File = tuple[str, str, bytes]  # name, keyed hash, bytes


def taken_in(
    files: Iterable[File | None], rules: Rules, expected: int, processes: int | None = None
) -> Generator[Arrived | None, None, None]:
    """The files as they arrive, in their order. None stands for a file passed over, and is passed on at once.

    expected: about how many files there are. Closing the generator drops what has not begun.
    """
    workers = min(processes or os.cpu_count() or 1, os.cpu_count() or 1)
    if workers < 2 or expected <= _FEW:
        yield from (None if file is None else take_in(*file, rules) for file in files)
        return
    pool = _Pool(workers, rules)
    try:
        for file in files:
            if file is None:
                yield None
                continue
            while pool.full(len(file[2])):
                yield pool.first()
            pool.put(file)
        while pool.waiting:
            yield pool.first()
    finally:
        pool.close()


class _Pool:
    """Processes that take files in; the files stay here until they are done, should a process die."""

    def __init__(self, workers: int, rules: Rules) -> None:
        self._workers = workers
        self._rules = rules
        self._executor: ProcessPoolExecutor | None = None
        self._bytes = 0
        self._broken = False
        self.waiting: deque[tuple[File, Future[Arrived] | None]] = deque()

    def full(self, more: int) -> bool:
        return bool(self.waiting) and (len(self.waiting) >= _AHEAD or self._bytes + more > _AHEAD_BYTES)

    def put(self, file: File) -> None:
        self._bytes += len(file[2])
        self.waiting.append((file, self._begin(file)))

    def first(self) -> Arrived:
        file, future = self.waiting.popleft()
        self._bytes -= len(file[2])
        try:
            arrived = None if future is None else future.result()
        except BrokenProcessPool:
            # A process was killed, or none could be started here: go on alone.
            self._broken, arrived = True, None
        return take_in(*file, self._rules) if arrived is None else arrived

    def close(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)

    def _begin(self, file: File) -> Future[Arrived] | None:
        if self._broken:
            return None
        try:
            if self._executor is None:
                # Never forked: a fork of a program with threads and a window may hang.
                context = multiprocessing.get_context("spawn")
                self._executor = ProcessPoolExecutor(self._workers, mp_context=context, initializer=_live_with_parent)
            return self._executor.submit(take_in, *file, self._rules)
        except (BrokenProcessPool, OSError):
            self._broken = True
            return None


def _live_with_parent() -> None:
    """Ctrl-C is the parent's business; when it dies, however it dies, its processes go with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()
