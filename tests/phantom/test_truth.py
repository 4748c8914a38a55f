"""Masks and visibility recomputed from their definition, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest

from workstation.phantom import camera as optics
from workstation.phantom import lesions as model
from workstation.phantom.cohorts import COHORTS
from workstation.phantom.patient import simulate
from workstation.phantom.pose import draw_body
from workstation.phantom.projection import ellipsoids
from workstation.phantom.scan import Acquisition, Scene, build, contribution
from workstation.phantom.sites import all_sites, anchor
from workstation.phantom.skeleton import standard
from workstation.phantom.truth import trace
from workstation.phantom.uptake import Uptake


def test_a_mask_is_what_the_definition_says() -> None:
    rng = np.random.default_rng(2)
    own, background = rng.gamma(0.5, 10, (12, 9)), rng.uniform(20, 60, (12, 9))
    found = trace(own, background)
    top = max(own[i, j] for i in range(12) for j in range(9))
    inside = [(i, j) for i in range(12) for j in range(9) if own[i, j] >= top / 2]
    assert sorted(zip(*np.nonzero(found.mask), strict=True)) == inside
    under = [background[at] for at in inside]
    for excess in (0.001, 0.02, 0.1, 0.3, 0.5, 1.0, 5.0):
        peak = excess * top / (sum(under) / len(under))
        summed = sum(excess * own[at] for at in inside)
        visible = peak >= 0.3 and summed > 8 * sum(under) ** 0.5
        assert found.shown(excess).any() == (peak >= 0.1)
        assert (excess > found.threshold()) == visible
        assert found.ratio(excess) == pytest.approx(peak)


def test_nothing_there_is_never_visible() -> None:
    found = trace(np.zeros((4, 4)), np.ones((4, 4)))
    assert found.threshold() == np.inf
    assert not found.shown(1e9).any()


@pytest.fixture(scope="module")
def scene() -> Scene:
    body = draw_body(np.random.default_rng(3), "F", 60)
    uptake = Uptake(np.array([bone.uptake for bone in standard().bones]), (np.ones((8, 4)), np.ones((8, 4))))
    return build(body, uptake, (), Acquisition(optics.CAMERAS[1], 16, 2e6, 0.0, 200.0))


def test_the_expected_picture_has_the_asked_counts_and_an_empty_border(scene: Scene) -> None:
    assert sum(float(view.sum()) for view in scene.expected) / 2 == pytest.approx(2e6, rel=1e-3)
    rows, columns = scene.field.slices
    for view in scene.expected:
        assert view[rows, columns].min() > 0
        assert view.sum() == pytest.approx(float(view[rows, columns].sum()))


@pytest.mark.parametrize("view", [0, 1])
def test_a_lesions_box_holds_all_it_adds(scene: Scene, view: int) -> None:
    site = next(site for site in all_sites() if site.place == "lateral rib" and site.side == "left")
    centre, direction = anchor(scene.skeleton, site)
    solids = model.solids(model.Shape(25, 2.0, 2), centre, direction, np.random.default_rng(0))
    chords = ellipsoids(solids, scene.grid)
    concentration = np.full(len(chords.row), 10.0)
    picture, box = contribution(scene, chords, concentration, view)
    layers = optics.deposit(chords, concentration, scene.medium, view == 0, optics.whole(scene.grid))
    full = optics.blur(layers, scene.camera) * scene.scale
    np.testing.assert_allclose(picture, full[box.slices], rtol=1e-4, atol=1e-4)
    assert full.sum() == pytest.approx(float(picture.sum()), rel=1e-4)


def test_left_is_on_the_right_of_the_anterior_picture() -> None:
    seen = 0
    for number in range(6):
        for scan in simulate(COHORTS["demo"], 3, number):
            middle = {view: np.nonzero(scan.bladder[view])[1].mean() for view in (0, 1) if scan.bladder[view].any()}
            for lesion in scan.lesions:
                assert lesion.visible
                assert lesion.masks.any()
                assert lesion.peak_ratio >= 0.3 or not lesion.visible
                if lesion.site.place not in ("lateral rib", "shoulder joint", "hip joint", "knee", "proximal femur"):
                    continue
                for view in (0, 1):
                    if lesion.masks[view].any() and view in middle:
                        right_half = np.nonzero(lesion.masks[view])[1].mean() > middle[view]
                        assert right_half == ((lesion.site.side == "left") == (view == 0))
                        seen += 1
    assert seen > 4
