"""Windows and what is drawn, against the definition worked pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.core.counts import percentile
from workstation.core.display import (
    DisplayState,
    PictureFacts,
    Preset,
    Window,
    bone_window,
    preset_window,
    resolve,
    scale_bar_mm,
    to_index,
)
from workstation.core.scan import View

windows = st.tuples(st.floats(0, 500), st.floats(0.5, 2000)).map(lambda w: Window(w[0], w[0] + w[1]))


@given(windows, st.sampled_from([0.5, 1.0, 1.7]), st.integers(0, 2**31))
def test_index_is_the_share_of_the_window(window: Window, gamma: float, seed: int) -> None:
    counts = np.random.default_rng(seed).integers(0, 3000, (7, 5)).astype(np.uint16)
    share = np.clip((counts.astype(float) - window.low) / (window.high - window.low), 0, 1) ** gamma * 255
    index = to_index(counts, window, gamma)
    assert index.dtype == np.uint8 and index.shape == counts.shape
    assert np.abs(index - share).max() <= 0.5 + 1e-3
    assert np.array_equal(index, to_index(counts.astype(np.float32), window, gamma))


def test_index_at_the_ends() -> None:
    assert to_index(np.array([[0, 10, 20, 65535]], np.uint16), Window(10, 20)).tolist() == [[0, 0, 255, 255]]
    wild = np.array([[np.nan, np.inf, -np.inf, -3.0]], np.float32)
    assert to_index(wild, Window(0, 20)).tolist() == [[0, 255, 0, 0]]
    assert to_index(np.array([[65535]], np.uint16), Window(1e5, 2e5)).tolist() == [[0]]


@pytest.mark.parametrize(("low", "high"), [(5, 5), (6, 5), (float("nan"), 5), (0, float("inf"))])
def test_no_window_without_width(low: float, high: float) -> None:
    with pytest.raises(ValueError):
        Window(low, high)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=60), st.floats(0, 100))
def test_percentile_agrees_with_numpy(values: list[int], percent: float) -> None:
    array = np.array(values, np.uint16).reshape(1, -1)
    half = len(values) // 2
    expected = np.percentile(array, percent, method="inverted_cdf")
    assert percentile([array[:, :half], array[:, half:]], percent) == expected


def test_the_bladder_does_not_blacken_the_rest() -> None:
    counts = np.full((100, 50), 20, np.uint16)
    counts[40:50, 10:30] = 60  # bone, 4 %
    bladder = np.zeros(counts.shape, bool)
    bladder[80:95, 20:35] = True
    full = counts.copy()
    full[bladder] = 5000
    views = {View.ANTERIOR: full, View.POSTERIOR: counts}
    bodies = dict.fromkeys(views, np.ones(counts.shape, bool))
    assert bone_window(views, bodies, {View.ANTERIOR: bladder}) == Window(0, 60)
    assert bone_window(views, bodies).high == 5000
    assert bone_window({View.ANTERIOR: counts * 0}) == Window(0, 1)


def test_presets() -> None:
    facts = PictureFacts(bone=Window(0, 100), maximum=900, reference=40)
    assert preset_window(Preset.BONE, facts) == Window(0, 100)
    assert preset_window(Preset.FULL, facts) == Window(0, 900)
    assert preset_window(Preset.REFERENCE, facts, 250) == Window(0, 100)
    assert preset_window(Preset.SOFT, facts) == Window(0, 50)
    assert preset_window(Preset.REFERENCE, PictureFacts(Window(0, 70), 900)) == Window(0, 70)


def test_four_frames_are_both_views_at_two_intensities() -> None:
    facts = PictureFacts(bone=Window(0, 120), maximum=900)
    drawn = resolve(DisplayState(four_frames=True, second_intensity=3, flipped_horizontally=True), facts)
    assert [(p.view, p.window.high, p.intense) for p in drawn.pictures] == [
        (View.ANTERIOR, 120, False),
        (View.POSTERIOR, 120, False),
        (View.ANTERIOR, 40, True),
        (View.POSTERIOR, 40, True),
    ]
    assert [p.letters["left"] for p in drawn.pictures] == ["L", "R", "L", "R"]
    alone = resolve(DisplayState(window=Window(3, 9)), PictureFacts(Window(0, 120), 900, views=(View.POSTERIOR,)))
    assert [(p.view, p.window) for p in alone.pictures] == [(View.POSTERIOR, Window(3, 9))]


@given(st.floats(0.3, 10), st.floats(0.05, 60))
def test_scale_bar_is_round_and_fits(spacing: float, scale: float) -> None:
    length = scale_bar_mm(spacing, scale)
    assert 56 * (1 - 1e-6) <= length / spacing * scale <= 140 * (1 + 1e-6)
    assert f"{length:e}"[0] in "125" and length == pytest.approx(float(f"{length:.0e}"))
