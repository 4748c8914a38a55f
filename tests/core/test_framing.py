"""Pictures of any matrix in one frame: counts kept where they can be, masks on the same pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workstation.core.framing import COLUMNS, COMMON_MM, ROWS, framed, framed_mask, framing

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("spacing", [None, (2.26, 2.26), (9.9, 1.1)])
def test_a_picture_of_the_size_is_not_touched(spacing: tuple[float, float] | None) -> None:
    counts = RNG.integers(0, 2**16, (ROWS, COLUMNS)).astype(np.uint16)
    way = framing(counts.shape, spacing)
    assert np.array_equal(framed(counts, way), counts) and not way.resampled and not way.moved
    assert way.spacing_mm == spacing


def test_multiples_are_summed_and_parts_repeated(times: int = 2) -> None:
    fine = RNG.integers(0, 50, (ROWS * times, COLUMNS * times)).astype(np.uint16)
    way = framing(fine.shape, (1.2, 1.2))
    sums = fine.reshape(ROWS, times, COLUMNS, times).sum(axis=(1, 3))
    assert np.array_equal(framed(fine, way), sums) and way.spacing_mm == (1.2 * times, 1.2 * times)
    coarse = RNG.integers(0, 2**16, (ROWS // times, COLUMNS // times)).astype(np.uint16)
    way = framing(coarse.shape, None)
    assert np.array_equal(framed(coarse, way), np.kron(coarse, np.ones((times, times))))
    mask = RNG.random(coarse.shape) < 0.1
    assert np.array_equal(framed_mask(mask, way), np.kron(mask, np.ones((times, times), bool)))
    one = np.zeros(fine.shape, bool)
    one[times * 7 + 1, times * 9] = True
    small = framed_mask(one, framing(fine.shape, None))
    assert small.sum() == 1 and small[7, 9], "a mask that covers half of no pixel is where it covers most"


def test_wide_pictures_are_cropped_about_their_middle_and_narrow_ones_padded() -> None:
    counts = RNG.integers(0, 9, (ROWS, 512)).astype(np.uint16)
    assert np.array_equal(framed(counts, framing(counts.shape, None)), counts[:, 128:384])
    assert np.array_equal(framed(counts, framing(counts.shape, (COMMON_MM, COMMON_MM))), counts[:, 128:384])
    short = RNG.integers(0, 9, (900, 200)).astype(np.uint16)
    found = framed(short, framing(short.shape, (COMMON_MM, COMMON_MM)))
    assert np.array_equal(found[:900, 28:228], short) and found.sum() == short.sum()


@settings(max_examples=40)
@given(
    rows=st.integers(8, 2600), columns=st.integers(4, 700), down=st.floats(0.1, 30), across=st.floats(0.1, 30),
    known=st.booleans(), kind=st.sampled_from(["uint16", "float32"]), seed=st.integers(0, 99),
)  # fmt: skip
def test_any_matrix_fits_and_masks_follow_the_picture(
    rows: int, columns: int, down: float, across: float, known: bool, kind: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    mask = np.zeros((rows, columns), bool)
    top, left = rng.integers(0, rows), rng.integers(0, columns)
    mask[top : top + rows // 4 + 1, left : left + columns // 4 + 1] = True
    counts = (mask * 40).astype(kind)
    if kind == "float32":
        counts[0, 0] = np.nan
    way = framing(mask.shape, (down, across) if known else None)
    picture, drawn = framed(counts, way), framed_mask(mask, way)
    assert picture.shape == drawn.shape == (ROWS, COLUMNS) and picture.dtype == np.uint16
    if picture.any():  # where the picture is hot there is mask, and the other way round
        hot = picture >= picture.max() / 2
        assert (hot & drawn).sum() >= 0.5 * max(int(drawn.sum()), 1)
    if way.spacing_mm is not None:
        assert way.spacing_mm[0] * way.scaled[0] == pytest.approx(down * rows)


def test_no_count_is_lost_where_nothing_is_cropped() -> None:
    counts = RNG.integers(0, 200, (1400, 333)).astype(np.uint16)
    way = framing(counts.shape, (1.7, 1.7))
    assert way.scaled == (round(1400 * 1.7 / COMMON_MM), round(333 * 1.7 / COMMON_MM))
    assert abs(int(framed(counts, way).sum()) - int(counts.sum())) < 1e-3 * counts.sum()


def test_more_counts_than_fit_are_cut() -> None:
    counts = np.full((ROWS, COLUMNS), 1e6, np.float32)
    assert (framed(counts, framing(counts.shape, None)) == 65_535).all()
    assert not framed(-counts, framing(counts.shape, None)).any()
