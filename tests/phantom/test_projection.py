"""Chords against membership tests written from the definitions, and against volumes known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from workstation.phantom.projection import Chords, Grid, Slices, capsules, ellipsoids, skin
from workstation.phantom.skeleton import Capsules, Ellipsoids, standard

GRID = Grid(60, 50, 2.0, -50.0, -60.0)
FINE = Grid(240, 200, 0.5, -50.0, -60.0)


def ellipsoid(rng: np.random.Generator) -> Ellipsoids:
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    axes = turn * rng.uniform(6, 25, 3)[:, None]
    return Ellipsoids(rng.uniform(-15, 15, (1, 3)), axes[None], np.array([7]), np.ones(1))


def tube(start: list[float], end: list[float], radius: float) -> Capsules:
    return Capsules(np.array([start]), np.array([end]), np.array([radius]), np.array([3]), np.array([False]))


def stacked(chords: Chords, grid: Grid, z: np.ndarray) -> np.ndarray:
    """Which of the depths z lie inside, per pixel: (rows, columns, depths); signs added up."""
    inside = np.zeros((*grid.shape, len(z)))
    for row, column, back, front, sign in zip(
        chords.row, chords.column, chords.back, chords.front, chords.sign, strict=True
    ):
        inside[row, column] += sign * ((z > back) & (z < front))
    return inside


def points(grid: Grid, z: np.ndarray) -> np.ndarray:
    y, x, depth = np.meshgrid(grid.y, grid.x, z, indexing="ij")
    return np.stack([x, y, depth], axis=-1)


@pytest.mark.parametrize("seed", range(5))
def test_a_ray_is_inside_an_ellipsoid_where_its_equation_says(seed: int) -> None:
    solid = ellipsoid(np.random.default_rng(seed))
    z = np.linspace(-60, 60, 97)
    half = np.linalg.norm(solid.axes[0], axis=1)
    local = (points(GRID, z) - solid.centre[0]) @ (solid.axes[0] / half[:, None]).T
    assert (stacked(ellipsoids(solid, GRID), GRID, z) == ((local / half) ** 2).sum(axis=-1).__lt__(1)).all()


@pytest.mark.parametrize(
    ("start", "end"),
    [([-20, -30, 5], [15, 25, -20]), ([0, -30, 0], [0, 30, 0]), ([3, 4, -25], [3, 4, 25]), ([-20, 0, 0], [20, 0, 1])],
)
def test_a_ray_is_inside_a_capsule_where_the_segment_is_near(start: list[float], end: list[float]) -> None:
    radius = 7.3
    z = np.linspace(-60, 60, 121)
    p, a, b = points(GRID, z), np.array(start, float), np.array(end, float)
    along = np.clip(((p - a) @ (b - a)) / ((b - a) @ (b - a)), 0, 1)
    near = np.linalg.norm(p - a - along[..., None] * (b - a), axis=-1) < radius
    assert (stacked(capsules(tube(start, end, radius), GRID), GRID, z) == near).all()


def test_summed_chords_are_the_volume() -> None:
    solid = ellipsoid(np.random.default_rng(1))
    volume = ellipsoids(solid, FINE).length.sum() * FINE.spacing_mm**2
    assert volume == pytest.approx(4 / 3 * np.pi * np.prod(np.linalg.norm(solid.axes[0], axis=1)), rel=2e-3)
    length = np.linalg.norm([30, 20, 15])
    volume = capsules(tube([-15, -10, 0], [15, 10, 15], 8), FINE).length.sum() * FINE.spacing_mm**2
    assert volume == pytest.approx(np.pi * 64 * length + 4 / 3 * np.pi * 512, rel=2e-3)


def test_a_joint_of_a_straight_chain_counts_once() -> None:
    middle = [2.0, 5.0, 3.0]
    whole = capsules(tube([-20, -30, 1], [24, 40, 5], 6), FINE).image(FINE.shape)
    chain = Capsules(
        np.array([[-20, -30, 1], middle], float),
        np.array([middle, [24, 40, 5]], float),
        np.array([6.0, 6.0]),
        np.array([0, 0]),
        np.array([False, True]),
    )
    np.testing.assert_allclose(capsules(chain, FINE).image(FINE.shape), whole, atol=1e-8)


def test_a_shell_is_hollow() -> None:
    half = np.array([[30.0, 36.0, 40.0], [24.0, 30.0, 34.0]])
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    axes = half[:, :, None] * turn
    shell = Ellipsoids(np.zeros((2, 3)), axes, np.zeros(2, int), np.array([1.0, -1.0]))
    volume = ellipsoids(shell, FINE).length.sum() * FINE.spacing_mm**2
    assert volume == pytest.approx(4 / 3 * np.pi * (half[0].prod() - half[1].prod()), rel=2e-3)


def test_boxes_cut_nothing_but_what_lies_outside_the_grid() -> None:
    solid = ellipsoid(np.random.default_rng(3))
    window = Grid(20, 20, 2.0, GRID.left_mm + 30, GRID.top_mm + 40)
    part = ellipsoids(solid, window).image(window.shape)
    np.testing.assert_allclose(part, ellipsoids(solid, GRID).image(GRID.shape)[20:40, 15:35], atol=1e-9)


def test_skin_of_a_turned_body_is_the_turned_ellipse() -> None:
    width, depth, turn = 40.0, 22.0, 0.3
    c, s = np.cos(turn), np.sin(turn)
    turned = np.hypot(width * c, depth * s)
    ones = np.ones(2)
    part = Slices(
        np.array([-50.0, 50.0]),
        0 * ones,
        0 * ones,
        turned * ones,
        width * depth / turned * ones,
        (width**2 - depth**2) * s * c / turned**2 * ones,
        2.0,
    )
    back, front = skin([part], GRID)
    row = 30
    x = GRID.x[~np.isnan(front[row])]
    for z in (back[row], front[row]):
        z = z[~np.isnan(z)]
        np.testing.assert_allclose(((c * x + s * z) / width) ** 2 + ((-s * x + c * z) / depth) ** 2, 1, atol=1e-9)


def test_parts_that_touch_make_one_envelope() -> None:
    def part(x: float) -> Slices:
        ones = np.ones(2)
        return Slices(np.array([-40.0, 40.0]), x * ones, 0 * ones, 20 * ones, 10 * ones, 0 * ones, 2.0)

    one, both = skin([part(0)], GRID), skin([part(0), part(5)], GRID)
    thickness = both[1] - both[0]
    assert np.nanmax(thickness) == pytest.approx(np.nanmax(one[1] - one[0]), rel=0.02)


def test_the_bones_are_mirrored() -> None:
    skeleton = standard()
    solids = skeleton.ellipsoids
    at = {
        (skeleton.bones[bone].name, skeleton.bones[bone].side): solids.centre[i] for i, bone in enumerate(solids.bone)
    }
    kinds = {bone.name: bone.kind for bone in skeleton.bones}
    paired = [name for name, side in at if side == 1 and kinds[name] == "bone"]
    assert len(paired) > 20
    for name in paired:
        np.testing.assert_allclose(at[name, 1] * (-1, 1, 1), at[name, -1])
    assert sum(bone.group == "ribs" for bone in skeleton.bones) == 24
