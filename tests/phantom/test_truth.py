"""Masks and visibility recomputed from their definition, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest

from workstation.phantom.cohorts import COHORTS
from workstation.phantom.patient import simulate
from workstation.phantom.truth import trace


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


def test_a_cold_lesions_mask_goes_by_how_much_it_takes_away() -> None:
    found = trace(np.array([[0.0, 4.0], [3.0, 1.0]]), np.full((2, 2), 10.0))
    assert found.ratio(-0.8) == pytest.approx(-0.32)
    assert found.shown(-0.8).tolist() == [[False, True], [True, False]]
    assert not found.shown(-0.2).any()


def test_left_is_on_the_right_of_the_anterior_picture() -> None:
    seen = 0
    for number in range(4):
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
    assert seen > 2
