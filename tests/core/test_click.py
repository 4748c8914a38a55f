"""One click against lesions whose own contribution to both views is known."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import resources
from tests import made_scans
from workstation.core import ellipse
from workstation.core.body import BodyFacts, facts
from workstation.core.click import delineate
from workstation.core.isocontour import ContourSpec, isocontour
from workstation.core.scan import VIEWS, Frame, How, View
from workstation.phantom.cohorts import COHORTS
from workstation.phantom.patient import simulate
from workstation.workflows.click_weights import estimator

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
        near = (row + random.uniform(-2, 2), column + random.uniform(-2, 2))
        found = delineate(frames, bodies, View.ANTERIOR, near, estimator())
        masks = {View.ANTERIOR: front >= 12.5, View.POSTERIOR: (back >= 20.0)[:, ::-1]}
        for view in VIEWS:
            contour = found[view]
            assert contour is not None
            scores.append(dice(contour.roi.mask(SHAPE), masks[view]))
    assert np.median(scores) > 0.8 and np.mean(np.array(scores) < 0.5) < 0.1


def test_either_view_gives_the_same_spot() -> None:
    spot = blob(150, 105, 4, 50.0)
    frames, bodies = scene(spot, spot)
    front = delineate(frames, bodies, View.ANTERIOR, (151.0, 104.0), estimator())
    back = delineate(frames, bodies, View.POSTERIOR, (151.0, 159.0 - 104.0), estimator())
    for view in VIEWS:
        one, other = front[view], back[view]
        assert one is not None and other is not None
        assert dice(one.roi.mask(SHAPE), other.roi.mask(SHAPE)) > 0.8
        assert one.peak - one.background == pytest.approx(50.0, rel=0.4)


def test_simulated_lesions_it_never_saw() -> None:
    """Nearly the truth in both views, and none drawn where the truth says a view shows nothing."""
    random = np.random.default_rng(1)
    scores, told = [], []
    for patient in range(150, 158):
        made = simulate(COHORTS["lesions-3352"], 7002, patient)[-1]
        spacing = (made.acquisition.grid.spacing_mm,) * 2
        frames = {view: Frame(made.counts[k], view, How.VIEW_CODE, spacing_mm=spacing) for k, view in enumerate(VIEWS)}
        bodies = {view: facts(frame.counts, view, spacing) for view, frame in frames.items()}
        for lesion in made.lesions:
            if not lesion.visible:
                continue
            k = int(np.argmax(lesion.masks.sum(axis=(1, 2))))
            row, column = np.argwhere(lesion.masks[k]).mean(axis=0) + random.uniform(-2, 2, 2)
            found = delineate(frames, bodies, VIEWS[k], (row, column), estimator())
            if found:
                shape = made.counts.shape[1:]
                own = [found[v].roi.mask(shape) if found.get(v) else np.zeros(shape, bool) for v in VIEWS]
                scores.append(dice(np.stack(own), lesion.masks))
                told.append((found.get(VIEWS[1 - k]) is not None, bool(lesion.masks[1 - k].any())))
    assert len(scores) > 20 and np.median(scores) > 0.78 and np.mean(np.array(scores) < 0.5) < 0.15
    assert np.mean([said == true for said, true in told]) > 0.85


def test_pixels_of_half_the_size_give_the_same_spot() -> None:
    spot = blob(150, 105, 5, 60.0)
    frames, _ = scene(spot, spot)
    usual = {view: Frame(frames[view].counts, view, How.VIEW_CODE, spacing_mm=(2.3, 2.3)) for view in VIEWS}
    # Each pixel's counts dealt out to four, as a camera with twice the matrix would have counted them.
    random = np.random.default_rng(2)
    fine = {}
    for view in VIEWS:
        dealt = random.multinomial(frames[view].counts, [0.25] * 4).astype(np.uint16)
        wide = dealt.reshape(*SHAPE, 2, 2).transpose(0, 2, 1, 3).reshape(2 * SHAPE[0], 2 * SHAPE[1])
        fine[view] = Frame(wide, view, How.VIEW_CODE, spacing_mm=(1.15, 1.15))
    found = [
        delineate(
            each, {v: facts(each[v].counts, v, each[v].spacing_mm) for v in VIEWS}, View.ANTERIOR, at, estimator()
        )
        for each, at in ((usual, (151.0, 104.0)), (fine, (302.5, 208.5)))
    ]
    for view in VIEWS:
        large, small = found[0][view], found[1][view]
        assert large is not None and small is not None
        whole = np.repeat(np.repeat(large.roi.mask(SHAPE), 2, axis=0), 2, axis=1)
        assert dice(whole, small.roi.mask((2 * SHAPE[0], 2 * SHAPE[1]))) > 0.75
        assert small.peak == pytest.approx(large.peak / 4, rel=0.2)


@pytest.mark.parametrize("fraction", [0.3, 0.7])
def test_a_higher_share_gives_less(fraction: float) -> None:
    spot = blob(150, 105, 4, 60.0)
    frames, bodies = scene(spot, spot)
    half = delineate(frames, bodies, View.ANTERIOR, (150, 105), estimator())
    other = delineate(frames, bodies, View.ANTERIOR, (150, 105), estimator(), ContourSpec("background", fraction))
    for view in VIEWS:
        one, two = half[view], other[view]
        assert one is not None and two is not None
        wide, narrow = (two, one) if fraction < 0.5 else (one, two)
        assert not (narrow.roi.mask(SHAPE) & ~wide.roi.mask(SHAPE)).any()
        assert (two.threshold - two.background) == pytest.approx(fraction * (two.peak - two.background))


def test_one_view_alone_and_places_that_hold_nothing() -> None:
    spot = blob(150, 105, 4, 60.0)
    frames, bodies = scene(spot, spot)
    alone = delineate({View.ANTERIOR: frames[View.ANTERIOR]}, bodies, View.ANTERIOR, (150, 105), estimator())
    assert set(alone) == {View.ANTERIOR} and alone[View.ANTERIOR] is not None
    assert not delineate(frames, bodies, View.ANTERIOR, (-4, 20), estimator())
    assert not delineate(frames, bodies, View.ANTERIOR, (150, 160), estimator())
    for at in ((0, 0), (SHAPE[0] - 1, SHAPE[1] - 1), (150, 0)):
        delineate(frames, bodies, View.POSTERIOR, at, estimator())  # the edge does no harm
    empty = {view: Frame(np.zeros((30, 9), np.uint16), view, How.VIEW_CODE) for view in VIEWS}
    nobody = {view: facts(empty[view].counts, view) for view in VIEWS}
    assert not delineate(empty, nobody, View.ANTERIOR, (15, 4), estimator())


def test_excluded_pixels_stay_out() -> None:
    counts = {view: made_scans.counts(1, view) for view in VIEWS}
    frames = {view: Frame(counts[view], view, How.VIEW_CODE, spacing_mm=(2.26, 2.26)) for view in VIEWS}
    bodies = {view: facts(counts[view], view) for view in VIEWS}
    found = delineate(frames, bodies, View.ANTERIOR, made_scans.HOT, estimator())
    for view, contour in found.items():
        assert contour is not None and not (contour.roi.mask((1024, 256)) & bodies[view].excluded_mask).any()


def test_the_mode_maximum_is_the_isocontour_of_one_view() -> None:
    spot = blob(150, 105, 4, 60.0)
    frames, bodies = scene(spot, spot)
    spec = ContourSpec("maximum", 0.5)
    found = delineate(frames, bodies, View.ANTERIOR, (150, 105), estimator(), spec)
    assert found == {View.ANTERIOR: isocontour(frames[View.ANTERIOR].counts, (150, 105), spec)}


@pytest.mark.parametrize("level", [0.0, 1.0, 200.0, 60000.0])
@pytest.mark.parametrize("at", [(40, 30), (0, 0), (79, 59), (3, 57)])
def test_pictures_without_anything_do_no_harm(level: float, at: tuple[int, int]) -> None:
    flat = {view: Frame(np.full((80, 60), level, np.float32), view, How.VIEW_CODE) for view in VIEWS}
    bodies = {view: facts(flat[view].counts, view) for view in VIEWS}
    for contour in delineate(flat, bodies, View.ANTERIOR, at, estimator()).values():
        assert contour is None or np.isfinite([contour.threshold, contour.peak, contour.background]).all()


def test_what_is_no_number_does_no_harm() -> None:
    spot = blob(150, 105, 4, 60.0)
    frames, bodies = scene(spot, spot)
    holed = {}
    for view in VIEWS:
        counts = frames[view].counts.astype(np.float32)
        counts[140:160:7, ::9], counts[145, ::11] = np.nan, np.inf
        holed[view] = Frame(counts, view, How.VIEW_CODE)
    for spec in (ContourSpec(), ContourSpec("maximum", 0.5)):
        found = delineate(holed, bodies, View.ANTERIOR, (150, 105), estimator(), spec)
        assert found[View.ANTERIOR] is not None


def test_the_weights_are_those_of_their_card() -> None:
    stored, card = (resources.path("models", f"click.{kind}").read_bytes() for kind in ("npz", "json"))
    assert json.loads(card)["sha256"] == hashlib.sha256(stored).hexdigest()


def test_an_ellipse_is_half_at_its_edge() -> None:
    shape = np.array([50.0, 40.0, np.log(6.0), 0.3, 0.1])
    far = ellipse.reach(shape, 0.5)
    ring = np.linspace(0, 2 * np.pi, 721)
    values = ellipse.profile(shape, 50 + far * np.sin(ring), 40 + far * np.cos(ring))
    assert values.max() == pytest.approx(0.5, abs=1e-3)
    assert ellipse.profile(shape, np.array(50.0), np.array(40.0)) == 1.0
