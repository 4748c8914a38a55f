"""Tab goes to a lesion: it is in sight then, however far the pictures were zoomed to another place."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication

from tests.made_scans import SHAPE
from tests.ui.test_page_read import canvases, key
from workstation.app.viewport import Viewport
from workstation.core.lesion import Origin, Roi
from workstation.core.scan import View


def roi(row: int, column: int) -> Roi:
    mask = np.zeros(SHAPE, bool)
    mask[row - 3 : row + 4, column - 3 : column + 4] = True
    found = Roi.from_mask(mask)
    assert found is not None
    return found


def test_the_lesion_tab_selects_is_in_sight_and_the_zoom_stays(window) -> None:
    page, shown = window.read_page, canvases(window)
    places = {View.POSTERIOR: (300, 90), View.ANTERIOR: (700, 170)}
    high, low = (page.editor.add_lesion({view: roi(*at)}, Origin.HAND, None, None) for view, at in places.items())
    page.viewer.select(None)
    page.viewer.set_viewport(Viewport(scale=12.0, row=0.9))
    for lesion, view in ((high, View.POSTERIOR), (low, View.ANTERIOR), (high, View.POSTERIOR)):
        key(window, Qt.Key.Key_Tab)
        QApplication.processEvents()
        assert page.viewer.selected == lesion and page.viewer.viewport.scale == 12.0
        row, column = places[view]
        at = shown[view].transform.map(QPointF(column, row))
        middle = shown[view].rect().center()
        assert abs(at.x() - middle.x()) < 12 and abs(at.y() - middle.y()) < 12


def test_what_is_in_sight_is_not_moved(window) -> None:
    page = window.read_page
    for at in ((300, 90), (700, 170)):
        page.editor.add_lesion({View.ANTERIOR: roi(*at)}, Origin.HAND, None, None)
    before = page.viewer.viewport
    for _ in range(3):
        key(window, Qt.Key.Key_Tab)
    assert page.viewer.viewport == before
