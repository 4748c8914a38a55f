"""Agreement out of a library against what two readers were made to say."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.made_scans import make_library
from workstation.core import edits
from workstation.core.edits import Step
from workstation.core.lesion import Label, Lesion, Progress, ReadingKey, Roi
from workstation.core.scan import View
from workstation.store.library import Library
from workstation.workflows import agreement
from workstation.workflows.progress import finish

M, B = Label.MALIGNANT, Label.BENIGN


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    made = Library.open(make_library(tmp_path / "library", 4))
    yield made
    made.close()


def read(library: Library, key: ReadingKey, lesions: dict[int, Label], grade: int, done: bool = True) -> None:
    """Squares of 10 x 10 pixels, one at each row that `lesions` names."""
    square = b"\xff" * 12 + b"\xf0"
    for row, label in lesions.items():
        lesion = Lesion(f"L{row}", {View.ANTERIOR: Roi(row, 100, 10, 10, square)}, label)
        library.append(key, Step("edit", edits.add("Add", lesion)), key.reader)
    verdict = library.session(key).reading.verdict
    progress = Progress.DONE if done else Progress.IN_PROGRESS
    said = edits.judge("Done", verdict, grade=grade, progress=progress)
    library.append(key, Step("edit", said), key.reader)


def test_two_readers(library: Library) -> None:
    """Squares shifted by 5 of 10 rows have Dice 0.5; labels agree in two of three; one lesion each is alone."""
    read(library, ReadingKey("S000", "anna"), {100: M, 300: B, 500: M}, 3)
    read(library, ReadingKey("S000", "ben"), {105: M, 300: M, 700: B}, 2)
    read(library, ReadingKey("S002", "anna"), {200: B}, 0)
    read(library, ReadingKey("S002", "ben"), {200: B}, 0)
    read(library, ReadingKey("S003", "anna"), {200: B}, 1)
    read(library, ReadingKey("S003", "ben"), {200: B}, 1, done=False)
    read(library, ReadingKey("S000", "adjudicated"), {100: M}, 3)
    found = finish(agreement.run(library))
    (pair,) = found.pairs
    assert (pair.one, pair.other, pair.rounds) == ("anna", "ben", (1, 1))
    assert (pair.scans, pair.matched, pair.only_one, pair.only_other) == (2, 3, 1, 1)
    assert pair.dice.value == pytest.approx((0.5 + 1 + 1) / 3)
    assert (pair.dice.n, pair.dice.clusters) == (3, 2)
    # [[1, 0], [1, 1]] of malignant and benign: 2/3 observed, 4/9 by chance.
    assert pair.labels.value == pytest.approx((2 / 3 - 4 / 9) / (5 / 9))
    assert pair.grades.n == 2
    assert found.metastasis is None


def test_one_reader_twice_and_three_readers(library: Library) -> None:
    for scan, grade in (("S000", 3), ("S001", 0), ("S002", 2)):
        for reader in ("anna", "ben", "cora"):
            read(library, ReadingKey(scan, reader), {100: M}, grade)
    read(library, ReadingKey("S001", "anna", 2), {100: B, 400: B}, 2)
    found = finish(agreement.run(library))
    assert [(pair.one, pair.other, pair.rounds) for pair in found.pairs] == [
        ("anna", "ben", (1, 1)), ("anna", "cora", (1, 1)), ("ben", "cora", (1, 1)), ("anna", "anna", (1, 2)),
    ]  # fmt: skip
    again = found.pairs[-1]
    assert again.same_reader and (again.scans, again.matched, again.only_other) == (1, 1, 1)
    assert again.labels.value == 0
    assert found.readers == ("anna", "ben", "cora")
    assert found.metastasis is not None and found.metastasis.value == 1


def test_the_truth_is_told_apart_and_is_no_reader(library: Library) -> None:
    """Three people of one mind, against a truth that says the contrary: Fleiss' kappa is of the people, and 1."""
    for scan, grade in (("S000", 3), ("S001", 0), ("S002", 2)):
        for reader in ("anna", "ben", "zoe"):
            read(library, ReadingKey(scan, reader), {100: M, 400: B}, grade)
        read(library, ReadingKey(scan, "truth"), {100: M}, 3 - grade)
    found = finish(agreement.run(library))
    assert [(pair.one, pair.other) for pair in found.pairs] == [
        ("anna", "ben"), ("anna", "zoe"), ("ben", "zoe"), ("anna", "truth"), ("ben", "truth"), ("zoe", "truth"),
    ]  # fmt: skip
    assert [(pair.only_one, pair.only_other) for pair in found.pairs if pair.with_truth] == [(3, 0)] * 3
    assert found.readers == ("anna", "ben", "zoe")
    assert found.metastasis is not None and found.metastasis.value == 1


def test_nothing_to_compare(library: Library) -> None:
    read(library, ReadingKey("S000", "anna"), {100: M}, 3)
    assert finish(agreement.run(library)).pairs == ()


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([100, 200, 300, 400]), st.sampled_from([M, B]), min_size=1), st.integers(0, 3))
def test_who_says_the_same_agrees(tmp_path_factory: pytest.TempPathFactory, lesions: dict, grade: int) -> None:
    library = Library.open(make_library(tmp_path_factory.mktemp("same") / "library", 1))
    for reader in ("anna", "ben"):
        read(library, ReadingKey("S000", reader), lesions, grade)
    (pair,) = finish(agreement.run(library)).pairs
    library.close()
    assert (pair.matched, pair.only_one, pair.only_other) == (len(lesions), 0, 0)
    assert pair.dice.value == pair.dice.low == 1
    assert pair.labels.value == 1 or (math.isnan(pair.labels.value) and len(set(lesions.values())) == 1)
