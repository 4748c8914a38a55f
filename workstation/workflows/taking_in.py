"""Many files taken in at once: in this process when they are few, on all cores when they are many."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

from workstation.workflows.arriving import Arrived, Rules, take_in
from workstation.workflows.parcel import Parcel, packed, unpacked
from workstation.workflows.processes import NO_PROCESSES, begin_process

_FEW = 20  # files; starting a process costs as much as reading some fifty
_LOT = 4  # files handed over together
_LOT_BYTES = 8 << 20
_AHEAD = 32  # files on their way at once
_AHEAD_BYTES = 64 << 20

File = tuple[str, str, bytes]  # name, keyed hash, bytes


def taken_in(
    files: Iterable[File | None], rules: Rules, expected: int, processes: int | None = None
) -> Generator[Arrived | None, None, None]:
    """The files as they arrive, in their order. None stands for a file passed over, and is passed on at once.

    expected: about how many files there are. processes: how many to start, as many as there are cores if None.
    Closing the generator drops what has not begun.
    """
    workers = (os.cpu_count() or 1) if processes is None else processes
    if workers < 1 or expected <= _FEW:
        yield from (None if file is None else take_in(*file, rules) for file in files)
        return
    pool = _Pool(workers, rules)
    try:
        for file in files:
            if file is None:
                yield None
                continue
            while pool.full(len(file[2])):
                yield from pool.first()
            pool.put(file)
        while pool.waiting:
            yield from pool.first()
    finally:
        pool.close()


@dataclass
class _Lot:
    """Files that go to a process together: handing over one at a time, processes wait for this one to wake up."""

    files: list[File] = field(default_factory=list)
    bytes: int = 0
    future: Future[list[Parcel]] | None = None


class _Pool:
    """Processes that take files in; the files stay here until they are done, should a process die."""

    def __init__(self, workers: int, rules: Rules) -> None:
        self._workers = workers
        self._rules = rules
        self._executor: ProcessPoolExecutor | None = None
        self._broken = False
        self.waiting: deque[_Lot] = deque()

    def full(self, more: int) -> bool:
        files, size = sum(len(lot.files) for lot in self.waiting), sum(lot.bytes for lot in self.waiting)
        return files > 0 and (files >= _AHEAD or size + more > _AHEAD_BYTES)

    def put(self, file: File) -> None:
        if not self.waiting or self.waiting[-1].future is not None or self._broken:
            self.waiting.append(_Lot())
        lot = self.waiting[-1]
        lot.files.append(file)
        lot.bytes += len(file[2])
        if len(lot.files) >= _LOT or lot.bytes >= _LOT_BYTES:
            self._begin(lot)

    def first(self) -> list[Arrived]:
        """The files of the first lot, as they arrived."""
        lot = self.waiting.popleft()
        if lot.future is None:
            self._begin(lot)
        try:
            parcels = None if lot.future is None else lot.future.result()
        except BrokenProcessPool:
            # A process was killed, or none could be started here: go on alone.
            self._broken, parcels = True, None
        if parcels is None:
            return [take_in(*file, self._rules) for file in lot.files]
        return [unpacked(parcel) for parcel in parcels]

    def close(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)

    def _begin(self, lot: _Lot) -> None:
        if self._broken:
            return
        try:
            if self._executor is None:
                # Never forked: a fork of a program with threads and a window may hang.
                context = multiprocessing.get_context("spawn")
                self._executor = ProcessPoolExecutor(self._workers, mp_context=context, initializer=begin_process)
            lot.future = self._executor.submit(_carry_out, lot.files, self._rules)
        except (BrokenProcessPool, *NO_PROCESSES):
            self._broken = True


def _carry_out(files: list[File], rules: Rules) -> list[Parcel]:
    return [packed(take_in(*file, rules)) for file in files]
