"""How far a job has come, and how long it will still take."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Progress:
    """done of total steps; total is None while it is not known. what: the step in words. refused: what was left out."""

    done: int
    total: int | None
    what: str
    refused: int = 0


Job = Generator[Progress, None, T]
"""A workflow: yields its progress, returns its result; closing it stops it, and what was finished stays."""


class TimeLeft:
    """Seconds left, from the pace of the last stretch: the beginning of a job is often slower than the rest."""

    _STRETCH = 64
    _AT_LEAST = 0.5  # seconds watched before anything is said

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque(maxlen=self._STRETCH)

    def after(self, progress: Progress, now: float) -> float | None:
        """Seconds left after `progress` was seen at `now` (a monotonic clock); None while nobody can say."""
        if self._seen and progress.done < self._seen[-1][1]:
            self._seen.clear()  # the job began another part
        self._seen.append((now, progress.done))
        first, start = self._seen[0]
        if progress.total is None or progress.done <= start or now - first < self._AT_LEAST:
            return None
        return max(progress.total - progress.done, 0) * (now - first) / (progress.done - start)


def finish(job: Job[T]) -> T:
    """Run a workflow to its end, deaf to its progress."""
    while True:
        try:
            next(job)
        except StopIteration as stop:
            result: T = stop.value
            return result
