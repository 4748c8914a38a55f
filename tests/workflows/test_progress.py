"""Time left follows the pace, and says nothing before it can."""

from __future__ import annotations

import pytest

from workstation.workflows.progress import Progress, TimeLeft


def test_a_steady_pace_gives_the_exact_time() -> None:
    left = TimeLeft()
    said = [left.after(Progress(done, 100, ""), done * 0.25) for done in range(101)]
    assert said[0] is None and said[1] is None
    for done in range(3, 101):
        assert said[done] == pytest.approx((100 - done) * 0.25)


def test_a_slow_beginning_is_forgotten() -> None:
    left = TimeLeft()
    now = 0.0
    for done in range(300):
        now += 5.0 if done < 3 else 0.1
        said = left.after(Progress(done, 400, ""), now)
    assert said == pytest.approx((400 - 299) * 0.1)


def test_another_part_of_the_job_begins_anew() -> None:
    left = TimeLeft()
    for done in range(50):
        left.after(Progress(done, 50, "reading"), done * 1.0)
    assert left.after(Progress(0, 10, "writing"), 60.0) is None
    assert left.after(Progress(5, 10, "writing"), 65.0) == pytest.approx(5.0)


def test_without_a_total_nothing_is_said() -> None:
    left = TimeLeft()
    assert [left.after(Progress(done, None, ""), done * 1.0) for done in range(5)] == [None] * 5
