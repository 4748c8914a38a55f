"""A job in the foreground, its progress told on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from workstation.workflows.progress import Job

T = TypeVar("T")


def follow(job: Job[T]) -> T:
    """Run a job to its end; its progress is told on stderr. Stopped, it keeps what it has finished."""
    import time

    from workstation.workflows.progress import TimeLeft

    left, terminal, told_at, what = TimeLeft(), sys.stderr.isatty(), 0.0, ""
    started = time.monotonic()
    try:
        while True:
            try:
                progress = next(job)
            except StopIteration as stop:
                result: T = stop.value
                return result
            now = time.monotonic()
            seconds = left.after(progress, now)
            if not terminal:
                # Elsewhere a line for every part of a job that takes its time.
                if progress.what != what and now - started > 2.0:
                    what = progress.what
                    print(f"{what} ...", file=sys.stderr, flush=True)
            elif now - told_at > 0.1:
                told_at = now
                of = "" if progress.total is None else f" of {progress.total:,}"
                refused = f", {progress.refused} refused" if progress.refused else ""
                wait = "" if seconds is None else f", {seconds:.0f} s left"
                print(f"\r\x1b[K{progress.what}: {progress.done:,}{of}{refused}{wait}", end="", file=sys.stderr)
    finally:
        job.close()
        if terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
