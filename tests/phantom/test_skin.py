"""The skin's envelope against solids whose surfaces are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from workstation.phantom.projection import Grid, Slices, capsules
from workstation.phantom.skeleton import Capsules, Ellipsoids
from workstation.phantom.skin import Skin, Tubes, surface

GRID = Grid(120, 100, 2.0, -100.0, -120.0)
NOTHING = Ellipsoids(np.zeros((0, 3)), np.zeros((0, 3, 3)), np.zeros(0, int), np.zeros(0))


def tube(start: list[float], end: list[float], wide: float, deep: float) -> Tubes:
    both = np.array([[wide, wide]]), np.array([[deep, deep]])
    return Tubes(np.array([start], float), np.array([end], float), *both, np.array([True]))


def slices(power: float, shear: float = 0.0) -> Slices:
    ones = np.ones(2)
    return Slices(np.array([-80.0, 80.0]), 6 * ones, 3 * ones, 40 * ones, 25 * ones, shear * ones, power)


@pytest.mark.parametrize(
    ("start", "end"), [([0, -60, 5], [0, 50, 5]), ([-50, -30, -8], [40, 60, -8]), ([-60, 10, 0], [60, 10, 0])]
)
def test_a_round_tube_is_a_capsule(start: list[float], end: list[float]) -> None:
    radius = 17.0
    back, front = surface(Skin((), tube(start, end, radius, radius), NOTHING), GRID)
    solid = Capsules(
        np.array([start], float), np.array([end], float), np.array([radius]), np.zeros(1, int), np.zeros(1, bool)
    )
    chords = capsules(solid, GRID)
    expected = np.full(GRID.shape, np.nan)
    expected[chords.row, chords.column] = chords.front
    assert (np.isnan(front) != np.isnan(expected)).sum() <= 4  # pixels on the very rim
    both = ~np.isnan(front) & ~np.isnan(expected)
    np.testing.assert_allclose(front[both], expected[both], atol=0.05)
    np.testing.assert_allclose((back + front)[both], 2 * start[2], atol=1e-3)


def test_a_flat_tube_holds_half_its_depth() -> None:
    full, flat = (surface(Skin((), tube([0, -60, 0], [0, 60, 0], 20, deep), NOTHING), GRID) for deep in (20, 10))
    np.testing.assert_allclose(full[1] / 2, flat[1], atol=1e-4)


@pytest.mark.parametrize(("power", "shear"), [(2.0, 0.0), (2.4, 0.0), (2.0, 0.3)])
def test_slices_are_superellipses(power: float, shear: float) -> None:
    back, front = surface(Skin((slices(power, shear),), tube([0, 0, 0], [0, 1, 0], 0.01, 0.01), NOTHING), GRID)
    row = np.flatnonzero(np.abs(GRID.y - 30) < 1)[0]
    x = GRID.x[~np.isnan(front[row])]
    for sign, face in ((1, front), (-1, back)):
        z = face[row][~np.isnan(face[row])] - 3 - shear * (x - 6)
        # Of the depth: exact to a hundredth of a millimetre but for the steep rim.
        expected = sign * 25 * (1 - np.abs((x - 6) / 40) ** power) ** (1 / power)
        np.testing.assert_allclose(z, expected, atol=0.15)
    assert x.min() == -32 and x.max() == 44  # all but the two on the rim itself


def test_parts_that_overlap_make_one_envelope() -> None:
    ball = Ellipsoids(np.array([[6.0, 0.0, 3.0]]), np.eye(3)[None] * 60, np.array([-1]), np.ones(1))
    none = tube([0, 0, 0], [0, 1, 0], 0.01, 0.01)
    one, two, both = (
        surface(Skin(parts, none, round_), GRID)
        for parts, round_ in (((slices(2.0),), NOTHING), ((), ball), ((slices(2.0),), ball))
    )
    np.testing.assert_allclose(both[1], np.fmax(one[1], two[1]), atol=1e-4)
    np.testing.assert_allclose(both[0], np.fmin(one[0], two[0]), atol=1e-4)
