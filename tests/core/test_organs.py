"""The bladder against simulated truth: found where it is, and what lies behind or beside it is left to be a lesion."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tests.core.test_body import SHAPE, figure
from workstation.core import body
from workstation.core.lesion import Mask, Roi
from workstation.core.scan import VIEWS, Frame, How, View
from workstation.phantom.cohorts import COHORTS
from workstation.phantom.patient import simulate

ROWS, COLUMNS = np.mgrid[: SHAPE[0], : SHAPE[1]]


def disc(row: float, column: float, high: float, wide: float) -> Mask:
    inside: Mask = ((ROWS - row) / high) ** 2 + ((COLUMNS - column) / wide) ** 2 < 1
    return inside


POOL = disc(223, 64, 8, 9)


def frame(view: View, hot: np.ndarray, seed: int = 3) -> Frame:
    expected = figure()[0] + gaussian_filter(hot, 1.5)
    return Frame(np.random.default_rng(seed).poisson(expected).astype(np.uint16), view, How.VIEW_CODE)


def dice(roi: Roi | None, mask: Mask) -> float:
    assert roi is not None
    own = roi.mask(SHAPE)
    return 2 * np.count_nonzero(own & mask) / (np.count_nonzero(own) + np.count_nonzero(mask))


@pytest.mark.parametrize("shift", [0, 3, -3])
def test_a_bladder_seen_from_both_sides_is_one_from_both(shift: int) -> None:
    behind = np.roll(200.0 * POOL[:, ::-1], shift, axis=1)
    frames = {View.ANTERIOR: frame(View.ANTERIOR, 300.0 * POOL), View.POSTERIOR: frame(View.POSTERIOR, behind)}
    found = body.bodies(frames)
    assert dice(found[View.ANTERIOR].bladder, POOL) > 0.75
    assert dice(found[View.POSTERIOR].bladder, behind > 0) > 0.6


@pytest.mark.parametrize("front", [0.0, 300.0])
def test_a_hot_sacrum_behind_is_no_bladder(front: float) -> None:
    """It is hot in the midline from behind, and from the front nothing is there, or a bladder below it."""
    sacrum = disc(220, 64, 7, 7)
    alone = body.facts(frame(View.POSTERIOR, 300.0 * sacrum).counts, View.POSTERIOR)
    frames = {
        View.ANTERIOR: frame(View.ANTERIOR, front * disc(232, 64, 8, 9)),
        View.POSTERIOR: frame(View.POSTERIOR, 300.0 * sacrum),
    }
    found = body.bodies(frames)
    assert (found[View.ANTERIOR].bladder is not None) is (front > 0)
    assert found[View.POSTERIOR].bladder is None
    assert alone.bladder is not None  # one view alone cannot tell


def test_what_hangs_on_to_the_bladder_is_left_out() -> None:
    pubis = disc(227, 78, 3, 10)
    found = body.facts(frame(View.ANTERIOR, 300.0 * POOL + 260.0 * (pubis & ~POOL)).counts, View.ANTERIOR)
    assert found.bladder is not None
    assert not found.bladder.mask(SHAPE)[227, 82] and dice(found.bladder, POOL) > 0.7


@pytest.mark.parametrize("patient", [12, 44])
def test_no_visible_lesion_of_these_simulated_scans_lies_in_an_organ(patient: int) -> None:
    """Their sacral and pubic lesions touch or hide the bladder; one view alone takes some for it."""
    made = simulate(COHORTS["lesions-3352"], 7002, patient)[-1]
    frames = {view: Frame(made.counts[k], view, How.VIEW_CODE) for k, view in enumerate(VIEWS)}
    found = body.bodies(frames)
    lesions = [lesion for lesion in made.lesions if lesion.visible]
    assert lesions and found[View.ANTERIOR].bladder is not None
    for k, view in enumerate(VIEWS):
        mask = found[view].excluded_mask
        for lesion in lesions:
            if lesion.masks[k].any():
                row, column = np.argwhere(lesion.masks[k]).mean(axis=0).round().astype(int)
                inside = np.count_nonzero(mask & lesion.masks[k]) / np.count_nonzero(lesion.masks[k])
                assert not mask[row, column] or made.bladder[k][row, column], (view, row, column, inside)
    own = found[View.ANTERIOR].bladder.mask(made.bladder[0].shape)
    assert np.count_nonzero(own & made.bladder[0]) > 0.9 * np.count_nonzero(made.bladder[0])


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (3, 64), (6, 1024), (400, 1), (1024, 5), (130, 9)])
def test_frames_of_a_few_pixels_and_counts_that_are_none(shape: tuple[int, int]) -> None:
    """Two views of such frames, with NaN, infinite and absurd counts among them: an answer, and no warning."""
    for seed in range(6):
        rng = np.random.default_rng([*shape, seed])
        frames = {}
        for number, view in enumerate(VIEWS, 1):
            counts = rng.poisson(30, shape).astype(np.float32)
            if seed:
                wrong = np.array([np.nan, np.inf, -np.inf, 3e38, -3e38], np.float32)
                counts.ravel()[rng.integers(0, counts.size, 1 + counts.size // 50)] = wrong[seed - 1]
            frames[view] = Frame(counts, view, How.VIEW_CODE, number)
        for facts in body.bodies(frames).values():
            assert facts.shape == shape and np.isfinite(facts.level)
            assert facts.body_mask.shape == facts.excluded_mask.shape == shape
            assert np.isfinite(facts.midline.columns(np.arange(shape[0]))).all()
