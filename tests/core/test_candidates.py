"""Places that stand out, against spots put into both views."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tests.core.test_click import SHAPE, blob, scene
from workstation.core import candidates as candidates_
from workstation.core.body import facts
from workstation.core.candidate_odds import log_odds
from workstation.core.candidates import candidates, is_marked
from workstation.core.lesion import Lesion, Roi
from workstation.core.scan import VIEWS, Frame, How, View


def test_a_hot_spot_comes_first_in_both_views() -> None:
    spot = blob(230, 105, 4, 60.0)
    frames, bodies = scene(spot, spot)
    best = candidates(frames, bodies)[0]
    assert np.hypot(best.places[View.ANTERIOR][0] - 230, best.places[View.ANTERIOR][1] - 105) < 4
    assert np.hypot(best.places[View.POSTERIOR][0] - 230, best.places[View.POSTERIOR][1] - (159 - 105)) < 4


def test_what_is_the_same_on_both_sides_is_no_candidate() -> None:
    pair = blob(230, 105, 4, 40.0) + blob(230, 54, 4, 40.0)
    alone = blob(230, 105, 4, 40.0)

    def score(added: np.ndarray) -> float:
        frames, bodies = scene(added, added)
        near = [c.score for c in candidates(frames, bodies) if abs(c.places[View.ANTERIOR][1] - 105) < 5]
        return max(near, default=0.0)

    assert score(pair) < 0.7 * score(alone)


def test_the_better_view_is_named() -> None:
    front, back = np.zeros(SHAPE), blob(230, 105, 4, 60.0)
    frames, bodies = scene(front, back)
    assert candidates(frames, bodies)[0].view is View.POSTERIOR


def test_a_lesion_marks_its_candidate() -> None:
    spot = blob(230, 105, 4, 60.0)
    frames, bodies = scene(spot, spot)
    best = candidates(frames, bodies)[0]
    here = Roi.from_mask(spot >= 30.0)
    far = Roi.from_mask(spot >= 30.0, 60, 0)
    assert here is not None and far is not None
    assert is_marked(best, {"a": Lesion("a", {View.ANTERIOR: here})})
    assert not is_marked(best, {"a": Lesion("a", {View.ANTERIOR: far})}) and not is_marked(best, {})


def test_nobody_has_none() -> None:
    for shape in ((64, 16), (1, 1), (3, 300)):
        frames = {view: Frame(np.zeros(shape, np.uint16), view, How.VIEW_CODE) for view in VIEWS}
        assert candidates(frames, {view: facts(frames[view].counts, view) for view in VIEWS}) == ()


def test_a_picture_of_one_line_has_none() -> None:
    for shape in ((1, 300), (300, 1)):
        counts = np.random.default_rng(5).poisson(3, shape).astype(np.uint16)
        frames = {view: Frame(counts, view, How.USER) for view in VIEWS}
        assert candidates(frames, {view: facts(counts, view) for view in VIEWS}) == ()


def test_one_view_is_enough() -> None:
    spot = blob(230, 105, 4, 60.0)
    frames, bodies = scene(spot, spot)
    found = candidates({View.POSTERIOR: frames[View.POSTERIOR]}, bodies)
    assert found and set(found[0].places) == {View.POSTERIOR}


def test_of_equal_places_the_likelier_region_comes_first() -> None:
    assert log_odds(3.0, "rib") > log_odds(3.0, "shoulder")
    assert log_odds(5.0, "knee") > log_odds(2.0, "knee") and np.isfinite(log_odds(-2.0, None))
    spots = blob(150, 105, 4, 40.0) + blob(290, 60, 4, 60.0)
    frames, bodies = scene(spots, spots)
    odds = [candidate.odds for candidate in candidates(frames, bodies)]
    assert odds == sorted(odds, reverse=True)


@pytest.mark.parametrize("columns", [256, 255])
def test_the_other_view_lies_on_its_mirror_image_to_a_pixel(columns: int) -> None:
    """A map that holds, at each pixel of twice the size, where its middle lies in the view it is of."""
    where = np.tile(2.0 * np.arange(columns // 2, dtype=np.float32) + 0.5, (4, 1))
    for shift in np.arange(-6.0, 6.5, 0.5):
        here = SimpleNamespace(
            shape=(8, columns), mirrored_column=lambda row, column, other, by=shift: columns - 1 - column + by
        )
        turned = candidates_._turned(where, here, here)
        there = turned[0] > 0
        off = turned[0] - (columns - 1 - where[0] + shift)
        assert there.sum() > columns // 2 - 5 and np.abs(off[there]).max() <= 1.0, shift
