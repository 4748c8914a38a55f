"""ROIs and lesions: round trips, and equality as equality of pixels."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workstation.core.lesion import Label, Lesion, Origin, Progress, Reading, ReadingKey, Roi, Verdict
from workstation.core.scan import View

masks = arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))
rois = masks.filter(np.any).map(Roi.from_mask)
lesions = st.builds(
    Lesion,
    id=st.text("ABCDEF", min_size=1, max_size=3),
    rois=st.dictionaries(st.sampled_from(View), rois, min_size=1),
    label=st.none() | st.sampled_from(Label),
    criterion=st.none() | st.sampled_from(["M1", "B2"]),
    region=st.none() | st.just("rib"),
    side=st.none() | st.sampled_from(["left", "right", "midline"]),
    confidence=st.none() | st.integers(1, 3),
    comment=st.text(max_size=20),
    roi_origin=st.sampled_from(Origin),
    label_origin=st.sampled_from(Origin),
)


@given(masks, st.integers(-5, 9), st.integers(-5, 9))
def test_a_mask_comes_back(mask: np.ndarray, top: int, left: int) -> None:
    roi = Roi.from_mask(mask, top, left)
    if roi is None:
        assert not mask.any()
        return
    full = np.zeros((40, 40), bool)
    full[10 + top : 10 + top + mask.shape[0], 10 + left : 10 + left + mask.shape[1]] = mask
    frame = full[10:30, 10:30]
    assert np.array_equal(roi.mask((20, 20)), frame)
    assert roi.pixels == np.count_nonzero(mask)
    rows, columns = np.nonzero(mask)
    assert roi.centre == pytest.approx((rows.mean() + top, columns.mean() + left))
    assert roi.box.any(axis=1)[[0, -1]].all() and roi.box.any(axis=0)[[0, -1]].all()  # the box is tight
    assert Roi.from_mask(np.pad(mask, 3), top - 3, left - 3) == roi
    assert Roi.from_json(json.loads(json.dumps(roi.to_json()))) == roi


@given(masks, masks)
def test_equal_rois_are_equal_pixels(a: np.ndarray, b: np.ndarray) -> None:
    one, two = Roi.from_mask(a), Roi.from_mask(b)
    if one is not None and two is not None:
        same = np.array_equal(one.mask((12, 12)), two.mask((12, 12)))
        assert (one == two) == same
        assert not same or hash(one) == hash(two)


@given(lesions)
def test_lesions_come_back(lesion: Lesion) -> None:
    assert Lesion.from_json(json.loads(json.dumps(lesion.to_json()))) == lesion
    assert list(lesion.rois) == sorted(lesion.rois)  # anterior first, however it was made


@given(st.builds(Verdict, st.none() | st.integers(0, 3), st.booleans(), st.sampled_from(Progress), st.text(max_size=9)))
def test_verdicts_come_back(verdict: Verdict) -> None:
    assert Verdict.from_json(json.loads(json.dumps(verdict.to_json()))) == verdict


def test_what_cannot_be() -> None:
    with pytest.raises(ValueError):
        Lesion("L1", {})
    with pytest.raises(ValueError):
        Verdict(grade=4)


def test_values_do_not_change_under_the_hand() -> None:
    roi = Roi.from_mask(np.ones((2, 2), bool))
    assert roi is not None
    mine = {View.ANTERIOR: roi}
    lesion = Lesion("L1", mine)
    reading = Reading(ReadingKey("S", "ann"), {"L1": lesion})
    mine.clear()
    assert lesion.rois and reading.count(None) == 1
    with pytest.raises(TypeError):
        reading.lesions["L2"] = lesion  # type: ignore[index]
