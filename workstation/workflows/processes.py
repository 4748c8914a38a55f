"""Work spread over all cores, by processes that end with their parent."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Order = TypeVar("Order")
Result = TypeVar("Result")

# What starting processes raises where shared locks or processes are refused: /dev/shm not writable, a system without.
NO_PROCESSES = (OSError, NotImplementedError)

_AHEAD = 3  # orders on their way per process: results wait here, a megabyte each, while they are written down
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
# Every process keeps one core busy; number libraries that start a thread per core each would get in one another's way.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def cores() -> int:
    """How many cores this program may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_order(
    work: Callable[[Order], Result], orders: Sequence[Order], processes: int | None = None
) -> Generator[Result, None, None]:
    """The result of each order, in their order; `work` is a function of a module, so that a process can find it.

    processes: how many to use; as many as there are cores by default, none but this one for 1. Processes that were
    killed are replaced, and where none can be had this one goes on alone: an order may then be carried out twice.
    Leaving the loop early stops them where they are.
    """
    workers = min(cores() if processes is None else processes, len(orders))
    done = 0
    while workers > 1 and done < len(orders):
        before = done
        try:
            for result in _spread(work, orders[done:], workers):
                yield result
                done += 1
        except BrokenProcessPool:
            if done == before:  # nothing came back: others will not fare better
                break
    for order in orders[done:]:
        yield work(order)


def _spread(work: Callable[[Order], Result], orders: Sequence[Order], workers: int) -> Generator[Result, None, None]:
    try:
        # Never forked: a fork of a program with threads and a window may hang.
        context = multiprocessing.get_context("spawn")
        there, here = context.Pipe(duplex=False)
        pool = ProcessPoolExecutor(min(workers, len(orders)), context, _begin, (there,))
    except NO_PROCESSES as error:
        raise BrokenProcessPool("no processes here") from error
    waiting: deque[Future[Result]] = deque()
    rest = iter(orders)
    finished = False
    try:
        while True:
            try:
                with _interrupts_held():
                    for order in islice(rest, _AHEAD * workers - len(waiting)):
                        waiting.append(pool.submit(work, order))
            except NO_PROCESSES as error:
                raise BrokenProcessPool("no processes here") from error
            finished = not waiting
            if finished:
                return
            yield waiting.popleft().result()
    finally:
        if not finished:
            here.close()  # nobody wants what they are at, and it may take seconds
        pool.shutdown(cancel_futures=True)
        here.close()
        there.close()


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C comes after this block; a process started in it never gets one, not even while it is still importing."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(there: Connection) -> None:
    """A process of `_spread`: it leaves when the other end of its pipe is closed. (An event would await the dead.)"""
    begin_process()

    def leave() -> None:
        with contextlib.suppress(EOFError, OSError):
            there.recv()
        os._exit(1)

    threading.Thread(target=leave, daemon=True).start()


def begin_process() -> None:
    """First of all: Ctrl-C is the parent's business; when it dies, however it dies, its processes go too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()
    for name in _ONE_THREAD:  # read when the libraries are loaded, which is later than this
        os.environ.setdefault(name, "1")
    _keep_memory()


def _keep_memory() -> None:
    """Let the C library keep freed megabytes for the next file; giving each back cost a tenth of an import's time."""
    if sys.platform != "linux":
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):  # a C library without this knob
        for knob in (_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD):
            ctypes.CDLL(None).mallopt(knob, 32 << 20)
