"""Spots of known places and widths, with Poisson noise: parted where they meet, and only where there are two."""

from __future__ import annotations

import numpy as np
import pytest

from workstation.core import parting, watershed
from workstation.core.lesion import Label, Lesion, Roi
from workstation.core.region_grow import grow
from workstation.core.scan import Frame, How, View

SHAPE = (120, 110)
ROWS, COLUMNS = np.mgrid[: SHAPE[0], : SHAPE[1]]


def spots(*places: tuple[float, float, float, float]) -> np.ndarray:
    """Expected counts of a flat ground of 20 with Gaussian spots (row, column, height, sigma)."""
    expected = np.full(SHAPE, 20.0)
    for row, column, height, sigma in places:
        expected += height * np.exp(-((ROWS - row) ** 2 + (COLUMNS - column) ** 2) / (2 * sigma**2))
    return expected


def roi_of(mask: np.ndarray) -> Roi:
    roi = Roi.from_mask(mask)
    assert roi is not None
    return roi


@pytest.mark.parametrize("apart", [11, 14, 20])
def test_two_spots_become_two_at_the_line_between_them(apart: int) -> None:
    expected = spots((60, 40, 120, 3.5), (60, 40 + apart, 100, 3.5))
    roi = roi_of(expected > 45)
    right, whole = 0, 0
    for seed in range(10):
        counts = np.random.default_rng(seed).poisson(expected).astype(np.uint16)
        parts = watershed.divided(counts, roi)
        assert len(parts) == 2
        assert np.array_equal(sum(part.mask(SHAPE).astype(int) for part in parts), roi.mask(SHAPE))
        nearer = abs(COLUMNS - 40) < abs(COLUMNS - 40 - apart)
        left, far = sorted((part.mask(SHAPE) for part in parts), key=lambda mask: np.nonzero(mask)[1].mean())
        right += int((left & nearer).sum() + (far & ~nearer).sum())
        whole += roi.pixels
    assert right / whole > 0.93


def test_noise_on_one_spot_is_not_a_second_one() -> None:
    expected = spots((60, 50, 120, 6.0))
    roi = roi_of(expected > 45)
    for seed in range(25):
        counts = np.random.default_rng(seed).poisson(expected).astype(np.uint16)
        assert watershed.divided(counts, roi) == (roi,)


@pytest.mark.parametrize("place", [(0, 0), (-3, 50), (117, 105)])
def test_at_the_border_parts_are_the_roi_still(place: tuple[int, int]) -> None:
    counts = np.random.default_rng(3).poisson(spots((2, 48, 200, 3), (2, 64, 200, 3))).astype(np.uint16)
    roi = Roi.from_mask(np.ones((9, 24), bool), *place)
    assert roi is not None
    parts = watershed.divided(counts, roi)
    whole = np.sum([part.mask((140, 140)) for part in parts], axis=0)
    assert np.array_equal(whole, roi.mask((140, 140)))


def test_a_swallowed_neighbour_gets_its_own_pixels_back() -> None:
    expected = spots((60, 40, 120, 3.5), (60, 54, 100, 3.5))
    counts = np.random.default_rng(1).poisson(expected).astype(np.uint16)
    both, inner = roi_of(expected > 45), roi_of((expected > 45) & (COLUMNS > 50))
    one, other = watershed.apart(counts, [both, inner])
    masks = one.mask(SHAPE), other.mask(SHAPE)
    assert not (masks[0] & masks[1]).any()
    assert np.array_equal(masks[0] | masks[1], both.mask(SHAPE))
    assert masks[0][60, 40] and masks[1][60, 54]


def test_parts_go_with_their_own_side_of_the_other_view() -> None:
    """Two ribs on both views: the upper part keeps its upper ROI, whatever the hotter one."""
    from workstation.core.body import facts

    front = np.random.default_rng(2).poisson(spots((50, 40, 120, 3), (70, 40, 90, 3))).astype(np.uint16)
    back = np.random.default_rng(3).poisson(spots((50, 69, 80, 3), (70, 69, 150, 3))).astype(np.uint16)
    frames = {
        view: Frame(counts, view, How.VIEW_CODE, 1, (2.3, 2.3))
        for view, counts in ((View.ANTERIOR, front), (View.POSTERIOR, back))
    }
    bodies = {view: facts(frame.counts, view) for view, frame in frames.items()}
    rois = {View.ANTERIOR: roi_of((abs(COLUMNS - 40) < 6) & (abs(ROWS - 60) < 18)),
            View.POSTERIOR: roi_of((abs(COLUMNS - 69) < 6) & (abs(ROWS - 60) < 18))}  # fmt: skip
    parts = parting.parts(Lesion("L1", rois, Label.BENIGN), frames, bodies)
    assert len(parts) == 2
    for part in parts:
        assert abs(part[View.ANTERIOR].centre[0] - part[View.POSTERIOR].centre[0]) < 3
    # One view that shows one spot only stays whole, with the nearest part.
    frames[View.POSTERIOR] = Frame(spots((50, 69, 150, 4)).astype(np.uint16), View.POSTERIOR, How.VIEW_CODE, 1, None)
    parts = parting.parts(Lesion("L1", rois), frames, bodies)
    assert [len(part) for part in parts] == [2, 1]
    assert parts[0][View.POSTERIOR] == rois[View.POSTERIOR]


def test_region_grow_follows_a_bent_bone_and_stops_at_its_threshold() -> None:
    """A ring of uptake, which has no one peak: all of it is joined, and nothing colder."""
    away = np.hypot(ROWS - 60, COLUMNS - 55)
    expected = 15 + 90 * np.exp(-((away - 25) ** 2) / (2 * 3.0**2))
    counts = np.random.default_rng(0).poisson(expected).astype(np.uint16)
    found = grow(counts, (60, 80), 0.5)
    assert found is not None
    mask, truth = found.roi.mask(SHAPE), expected >= 15 + 45
    assert 2 * (mask & truth).sum() / (mask.sum() + truth.sum()) > 0.9
    wider = grow(counts, (60, 80), 0.25)
    assert wider is not None and wider.roi.pixels > found.roi.pixels


def test_region_grow_outside_or_without_counts_is_nothing() -> None:
    assert grow(np.zeros(SHAPE, np.uint16), (5, 5)) is None
    assert grow(np.ones(SHAPE, np.uint16), (-5, 5)) is None
    assert grow(np.ones(SHAPE, np.uint16), (5, 5), exclude=np.ones(SHAPE, bool)) is None
    assert grow(np.full(SHAPE, 20, np.float32), (0, 0)) is None, "no hotter than what lies around"


def test_an_island_that_two_lesions_share_is_not_lost() -> None:
    one, other = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    one[20:30, 20:30] = other[25:35, 25:35] = True
    one[80:84, 80:84] = other[80:84, 80:84] = True
    counts = spots((24, 24, 100, 4), (31, 31, 90, 4)).astype(np.uint16)
    parts = [part.mask(SHAPE) for part in watershed.apart(counts, [roi_of(one), roi_of(other)])]
    assert np.array_equal(parts[0] | parts[1], one | other) and not (parts[0] & parts[1]).any()
