"""BSTBI against the formula worked by hand and the limits it must have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workstation.core.burden import bstbi, bstbi_counts

SHAPE = (4, 5)
greys = arrays(np.uint8, SHAPE)
masks = arrays(bool, SHAPE)


def test_worked_example() -> None:
    grey = np.full(SHAPE, 255, np.uint8)
    grey[0, :] = [155, 205, 235, 255, 55]  # uptake 100, 50, 20, 0, 200
    lesion, bladder = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    lesion[0, 0] = bladder[0, 4] = True
    # s = 100, R = 370, B = 200: 5 * 100 / (4 * 100 + 170)
    assert bstbi(grey, lesion, bladder) == pytest.approx(500 / 570)
    assert bstbi(grey, lesion) == pytest.approx(500 / 770)
    assert bstbi(grey, lesion, bladder, k=1) == pytest.approx(100 / 170)
    assert bstbi_counts(255.0 - grey, lesion, bladder) == pytest.approx(500 / 570)


@given(greys, masks, masks)
def test_between_nothing_and_everything(grey: np.ndarray, lesion: np.ndarray, bladder: np.ndarray) -> None:
    value = bstbi(grey, lesion, bladder)
    assert 0 <= value <= 1 + 1e-12
    outside = (255 - grey.astype(int))[~bladder].sum()
    assert bstbi(grey, np.zeros(SHAPE, bool), bladder) == 0
    assert bstbi(grey, ~bladder, bladder) == pytest.approx(1.0 if outside else 0.0)
    assert bstbi(grey, lesion & ~bladder, bladder) == value  # the bladder wins where both are


@given(greys, masks, masks, masks)
def test_more_lesion_is_never_less(grey: np.ndarray, lesion: np.ndarray, more: np.ndarray, bladder: np.ndarray) -> None:
    assert bstbi(grey, lesion, bladder) <= bstbi(grey, lesion | more, bladder) + 1e-12


def test_no_uptake_is_no_burden() -> None:
    empty = np.full(SHAPE, 255, np.uint8)
    assert bstbi(empty, np.ones(SHAPE, bool)) == 0


def test_shapes_must_agree() -> None:
    grey = np.zeros(SHAPE, np.uint8)
    with pytest.raises(ValueError):
        bstbi(grey, np.zeros((5, 4), bool))
    with pytest.raises(ValueError):
        bstbi(grey, np.zeros(SHAPE, bool), np.zeros((1, 5), bool))
    with pytest.raises(ValueError):
        bstbi(grey.astype(float), np.zeros(SHAPE, bool))
    with pytest.raises(ValueError):
        bstbi(grey[0], np.zeros(5, bool))


@given(st.floats(0.1, 100))
def test_counts_mode_does_not_know_the_scale(factor: float) -> None:
    counts = np.arange(20.0).reshape(SHAPE)
    lesion = counts > 15
    assert bstbi_counts(counts * factor, lesion) == pytest.approx(bstbi_counts(counts, lesion))
