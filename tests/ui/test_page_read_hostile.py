"""What a hostile world does to the reading page: no exception, no crash, and nothing lost."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.made_scans import HOT, SHAPE, new_scan
from tests.ui.test_page_read import canvases, click, key, move, place, point, stored
from tests.workflows.test_crossing import winding
from workstation.core.checks import Kind
from workstation.core.display import Window
from workstation.core.scan import View
from workstation.workflows import check
from workstation.workflows.progress import finish


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


def draw(window, corners: list[tuple[float, float]]) -> np.ndarray:
    """Click a polygon and close it; what its corners, as the pixels of the screen had them, go round by angle."""
    canvas = canvases(window)[View.ANTERIOR]
    key(window, Qt.Key.Key_O)
    back = canvas.transform.inverted()[0]
    there = []
    for corner in corners:
        click(canvas, *corner)
        at = back.map(QPointF(place(canvas, *corner)))
        there.append((at.y(), at.x()))
    key(window, Qt.Key.Key_Return)
    paint(window)
    return winding(there, SHAPE) != 0


def test_outlines_nobody_should_draw_are_drawn_as_asked_or_refused_in_words(window):
    """Beside the body, crossing itself, over the midline: kept, to the pixel, and found by the checks. Empty: words."""
    said = []
    window.read_page.editor.refused.connect(said.append)
    figures = {
        "outside": [(8.3, 8.3), (8.3, 40.6), (30.2, 40.6), (30.2, 8.3)],
        "crossing": [(300.3, 100.2), (340.6, 140.4), (300.3, 140.4), (340.6, 100.2)],
        "over the midline": [(380.3, 90.3), (380.3, 165.2), (395.7, 165.2), (395.7, 90.3)],
    }
    drawn = {name: draw(window, corners) for name, corners in figures.items()}
    lesions = list(stored(window).lesions.values())
    assert len(lesions) == len(figures) and not said
    for lesion, (name, wanted) in zip(lesions, drawn.items(), strict=True):
        mask = lesion.rois[View.ANTERIOR].mask(SHAPE)
        assert (mask | wanted == mask).all() and mask.sum() - wanted.sum() <= 12, name  # the line itself belongs to it
    assert lesions[2].side == "midline"
    draw(window, [(700.2, 100.2), (700.2, 160.2), (700.2, 100.2)])  # forth and back between two rows of pixels
    assert len(stored(window).lesions) in (3, 4)
    assert len(stored(window).lesions) == 4 or "holds no pixel" in said[-1]
    found = finish(check.run(window.workbench.library, "anna"))
    kinds = {(finding.lesion, finding.kind) for _, finding in found.findings}
    assert (lesions[0].id, Kind.OUTSIDE) in kinds and (lesions[1].id, Kind.OUTSIDE) not in kinds
