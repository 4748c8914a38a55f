"""Matching against readings whose partners are known, and against every way of pairing a few lesions up."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workstation.core.lesion import Label, Lesion, Reading, ReadingKey, Roi
from workstation.core.matching import REACH_MM, groups, match
from workstation.core.overlap import dice
from workstation.core.scan import View

_PLACES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12), st.integers(1, 7)), max_size=4)


def square(name: str, row: int, column: int, size: int = 6, views=(View.ANTERIOR,), label=Label.MALIGNANT) -> Lesion:
    roi = Roi.from_mask(np.ones((size, size), bool), row, column)
    assert roi is not None
    return Lesion(name, dict.fromkeys(views, roi), label)


def reading(reader: str, *lesions: Lesion) -> Reading:
    return Reading(ReadingKey("S1", reader), {lesion.id: lesion for lesion in lesions})


def ids(pairs) -> list[tuple[str | None, str | None]]:
    return [(p.one and p.one.id, p.other and p.other.id) for p in pairs]


def test_overlapping_lesions_are_one_and_the_rest_stand_alone():
    one = reading("anna", square("a1", 10, 10), square("a2", 100, 50))
    other = reading("ben", square("b1", 300, 40), square("b2", 11, 10))
    pairs = match(one, other)
    assert ids(pairs) == [("a1", "b2"), ("a2", None), (None, "b1")]
    assert pairs[0].dice == pytest.approx(2 * 30 / 72) and pairs[1].dice == pairs[2].dice == 0


def test_the_larger_sum_wins_over_the_first_that_overlaps():
    """a1 lies best on b1, but a2 has nobody else: both are matched where that is worth more."""
    one = reading("anna", square("a1", 10, 10), square("a2", 14, 10))
    other = reading("ben", square("b1", 11, 10), square("b2", 7, 10))
    assert ids(match(one, other)) == [("a1", "b2"), ("a2", "b1")]


def test_centres_near_each_other_are_one_lesion_and_further_ones_are_not():
    step = 7  # squares of 6 pixels that do not touch
    near, far = REACH_MM / step * 0.99, REACH_MM / step * 1.01
    one, other = reading("anna", square("a", 10, 10)), reading("ben", square("b", 10 + step, 10))
    assert ids(match(one, other, (near, 2.0))) == [("a", "b")] and match(one, other, (near, 2.0))[0].dice == 0
    assert ids(match(one, other, (far, 2.0))) == [("a", None), (None, "b")]


def test_both_views_count_together_and_no_view_in_common_is_no_partner():
    both = square("a", 10, 10, views=tuple(View))
    pairs = match(reading("anna", both), reading("ben", square("b", 10, 10)))
    assert pairs[0].dice == pytest.approx(2 * 36 / (72 + 36))
    behind = square("b", 10, 10, views=(View.POSTERIOR,))
    assert ids(match(reading("anna", square("a", 10, 10)), reading("ben", behind))) == [("a", None), (None, "b")]


def test_marks_are_matched_with_marks_only():
    mark = square("m", 10, 10, label=Label.NOT_BONE)
    one, other = reading("anna", square("a", 10, 10), square("n", 50, 10, label=Label.NOT_BONE)), reading("ben", mark)
    assert ids(match(one, other)) == [("a", None)]
    assert [[lesion and lesion.id for lesion in g.lesions] for g in groups([one, other])] == [
        ["a", None], ["n", None], [None, "m"],
    ]  # fmt: skip


@settings(deadline=None)  # the first match loads scipy
@given(_PLACES, _PLACES)
def test_no_other_way_of_pairing_overlaps_more(mine, theirs):
    ones = [square(f"a{n}", *place) for n, place in enumerate(mine)]
    others = [square(f"b{n}", *place) for n, place in enumerate(theirs)]
    pairs = match(reading("anna", *ones), reading("ben", *others))
    assert sorted(p.one.id for p in pairs if p.one) == [a.id for a in ones]
    assert sorted(p.other.id for p in pairs if p.other) == [b.id for b in others]
    assert all(p.dice == pytest.approx(dice(p.one, p.other)) for p in pairs if p.one and p.other)
    few, many = sorted((ones, others), key=len)
    worth = [[dice(a, b) for b in many] for a in few]
    orders = permutations(range(len(many)), len(few))
    best = max(sum(row[at] for row, at in zip(worth, order, strict=True)) for order in orders)
    assert sum(p.dice for p in pairs) == pytest.approx(best)
    turned = match(reading("ben", *others), reading("anna", *ones))
    assert sum(p.dice for p in turned) == pytest.approx(best)


@settings(deadline=None)  # the first match loads scipy
@given(_PLACES, _PLACES)
def test_groups_of_two_are_the_pairs(mine, theirs):
    one = reading("anna", *(square(f"a{n}", *place) for n, place in enumerate(mine)))
    other = reading("ben", *(square(f"b{n}", *place) for n, place in enumerate(theirs)))
    found = [tuple(lesion and lesion.id for lesion in group.lesions) for group in groups([one, other])]
    assert sorted(map(str, found)) == sorted(map(str, ids(match(one, other))))


@settings(deadline=None)  # the first match loads scipy
@given(st.lists(_PLACES, min_size=3, max_size=4))
def test_every_lesion_is_in_one_group_and_no_reader_twice(places):
    readings = [
        reading(f"r{n}", *(square(f"{n}-{m}", *place) for m, place in enumerate(own))) for n, own in enumerate(places)
    ]
    found = groups(readings)
    there = [lesion.id for group in found for lesion in group.present]
    assert sorted(there) == sorted(name for r in readings for name in r.lesions)
    assert all(lesion is None or lesion.id in readings[n].lesions for g in found for n, lesion in enumerate(g.lesions))


def test_three_readers_of_one_lesion_are_one_group():
    readings = [reading(f"r{n}", square(f"{n}", 10 + n, 10), square(f"{n}x", 100 * (n + 1), 10)) for n in range(3)]
    found = [tuple(lesion and lesion.id for lesion in group.lesions) for group in groups(readings)]
    assert found == [("0", "1", "2"), ("0x", None, None), (None, "1x", None), (None, None, "2x")]
