"""Reshaped regions against scipy's morphology on the whole frame, at its border too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from workstation.core import reshape
from workstation.core.lesion import Roi

SHAPE = (19, 23)
CROSS, SQUARE = ndimage.generate_binary_structure(2, 1), np.ones((3, 3), bool)


@st.composite
def masks(draw) -> np.ndarray:
    """Blobs, speckles and pieces at the border; never empty."""
    seed, blur = draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from([0.0, 1.0, 2.0]))
    share = draw(st.floats(0.02, 0.7))
    noise = np.random.default_rng(seed).normal(size=SHAPE)
    picture = ndimage.gaussian_filter(noise, blur) if blur else noise
    return picture >= np.quantile(picture, 1 - share)


def roi_of(mask: np.ndarray) -> Roi:
    roi = Roi.from_mask(mask)
    assert roi is not None
    return roi


def mask_of(roi: Roi | None) -> np.ndarray:
    return np.zeros(SHAPE, bool) if roi is None else roi.mask(SHAPE)


@settings(max_examples=60, deadline=None)
@given(masks())
def test_grown_is_dilation_within_the_frame(mask: np.ndarray) -> None:
    one = ndimage.binary_dilation(mask, CROSS)
    assert np.array_equal(mask_of(reshape.grown(roi_of(mask), 1, SHAPE)), one)
    # By three: an octagon, on a frame large enough not to cut what comes back into it.
    wide = np.pad(mask, 5)
    for structure in (CROSS, SQUARE, CROSS):
        wide = ndimage.binary_dilation(wide, structure)
    assert np.array_equal(mask_of(reshape.grown(roi_of(mask), 3, SHAPE)), wide[5:-5, 5:-5])


@settings(max_examples=60, deadline=None)
@given(masks())
def test_shrunk_is_erosion_that_the_frame_does_not_wear_down(mask: np.ndarray) -> None:
    made = reshape.shrunk(roi_of(mask), 1, SHAPE)
    assert np.array_equal(mask_of(made), ndimage.binary_erosion(mask, CROSS, border_value=1))
    assert made is None or made.pixels > 0


@settings(max_examples=60, deadline=None)
@given(masks())
def test_smooth_is_the_median_and_never_empty(mask: np.ndarray) -> None:
    median = ndimage.median_filter(mask.astype(np.uint8), size=3, mode="nearest").astype(bool)
    made = mask_of(reshape.smooth(roi_of(mask), SHAPE))
    assert np.array_equal(made, median if median.any() else mask)
    assert made.any()


@settings(max_examples=60, deadline=None)
@given(masks())
def test_filled_is_without_holes(mask: np.ndarray) -> None:
    made = mask_of(reshape.filled(roi_of(mask)))
    assert np.array_equal(made, ndimage.binary_fill_holes(mask))


@settings(max_examples=60, deadline=None)
@given(masks(), masks())
def test_merged_is_the_union_and_the_gap_is_the_nearest_pair(one: np.ndarray, other: np.ndarray) -> None:
    assert np.array_equal(mask_of(reshape.merged([roi_of(one), roi_of(other)])), one | other)
    away = ndimage.distance_transform_edt(~one)[other].min()
    assert reshape.gap(roi_of(one), roi_of(other)) == pytest.approx(away)


def test_one_pixel_shrinks_to_nothing_and_a_line_stays_when_smoothed() -> None:
    dot = Roi.from_mask(np.ones((1, 1), bool), 0, 0)
    line = Roi.from_mask(np.ones((1, 9), bool), 5, 3)
    assert dot is not None and line is not None
    assert reshape.shrunk(dot, 3, SHAPE) is None
    assert reshape.smooth(line, SHAPE) == line
    assert reshape.smooth(dot, SHAPE) == dot or reshape.smooth(dot, SHAPE).pixels > 0


def test_there_is_nothing_to_merge_of_nothing() -> None:
    with pytest.raises(ValueError):
        reshape.merged([])
