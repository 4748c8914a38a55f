"""What is written on a picture can be read whatever is under it, and stays within the picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from tests.made_scans import SHAPE
from tests.ui.test_page_read import canvases
from workstation.app.viewer import Proposal
from workstation.app.viewport import Viewport
from workstation.core.display import Window
from workstation.core.lesion import Origin, Roi
from workstation.core.scan import View
from workstation.ui import canvas_marks, frame_marks, live_marks, theme
from workstation.ui.canvas_marks import Plates

READABLE = 4.5  # WCAG 2.2, success criterion 1.4.3: the contrast of small text


def luminance(image: QImage) -> np.ndarray:
    """The relative luminance of each pixel as WCAG 2.2 has it, 0 to 1; (rows, columns)."""
    picture = image.convertToFormat(QImage.Format.Format_RGB888)
    lines = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.bytesPerLine())
    colour = lines[:, : 3 * picture.width()].reshape(picture.height(), picture.width(), 3) / 255.0
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("inverted", [True, False])
@pytest.mark.parametrize("full", [1.0, 60.0, 1e6])
def test_letters_are_read_on_black_grey_and_white(window, inverted: bool, full: float) -> None:
    """full: counts of full ink, of which the body has about 20: hot, something between, and nothing in sight."""
    page = window.read_page
    for name in theme.THEMES:
        theme.apply(QApplication.instance(), name)
        page.viewer.set_viewport(Viewport(scale=6.0, row=480 / SHAPE[0]))
        page.viewer.set_state(inverted=inverted, window=Window(0.0, full))
        canvas = canvases(window)[View.ANTERIOR]
        shown = luminance(canvas.grab().toImage())
        for box in (shown[10:24, 8:70], shown[60:90, 8:26], shown[60:90, -26:-8], shown[10:24, -70:-8], shown[-18:]):
            contrast = (box.max() + 0.05) / (box.min() + 0.05)
            assert contrast >= READABLE, f"{name}: {contrast:.1f}"
        ground = canvas.viewer.ground(canvas.panel).lightnessF()
        if ground > 0.5:  # no letter outshines the ground of the pictures
            assert shown.max() <= luminance(_one(canvas.viewer.ground(canvas.panel))).max() + 1e-6
    theme.apply(QApplication.instance(), window.workbench.settings.theme)


def _one(colour) -> QImage:
    image = QImage(1, 1, QImage.Format.Format_RGB32)
    image.fill(colour)
    return image


def test_enter_accept_stands_inside_the_picture(window) -> None:
    page = window.read_page
    canvas = canvases(window)[View.ANTERIOR]
    for column in (0, 128, 250):
        mask = np.zeros(SHAPE, bool)
        mask[480:490, column : column + 6] = True
        roi = Roi.from_mask(mask)
        lesion = page.editor.add_lesion({View.POSTERIOR: roi}, Origin.HAND, None, None)
        page.viewer.proposal = Proposal(lesion, View.ANTERIOR, roi)
        for scale in (3.0, 8.0):
            across = column - (SHAPE[1] - 1) / 2 - np.sign(column - 120) * (canvas.width() / 2 - 20) / scale
            page.viewer.set_viewport(Viewport(scale, 485 / SHAPE[0], across))
            (mark,) = live_marks.marks(page.viewer, canvas.panel, canvas.transform, QSizeF(canvas.size()))
            assert mark.words == "Enter: accept" and QRectF(canvas.rect()).contains(QRectF(*mark.plate))
        page.editor.delete(lesion)


def test_no_letter_tells_of_an_outline_that_is_out_of_sight(window) -> None:
    page = window.read_page
    canvas = canvases(window)[View.ANTERIOR]
    page.viewer.set_viewport(Viewport(6.0, 480 / SHAPE[0], 0.0))
    left = int(canvas.at(QPointF(0, 0))[1])
    for first in (left - 12, left - 4):  # the box ends left of the edge, and beyond it
        mask = np.zeros(SHAPE, bool)
        mask[478:484, first : first + 8] = True
        page.editor.add_lesion({View.ANTERIOR: Roi.from_mask(mask)}, Origin.HAND, None, None)
    page.viewer.select(None)
    marks = canvas_marks.resting(page.viewer, canvas.panel, canvas.transform, QSizeF(canvas.size()))
    assert [mark.plate is None for mark in marks] == [True, False]
    assert QRectF(canvas.rect()).contains(QRectF(*marks[1].plate))


@given(st.lists(st.tuples(st.floats(-60, 330), st.floats(-60, 430), st.floats(2, 700)), min_size=1, max_size=30))
def test_letters_of_what_is_in_sight_are_in_sight(boxes: list[tuple[float, float, float]]) -> None:
    picture = QRectF(0, 0, 300, 400)
    plates = Plates(picture.size())
    for x, y, side in boxes:
        beside = QRectF(x, y, side, side / 2)
        place = plates.take("M12", beside)
        assert not beside.intersects(picture) or picture.contains(place)


def test_text_is_written_within_the_strips_that_are_painted_anew(window) -> None:
    """Without a zoom the ground is plain: what differs from it there is the writing."""
    canvas = canvases(window)[View.ANTERIOR]
    size = QSizeF(canvas.size())
    page = window.read_page
    page.viewer.set_state(window=Window(0.0, 1e6))
    for turns in range(4):
        page.viewer.set_state(quarter_turns=turns)
        shown = luminance(canvas.grab().toImage())
        written = np.abs(shown - np.median(shown)) > 0.02
        above, below = frame_marks.places(size)
        assert written[: int(above.bottom())].any()
        assert not written[int(above.bottom()) + 1 : int(below.top()) - 1].any()
