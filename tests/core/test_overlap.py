"""Dice of lesions against masks compared pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workstation.core.lesion import Lesion, Roi
from workstation.core.overlap import dice
from workstation.core.scan import VIEWS

_MASKS = st.lists(arrays(bool, (12, 9)), min_size=2, max_size=2)


def lesion(masks: list[np.ndarray], name: str = "L") -> Lesion | None:
    rois = {view: roi for view, mask in zip(VIEWS, masks, strict=True) if (roi := Roi.from_mask(mask))}
    return Lesion(name, rois) if rois else None


@given(_MASKS, _MASKS)
def test_dice_is_that_of_the_masks_of_both_views(one: list[np.ndarray], other: list[np.ndarray]) -> None:
    a, b = np.stack(one), np.stack(other)
    expected = 2 * (a & b).sum() / (a.sum() + b.sum()) if (a.any() or b.any()) else 1.0
    mine, theirs = lesion(one), lesion(other)
    assert dice(mine, theirs) == pytest.approx(expected)
    assert dice(theirs, mine) == pytest.approx(expected)


def test_nothing_against_nothing_is_one() -> None:
    some = lesion([np.ones((2, 2), bool), np.zeros((2, 2), bool)])
    assert dice(None, None) == 1
    assert dice(some, None) == dice(None, some) == 0
