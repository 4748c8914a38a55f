"""Attributes computed once for each object, whoever else is computing theirs."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from workstation.app.lazy import lazy

PATIENCE = 20.0  # seconds until a test that waits for another thread fails


@dataclass(frozen=True, eq=False)
class Slow:
    begun: threading.Event = field(default_factory=threading.Event)
    may_end: threading.Event = field(default_factory=threading.Event)
    times: list[int] = field(default_factory=list)

    @lazy
    def value(self) -> int:
        """What takes long."""
        self.times.append(1)
        self.begun.set()
        assert self.may_end.wait(PATIENCE)
        return self.double // 2

    @lazy
    def double(self) -> int:
        return 84


def test_one_object_does_not_wait_while_another_is_computed() -> None:
    slow, quick = Slow(), Slow()
    quick.may_end.set()
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(lambda: slow.value)
        assert slow.begun.wait(PATIENCE)
        try:
            assert quick.value == 42 and not coming.done()
            assert slow.double == 84  # nor do other attributes of the same object
        finally:
            slow.may_end.set()
        assert coming.result(PATIENCE) == 42


def test_two_threads_compute_it_once() -> None:
    slow = Slow()
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(lambda: slow.value) for _ in range(2)]
        assert slow.begun.wait(PATIENCE)
        slow.may_end.set()
        assert [one.result(PATIENCE) for one in both] == [42, 42]
    assert slow.times == [1] and Slow.value.__doc__ == "What takes long."


def test_what_failed_is_tried_again() -> None:
    class Failing:
        tries = 0

        @lazy
        def value(self) -> int:
            self.tries += 1
            if self.tries == 1:
                raise ValueError
            return self.tries

    made: Any = Failing()
    with pytest.raises(ValueError):
        _ = made.value
    assert (made.value, made.value) == (2, 2)
