"""How fast somebody works, from the times of their edits: pauses are no work."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

PAUSE_S = 180.0


def worked(times: Iterable[float], before: float | None = None, pause_s: float = PAUSE_S) -> float:
    """Seconds of work in the times (s) of edits as they were made; a gap longer than `pause_s` is a pause, left out.

    A clock that was set back counts from there: what it said before it was put right must not stop the count for good.
    before: the last edit before these, where there was one.
    """
    total, last = 0.0, before
    for at in times:
        if last is not None and 0 <= at - last <= pause_s:
            total += at - last
        last = at
    return total


@dataclass(frozen=True)
class Pace:
    """cases: done of total. lesions: drawn so far. seconds: worked so far. excluded: cases taken out by the clinic.

    A case that was done before it was excluded is work done, and stays among the done.
    """

    done: int
    total: int
    lesions: int
    seconds: float
    excluded: int = 0

    @property
    def lesions_per_hour(self) -> float:
        return self.lesions * 3600.0 / self.seconds if self.seconds > 0 else math.nan

    @property
    def hours_left(self) -> float:
        """At the pace so far; nan while no case is done, or none that anybody worked on in this queue."""
        if self.done == self.total:
            return 0.0
        if not self.done or self.seconds <= 0:
            return math.nan
        return (self.total - self.done) * self.seconds / 3600.0 / self.done
