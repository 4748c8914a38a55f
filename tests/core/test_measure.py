"""Measurements against numpy on the full frame and against triangles everybody knows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workstation.core.lesion import Roi
from workstation.core.measure import counts_at, mirror_ratio, roi_statistics, ruler


def test_ruler() -> None:
    line = ruler((10, 20), (13, 24))
    assert line.pixels == 5 and line.mm is None and line.words == "5.0 px"
    assert ruler((0, 0), (3, 4), (2.0, 2.0)).words == "10.0 mm"
    assert ruler((0, 0), (30, 0), (4.0, 1.0)).words == "12.0 cm"
    assert ruler((5, 5), (5, 5), (2.0, 2.0)).mm == 0


def test_counts_under_the_cursor() -> None:
    counts = np.arange(6, dtype=np.uint16).reshape(2, 3)
    assert counts_at(counts, 1.4, 1.6) == 5
    assert counts_at(counts, -0.4, 0.0) == 0
    assert counts_at(counts, -0.6, 0.0) is None and counts_at(counts, 0, 2.6) is None


@given(arrays(bool, (6, 7)), st.integers(-4, 8), st.integers(-4, 8))
def test_statistics_agree_with_the_full_mask(mask: np.ndarray, top: int, left: int) -> None:
    counts = np.random.default_rng(3).poisson(40, (10, 9)).astype(np.uint16)
    roi = Roi.from_mask(mask, top, left)
    if roi is None:
        return
    inside = counts[roi.mask((10, 9))]
    found = roi_statistics(counts, roi, (2.0, 3.0))
    assert found == roi_statistics(counts, roi.mask((10, 9)), (2.0, 3.0)) or inside.size == 0
    assert found.pixels == inside.size and found.area_cm2 == pytest.approx(inside.size * 0.06)
    if inside.size:
        assert (found.sum, found.max) == (inside.sum(), inside.max())
        assert found.mean == pytest.approx(inside.mean())
    else:
        assert found.sum == 0 and np.isnan(found.mean)


def test_ratios() -> None:
    counts = np.full((10, 21), 10, np.uint16)
    counts[4:6, 3:5] = 40  # mirrored about column 10: columns 16 and 17
    hot = Roi.from_mask(counts == 40)
    assert hot is not None
    assert roi_statistics(counts, hot).ratio(10) == 4
    assert mirror_ratio(counts, hot, np.full(10, 10.0)) == 4
    assert np.isnan(mirror_ratio(counts, hot, np.full(10, 500.0)))
    assert np.isnan(roi_statistics(counts * 0, hot).ratio(0))
