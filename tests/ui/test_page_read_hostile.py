"""What a hostile world does to the reading page: no exception, no crash, and nothing lost."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.made_scans import HOT, new_scan
from tests.ui.test_page_read import canvases, key, move, place, point
from workstation.core.display import Window
from workstation.core.scan import View


def paint(window) -> None:
    """Everything painted, also what waits to be deleted: an exception in a slot or an event fails the test."""
    window.grab()
    QApplication.processEvents()


def test_a_scan_of_one_view_after_one_of_two_while_the_cursor_is_over_the_other(window):
    window.workbench.library.add_scans([new_scan(9, views=(View.ANTERIOR,))])
    point(canvases(window)[View.POSTERIOR], *HOT)
    window.read("S009")
    paint(window)
    assert list(canvases(window)) == [View.ANTERIOR]


def test_another_library_while_reading(window, tmp_path):
    point(canvases(window)[View.ANTERIOR], *HOT)
    (tmp_path / "empty").mkdir()
    assert window.workbench.open_library(tmp_path / "empty")
    paint(window)
    assert not window.read_page.canvases
    for pressed in (Qt.Key.Key_PageDown, Qt.Key.Key_1, Qt.Key.Key_Return, Qt.Key.Key_F4, Qt.Key.Key_P):
        key(window, pressed)
    paint(window)


def test_the_window_of_counts_stays_one_however_far_it_is_dragged(window):
    canvas = canvases(window)[View.ANTERIOR]
    for end in ((30000, 30000), (-30000, 30000), (30000, -30000)):
        QTest.mousePress(canvas, Qt.MouseButton.RightButton, pos=place(canvas, *HOT))
        move(canvas, QPointF(*end).toPoint(), Qt.MouseButton.RightButton)
        QTest.mouseRelease(canvas, Qt.MouseButton.RightButton, pos=QPointF(*end).toPoint())
        paint(window)
    window.read_page.viewer.set_state(window=Window(0.0, 1e300))
    for _ in range(2):
        key(window, Qt.Key.Key_Comma)
    paint(window)
    assert window.read_page.viewer.window.high <= 1e9


def test_pixels_that_are_gone_are_told_and_the_scan_on_screen_stays(window):
    said = []
    window.workbench.noted.connect(said.append)
    library = window.workbench.library
    for scan in ("S000", "S002"):
        for file in library.folder.glob(f"pixels/*/{scan}-*"):
            file.unlink()
    window.read("S002")
    assert window.read_page.reading.scan == "S000" and "backup" in said[-1]
    window.read("S001")
    key(window, Qt.Key.Key_P)
    paint(window)
    assert window.read_page.viewer.prior is None and "backup" in said[-1]
