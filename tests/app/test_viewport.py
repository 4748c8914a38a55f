"""Where things lie on screen, against the plain arithmetic of mirrors and turns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QSizeF

from workstation.app.viewport import Orientation, Viewport, fitting_scale, middle, to_screen
from workstation.core.geometry import Placement
from workstation.core.scan import View

SIZE, SHAPE = QSizeF(700, 900), (1024, 256)
turns = st.builds(Orientation, st.booleans(), st.booleans(), st.integers(0, 3))
views = st.sampled_from(View)


@given(turns, views, st.floats(0.1, 20), st.floats(0, 1), st.floats(-100, 100))
def test_the_middle_point_lies_in_the_middle(orientation, view, scale, row, across):
    viewport = Viewport(scale, row, across)
    point = middle(viewport, view, SHAPE)
    on_screen = to_screen(point, scale, orientation, SIZE).map(point)
    assert (on_screen.x(), on_screen.y()) == pytest.approx((350, 450), abs=1e-6)


@given(turns, st.floats(0.2, 5), st.floats(0, 1023), st.floats(0, 255))
def test_turned_as_the_core_places_it(orientation, scale, row, column):
    """The painter's transform and core.geometry.Placement agree on every difference between two points."""
    place = Placement.oriented(
        SHAPE,
        orientation.flipped_horizontally,
        orientation.flipped_vertically,
        orientation.quarter_turns,
        scale,
    )
    transform = to_screen(QPointF(0, 0), scale, orientation, SIZE)
    a, b = transform.map(QPointF(column, row)), transform.map(QPointF(100.0, 500.0))
    c, d = place(row, column), place(500.0, 100.0)
    assert (a.y() - b.y(), a.x() - b.x()) == pytest.approx((c[0] - d[0], c[1] - d[1]), abs=1e-6)


def test_both_views_look_at_the_same_point_of_the_patient():
    looking = Viewport(1.0, 0.4, 30.0)  # 30 pixels towards the patient's left
    assert middle(looking, View.ANTERIOR, SHAPE).x() == 127.5 + 30
    assert middle(looking, View.POSTERIOR, SHAPE).x() == 127.5 - 30


def test_fitting_fills_the_narrower_direction():
    assert fitting_scale(SIZE, 1000, 100, Orientation()) == pytest.approx(0.9)
    assert fitting_scale(SIZE, 1000, 100, Orientation(quarter_turns=1)) == pytest.approx(0.7)


@given(turns, st.floats(0.3, 3))
def test_pixels_that_are_not_square_are_drawn_at_true_shape(orientation, aspect):
    """10 columns of `aspect` rows' width are as long on screen as 10 x aspect rows, whichever way the picture lies."""
    transform = to_screen(QPointF(0, 0), 2.0, orientation, SIZE, aspect)
    start, across, down = (transform.map(QPointF(*at)) for at in ((0, 0), (10, 0), (0, 10 * aspect)))
    assert (across - start).manhattanLength() == pytest.approx((down - start).manhattanLength())
