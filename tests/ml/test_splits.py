"""Nobody is both learnt from and tested on, strata are kept, and the sealed are in no part."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.folds import assign_folds
from ml.manifest import Manifest
from ml.splits import SplitError, split


def manifest(strata: dict[str, str], folds: int, sealed: tuple[str, ...] = ()) -> Manifest:
    kept = [patient for patient in strata if patient not in sealed]
    dealt = assign_folds(kept, [strata[patient] for patient in kept], folds)
    return Manifest(tuple(strata), tuple(strata), strata, dealt, sealed, "hand", {})


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 60), min_size=1, max_size=6).filter(lambda sizes: sum(sizes) >= 30),
    folds=st.integers(2, 6),
    fold=st.integers(-1, 5),
    sealed=st.integers(0, 8),
    inner=st.sampled_from([0.1, 0.2, 0.34]),
    seed=st.integers(0, 5),
)
def test_parts(sizes: list[int], folds: int, fold: int, sealed: int, inner: float, seed: int) -> None:
    strata = {f"{kind}-{number}": str(kind) for kind, size in enumerate(sizes) for number in range(size)}
    hidden = tuple(list(strata)[:sealed])
    told = manifest(strata, folds, hidden)
    fold = min(fold, folds - 1)
    parts = split(told, fold, inner, seed)
    assert not parts.train & parts.inner and not parts.train & parts.test and not parts.inner & parts.test
    assert parts.train | parts.inner | parts.test == set(strata) - set(hidden)
    assert parts.test == {patient for patient, own in told.folds.items() if own == fold}
    watched = Counter(strata[patient] for patient in parts.inner)
    for stratum, there in Counter(strata[patient] for patient in parts.train | parts.inner).items():
        assert abs(watched[stratum] - there / round(1 / inner)) < 1
    assert split(told, fold, inner, seed) == parts


def test_the_inner_part_changes_with_fold_and_seed() -> None:
    told = manifest({f"P{number}": "lung/clear" for number in range(100)}, 5)
    assert len({split(told, fold, seed=seed).inner for fold in (0, 1) for seed in (0, 1)}) == 4


def test_labels_of_an_ai_are_learnt_from_and_never_measured_on() -> None:
    strata = {f"P{number}": "lung/clear" for number in range(40)}
    beside = tuple(list(strata)[:8])
    told = manifest(strata, 4, beside[:2])
    folds = {patient: fold for patient, fold in told.folds.items() if patient not in beside}
    told = replace(told, folds=folds, train_only=beside[2:])
    for fold in (-1, 0, 3):
        parts = split(told, fold)
        assert set(beside[2:]) <= parts.train and not set(beside) & (parts.inner | parts.test)
        assert not set(beside[:2]) & parts.train and len(parts.train | parts.inner | parts.test) == 38


def test_words() -> None:
    told = manifest({f"P{number}": "lung/clear" for number in range(4)}, 2)
    with pytest.raises(SplitError, match="no fold 7: the snapshot has 0, 1"):
        split(told, 7)
    with pytest.raises(SplitError, match="too few"):
        split(manifest({"P0": "a", "P1": "b"}, 2), 0)


@settings(max_examples=30, deadline=None)
@given(fit=st.sets(st.integers(0, 39)), fold=st.integers(-1, 3))
def test_the_first_share_that_fits_is_watched(fit: set[int], fold: int) -> None:
    """Whoever fits, the tested are never asked about, and a share is as large as any other."""
    told = manifest({f"P{number}": f"lung/{number % 2}" for number in range(40)}, 4)
    wanted = {f"P{number}" for number in fit}
    asked: list[frozenset[str]] = []

    def fits(watched: frozenset[str]) -> bool:
        asked.append(watched)
        return bool(watched & wanted)

    first, parts = split(told, fold), split(told, fold, fits=fits)
    assert parts.test == first.test and parts.train | parts.inner == first.train | first.inner
    assert asked[0] == first.inner and not any(share & first.test for share in asked)
    fitting = [share for share in asked if share & wanted]
    assert parts.inner == (fitting[0] if fitting else first.inner)
    assert abs(len(parts.inner) - len(first.inner)) <= 1
    if not fitting:
        assert frozenset().union(*asked) == first.train | first.inner
