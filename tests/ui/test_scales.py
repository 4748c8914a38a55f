"""Every tool at 100, 125, 150 and 200 %, in both themes: the ROI drawn is the ROI asked, to the pixel.

And the screen, of which only what changed is painted anew, shows after each what it would if all were painted.
Qt reads the scale once, so each scale has a process of its own. OSTEOSCOPE_SHOTS names a folder for pictures.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

SCALES = ("1", "1.25", "1.5", "2")


@pytest.mark.parametrize("scale", SCALES)
def test_drawn_is_asked_at_every_scale(scale: str, tmp_path: Path) -> None:
    environment = {**os.environ, "QT_SCALE_FACTOR": scale, "QT_QPA_PLATFORM": "offscreen"}
    child = subprocess.run(
        [sys.executable, "-m", "tests.ui.test_scales", scale], env=environment, capture_output=True, text=True,
        timeout=300, cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    assert child.returncode == 0, child.stdout + child.stderr
    assert child.stdout.count("as asked") == 2 * (7 + 6 + 1), child.stdout


def draw_with_every_tool(scale: float, home: Path) -> None:
    """Draw with each tool in each theme; AssertionError where anything differs."""
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QApplication

    from tests.made_scans import HOT, SHAPE, make_library
    from tests.ui.conftest import close_window, open_window
    from tests.ui.test_page_read import canvases, click, drag, key, point
    from workstation.app.viewport import Viewport
    from workstation.core.drawn import brush_mask
    from workstation.core.region_grow import grow
    from workstation.core.scan import View
    from workstation.ui import theme

    application = QApplication([])
    window = open_window(home / "home", make_library(home / "library", 2))
    page = window.read_page
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    box = (rows >= 395) & (rows <= 404) & (columns >= 152) & (columns <= 167)
    corners = [(394.5, 151.5), (394.5, 167.5), (404.5, 167.5), (404.5, 151.5)]
    for name in theme.THEMES:
        theme.apply(application, name)
        window.read("S000")
        application.processEvents()
        page.viewer.set_viewport(Viewport(scale=8.0, row=HOT[0] / SHAPE[0], across=HOT[1] - (SHAPE[1] - 1) / 2))
        application.processEvents()
        canvas = canvases(window)[View.ANTERIOR]
        assert abs(canvas.devicePixelRatioF() - scale) < 1e-6
        counts = page.viewer.case.scan.frames[View.ANTERIOR].counts
        for tool, pressed in (
            ("isocontour", Qt.Key.Key_I), ("flood", Qt.Key.Key_L), ("brush", Qt.Key.Key_B), ("hot brush", Qt.Key.Key_B),
            ("polygon", Qt.Key.Key_O), ("freehand", Qt.Key.Key_F), ("eraser", Qt.Key.Key_E),
        ):  # fmt: skip
            key(window, Qt.Key.Key_N)
            key(window, pressed)
            hand = page.tools.hands["brush"]
            hand.radius = page.tools.hands["eraser"].radius = 3.3
            above = 150.0 if tool == "hot brush" else None
            hand.change_threshold(above)
            if tool in ("isocontour", "flood"):
                if tool == "isocontour":
                    asked = page.viewer.case.contour(View.ANTERIOR, HOT, page.tools.hand.spec).roi.mask(SHAPE)
                else:
                    asked = grow(counts, HOT, 0.5).roi.mask(SHAPE)
                click(canvas, *HOT)
            elif tool in ("brush", "hot brush"):
                asked = brush_mask(SHAPE, [(400, 156), (400, 164)], 3.3, counts, above=above)
                drag(canvas, [(400, 156), (400, 164)])
            elif tool == "polygon":
                asked = box
                for corner in corners:
                    click(canvas, *corner)
                key(window, Qt.Key.Key_Return)
            elif tool == "freehand":
                # The pixels under the line's points belong to it, too: they lie on the box's own corners.
                asked = box
                drag(canvas, [(394.7, 151.7), (394.7, 167.3), (404.3, 167.3), (404.3, 151.7)])
            else:
                asked = box & ~brush_mask(SHAPE, [(400, 160)], 3.3)
                page.tools.hands["polygon"].drop()
                key(window, Qt.Key.Key_O)
                for corner in corners:
                    click(canvas, *corner)
                key(window, Qt.Key.Key_Return)
                key(window, Qt.Key.Key_E)
                drag(canvas, [(400, 160), (400, 160)])
            point(canvas, 380, 140)
            nothing_left_over(window)
            (lesion,) = page.editor.lesions.values()
            drawn = lesion.rois[View.ANTERIOR].mask(SHAPE)
            assert np.array_equal(drawn, asked), f"{tool}: {int((drawn ^ asked).sum())} pixels differ"
            shown_where_it_lies(canvas, lesion, scale)
            if shots := os.environ.get("OSTEOSCOPE_SHOTS"):
                window.grab().save(f"{shots}/{tool.replace(' ', '-')}-{name}-{scale:g}.png")
            print(name, tool, "as asked")
            page.tools.drafting.dismiss()
            page.editor.delete(lesion.id)
        reshape_with_every_key(window, name, scale)
        carry_over_from_the_prior(window, name, scale)
    close_window(window)


def reshape_with_every_key(window, theme_name: str, scale: float) -> None:
    """Grow, shrink, smooth, fill, split, merge: against scipy's morphology and plain sets of pixels."""
    from PySide6.QtCore import Qt
    from scipy import ndimage

    from tests.made_scans import HOT, SHAPE
    from tests.ui.test_page_read import SHIFT, canvases, key
    from workstation.app.viewport import Viewport
    from workstation.core.lesion import Origin, Roi
    from workstation.core.scan import View

    page = window.read_page
    page.viewer.set_viewport(Viewport(scale=2.5, row=510 / SHAPE[0]))
    canvas = canvases(window)[View.ANTERIOR]
    notched, spots, beside = (np.zeros(SHAPE, bool) for _ in range(3))
    notched[490:501, 100:115] = True
    notched[495, 107] = notched[490, 104] = False
    notched[489, 110] = True
    spots[HOT[0] - 8 : HOT[0] + 9, HOT[1] - 8 : HOT[1] + 9] = spots[HOT[0], 124 : HOT[1]] = True
    spots[HOT[0] : 630, 124:131] = True
    beside[490:501, 116:125] = True
    for tool, pressed, shift, drawn, asked in (
        ("grow", Qt.Key.Key_A, False, [notched], ndimage.binary_dilation(notched)),
        ("shrink", Qt.Key.Key_Z, False, [notched], ndimage.binary_erosion(notched)),
        ("smooth", Qt.Key.Key_E, True, [notched], ndimage.convolve(notched.astype(int), np.ones((3, 3), int)) >= 5),
        ("fill", Qt.Key.Key_O, True, [notched], ndimage.binary_fill_holes(notched)),
        ("split", Qt.Key.Key_D, False, [spots], spots),
        ("merge", Qt.Key.Key_F, True, [notched, beside], notched | beside),
    ):
        made = [
            page.editor.add_lesion({View.ANTERIOR: Roi.from_mask(mask)}, Origin.HAND, None, None) for mask in drawn
        ]
        page.viewer.select_all(made)
        nothing_left_over(window)
        key(window, pressed, *([SHIFT] if shift else []))
        nothing_left_over(window)
        after = list(page.editor.lesions.values())
        assert (len(after) > 1) is (tool == "split")
        masks = [lesion.rois[View.ANTERIOR].mask(SHAPE).astype(int) for lesion in after]
        assert np.array_equal(sum(masks), asked.astype(int)), tool
        for lesion in after:
            shown_where_it_lies(canvas, lesion, scale)
        key(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        nothing_left_over(window)
        undone = [lesion.rois[View.ANTERIOR].mask(SHAPE) for lesion in page.editor.lesions.values()]
        assert np.array_equal(undone, drawn), f"{tool}, undone"
        print(theme_name, tool, "as asked")
        page.editor.delete(*page.editor.lesions)


def carry_over_from_the_prior(window, theme_name: str, scale: float) -> None:
    """The prior's lesion under the cursor, not the one beside it, comes to lie on the same spot of the same body."""
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QApplication

    from tests.made_scans import HOT, SHAPE
    from tests.ui.test_page_read import canvases, key, point
    from workstation.app.viewport import Viewport
    from workstation.core import carry_over
    from workstation.core.lesion import Origin, Roi
    from workstation.core.scan import View

    page = window.read_page
    spot, beside = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    spot[HOT[0] - 8 : HOT[0] + 9, HOT[1] - 8 : HOT[1] + 9] = True
    beside[HOT[0] - 8 : HOT[0] + 9, HOT[1] + 10 : HOT[1] + 14] = True
    for mask in (spot, beside):
        page.editor.add_lesion({View.ANTERIOR: Roi.from_mask(mask)}, Origin.HAND, None, None)
    window.read("S001")
    key(window, Qt.Key.Key_P)
    QApplication.processEvents()
    page.viewer.set_viewport(Viewport(scale=8.0, row=HOT[0] / SHAPE[0], across=HOT[1] - (SHAPE[1] - 1) / 2))
    QApplication.processEvents()
    (prior,) = (one for one in page.canvases if one.panel.prior and one.panel.view is View.ANTERIOR)
    point(prior, HOT[0] + 7.6, HOT[1] + 7.6)
    key(window, Qt.Key.Key_P, Qt.KeyboardModifier.AltModifier)
    nothing_left_over(window)
    (lesion,) = page.editor.lesions.values()
    roi = lesion.rois[View.ANTERIOR]
    assert abs(roi.centre[0] - HOT[0]) < 1.5 and abs(roi.centre[1] - HOT[1]) < 1.5, roi.centre
    then, now = (
        carry_over.seen(case.scan.frames[View.ANTERIOR], case.bodies[View.ANTERIOR])
        for case in (page.viewer.prior, page.viewer.case)
    )
    asked = carry_over.carried_roi(Roi.from_mask(spot), then, now)
    assert np.array_equal(roi.mask(SHAPE), asked.mask(SHAPE))
    shown_where_it_lies(canvases(window)[View.ANTERIOR], lesion, scale)
    print(theme_name, "carry over", "as asked")
    page.editor.delete(lesion.id)
    key(window, Qt.Key.Key_P)
    window.read("S000")
    page.editor.delete(*page.editor.lesions)


def nothing_left_over(window) -> None:
    """What is on the screen is what painting all anew puts there: no stroke's rest, no part forgotten."""
    from PySide6.QtCore import QPoint
    from PySide6.QtWidgets import QApplication

    from workstation.ui.lesion_layer import LesionLayer

    def seen() -> list[np.ndarray]:
        """The canvases as the screen has them."""
        QApplication.processEvents()
        corners = [(canvas, canvas.mapTo(window, QPoint(0, 0))) for canvas in window.read_page.canvases]
        pictures = [
            window.screen().grabWindow(window.winId(), at.x(), at.y(), canvas.width(), canvas.height()).toImage()
            for canvas, at in corners
        ]
        assert not pictures[0].isNull()  # a large window ends beyond the screen
        return [np.frombuffer(picture.constBits(), np.uint8).copy() for picture in pictures if not picture.isNull()]

    before = seen()
    for canvas in window.read_page.canvases:
        canvas._lesions, canvas._picture = LesionLayer(), None
        canvas.update()
    for part, whole in zip(before, seen(), strict=True):
        assert np.array_equal(part, whole), f"{np.count_nonzero(part != whole)} values differ"


def shown_where_it_lies(canvas, lesion, scale: float) -> None:
    """The outline on screen runs along the pixels' edges: its colour is found in the middle of each side of the box."""
    from PySide6.QtCore import QPointF

    from workstation.core.outline import outline

    picture = canvas.grab().toImage()
    roi = lesion.rois[canvas.panel.view]
    for loop in outline(roi):
        for start, end in zip(loop, np.roll(loop, -1, axis=0), strict=True):
            if np.abs(end - start).max() < 3:
                continue  # beside a corner the neighbouring side is as near
            middle = canvas.transform.map(QPointF(*((start + end) / 2)[::-1])) * scale
            near = [
                picture.pixelColor(round(middle.x()) + x, round(middle.y()) + y) for x in (-1, 0, 1) for y in (-1, 0, 1)
            ]
            tints = [max(c.red(), c.green(), c.blue()) - min(c.red(), c.green(), c.blue()) for c in near]
            assert max(tints) > 2, f"no line at {middle}"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        draw_with_every_tool(float(sys.argv[1]), Path(folder))
