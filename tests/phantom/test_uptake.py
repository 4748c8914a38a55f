"""Drawn uptake against the figures it is drawn from: medians, spreads, shares, and what belongs to whom."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from workstation.phantom.pose import Body, Sex, draw_body
from workstation.phantom.skeleton import standard
from workstation.phantom.uptake import Uptake, again, draw_bones, draw_uptake

BONES = standard().bones
TABLE = np.array([bone.uptake for bone in BONES])
NAMES = np.array([bone.name for bone in BONES])
KINDS = np.array([bone.kind for bone in BONES])
GROUPS = np.array([bone.group for bone in BONES])
SIDES = np.array([bone.side for bone in BONES])


def body(sex: Sex = "M", bmi: float = 25.0) -> Body:
    one = draw_body(np.random.default_rng(0), sex, 50)
    return replace(one, weight_kg=bmi * (one.height_mm / 1000) ** 2)


@cache
def many(number: int, age: int, sex: Sex = "M", bmi: float = 25.0) -> np.ndarray:
    """Uptake of every bone of `number` patients, (patients, bones)."""
    who = body(sex, bmi)
    return np.array([draw_bones(who, age, np.random.default_rng(seed)) for seed in range(number)])


def overall(drawn: np.ndarray) -> np.ndarray:
    """Per patient the middle ratio to the table, of bones whose figure in it is taken as it stands."""
    bone = np.isin(GROUPS, ("cspine", "tspine", "sacrum", "forearm", "tibia"))
    return np.asarray(np.median(drawn[:, bone] / TABLE[bone], axis=1))


def pair(drawn: np.ndarray, name: str) -> np.ndarray:
    """Logarithm of left over right."""
    left, right = (drawn[:, (name == NAMES) & (side == SIDES)][:, 0] for side in (1, -1))
    return np.asarray(np.log(left / right))


def same(one: Uptake, two: Uptake) -> bool:
    return one.bones.tobytes() == two.bones.tobytes() and one.flesh.grain.tobytes() == two.flesh.grain.tobytes()


@pytest.fixture(scope="module")
def fifty() -> np.ndarray:
    return many(600, 50)


def test_the_same_seed_draws_the_same_bytes() -> None:
    first, second, other = (draw_uptake(body(), 60, np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert same(first, second) and not same(first, other)
    assert same(again(first, np.random.default_rng(1)), again(second, np.random.default_rng(1)))


def test_bone_over_soft_tissue_is_lognormal_about_its_median(fifty: np.ndarray) -> None:
    logarithm = np.log(overall(fifty))
    middle = np.percentile(logarithm, [16, 50, 84])
    assert middle[1] == pytest.approx(np.log(2.3), abs=0.06)
    assert (middle[2] - middle[0]) / 2 == pytest.approx(0.31, abs=0.05)


def test_contrast_falls_with_age_and_weight_and_rises_in_the_young_and_slim(fifty: np.ndarray) -> None:
    usual = np.median(overall(fifty))
    assert np.median(overall(many(250, 80))) / usual == pytest.approx(1 - 0.006 * 30, abs=0.07)
    assert np.median(overall(many(200, 50, bmi=36))) < 0.93 * usual
    assert np.median(overall(many(200, 28, bmi=20))) > 1.1 * usual


def test_sides_differ_a_little(fifty: np.ndarray) -> None:
    for name in ("iliac_wing", "humerus_shaft", "tibia_shaft"):
        ratio = pair(fifty, name)
        assert ratio.mean() == pytest.approx(0, abs=0.025) and 0.10 < ratio.std() < 0.2


def test_neighbouring_vertebrae_are_alike_but_not_the_same(fifty: np.ndarray) -> None:
    def step(one: str, two: str) -> np.ndarray:
        first, second = (fifty[:, name == NAMES][:, 0] / TABLE[name == NAMES] for name in (one, two))
        return np.asarray(np.log(first / second))

    assert 0.06 < step("T8", "T9").std() < 0.18
    assert step("C7", "L5").std() > step("T8", "T9").std()
    bodies = [name for name in NAMES if name in {f"T{number}" for number in range(1, 13)}]
    whole = np.log(fifty[:, [int(np.flatnonzero(name == NAMES)[0]) for name in bodies]] / TABLE[NAMES == "T1"])
    assert 0.06 < np.median(whole.std(axis=1)) < 0.15


def test_ageing_joints_gain_mildly_on_both_sides() -> None:
    def gain(age: int) -> np.ndarray:
        drawn = many(200, age)
        knee, shaft = drawn[:, NAMES == "tibial_plateau"], drawn[:, NAMES == "tibia_shaft"]
        return np.asarray(np.log(knee.mean(axis=1) / shaft.mean(axis=1)))

    old, middle = gain(75), gain(40)
    rise = np.median(old) - np.median(middle)
    assert 0.05 < rise < 0.3  # under the 0.3 of the background at which a focus counts as visible
    assert np.percentile(old, 99) - np.median(middle) < 0.6
    assert np.percentile(np.abs(pair(many(200, 75), "tibial_plateau")), 95) < 0.6


def test_growing_ends_are_hot_in_the_young() -> None:
    young, adult = many(150, 20), many(150, 40)

    def ratio(drawn: np.ndarray) -> float:
        return float(np.median(drawn[:, NAMES == "tibial_plateau"][:, 0] / drawn[:, NAMES == "tibia_shaft"][:, 0]))

    assert ratio(young) > 1.2 * ratio(adult)


def test_older_women_have_bright_skulls() -> None:
    def skull(sex: Sex, age: int) -> float:
        drawn = many(200, age, sex)
        relative = drawn[:, NAMES == "calvarium"][:, 0] / TABLE[NAMES == "calvarium"]
        return float(np.median(relative / overall(drawn)))

    assert 1.2 < skull("F", 65) / skull("M", 65) < 1.5
    assert 0.95 < skull("F", 40) / skull("M", 40) < 1.15


def test_kidneys_and_bladder_keep_to_their_ranges(fifty: np.ndarray) -> None:
    drawn = many(600, 50)
    kidneys = drawn[:, NAMES == "kidney"]
    low = kidneys.min(axis=1) < 0.4 * kidneys.max(axis=1)
    assert 0.025 < low.mean() < 0.08  # one absent or hardly there
    works = ~low
    usual = kidneys[works]
    assert usual.max() <= 8 and np.mean(usual < 1) < 0.04 and 2.5 < np.median(usual) < 4.5
    assert np.log(usual[:, 0] / usual[:, 1]).std() == pytest.approx(0.15, abs=0.02)
    bladder = drawn[:, KINDS == "bladder"]
    assert bladder.min() >= 15 and bladder.max() <= 150 and 24 < np.median(bladder) < 42


def test_renal_failure_is_commoner_in_the_old_and_dims_kidneys_and_contrast() -> None:
    def share(age: int) -> float:
        return float((many(400, age)[:, NAMES == "kidney"].max(axis=1) < 1.25).mean())

    assert share(35) < 0.03 < share(85) < 0.16


def test_everything_is_positive_and_women_have_no_scrotum(fifty: np.ndarray) -> None:
    assert (fifty[:, KINDS == "bone"] > 0).all() and np.isfinite(fifty).all()
    assert (fifty[:, KINDS == "lung"] == 0).all()
    scrotum = NAMES == "urethra_scrotum"
    assert (many(5, 50, "F")[:, scrotum] == 0).all() and (fifty[:, scrotum] > 0).all()


def test_another_scan_of_the_same_person_has_the_same_pattern() -> None:
    who, bone = body(), KINDS == "bone"
    near, far, patterns = [], [], []
    for seed in range(40):
        first = draw_uptake(who, 60, np.random.default_rng(seed))
        second = again(first, np.random.default_rng(seed + 1000))
        other = draw_uptake(who, 60, np.random.default_rng(seed + 500))
        near.append(np.log(second.bones[bone] / first.bones[bone]).std())
        far.append(np.log(other.bones[bone] / first.bones[bone]).std())
        patterns.append(second.flesh.fat_mm == first.flesh.fat_mm and second.flesh.breasts == first.flesh.breasts)
        assert not np.array_equal(second.flesh.grain, first.flesh.grain)
        gone = (first.bones == 0) & (NAMES == "kidney")
        assert (second.bones[gone] == 0).all()
    assert np.mean(near) == pytest.approx(0.04, abs=0.01) and np.mean(far) > 3 * np.mean(near)
    assert all(patterns)
