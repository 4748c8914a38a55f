"""Maps of soft tissue: positive, smooth, about one in the trunk, and each thing where this body has it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from workstation.phantom.flesh import Bands, Flesh
from workstation.phantom.pose import Body, Sex, breasts, clothe, draw_body, move, pose_bones
from workstation.phantom.projection import Chords, Grid, ellipsoids
from workstation.phantom.rim import tissue
from workstation.phantom.skeleton import ARM, LEG, TRUNK, Ellipsoids, standard
from workstation.phantom.skin import Skin, Tubes, surface
from workstation.phantom.soft import concentration
from workstation.phantom.uptake import Uptake, draw_uptake

GRID = Grid(1024, 256, 2.26, -288.0, -200.0)
Maps = tuple[np.ndarray, np.ndarray]


def body(sex: Sex, seed: int, bmi: float = 25.0) -> Body:
    one = draw_body(np.random.default_rng(seed), sex, 55)
    return replace(one, weight_kg=bmi * (one.height_mm / 1000) ** 2)


def maps(who: Body, uptake: Uptake, mounds: Chords | None = None, grid: Grid = GRID) -> Maps:
    return concentration(uptake, pose_bones(who, standard()), who, grid, mounds)


def inside(who: Body, grid: Grid = GRID) -> np.ndarray:
    back, front = surface(clothe(who), grid)
    return front > back


def pixel(who: Body, part: int, side: int, x: float, y: float, grid: Grid = GRID) -> tuple[int, int]:
    at = move(who, np.array([[x, y, 0.0]]), np.array([part]), np.array([side]))[0]
    return round((at[1] - grid.top_mm) / grid.spacing_mm), round((at[0] - grid.left_mm) / grid.spacing_mm)


def pixel_at(point: np.ndarray) -> tuple[int, int]:
    return round((point[1] - GRID.top_mm) / GRID.spacing_mm), round((point[0] - GRID.left_mm) / GRID.spacing_mm)


def surface_alone(who: Body, at: tuple[int, int]) -> bool:
    """Whether a pixel shows something thin, as a hand away from the body."""
    back, front = surface(clothe(who), GRID)
    thickness = (front - back)[at]
    return bool(np.isfinite(thickness) and thickness < 60)


def none() -> Bands:
    line, number, index = np.zeros((0, 2)), np.zeros(0), np.zeros(0, int)
    return Bands(line, line, number, number, number, number, index, index)


def plain(uptake: Uptake, **changes: object) -> Uptake:
    """The same patient with even tissue: no bands, no grain, no fat."""
    flesh = uptake.flesh
    even = replace(
        flesh,
        anatomy=none(),
        bowel=none(),
        lean=(1.0, 1.0, 1.0, 1.0),
        fat=1.0,
        fat_mm=(0.0,) * 6,
        renal_pelves=(0.0, 0.0),
        grain=0 * flesh.grain,
    )
    return replace(uptake, flesh=replace(even, **changes))  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=["M", "F"])
def case(request: pytest.FixtureRequest) -> tuple[Body, Uptake, Maps]:
    who = body(request.param, 3)
    uptake = draw_uptake(who, 55, np.random.default_rng(9))
    return who, uptake, maps(who, uptake, ellipsoids(breasts(who), GRID) if who.sex == "F" else None)


def test_maps_cover_the_frame_are_positive_and_about_one(case: tuple[Body, Uptake, Maps]) -> None:
    who, uptake, both = case
    where = inside(who)
    for each in both:
        assert each.shape == GRID.shape and np.isfinite(each).all() and each.min() > 0.05 and each.max() < 4
        assert 0.65 < each[where].mean() < 1.1
    again = maps(who, uptake, ellipsoids(breasts(who), GRID) if who.sex == "F" else None)
    assert all(one.tobytes() == two.tobytes() for one, two in zip(both, again, strict=True))


def test_no_edge_is_hard_but_the_skulls(case: tuple[Body, Uptake, Maps]) -> None:
    who, _, both = case
    neck = pixel(who, TRUNK, 0, 0, 240)[0]
    for each in both:
        steps = np.abs(np.diff(np.log(each[neck:]), axis=0)).max(), np.abs(np.diff(np.log(each[neck:]), axis=1)).max()
        assert max(steps) < 0.3  # per pixel of 2.26 mm; a camera blurs over five of them


def test_no_trace_of_the_coarse_grid_shows(case: tuple[Body, Uptake, Maps]) -> None:
    """Second differences on coarse nodes are little larger than between them; straight pieces have none between."""
    who, _, both = case
    neck = pixel(who, TRUNK, 0, 0, 240)[0]
    bends = np.abs(np.diff(np.log(both[0][neck:]), 2, axis=0)).mean(axis=1)
    bends = bends[: len(bends) // 4 * 4].reshape(-1, 4).mean(axis=0)
    assert bends.max() / bends.min() < 1.7


def test_even_tissue_makes_an_even_map_with_a_paler_brain(case: tuple[Body, Uptake, Maps]) -> None:
    who, uptake, _ = case
    for each in maps(who, plain(uptake)):
        row, column = pixel(who, 0, 0, 0, 80)
        assert each[row, column] == pytest.approx(uptake.flesh.brain, abs=1e-5)
        within = each[inside(who)]
        assert within.min() > uptake.flesh.brain - 1e-4 and within.max() < 1 + 1e-4
        below = pixel(who, TRUNK, 0, 0, 240)[0]
        assert each[below:][inside(who)[below:]] == pytest.approx(1.0, abs=1e-4)


def test_fat_makes_a_paler_rim_as_nested_ellipses_would() -> None:
    """One straight piece of limb, alone in the frame."""
    fat, thick, wide, deep = 0.3, 15.0, 75.0, 60.0
    uptake = draw_uptake(body("M", 3), 55, np.random.default_rng(9))
    flesh = replace(plain(uptake).flesh, fat=fat, fat_mm=(thick,) * 6)
    pieces = sum(len(each.centre) - 1 for each in standard().outlines if each.part in (ARM, LEG))
    far = np.tile([[5000.0, 0, 0]], (pieces, 1))
    ends = np.array([[0.0, 100.0, 0.0]]), np.array([[0.0, 500.0, 0.0]])
    tubes = Tubes(
        np.vstack([far, ends[0]]),
        np.vstack([far + (0, 10, 0), ends[1]]),
        np.vstack([np.ones((pieces, 2)), [[wide, wide]]]),
        np.vstack([np.ones((pieces, 2)), [[deep, deep]]]),
        np.ones(pieces + 1, bool),
    )
    nothing = Ellipsoids(np.zeros((0, 3)), np.zeros((0, 3, 3)), np.zeros(0, int), np.zeros(0))
    grid = Grid(60, 60, 5.0, -147.5, 150.0)
    drawn = tissue(flesh, Skin((), tubes, nothing), grid)[30]
    x = np.abs(grid.x)

    def half(width: float, depth: float) -> np.ndarray:
        return np.asarray(depth * np.sqrt(np.maximum(1 - (x / width) ** 2, 0)))

    chord = half(wide, deep)
    muscle = (half(wide - 0.6 * thick, deep - 0.6 * thick) + half(wide - 1.4 * thick, deep - 1.4 * thick)) / 2
    inside = chord > 0.2 * deep
    assert drawn[inside] == pytest.approx((fat + (1 - fat) * muscle / np.maximum(chord, 1e-9))[inside], abs=0.01)
    assert drawn[~inside & (x < wide + 20)] == pytest.approx(fat, abs=0.06)


def test_the_obese_have_more_fat_and_women_more_on_thighs() -> None:
    def thigh(sex: Sex, bmi: float) -> float:
        who = body(sex, 1, bmi)
        return float(np.mean([draw_uptake(who, 55, np.random.default_rng(s)).flesh.fat_mm[4] for s in range(30)]))

    assert thigh("M", 35) > 1.4 * thigh("M", 22) and thigh("F", 25) > 1.4 * thigh("M", 25)


@pytest.mark.parametrize("turn", [-0.17, 0.0, 0.17])
@pytest.mark.parametrize(
    ("part", "side", "x", "y"),
    [(TRUNK, 1, 40.0, 550.0), (TRUNK, 0, -90.0, 700.0), (LEG, -1, -100.0, 1400.0), (ARM, 1, 225.0, 560.0)],
)
def test_a_band_lies_where_the_posed_body_has_it(turn: float, part: int, side: int, x: float, y: float) -> None:
    who = body("F", 5)
    who = replace(who, posture=replace(who.posture, trunk_turn=turn, pelvis_turn=turn, lean=turn / 10))
    uptake = draw_uptake(who, 55, np.random.default_rng(2))
    one = Bands(
        np.array([[x, y - 12]]),
        np.array([[x, y + 12]]),
        np.zeros(1),
        np.full(1, 14.0),
        np.log(np.full(1, 1.5)),
        np.zeros(1),
        np.array([part]),
        np.array([side]),
    )
    front, back = maps(who, plain(uptake, anatomy=one, brain=1.0))
    excess = front - 1
    rows, columns = np.indices(GRID.shape)
    centre = (rows * excess).sum() / excess.sum(), (columns * excess).sum() / excess.sum()
    assert centre == pytest.approx(pixel(who, part, side, x, y), abs=1.5)
    assert 1.3 < front.max() < 1.5 and np.abs(back - 1).max() < 1e-5


def test_organs_are_on_their_side() -> None:
    """Averaged over people: spleen left at the back, stomach left in front, paler armpits, brighter thigh vessels."""
    ratios = []
    for seed in range(12):
        who = body("M", seed)
        uptake = draw_uptake(who, 55, np.random.default_rng(seed))
        front, back = maps(who, plain(uptake, anatomy=uptake.flesh.anatomy))
        spleen = back[pixel(who, TRUNK, 1, 97, 535)] / back[pixel(who, TRUNK, -1, -97, 535)]
        stomach = front[pixel(who, TRUNK, 1, 52, 550)] / front[pixel(who, TRUNK, -1, -52, 575)]
        axilla = front[pixel(who, TRUNK, 1, 157, 400)] / front[pixel(who, TRUNK, 1, 130, 400)]
        ratios.append((spleen, stomach, axilla))
    spleen, stomach, axilla = np.mean(ratios, axis=0)
    assert spleen > 1.08 and stomach > 1.05 and axilla < 0.95


def test_breasts_change_only_the_front_and_fade_at_their_rim() -> None:
    who = body("F", 2)
    uptake = plain(draw_uptake(who, 55, np.random.default_rng(2)), brain=1.0)
    flesh: Flesh = replace(uptake.flesh, breasts=(1.4, 0.8))
    mounds = ellipsoids(breasts(who), GRID)
    front, back = maps(who, replace(uptake, flesh=flesh), mounds)
    assert back == pytest.approx(1.0, abs=1e-4)
    left, right = pixel(who, TRUNK, 1, 88, 440), pixel(who, TRUNK, -1, -88, 440)
    assert front[left] > 1.3 and front[right] < 0.87
    thin = (mounds.front - mounds.back) < 8
    assert np.abs(front[mounds.row[thin], mounds.column[thin]] - 1).max() < 0.06


def test_renal_pelves_lie_in_the_kidneys_and_are_as_full_as_those_work() -> None:
    who = body("M", 4)
    uptake = draw_uptake(who, 55, np.random.default_rng(2))
    posed = pose_bones(who, standard())
    kidneys = {
        bone.side: (index, posed.ellipsoids.centre[posed.ellipsoids.bone == index][0])
        for index, bone in enumerate(posed.bones)
        if bone.name == "kidney"
    }
    bones = uptake.bones.copy()
    bones[kidneys[1][0]], bones[kidneys[-1][0]] = 5.0, 0.0
    front, back = maps(who, replace(plain(uptake, renal_pelves=(0.2, 0.2), brain=1.0), bones=bones))
    row, column = np.unravel_index(int(back.argmax()), back.shape)
    centre = kidneys[1][1]
    assert abs(GRID.y[row] - centre[1]) < 8 and -25 < GRID.x[column] - centre[0] < -3
    assert 1.5 < back.max() < 2.0 and 1.05 < front.max() < back.max()
    right = pixel_at(kidneys[-1][1])
    assert back[right] == pytest.approx(1.0, abs=0.02)  # the other kidney does not work


def test_limbs_have_fat_where_it_belongs() -> None:
    """Hands and feet have no rim, thighs have; whatever the pose."""
    for seed in range(4):
        who = body("F", seed)
        uptake = draw_uptake(who, 55, np.random.default_rng(seed))
        flesh = plain(uptake, fat=0.3, fat_mm=(20.0, 20.0, 20.0, 12.0, 25.0, 12.0), brain=1.0)
        front, _ = maps(who, flesh)
        hand, foot = pixel(who, ARM, 1, 252, 1040), pixel(who, LEG, 1, 82, 1700)
        thigh, calf = pixel(who, LEG, 1, 100, 1040), pixel(who, LEG, 1, 90, 1420)
        assert front[foot] > 0.9 > front[thigh] > 0.5 and 0.55 < front[calf] < 0.95
        if surface_alone(who, hand):
            assert front[hand] > 0.85


def test_other_grids_show_the_same_tissue() -> None:
    who = body("M", 3)
    uptake = draw_uptake(who, 55, np.random.default_rng(1))
    even = plain(uptake, anatomy=uptake.flesh.anatomy, fat_mm=uptake.flesh.fat_mm, brain=1.0)
    fine, _ = maps(who, even)
    shifted = Grid(1002, 250, 2.4, -300.0, -230.0)
    other, _ = maps(who, even, grid=shifted)
    for part, side, x, y in ((TRUNK, 0, 0.0, 480.0), (LEG, 1, 90.0, 1040.0), (TRUNK, 1, 95.0, 520.0)):
        one, two = fine[pixel(who, part, side, x, y)], other[pixel(who, part, side, x, y, shifted)]
        assert one == pytest.approx(two, rel=0.06)
