"""The outline of an ROI encloses exactly its pixels, checked with an independent even-odd point test."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workstation.core.lesion import Roi
from workstation.core.outline import outline


def _inside(loops: tuple[np.ndarray, ...], row: float, column: float) -> bool:
    crossings = 0
    for loop in loops:
        for (r1, c1), (r2, c2) in zip(loop, np.roll(loop, -1, axis=0), strict=True):
            if (r1 > row) != (r2 > row) and column < c1 + (row - r1) * (c2 - c1) / (r2 - r1):
                crossings += 1
    return crossings % 2 == 1


@given(arrays(bool, st.tuples(st.integers(1, 7), st.integers(1, 7))), st.integers(-3, 50), st.integers(-3, 50))
def test_outline_encloses_exactly_the_pixels(mask, top, left):
    roi = Roi.from_mask(mask, top, left)
    if roi is None:
        assert not mask.any()
        return
    loops = outline(roi)
    for r in range(mask.shape[0]):
        for c in range(mask.shape[1]):
            assert _inside(loops, top + r, left + c) == mask[r, c]
    # Shoelace: right-handed loops count their pixels, holes count against.
    area = sum(np.sum(p[:, 0] * np.roll(p[:, 1], -1) - np.roll(p[:, 0], -1) * p[:, 1]) / 2 for p in loops)
    assert abs(area) == mask.sum()


def test_one_pixel_is_a_square_around_its_centre():
    (loop,) = outline(Roi.from_mask(np.ones((1, 1), bool), 10, 20))
    assert sorted(map(tuple, loop)) == [(9.5, 19.5), (9.5, 20.5), (10.5, 19.5), (10.5, 20.5)]
