"""Dealing scans to people: everything once, patients whole, evenly, and the same again for the same seed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.core.dealing import deal, drawn
from workstation.core.people import Person, Role, Task, refusal

patients = st.lists(st.integers(1, 5), min_size=1, max_size=30)  # scans of each


@given(patients, st.integers(1, 6), st.integers(0, 9))
def test_everything_is_dealt_once_and_evenly(sizes: list[int], hands: int, seed: int) -> None:
    of = {f"S{p}-{n}": f"P{p}" for p, size in enumerate(sizes) for n in range(size)}
    scans = sorted(of, key=lambda scan: scan[::-1])
    dealt = deal(scans, of, hands, seed)
    assert sorted(scan for hand in dealt for scan in hand) == sorted(scans)
    assert all(hand == [scan for scan in scans if scan in hand] for hand in dealt), "in the order given"
    holders = {(of[scan], n) for n, hand in enumerate(dealt) for scan in hand}
    assert len(holders) == len(sizes), "a patient's scans stay together"
    assert max(map(len, dealt)) - min(map(len, dealt)) <= max(sizes)
    assert deal(scans[::-1], of, hands, seed) == [hand[::-1] for hand in dealt], "whatever order they come in"


@given(st.integers(0, 200), st.floats(0, 1), st.integers(0, 9))
def test_a_share_is_drawn_by_its_seed(scans: int, share: float, seed: int) -> None:
    names = [f"S{n:03d}" for n in range(scans)]
    found = drawn(names, share, seed)
    assert found == [name for name in names if name in found] and len(set(found)) == len(found)
    assert abs(len(found) - share * scans) <= 0.5 or len(found) == 1
    assert bool(found) == bool(share and scans)


def test_seeds_differ_and_a_share_is_one() -> None:
    names = [f"S{n}" for n in range(40)]
    of = {name: name for name in names}
    assert deal(names, of, 2, 0) != deal(names, of, 2, 1) and drawn(names, 0.5, 0) != drawn(names, 0.5, 1)
    with pytest.raises(ValueError):
        drawn(names, 1.1)


def test_what_is_whose() -> None:
    everybody = [Person(str(role), role) for role in Role]
    allowed = {
        task: [person.name for person in everybody if refusal(task, person.name, everybody) is None] for task in Task
    }
    assert allowed == {Task.ADJUDICATE: ["adjudicator"], Task.REFERENCE: ["physician", "researcher"]}
    assert refusal(Task.ADJUDICATE, "anybody", []) is None, "nobody has shared out the work"
    assert "anybody has no role here" in (refusal(Task.ADJUDICATE, "anybody", everybody) or "")
    assert "annotator is an annotator here" in (refusal(Task.REFERENCE, "annotator", everybody) or "")
