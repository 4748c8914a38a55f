"""Acquisitions as cameras and papers have them."""

from __future__ import annotations

import numpy as np
import pytest

from workstation.phantom.acquisition import Acquisition, draw_acquisition
from workstation.phantom.camera import CAMERAS
from workstation.phantom.motion import MOST_MM
from workstation.phantom.pose import draw_body

BODY = draw_body(np.random.default_rng(1), "M", 60)


@pytest.fixture(scope="module")
def drawn() -> list[Acquisition]:
    rng = np.random.default_rng(7)
    return [draw_acquisition(BODY, rng) for _ in range(4000)]


def test_every_make_is_met_and_pixels_are_as_real(drawn: list[Acquisition]) -> None:
    assert {each.camera.make for each in drawn} == {"GE", "Siemens", "Philips"}
    assert {each.window_percent for each in drawn} == {10.0, 20.0}
    assert all(2.2 <= camera.spacing_mm <= 2.4 for camera in CAMERAS)


def test_counts_follow_speed_activity_and_time(drawn: list[Acquisition]) -> None:
    counts = np.array([each.counts for each in drawn])
    speed = np.array([each.speed for each in drawn])
    usual = counts[speed == 16]
    assert np.median(usual) == pytest.approx(2.0e6, rel=0.1)
    assert np.log(usual).std() == pytest.approx(0.3, abs=0.05)
    slow = counts[speed == 10]
    assert np.percentile(slow, 15) < 3.6e6 < np.percentile(slow, 85), "the real scan: 3.6 million at 10 cm/min"
    assert set(speed) <= set(np.arange(10.0, 21.0))
    late = np.array([each.uptake_min for each in drawn])
    assert late.min() >= 120 and late.max() <= 300
    half = 0.5 ** ((np.percentile(late, 90) - np.percentile(late, 10)) / 360.6)
    rate = counts * speed
    assert np.median(rate[late > np.percentile(late, 80)]) < np.median(rate[late < np.percentile(late, 20)])
    assert 0.6 < half < 0.95


def test_activity_is_what_the_papers_inject(drawn: list[Acquisition]) -> None:
    activity = np.array([each.activity_mbq for each in drawn])
    assert activity.min() >= 555 and activity.max() <= 740
    rng = np.random.default_rng(2)
    wide = [draw_acquisition(BODY, rng, (370.0, 740.0)).activity_mbq for _ in range(300)]
    assert 370 <= min(wide) < 420 and max(wide) <= 740


def test_borders_are_those_of_the_makes(drawn: list[Acquisition]) -> None:
    for each in drawn:
        field = each.field
        assert (each.grid.rows, each.grid.columns) == (1024, 256)
        assert 0 <= field.top < field.bottom <= 1024
        if each.camera.make == "GE":
            assert (field.left, field.right) == (13, 243), "columns 13 to 242 of the real scan"
        elif each.camera.make == "Philips":
            assert (field.left, field.right, field.top) == (0, 256, 0)
        else:
            assert field.left > 0 and field.right < 256
            assert abs(field.top - (1024 - field.bottom)) <= 1
        vertex, toes = -each.grid.top_mm, 1.047 * BODY.height_mm
        assert field.top * each.camera.spacing_mm + 30 < vertex
        assert vertex + toes < field.bottom * each.camera.spacing_mm
    ge = [each.field for each in drawn if each.camera.make == "GE"]
    assert np.median([field.top for field in ge]) == pytest.approx(46, abs=3)
    rows = np.array([field.bottom - field.top for field in ge])
    assert rows.min() < 841 * 1.1 and rows.max() > 841 * 0.9


def test_the_tallest_do_not_pass_the_end_of_the_frame() -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        body = draw_body(rng, "M", 30)
        each = draw_acquisition(body, rng)
        assert each.rows[1] <= 1024


def test_one_in_fifty_moves(drawn: list[Acquisition]) -> None:
    motions = [each.motion for each in drawn if each.motion is not None]
    assert len(motions) == pytest.approx(80, abs=30)
    for motion in motions:
        assert 5 - 1e-9 <= np.hypot(*motion.shift_mm) <= MOST_MM + 1e-9
        assert 0 < motion.weight <= 1
    assert len({(motion.sharp, motion.beyond_mm is None) for motion in motions}) == 3, "head, arm and body"


def test_the_same_seed_draws_the_same() -> None:
    one, two = (draw_acquisition(BODY, np.random.default_rng(9)) for _ in range(2))
    assert one == two
