"""One click against lesions whose own contribution to both views is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tests import made_scans
from workstation.core import ellipse
from workstation.core.body import BodyFacts, facts
from workstation.core.click import delineate
from workstation.core.isocontour import ContourSpec
from workstation.core.scan import VIEWS, Frame, How, View
from workstation.core.spot import find_spot

SHAPE = (420, 160)


def blob(row: float, column: float, radius: float, peak: float) -> np.ndarray:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    ball = np.sqrt(np.maximum(radius**2 - (rows - row) ** 2 - (columns - column) ** 2, 0.0))
    blurred = gaussian_filter(ball, 2.2)
    return blurred * (peak / blurred.max())


def scene(front: np.ndarray, back: np.ndarray, seed: int = 1) -> tuple[dict[View, Frame], dict[View, BodyFacts]]:
    """A body with ribs and a spine in both views, and what is added to each; `back` as seen from the front."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    body = 15.0 * (((rows - 210) / 195) ** 2 + ((columns - 79.5) / 55) ** 2 < 1)
    spine = 30.0 * (np.abs(columns - 79.5) < 6) * (body > 0)
    ribs = 15.0 * ((rows + 0.3 * np.abs(columns - 79.5)) % 18 < 6) * (rows > 90) * (rows < 220) * (body > 0)
    plain = gaussian_filter(body + spine + ribs, 2.2)
    random = np.random.default_rng(seed)
    pictures = {View.ANTERIOR: plain + front, View.POSTERIOR: (plain + back)[:, ::-1]}
    frames = {view: Frame(random.poisson(pictures[view]).astype(np.uint16), view, How.VIEW_CODE) for view in VIEWS}
    return frames, {view: facts(frames[view].counts, view) for view in VIEWS}


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other))


def test_one_click_gives_both_views() -> None:
    scores = []
    random = np.random.default_rng(3)
    for seed in range(12):
        row, column, radius = random.uniform(110, 200), random.uniform(95, 115), random.uniform(3, 5)
        front, back = blob(row, column, radius, 25.0), blob(row, column, radius, 40.0)
        frames, bodies = scene(front, back, seed)
        found = delineate(frames, bodies, View.ANTERIOR, (row + random.uniform(-2, 2), column + random.uniform(-2, 2)))
        masks = {View.ANTERIOR: front >= 12.5, View.POSTERIOR: (back >= 20.0)[:, ::-1]}
        for view in VIEWS:
            contour = found[view]
            assert contour is not None
            scores.append(dice(contour.roi.mask(SHAPE), masks[view]))
    assert np.median(scores) > 0.8 and np.mean(np.array(scores) < 0.5) < 0.1


def test_either_view_gives_the_same_spot() -> None:
    spot = blob(150, 105, 4, 50.0)
    frames, bodies = scene(spot, spot)
    front = find_spot(frames, bodies, View.ANTERIOR, (151.0, 104.0))
    back = find_spot(frames, bodies, View.POSTERIOR, (151.0, 159.0 - 104.0))
    assert front is not None and back is not None
    for view in VIEWS:
        assert np.allclose(front.shapes[view], back.shapes[view], atol=0.1)
        assert front.heights[view] == pytest.approx(50.0, rel=0.3)


def test_what_only_one_view_shows_stays_in_it() -> None:
    spot = blob(150, 105, 4, 60.0)
    frames, bodies = scene(spot, np.zeros(SHAPE))
    found = find_spot(frames, bodies, View.ANTERIOR, (150.0, 105.0))
    assert found is not None and found.heights[View.POSTERIOR] < 0.15 * found.heights[View.ANTERIOR]


@pytest.mark.parametrize("fraction", [0.3, 0.7])
def test_a_higher_share_gives_less(fraction: float) -> None:
    spot = blob(150, 105, 4, 60.0)
    frames, bodies = scene(spot, spot)
    half = delineate(frames, bodies, View.ANTERIOR, (150, 105))
    other = delineate(frames, bodies, View.ANTERIOR, (150, 105), ContourSpec("background", fraction))
    for view in VIEWS:
        one, two = half[view], other[view]
        assert one is not None and two is not None
        wide, narrow = (two, one) if fraction < 0.5 else (one, two)
        assert not (narrow.roi.mask(SHAPE) & ~wide.roi.mask(SHAPE)).any()
        assert (two.threshold - two.background) == pytest.approx(fraction * (two.peak - two.background))


def test_one_view_alone_and_places_that_hold_nothing() -> None:
    spot = blob(150, 105, 4, 60.0)
    frames, bodies = scene(spot, spot)
    alone = delineate({View.ANTERIOR: frames[View.ANTERIOR]}, bodies, View.ANTERIOR, (150, 105))
    assert set(alone) == {View.ANTERIOR} and alone[View.ANTERIOR] is not None
    assert not delineate(frames, bodies, View.ANTERIOR, (-4, 20))
    assert not delineate(frames, bodies, View.ANTERIOR, (150, 160))
    for at in ((0, 0), (SHAPE[0] - 1, SHAPE[1] - 1), (150, 0)):
        delineate(frames, bodies, View.POSTERIOR, at)  # the edge does no harm
    empty = {view: Frame(np.zeros((30, 9), np.uint16), view, How.VIEW_CODE) for view in VIEWS}
    nobody = {view: facts(empty[view].counts, view) for view in VIEWS}
    assert not delineate(empty, nobody, View.ANTERIOR, (15, 4))


def test_excluded_pixels_stay_out() -> None:
    counts = {view: made_scans.counts(1, view) for view in VIEWS}
    frames = {view: Frame(counts[view], view, How.VIEW_CODE, spacing_mm=(2.26, 2.26)) for view in VIEWS}
    bodies = {view: facts(counts[view], view) for view in VIEWS}
    found = delineate(frames, bodies, View.ANTERIOR, made_scans.HOT)
    for view, contour in found.items():
        assert contour is not None and not (contour.roi.mask((1024, 256)) & bodies[view].excluded_mask).any()


def test_an_ellipse_is_half_at_its_edge() -> None:
    shape = np.array([50.0, 40.0, np.log(6.0), 0.3, 0.1])
    far = ellipse.reach(shape, 0.5)
    ring = np.linspace(0, 2 * np.pi, 721)
    values = ellipse.profile(shape, 50 + far * np.sin(ring), 40 + far * np.cos(ring))
    assert values.max() == pytest.approx(0.5, abs=1e-3)
    assert ellipse.profile(shape, np.array(50.0), np.array(40.0)) == 1.0
    twice = ellipse.mirrored(ellipse.mirrored(shape, 159.0), 159.0)
    assert np.allclose(twice, shape)
