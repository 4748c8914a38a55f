"""Which cases come back: how many, how far behind, to be known again from the seed; and the pace of work."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.core.pace import Pace, worked
from workstation.core.repeats import shuffled, with_repeats


@given(st.integers(0, 300), st.floats(0, 1), st.integers(1, 40), st.integers(0, 9))
def test_repeats_keep_share_gap_and_order(n: int, share: float, gap: int, seed: int) -> None:
    scans = [f"S{number}" for number in range(n)]
    items = with_repeats(scans, share, gap, seed)
    assert [item.scan for item in items if not item.again] == scans
    again = [(at, item.scan) for at, item in enumerate(items) if item.again]
    assert len(again) == min(round(share * n), max(n - gap, 0))
    assert len({scan for _, scan in again}) == len(again)
    first = {item.scan: at for at, item in reversed(list(enumerate(items)))}
    assert all(at - first[scan] >= gap for at, scan in again)
    assert items == with_repeats(scans, share, gap, seed)


def test_five_percent_of_400_cases_come_back_all_over_the_list() -> None:
    scans = [f"S{number}" for number in range(400)]
    places = [at for seed in range(50) for at, item in enumerate(with_repeats(scans, seed=seed)) if item.again]
    assert len(places) == 50 * 20
    assert min(places) >= 20
    assert max(places) > 380
    assert with_repeats(scans, seed=1) != with_repeats(scans, seed=2)


def test_a_random_order_depends_on_scans_and_seed_only() -> None:
    scans = [f"S{number}" for number in range(50)]
    assert shuffled(scans, 3) == shuffled(scans[::-1], 3) != shuffled(scans, 4)
    assert sorted(shuffled(scans, 3)) == sorted(scans)


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError):
        with_repeats(["S"], share=1.5)
    with pytest.raises(ValueError):
        with_repeats(["S"], gap=0)


def test_pauses_are_no_work() -> None:
    """Edits at 0, 60 and 240 s, a pause of ten minutes, then 30 s more: 60 + 180 + 30."""
    times = [0.0, 60.0, 240.0, 840.0, 870.0]
    assert worked(times) == 270
    assert worked(times[3:], before=240.0) + worked(times[:3]) == 270
    assert worked([]) == worked([5.0]) == 0


@given(st.lists(st.floats(0, 1e6), max_size=40), st.integers(0, 40))
def test_counting_on_is_counting_anew(times: list[float], cut: int) -> None:
    times.sort()
    before = times[:cut]
    on = worked(times[cut:], before[-1] if before else None)
    assert worked(before) + on == pytest.approx(worked(times))


def test_pace() -> None:
    pace = Pace(done=10, total=40, lesions=60, seconds=1800)
    assert pace.lesions_per_hour == 120
    assert pace.hours_left == pytest.approx(1.5)
    assert math.isnan(Pace(0, 5, 0, 0).hours_left)
    assert math.isnan(Pace(2, 5, 0, 0).hours_left), "both were done before the queue was made"
    assert math.isnan(Pace(0, 5, 0, 0).lesions_per_hour)
    assert Pace(5, 5, 0, 0).hours_left == 0
