"""Bodies as people have them: bones under the skin, weight in kilograms, limbs that keep their length."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import label

from workstation.phantom.body import Body, draw_body, lie_again
from workstation.phantom.limbs import arm, leg
from workstation.phantom.pose import breasts, clothe, move, pose_bones
from workstation.phantom.projection import Chords, Grid, capsules, ellipsoids, join
from workstation.phantom.skeleton import HEAD, TRUNK, Skeleton, standard
from workstation.phantom.skin import surface

GRID = Grid(500, 190, 4.6, -435.0, -220.0)
WINDOW_MM = 520.0


@cache
def body(seed: int, bmi: float = 0) -> Body:
    rng = np.random.default_rng(seed)
    drawn = draw_body(rng, "MF"[seed % 2], int(rng.integers(35, 88)))  # type: ignore[arg-type]
    return replace(drawn, weight_kg=bmi * (drawn.height_mm / 1000) ** 2) if bmi else drawn


def straight(drawn: Body) -> Body:
    """The same person lying quite straight, arms beside the body."""
    posture = drawn.posture
    one, two = (replace(each, spread=0.05, roll=0.1, lift=0.0, cross=0.0, point=-0.1) for each in posture.legs)
    return with_arms(
        replace(drawn, posture=replace(posture, head_turn=0.0, legs=(one, two), lean=0.0, trunk_turn=0.0)),
        rest="beside",
        elbow_mm=10.0,
        hand_mm=20.0,
    )


def with_arms(drawn: Body, **changes: Any) -> Body:
    left, right = (replace(each, **changes) for each in drawn.posture.arms)
    return replace(drawn, posture=replace(drawn.posture, arms=(left, right)))


@cache
def skin_of(seed: int, bmi: float = 0) -> tuple[np.ndarray, np.ndarray]:
    return surface(clothe(body(seed, bmi)), GRID)


def chords_of(skeleton: Skeleton, *kinds: str) -> Chords:
    chords = join(ellipsoids(skeleton.ellipsoids, GRID), capsules(skeleton.capsules, GRID))
    kind = np.array([bone.kind for bone in skeleton.bones])
    return chords.where(np.isin(kind[chords.bone], kinds) & (chords.sign > 0))


@pytest.mark.parametrize(("seed", "bmi"), [(0, 0), (1, 0), (2, 41), (3, 16.5), (4, 16.5), (5, 41), (6, 0), (7, 28)])
def test_bones_and_organs_lie_under_the_skin(seed: int, bmi: float) -> None:
    back, front = skin_of(seed, bmi)
    chords = chords_of(pose_bones(body(seed, bmi), standard()), "bone", "kidney", "bladder", "lung")
    here = chords.row, chords.column
    low, high = np.nan_to_num(back, nan=1e9)[here], np.nan_to_num(front, nan=-1e9)[here]
    within = np.maximum(np.minimum(high, chords.front) - np.maximum(low, chords.back), 0)
    assert 1 - within.sum() / (chords.front - chords.back).sum() < 0.02


def test_the_skin_holds_what_the_person_weighs() -> None:
    """Flesh weighs about 1 kg per litre; the lungs hold about 3 litres of air."""
    ratio = []
    for seed in range(12):
        bmi = (0, 18, 39)[seed % 3]
        back, front = skin_of(seed, bmi)
        litres = np.nansum(front - back) * GRID.spacing_mm**2 / 1e6
        ratio.append((litres - 3) / body(seed, bmi).weight_kg)
    assert np.mean(ratio) == pytest.approx(1, abs=0.08)
    assert np.min(ratio) > 0.8 and np.max(ratio) < 1.25


@pytest.mark.parametrize(("seed", "bmi"), [(0, 0), (1, 17), (2, 40), (5, 0), (8, 0)])
def test_the_outline_is_one_piece_without_holes_or_steps(seed: int, bmi: float) -> None:
    inside = ~np.isnan(skin_of(seed, bmi)[1])
    assert label(inside)[1] == 1
    rows = np.flatnonzero(inside.any(axis=1))
    assert (np.diff(rows) == 1).all()
    # With the arms out of the way the flanks, hips and thighs run on without a step.
    lying = with_arms(straight(body(seed, bmi)), rest="raised")
    inside = ~np.isnan(surface(clothe(lying), GRID)[1])
    first, last = (round((y * lying.scale - GRID.top_mm) / GRID.spacing_mm) for y in (500, 1200))
    flank = inside[first:last]
    for edge in (flank.argmax(axis=1), flank[:, ::-1].argmax(axis=1)):
        assert np.abs(np.diff(edge)).max() * GRID.spacing_mm < 12


def test_widths_are_those_of_the_real_patient() -> None:
    """The reference scan, a large man of about 165 cm: head 174 mm, thighs 142-165, knees 113-122, calves 90."""
    widths = []
    for seed in range(0, 16, 2):
        large = straight(replace(body(seed), height_mm=1660.0, weight_kg=30 * 1.66**2))
        large = with_arms(large, elbow_mm=120.0, hand_mm=200.0)
        inside = ~np.isnan(surface(clothe(large), GRID)[1])

        def run(y: float, x: float, inside: np.ndarray = inside) -> float:
            row = inside[round((y - GRID.top_mm) / GRID.spacing_mm)]
            pieces, _ = label(row)
            return float((pieces == pieces[round((x - GRID.left_mm) / GRID.spacing_mm)]).sum() * GRID.spacing_mm)

        thigh, knee, calf = (
            leg(large, 1).carry(np.array([[97.0, y, 0.0]]), np.array([y]))[0] for y in (1060, 1250, 1400)
        )
        widths.append([run(80, move_x(large)), run(thigh[1], thigh[0]), run(knee[1], knee[0]), run(calf[1], calf[0])])
    head, thigh_mm, knee_mm, calf_mm = np.median(widths, axis=0)
    assert 155 < head < 190
    assert 135 < thigh_mm < 185
    assert 100 < knee_mm < 135
    assert 85 < calf_mm < 125


def move_x(large: Body) -> float:
    return float(move(large, np.array([[0.0, 90.0, 0.0]]), np.array([HEAD]), np.array([0]))[0, 0])


def test_large_people_do_not_fit_the_window() -> None:
    def leaving(bmi: float) -> float:
        wide = []
        for seed in range(16):
            columns = GRID.x[(~np.isnan(skin_of(seed, bmi)[1])).any(axis=0)]
            wide.append(max(-columns[0], columns[-1]) > WINDOW_MM / 2)
        return float(np.mean(wide))

    assert leaving(40) >= 0.7
    assert leaving(18) <= 0.5


def test_joints_keep_their_distance_however_the_limbs_lie() -> None:
    rests = set()
    for seed in range(40):
        for side in (1, -1):
            drawn = body(seed)
            rests.add(drawn.posture.arms[0].rest)
            for chain in (arm(drawn, side), leg(drawn, side)):
                lengths = np.linalg.norm(np.diff(chain.joint, axis=0), axis=1)
                expected = np.linalg.norm(np.diff(chain.rest, axis=0), axis=1) * chain.scale
                np.testing.assert_allclose(lengths, expected, rtol=1e-9)
                for turn in chain.turn:
                    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-9)
                    assert np.linalg.det(turn) == pytest.approx(1)
    assert len(rests) >= 4


def test_another_day_the_same_bones() -> None:
    first = body(11)
    later = lie_again(first, np.random.default_rng(5))
    assert later.build == first.build and later.height_mm == first.height_mm and later.posture != first.posture
    lengths = []
    for each in (first, later):
        posed, names = pose_bones(each, standard()), [bone.name for bone in standard().bones]
        tubes = posed.capsules
        shafts = [i for i, bone in enumerate(tubes.bone) if names[bone] in ("femur_shaft_mid", "humerus_shaft", "ulna")]
        lengths.append(np.linalg.norm(tubes.end[shafts] - tubes.start[shafts], axis=1))
    np.testing.assert_allclose(lengths[0], lengths[1], rtol=1e-9)


def test_left_and_right_differ_by_a_few_percent() -> None:
    names = [(bone.name, bone.side) for bone in standard().bones]
    left, right = names.index(("femur_shaft_mid", 1)), names.index(("femur_shaft_mid", -1))
    ratios = []
    for seed in range(20):
        tubes = pose_bones(body(seed), standard()).capsules
        length = [np.linalg.norm((tubes.end - tubes.start)[tubes.bone == bone]) for bone in (left, right)]
        ratios.append(np.log(length[0] / length[1]))
    assert 0.004 < np.std(ratios) < 0.05


def test_the_face_turns_where_the_head_turns() -> None:
    plain = body(12)
    for angle in (-0.9, 0.0, 0.7):
        build = replace(plain.build, warp=((0.0, 0.0, 0.0, 0.0),) * len(plain.build.warp), single_mm=0.0, double_mm=0.0)
        posture = replace(plain.posture, head_turn=angle, head_tilt=0.0, head_nod=0.0, lean=0.0)
        turned = replace(plain, build=build, posture=posture)
        points = np.array([[0.0, 150.0, 0.0], [0.0, 150.0, 90.0]])
        face = np.diff(move(turned, points, np.full(2, HEAD), np.zeros(2, int)), axis=0)[0]
        assert np.arctan2(face[0], face[2]) == pytest.approx(angle, abs=0.06)


def test_a_bent_spine_keeps_its_length() -> None:
    plain = body(14)
    line = np.column_stack([np.zeros(50), np.linspace(310, 780, 50), np.full(50, -45.0)])

    def length(single: float) -> float:
        build = replace(plain.build, warp=((0.0, 0.0, 0.0, 0.0),) * len(plain.build.warp), single_mm=single)
        points = move(replace(plain, build=build), line, np.full(50, TRUNK), np.zeros(50, int))
        return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())

    assert length(40) == pytest.approx(length(0), rel=0.02)


def test_a_bladder_is_as_wide_as_drawn_and_an_outpouching_only_there_if_drawn() -> None:
    names = [bone.name for bone in standard().bones]
    for size, pouch in ((22.0, 0.0), (65.0, 20.0)):
        full = replace(body(3), bladder_mm=size, bladder=replace(body(3).bladder, tilt=0.0, diverticulum_mm=pouch))
        posed = pose_bones(full, standard()).ellipsoids
        for name, half in (("bladder", size), ("diverticulum", max(pouch, 0.01))):
            axes = posed.axes[posed.bone == names.index(name)][0]
            assert np.linalg.norm(axes[0]) == pytest.approx(half)


def test_a_lost_breast_is_left_out() -> None:
    woman = body(1)
    assert len(breasts(woman).centre) == 2
    one = breasts(replace(woman, lost_breast=1)).centre
    assert len(one) == 1 and one[0, 0] < 0


def test_the_same_draw_is_the_same_body() -> None:
    one, two = (draw_body(np.random.default_rng(3), "F", 70) for _ in range(2))
    assert one == two
    for first, second in zip(surface(clothe(one), GRID), surface(clothe(two), GRID), strict=True):
        np.testing.assert_array_equal(first, second)


def test_people_are_of_all_sizes() -> None:
    rng = np.random.default_rng(1)
    drawn = [draw_body(rng, sex, int(rng.integers(30, 90))) for sex in "MF" * 150]  # type: ignore[arg-type]
    heights, bmi = np.array([each.height_mm for each in drawn]), np.array([each.bmi for each in drawn])
    assert 1420 <= heights.min() < 1560 and 1800 < heights.max() <= 1950
    assert 16 <= bmi.min() < 20 and 33 < bmi.max() <= 42
    assert abs(np.mean([each.posture.arms[0].rest == "raised" for each in drawn]) - 0.025) < 0.03
    assert np.percentile([abs(each.posture.head_turn) for each in drawn], 95) > np.deg2rad(18)


def test_the_breastbone_hardly_follows_a_curved_spine() -> None:
    plain = body(16)
    build = replace(plain.build, warp=((0.0, 0.0, 0.0, 0.0),) * len(plain.build.warp), double_mm=0.0)
    points = np.array([[0.0, 430.0, -58.0], [0.0, 430.0, 85.0]])
    spine, front = (
        move(replace(plain, build=replace(build, single_mm=40.0)), points, np.full(2, TRUNK), np.zeros(2, int))
        - move(replace(plain, build=replace(build, single_mm=0.0)), points, np.full(2, TRUNK), np.zeros(2, int))
    )[:, 0]
    assert spine > 20 and abs(front) < 0.5 * spine
