"""Drawn masks against brute force over every pixel centre."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workstation.core.drawn import brush_mask, freehand_mask, polygon_mask, polygon_roi

SHAPE = (14, 17)
points = st.lists(st.tuples(st.floats(-4, 18), st.floats(-4, 20)), min_size=1, max_size=9)
grid_points = st.lists(st.tuples(st.integers(-2, 16), st.integers(-2, 18)), min_size=1, max_size=7)


def winding(corners: np.ndarray, row: float, column: float) -> int:
    """Turns of the outline around a point, as the sum of the angles under which its edges are seen."""
    arms = corners - (row, column)
    angles = np.arctan2(arms[:, 0], arms[:, 1])
    steps = np.roll(angles, -1) - angles
    return round(float(((steps + np.pi) % (2 * np.pi) - np.pi).sum() / (2 * np.pi)))


def distance(corners: np.ndarray, row: float, column: float, closed: bool) -> float:
    """From a point to the line through the corners."""
    nearest = np.hypot(*(corners - (row, column)).T).min()
    ends = np.roll(corners, -1, axis=0) if closed else corners[1:]
    for start, end in zip(corners, ends, strict=False):
        along = end - start
        length = along @ along
        if length > 0:
            share = min(max((np.array((row, column)) - start) @ along / length, 0), 1)
            nearest = min(nearest, float(np.hypot(*(start + share * along - (row, column)))))
    return float(nearest)


@settings(max_examples=40)
@given(points)
def test_polygon_is_what_the_line_winds_around(outline: list[tuple[float, float]]) -> None:
    corners = np.array(outline, float)
    mask = polygon_mask(outline, SHAPE)
    for (row, column), inside in np.ndenumerate(mask):
        if distance(corners, row, column, True) > 1e-6:
            assert inside == (winding(corners, row, column) != 0)


@settings(max_examples=40)
@given(grid_points)
def test_the_edge_belongs_to_the_polygon(outline: list[tuple[int, int]]) -> None:
    corners = np.array(outline, float)
    mask = polygon_mask(outline, SHAPE)
    for (row, column), inside in np.ndenumerate(mask):
        if distance(corners, row, column, True) < 1e-12:
            assert inside


@settings(max_examples=40)
@given(points, st.integers(-3, 3), st.integers(-3, 3))
def test_outline_moves_with_its_corners(outline: list[tuple[float, float]], down: int, across: int) -> None:
    outline = [(round(r, 2) + 6.005, round(c, 2) + 6.005) for r, c in outline]
    still = polygon_mask(outline, (40, 40))
    moved = polygon_mask([(r + down, c + across) for r, c in outline], (40, 40))
    assert np.array_equal(np.roll(still, (down, across), (0, 1))[4:-4, 4:-4], moved[4:-4, 4:-4])


def test_rectangles_single_pixels_and_nothing() -> None:
    box = polygon_mask([(2, 3), (2, 7), (5, 7), (5, 3)], SHAPE)
    assert box.sum() == 4 * 5 and box[2:6, 3:8].all()
    assert np.argwhere(polygon_mask([(4, 5)], SHAPE)).tolist() == [[4, 5]]
    assert np.argwhere(freehand_mask([(4.3, 5.4)], SHAPE)).tolist() == [[4, 5]]
    assert not polygon_mask([(4.3, 5.4)], SHAPE).any()
    assert not polygon_mask([], SHAPE).any() and not freehand_mask([], SHAPE).any()
    assert not polygon_mask([(-9, -9), (-9, -2), (-2, -2)], SHAPE).any()
    assert polygon_mask([(-99, -99), (-99, 99), (99, 99), (99, -99)], SHAPE).all()
    with pytest.raises(ValueError):
        polygon_mask([(0, 0), (float("nan"), 3), (3, 3)], SHAPE)


def test_a_bow_tie_keeps_both_loops() -> None:
    tie = polygon_mask([(1, 1), (9, 9), (1, 9), (9, 1)], SHAPE)
    assert tie[5, 2] and tie[5, 8] and not tie[1, 5] and not tie[9, 5]
    double = polygon_mask([(2, 2), (2, 8), (8, 8), (8, 2)] * 2, SHAPE)
    assert double.sum() == 49  # drawn twice around: kept, not cut out


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(-4, 18), st.floats(-4, 20)), min_size=1, max_size=5), st.floats(0, 6))
def test_brush_is_the_disc_swept(path: list[tuple[float, float]], radius: float) -> None:
    mask = brush_mask(SHAPE, path, radius)
    corners = np.array(path, float)
    under = {tuple(p) for p in np.rint(corners).astype(int).tolist()}
    for place, painted in np.ndenumerate(mask):
        gap = distance(corners, *place, False) - radius
        if abs(gap) > 1e-6:
            assert painted == (gap < 0 or place in under)


def test_brush_takes_only_hot_pixels_eraser_only_cold_ones() -> None:
    counts = np.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE)
    everything = brush_mask(SHAPE, [(7, 8)], 3)
    hot = brush_mask(SHAPE, [(7, 8)], 3, counts, above=125)
    cold = brush_mask(SHAPE, [(7, 8)], 3, counts, below=125)
    assert np.array_equal(hot, everything & (counts >= 125))
    assert np.array_equal(cold, everything & (counts < 125))
    assert everything.sum() == 29  # whole numbers within 3 of the origin
    assert brush_mask(SHAPE, [(7, 8)], 0).sum() == 1


def test_an_edge_flatter_than_numbers_go_is_an_edge() -> None:
    mask = polygon_mask([(0.0, 0.0), (2.2250738585072014e-308, 4.0)], (3, 6))
    assert mask[0, :5].all() and mask.sum() == 5


@given(st.lists(points, min_size=1, max_size=3))
def test_outlines_together_are_each_ones_pixels(outlines: list[list[tuple[float, float]]]) -> None:
    roi = polygon_roi(outlines, SHAPE)
    held = np.any([polygon_mask(points, SHAPE) for points in outlines], axis=0)
    assert (np.zeros(SHAPE, bool) if roi is None else roi.mask(SHAPE)).tolist() == held.tolist()
