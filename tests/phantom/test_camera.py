"""The camera against textbook formulas: attenuation, resolution, the noise of counting."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import trapezoid

from workstation.phantom import camera as optics
from workstation.phantom.camera import CAMERAS, Camera
from workstation.phantom.emission import BODY, Depths, deposit, deposit_soft
from workstation.phantom.medium import MU, Medium, medium
from workstation.phantom.projection import Box, Chords, Grid

SHAPE = (81, 81)
BOX = Box(0, 81, 0, 81)
GE = CAMERAS[0]


def slab(back: float, front: float, lung: tuple[float, float] = (0.0, 0.0)) -> Medium:
    full = np.ones(SHAPE)
    rows = np.ones(SHAPE[0])
    return Medium(back * full, front * full, lung[0] * full, lung[1] * full, (front + 45) * rows, (back - 45) * rows)


def chord(back: float, front: float) -> Chords:
    return Chords(np.array([40]), np.array([40]), np.array([0]), np.array([back]), np.array([front]), np.ones(1))


@pytest.mark.parametrize(("anterior", "path"), [(True, 80.0), (False, 120.0)])
def test_a_thin_source_is_attenuated_by_what_lies_before_it(anterior: bool, path: float) -> None:
    (layers,) = deposit(chord(19.99, 20.01), np.ones(1), slab(-100, 100), (anterior,), BOX)
    assert layers.sum() == pytest.approx(0.02 * np.exp(-0.015 * path), rel=1e-4)


def test_a_thick_source_is_integrated_along_its_length() -> None:
    (layers,) = deposit(chord(-30, 50), np.array([3.0]), slab(-100, 100), (True,), BOX)
    exact = 3 * (np.exp(-MU * 50) - np.exp(-MU * 130)) / MU
    assert layers.sum() == pytest.approx(exact, rel=1e-5)


def test_lung_hides_less() -> None:
    (layers,) = deposit(chord(-60, -59.99), np.ones(1), slab(-100, 100, (-40.0, 60.0)), (True,), BOX)
    assert layers.sum() == pytest.approx(0.01 * np.exp(-0.015 * (60 + 0.26 * 100)), rel=1e-3)


def test_soft_tissue_fills_the_skin() -> None:
    one = np.ones(SHAPE)
    (layers,) = deposit_soft((one, one), 0.35, slab(-110, 90), (True,), BOX)
    assert layers[:, 40, 40].sum() == pytest.approx((1 - np.exp(-MU * 200)) / MU, rel=0.02)


@pytest.mark.parametrize("anterior", [True, False])
def test_lungs_within_soft_tissue_are_integrated_exactly(anterior: bool) -> None:
    one = np.ones(SHAPE)
    (layers,) = deposit_soft((one, one), 0.35, slab(-100, 100, (-40.0, 60.0)), (anterior,), BOX)
    first, last = (40, 60) if anterior else (60, 40)
    thin = 0.26 * MU
    exact = (1 - np.exp(-MU * first)) / MU
    exact += np.exp(-MU * first) * 0.35 * (1 - np.exp(-thin * 100)) / thin
    exact += np.exp(-MU * (first + 26)) * (1 - np.exp(-MU * last)) / MU
    assert layers[:, 40, 40].sum() == pytest.approx(exact, rel=1e-4)


def test_soft_tissue_that_changes_with_depth() -> None:
    one = np.ones(SHAPE)
    (layers,) = deposit_soft((2 * one, one), 0.35, slab(-100, 100), (True,), BOX)
    depth = np.linspace(0, 200, 200_001)
    exact = trapezoid((2 - depth / 200) * np.exp(-0.015 * depth), depth)
    assert layers[:, 40, 40].sum() == pytest.approx(exact, rel=0.01)
    behind = deposit_soft((2 * one, one), 0.35, slab(-100, 100), (False,), BOX)[0][:, 40, 40].sum()
    exact = trapezoid((1 + depth / 200) * np.exp(-0.015 * depth), depth)
    assert behind == pytest.approx(exact, rel=0.01)


def test_a_chord_between_two_bins_has_the_mean_square_of_their_widths() -> None:
    lead = GE.lead
    depths = Depths(100.0, 40.0, 2, lead)
    # The collimator of slab(-100, 100) lies at 145: a source at 25 is 120 mm away.
    (layers,) = deposit(chord(24.99, 25.01), np.ones(1), slab(-100, 100), (True,), BOX, depths)
    share = layers[:, 40, 40] / layers.sum()
    squares = GE.fwhm(depths.centres) ** 2
    assert share @ squares == pytest.approx(float(GE.fwhm(120.0)) ** 2, rel=1e-4)


@pytest.mark.parametrize("camera", CAMERAS, ids=lambda camera: camera.make)
def test_resolution_is_what_vendors_quote(camera: Camera) -> None:
    assert camera.fwhm(100.0) == pytest.approx(7.4, abs=0.5)


def test_a_point_is_blurred_to_the_collimators_width() -> None:
    fine = Camera("GE", GE.hole, GE.thickness, GE.intrinsic, 0.5, GE.field_mm)
    layers = np.zeros((BODY.number, *SHAPE), np.float32)
    layers[1, 40, 40] = 1000
    profile = optics.blur(layers, fine, BODY)[40]
    above = np.flatnonzero(profile >= profile.max() / 2)
    width = 0.5 * (above[-1] - above[0] + 1)
    # The second bin lies 90 mm away: quadratic sum of 3.8 and 1.5 (35 - 2/2.7 + 106) / (35 - 2/2.7).
    assert width == pytest.approx(np.hypot(3.8, 1.5 * (34.26 + 96) / 34.26), abs=0.6)
    assert profile.sum() > 0


def test_blur_keeps_counts_and_bins_share_them() -> None:
    (layers,) = deposit(chord(-25, -15), np.ones(1), slab(-100, 100), (True,), BOX)
    assert (layers.sum(axis=(1, 2)) > 0).sum() == 2
    assert optics.blur(layers, GE, BODY).sum() == pytest.approx(float(layers.sum()), rel=1e-3)


def test_counting_is_white_poisson_noise() -> None:
    rng = np.random.default_rng(5)
    for mean in (0.1, 1, 10, 120):
        counts = optics.count(np.full((400, 400), mean, np.float32), rng).astype(float)
        assert counts.mean() == pytest.approx(mean, rel=0.02)
        assert counts.var() / counts.mean() == pytest.approx(1, abs=0.03)
        neighbours = np.corrcoef(counts[:, 1:].ravel(), counts[:, :-1].ravel())[0, 1]
        assert abs(neighbours) < 0.015


def test_scatter_stays_inside_the_body() -> None:
    back, front = np.full((80, 80), np.nan), np.full((80, 80), np.nan)
    back[20:60, 20:60], front[20:60, 20:60] = -100, 100
    none = Chords(*(np.zeros(0, int) for _ in range(3)), *(np.zeros(0) for _ in range(3)))
    scene = medium(back, front, none, 2.26)
    primary = np.zeros((80, 80), np.float32)
    primary[20:60, 20:60] = 50
    scattered = optics.scatter(primary, scene.thickness, 2.26)
    assert (scattered[np.isnan(front)] == 0).all()
    assert 0.2 < scattered[40, 40] / 50 < 0.4
    assert Grid(80, 80, 2.26, 0, 0).shape == scattered.shape
