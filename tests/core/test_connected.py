"""Connected regions and growth against scipy's."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import binary_dilation, gaussian_filter, label

from workstation.core.connected import components, connected, widened
from workstation.core.counts import smoothed

masks = arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9)))


@given(masks, st.data())
def test_the_region_of_a_seed(mask: np.ndarray, data: st.DataObject) -> None:
    at = data.draw(st.tuples(st.integers(0, mask.shape[0] - 1), st.integers(0, mask.shape[1] - 1)))
    seed = np.zeros(mask.shape, bool)
    seed[at] = True
    labels, _ = label(mask)
    assert np.array_equal(connected(mask, seed), (labels == labels[at]) & mask[at])


@given(masks)
def test_all_regions_largest_first(mask: np.ndarray) -> None:
    found = components(mask)
    labels, number = label(mask)
    assert len(found) == number and np.array_equal(np.any([*found, mask & False], axis=0), mask)
    sizes = [int(region.sum()) for region in found]
    assert sizes == sorted(np.bincount(labels.ravel())[1:].tolist(), reverse=True)


@given(masks, st.integers(0, 4))
def test_growth(mask: np.ndarray, steps: int) -> None:
    expected = mask
    for step in range(steps):
        expected = binary_dilation(expected, np.ones((3, 3)) if step % 2 else None)
    assert np.array_equal(widened(mask, steps), expected)


@given(arrays(np.uint16, (17, 13), elements=st.integers(0, 300)), st.floats(0.5, 3))
def test_smoothing(counts: np.ndarray, sigma: float) -> None:
    reach = int(np.ceil(3 * sigma))
    expected = gaussian_filter(counts.astype(float), sigma, mode="nearest", radius=reach)
    assert np.allclose(smoothed(counts, sigma), expected, atol=0.01)
