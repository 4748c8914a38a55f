"""Placements against numpy's own flips and turns, and back again; side letters against a letter painted in the data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.core.geometry import Placement, mirrored_column, side_letters
from workstation.core.scan import View

turns = st.tuples(st.booleans(), st.booleans(), st.integers(-5, 9))


def turned(data: np.ndarray, across: bool, down: bool, quarters: int) -> np.ndarray:
    data = data[:, ::-1] if across else data
    data = data[::-1] if down else data
    return np.rot90(data, -quarters)  # numpy turns anticlockwise


@given(turns, st.integers(1, 6), st.integers(1, 6))
def test_every_pixel_lands_where_numpy_puts_it(turn: tuple[bool, bool, int], rows: int, columns: int) -> None:
    data = np.arange(rows * columns).reshape(rows, columns)
    shown = turned(data, *turn)
    place = Placement.oriented(data.shape, *turn)
    for row in range(rows):
        for column in range(columns):
            r, c = place(row, column)
            assert shown[int(r), int(c)] == data[row, column]


@given(turns, st.integers(1, 4), st.integers(1, 5))
def test_scale_covers_blocks(turn: tuple[bool, bool, int], scale: int, columns: int) -> None:
    data = np.arange(3 * columns).reshape(3, columns)
    shown = np.kron(turned(data, *turn), np.ones((scale, scale), int))
    place = Placement.oriented(data.shape, *turn, scale=scale)
    back = place.inverse
    for (r, c), value in np.ndenumerate(shown):
        row, column = back(r, c)
        assert data[round(row), round(column)] == value


@given(turns, st.floats(0.05, 60), st.floats(-2e3, 2e3), st.floats(-2e3, 2e3))
def test_inverse_undoes(turn: tuple[bool, bool, int], scale: float, row: float, column: float) -> None:
    place = Placement.oriented((1024, 256), *turn, scale=scale)
    assert place.inverse(*place(row, column)) == pytest.approx((row, column), abs=1e-6)
    assert place(*place.inverse(row, column)) == pytest.approx((row, column), abs=1e-6)


@given(turns, st.sampled_from(list(View)))
def test_letters_follow_what_is_painted(turn: tuple[bool, bool, int], view: View) -> None:
    first, last = ("R", "L") if view is View.ANTERIOR else ("L", "R")
    painted = np.full((3, 3), ".")
    painted[1, 0], painted[1, 2] = first, last
    shown = turned(painted, *turn)
    edges = {"left": shown[1, 0], "right": shown[1, 2], "top": shown[0, 1], "bottom": shown[2, 1]}
    assert side_letters(view, *turn) == {edge: letter for edge, letter in edges.items() if letter != "."}


def test_letters_as_departments_print_them() -> None:
    assert side_letters(View.ANTERIOR)["left"] == "R"
    assert side_letters(View.POSTERIOR)["left"] == "L"


@given(st.floats(0, 255), st.floats(-9, 9))
def test_mirroring_twice_is_nothing(column: float, shift: float) -> None:
    assert mirrored_column(mirrored_column(column, 256, shift), 256, shift) == pytest.approx(column, abs=1e-9)
    assert mirrored_column(0, 256) == 255
