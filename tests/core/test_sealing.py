"""Who is sealed: every stratum gives its share, whatever the order; how many, told in three ways."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.core.inclusion import chosen
from workstation.core.lesion import Progress
from workstation.core.sealing import drawn, number_of


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=6), share=st.floats(0, 1), seed=st.integers(0, 9),
    order=st.randoms(),
)  # fmt: skip
def test_every_stratum_gives_its_share(sizes: list[int], share: float, seed: int, order: object) -> None:
    strata = {f"{kind}{number}": f"s{kind}" for kind, size in enumerate(sizes) for number in range(size)}
    number = int(share * len(strata))
    sealed = drawn(strata, number, seed)
    assert len(set(sealed)) == len(sealed) == number and set(sealed) <= set(strata) and list(sealed) == sorted(sealed)
    own = Counter(strata[patient] for patient in sealed)
    for stratum, size in Counter(strata.values()).items():
        assert abs(own[stratum] - size * number / len(strata)) < 1 + 1e-9
    names = list(strata)
    order.shuffle(names)  # type: ignore[attr-defined]
    assert drawn({name: strata[name] for name in names}, number, seed) == sealed


def test_another_seed_seals_others() -> None:
    strata = {f"P{number}": "lung/clear" for number in range(40)}
    assert len({drawn(strata, 10, seed) for seed in range(5)}) == 5
    with pytest.raises(ValueError):
        drawn(strata, 41)


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ("40", 40), (" 1 ", 1), ("10%", 30), ("0.1", 30), ("0.001", 1), ("12.5 %", 38), ("1e2", 100),
        ("0", None), ("-3", None), ("1.0", None), ("100%", None), ("0%", None), ("", None), ("ten", None),
        ("nan", None), ("inf", None), ("nan%", None),
    ],
)  # fmt: skip
def test_how_many(asked: str, number: int | None) -> None:
    assert number_of(asked, 300) == number


class Begun:
    def __init__(self, reader: str, progress: Progress) -> None:
        self.reader, self.progress = reader, progress


OPEN, DONE, SEEN, OUT = Progress.IN_PROGRESS, Progress.DONE, Progress.REVIEWED, Progress.EXCLUDED


@pytest.mark.parametrize(
    ("begun", "reader", "whose"),
    [
        ([], None, "no reading"), ([("a", OPEN)], None, "reading not finished"), ([("a", DONE), ("b", DONE)], None, 0),
        ([("a", OPEN), ("b", DONE)], None, 1), ([("a", DONE), ("adjudicated", SEEN)], None, 1),
        ([("a", DONE), ("adjudicated", OPEN)], None, "adjudication not finished"),
        ([("a", DONE), ("adjudicated", OPEN)], "a", 0), ([("a", DONE)], "b", "no reading"),
        ([("truth", DONE), ("a", DONE)], None, 0), ([("truth", DONE), ("a", DONE)], "a", 1),
        ([("a", OUT)], None, "reading not finished"),
    ],
)  # fmt: skip
def test_whose_reading(begun: list[tuple[str, Progress]], reader: str | None, whose: int | str) -> None:
    each = [Begun(*one) for one in begun]
    found = chosen(each, reader, "adjudicated")
    assert found == whose if isinstance(whose, str) else found is each[whose]
