"""Runs and masks are two ways to say the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ml.runs import RunList
from ml.snapshot import to_mask, to_runs

masks = arrays.arrays(bool, st.tuples(st.just(2), st.integers(1, 6), st.integers(1, 6)))


@given(masks)
def test_a_mask_survives(mask: np.ndarray) -> None:
    runs = to_runs(mask)
    assert np.array_equal(to_mask(runs, mask.shape), mask)
    inside = {pixel for start, stop in runs.tolist() for pixel in range(start, stop)}
    assert inside == {index for index, value in enumerate(mask.ravel().tolist()) if value}
    assert all(before < after for (_, before), (after, _) in zip(runs[:-1].tolist(), runs[1:].tolist(), strict=True))


@given(st.lists(masks, max_size=5))
def test_many_masks_keep_their_order(each: list[np.ndarray]) -> None:
    joined = RunList.joined(to_runs(mask) for mask in each)
    assert len(joined) == len(each) and joined.fits(len(each), 72)
    for number, mask in enumerate(each):
        assert np.array_equal(to_mask(joined.of(number), mask.shape), mask)
    with pytest.raises(IndexError):
        joined.of(len(each))
    with pytest.raises(IndexError):
        joined.of(-1)


def test_runs_of_other_pictures_do_not_fit() -> None:
    joined = RunList.joined([to_runs(np.ones((2, 3, 3), bool))])
    assert joined.fits(1, 18)
    assert not joined.fits(1, 17) and not joined.fits(2, 18)
    assert not RunList(joined.runs[:, ::-1], joined.offsets).fits(1, 18)
    assert not RunList(joined.runs, joined.offsets[::-1]).fits(1, 18)
    assert not RunList(joined.runs.ravel(), joined.offsets).fits(1, 18)
