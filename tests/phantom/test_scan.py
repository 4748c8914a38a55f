"""A whole scene against the same physics done slowly, and against what its parts promise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from tests.phantom import slow_camera
from workstation.phantom import camera as optics
from workstation.phantom.acquisition import Acquisition
from workstation.phantom.camera import CAMERAS, count
from workstation.phantom.emission import Depths, deposit, deposit_soft
from workstation.phantom.extras import Extra, balls, ovals
from workstation.phantom.medium import medium
from workstation.phantom.motion import Motion
from workstation.phantom.pose import clothe, draw_body, pose_bones
from workstation.phantom.projection import Box, Grid, capsules, ellipsoids, join
from workstation.phantom.scan import Scene, add, as_seen, build, contribution
from workstation.phantom.skeleton import standard
from workstation.phantom.skin import surface
from workstation.phantom.uptake import draw_uptake

BODY = draw_body(np.random.default_rng(3), "M", 60)
UPTAKE = draw_uptake(BODY, 60, np.random.default_rng(4))
ACQUISITION = Acquisition(CAMERAS[0], 16, 2e6, 3.0, 200.0, (40, 960))


def scene_of(*extras: Extra, **changes: Any) -> Scene:
    return build(BODY, UPTAKE, extras, replace(ACQUISITION, **changes))


@pytest.fixture(scope="module")
def plain() -> Scene:
    return scene_of()


def emission(scene: Scene, view: int) -> np.ndarray:
    """The expected picture in units of emission, so that scenes of other counts can be compared."""
    return scene.expected[view].astype(float) / scene.scale


def pixel(scene: Scene, x: float, y: float) -> tuple[int, int]:
    grid = scene.grid
    return int(round((y - grid.top_mm) / grid.spacing_mm)), int(round((x - grid.left_mm) / grid.spacing_mm))


@pytest.mark.parametrize("anterior", [True, False])
def test_the_fast_camera_sees_what_voxels_say(anterior: bool) -> None:
    grid = Grid(120, 112, 4.6, -255.0, 260.0)  # neck to hips
    camera = replace(CAMERAS[1], spacing_mm=grid.spacing_mm)
    skeleton = pose_bones(BODY, standard())
    back, front = surface(clothe(BODY), grid)
    chords = join(ellipsoids(skeleton.ellipsoids, grid), capsules(skeleton.capsules, grid))
    chords = chords.where(~np.isnan(front[chords.row, chords.column]))
    lung = np.array([bone.kind == "lung" for bone in skeleton.bones])[chords.bone]
    scene = medium(back, front, chords.where(lung), grid.spacing_mm)
    solid = chords.where(~lung)
    strength = UPTAKE.bones[solid.bone]
    y, x = np.mgrid[: grid.rows, : grid.columns] / 9
    soft = 1 + 0.3 * np.sin(x) * np.cos(y), 1 - 0.2 * np.cos(x + y)
    box, depths = Box(0, grid.rows, 0, grid.columns), Depths(lead=camera.lead)
    layers = deposit_soft(soft, 0.35, scene, (anterior,), box, depths)
    (both,) = deposit(solid, strength, scene, (anterior,), box, depths, layers)
    fast = optics.blur(both, camera, depths)
    slow = slow_camera.primary(camera, scene, solid, strength, soft, 0.35, anterior)
    assert fast.sum() == pytest.approx(slow.sum(), rel=2e-3)
    inside = scene.thickness > 0
    ratio = (fast / np.maximum(slow, 5))[inside & (slow > 5)]
    assert ratio.std() < 0.007
    assert np.percentile(ratio, [1, 99]) == pytest.approx([1, 1], abs=0.02)


def test_scatter_on_every_fourth_pixel_is_scatter(plain: Scene) -> None:
    for picture in plain.expected:
        thickness, spacing = plain.medium.thickness, plain.grid.spacing_mm
        slow = slow_camera.scattered(picture.astype(float), thickness, spacing, 0.4)
        np.testing.assert_allclose(optics.scatter(picture, thickness, spacing, 0.4), slow, atol=0.02 * slow.max())


def test_the_frame_is_as_the_camera_acquires_it(plain: Scene) -> None:
    assert sum(float(view.sum(dtype=float)) for view in plain.expected) / 2 == pytest.approx(2e6, rel=1e-4)
    rows, columns = plain.field.slices
    for view in plain.expected:
        assert view[rows, columns].min() > 0
        assert np.count_nonzero(view) == np.count_nonzero(view[rows, columns])
        assert view.dtype == np.float32
        # Beside the patient of 3.6 million counts the real scan has 0.37 at the head, 0.23 on the whole, 0.07 below
        # the feet (10 to 35 pixels from the body), in pixels of the same size.
        air = view * 3.6 / 2.0
        away = distance_transform_edt(plain.medium.thickness == 0)
        beside = np.zeros(view.shape, bool)
        beside[rows, columns] = True
        beside &= away > 10
        assert air[beside].mean() == pytest.approx(0.23, rel=0.35)
        head, feet = pixel(plain, 0, 60)[0], pixel(plain, 0, 1.04 * BODY.height_mm)[0] + 12
        assert air[head - 15 : head + 15][(beside & (away < 35))[head - 15 : head + 15]].mean() > 0.2
        assert air[feet:][beside[feet:]].mean() < 0.14


def test_the_same_patient_comes_out_the_same() -> None:
    one, two = scene_of(), scene_of()
    for a, b in zip(one.expected, two.expected, strict=True):
        assert a.tobytes() == b.tobytes()


def test_counts_of_a_real_scene_are_white_poisson_noise(plain: Scene) -> None:
    rng = np.random.default_rng(1)
    for expected in plain.expected:
        bright = expected * 4  # so that all levels of the real scan occur
        one, two = (count(bright, rng).astype(float) for _ in range(2))
        for low, high in ((0.05, 0.5), (0.5, 3), (3, 10), (10, 30), (30, 60), (60, 120), (120, 400)):
            chosen = (bright > low) & (bright <= high)
            assert chosen.sum() > 300
            spread = 4 / np.sqrt(chosen.sum()) + 0.01
            assert one[chosen].mean() == pytest.approx(bright[chosen].mean(), rel=0.02 + spread / np.sqrt(low))
            variance = ((one - two)[chosen] ** 2).mean() / 2
            assert variance / bright[chosen].mean() == pytest.approx(1, abs=0.05 + spread)
        rest = (one - bright) / np.sqrt(np.maximum(bright, 1e-9))
        body = bright > 10
        for axis in (0, 1):
            both = body & np.roll(body, 1, axis)
            beside = np.roll(rest, 1, axis)[both]
            assert abs((beside * rest[both]).mean()) < 4 / np.sqrt(both.sum())  # four standard errors


@pytest.mark.parametrize("view", [0, 1])
def test_what_is_added_later_is_as_if_it_had_been_there(plain: Scene, view: int) -> None:
    ball = balls((20, 600, -40), 15)
    chords = ellipsoids(ball, plain.grid)
    seen, box = contribution(plain, chords, np.full(len(chords.row), 30.0), view)
    more = np.zeros((2, *plain.grid.shape), np.float32)
    more[view][box.slices] = seen
    together = add(plain, (more[0], more[1]))[view] / plain.scale
    there = emission(scene_of(Extra("node", ball, concentration=30.0)), view)
    assert np.abs(together - there).max() < 0.02 * (there - emission(plain, view)).max()


def test_half_the_window_takes_half_the_scatter(plain: Scene) -> None:
    narrow = scene_of(window_percent=10.0)
    inside = plain.medium.thickness > 0
    for view in (0, 1):
        lost = emission(plain, view) - emission(narrow, view)
        unscattered = emission(plain, view) - 2 * lost
        rows, columns = plain.field.slices
        assert lost[rows, columns].min() > 0
        assert 2 * lost[inside].sum() / unscattered[inside].sum() == pytest.approx(0.3, abs=0.1)


def test_urine_on_the_skin_shows_where_nothing_covers_it(plain: Scene) -> None:
    place = (60.0, 1000.0)
    drop = scene_of(Extra("urine", balls((*place, 150.0), 9), concentration=40.0, place="front"))
    at = pixel(plain, *place)
    row, column = at
    own = [
        (emission(drop, view) - emission(plain, view))[row - 25 : row + 25, column - 25 : column + 25]
        for view in (0, 1)
    ]
    thick = float(plain.medium.thickness[at])
    # Scatter adds to the covered and the bare view alike in proportion.
    assert own[0].sum() / own[1].sum() == pytest.approx(np.exp(0.015 * thick), rel=0.1)
    assert own[0].max() > 1.3 * np.exp(0.015 * thick) * own[1].max(), "and sharper"
    # A ball of 9 mm radius: volume over pixel area, nothing lost, scatter on top.
    volume = 40 * 4 / 3 * np.pi * 9**3 / plain.grid.spacing_mm**2
    assert 1.0 < own[0].sum() / volume < 1.5


def test_metal_on_the_belly_is_cold_in_one_view_only(plain: Scene) -> None:
    place, through = (0.0, 640.0), 0.2
    buckle = scene_of(Extra("buckle", ovals((*place, 130.0), (30, 24, 2)), place="front", transmission=through))
    row, column = pixel(plain, *place)
    dark, other = (emission(buckle, view)[row, column] / emission(plain, view)[row, column] for view in (0, 1))
    assert through < dark < 0.65  # what is scattered into its place is not dimmed
    assert other == pytest.approx(1, abs=0.02)


def test_metal_inside_dims_what_lies_behind_it_in_each_view(plain: Scene) -> None:
    x, y = 90.0, 960.0
    at = pixel(plain, x, y)
    z = float(plain.medium.front[at]) - 20
    pin = scene_of(Extra("plate", ovals((x, y, z), (40, 40, 3)), transmission=0.2))
    anterior, posterior = (emission(pin, view)[at] / emission(plain, view)[at] for view in (0, 1))
    assert anterior < 0.7
    assert 0.85 < posterior < 0.99
    through = scene_of(Extra("glass", ovals((x, y, z), (40, 40, 3)), transmission=1.0))
    np.testing.assert_allclose(emission(through, 0), emission(plain, 0), rtol=1e-5)


def test_a_patient_who_slides_is_cut_in_both_views(plain: Scene) -> None:
    shift = (4 * 2.26, -3 * 2.26)
    slid = scene_of(motion=Motion(700.0, np.inf, shift, 1.0, sharp=True))
    cut, _ = pixel(plain, 0, 700.0)
    for view in (0, 1):
        before, after = emission(plain, view), emission(slid, view)
        np.testing.assert_allclose(after[:cut], before[:cut], rtol=1e-5)
        inner = np.s_[cut + 2 : 850, 30:220]
        np.testing.assert_allclose(after[inner], before[cut + 5 : 853, 26:216], rtol=1e-5)
    ball = ellipsoids(balls((-40, 800, 0), 12), plain.grid)
    strength = np.full(len(ball.row), 20.0)
    for view in (0, 1):
        frames = np.zeros((2, *plain.grid.shape))
        for frame, scene in zip(frames, (plain, slid), strict=True):
            seen, box = contribution(scene, ball, strength, view)
            frame[box.slices] = seen / scene.scale
        np.testing.assert_allclose(frames[1], np.roll(frames[0], (-3, 4), (0, 1)), atol=1e-3 * frames[0].max())


def test_an_arm_that_moves_is_there_twice(plain: Scene) -> None:
    twice = scene_of(motion=Motion(450.0, 900.0, (10.0, 0.0), 0.5, beyond_mm=190.0))
    for view in (0, 1):
        before, after = emission(plain, view), emission(twice, view)
        row, column = pixel(plain, 0, 600.0)
        np.testing.assert_allclose(after[row, :column], before[row, :column], rtol=1e-5)
        assert np.abs(after[row] - before[row]).max() > 0.5


def test_the_posterior_picture_is_seen_from_behind(plain: Scene) -> None:
    picture = plain.expected[1]
    np.testing.assert_array_equal(as_seen(1, picture), picture[:, ::-1])
    np.testing.assert_array_equal(as_seen(0, picture), picture)
