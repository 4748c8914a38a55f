"""Folds: nobody in two, every stratum in all, whatever order the patients come in."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.snapshot import assign_folds

people = st.dictionaries(
    st.text(min_size=1, max_size=6),
    st.sampled_from(["lung/clear", "lung/metastatic", "breast/clear", "x"]),
    max_size=60,
)


@given(people, st.integers(1, 7), st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_folds_are_even_and_do_not_depend_on_order(
    stratum: dict[str, str], folds: int, seed: int, chance: random.Random
) -> None:
    found = assign_folds(list(stratum), list(stratum.values()), folds, seed)
    assert set(found) == set(stratum) and set(found.values()) <= set(range(folds))
    for group in (*({each} for each in set(stratum.values())), set(stratum.values())):
        sizes = Counter(fold for patient, fold in found.items() if stratum[patient] in group)
        each = [sizes[fold] for fold in range(folds)]
        assert max(each) - min(each) <= 1, group
    shuffled = list(stratum.items())
    chance.shuffle(shuffled)
    again = assign_folds([name for name, _ in shuffled], [name for _, name in shuffled], folds, seed)
    assert again == found


def test_a_patient_may_land_in_any_fold() -> None:
    patients = [f"P{number:03d}" for number in range(50)]
    strata = ["a/clear", "b/metastatic"] * 25
    per_seed = [assign_folds(patients, strata, 5, seed) for seed in range(200)]
    for patient in patients:
        times = Counter(folds[patient] for folds in per_seed)
        # 200 seeds, 40 expected in each of 5 folds, standard deviation 5.7: six of them either way.
        assert all(6 <= times[fold] <= 74 for fold in range(5)), (patient, times)
    assert per_seed[0] == assign_folds(patients, strata, 5, 0) == assign_folds(patients, strata)


@pytest.mark.parametrize(
    ("patients", "strata", "folds"),
    [(["a", "a"], ["x", "y"], 2), (["a"], [], 2), (["a"], ["x", "y"], 2), (["a"], ["x"], 0), (["a"], ["x"], -1)],
)
def test_what_cannot_be_dealt_is_refused(patients: list[str], strata: list[str], folds: int) -> None:
    with pytest.raises(ValueError):
        assign_folds(patients, strata, folds)
