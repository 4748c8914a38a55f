"""Every tool at 100, 125, 150 and 200 %, in both themes: the ROI drawn is the ROI asked, to the pixel.

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
    assert child.stdout.count("as asked") == 14, child.stdout


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
            application.processEvents()
            (lesion,) = page.editor.lesions.values()
            drawn = lesion.rois[View.ANTERIOR].mask(SHAPE)
            assert np.array_equal(drawn, asked), f"{tool}: {int((drawn ^ asked).sum())} pixels differ"
            shown_where_it_lies(canvas, lesion, scale)
            if shots := os.environ.get("OSTEOSCOPE_SHOTS"):
                window.grab().save(f"{shots}/{tool.replace(' ', '-')}-{name}-{scale:g}.png")
            print(name, tool, "as asked")
            page.tools.drafting.dismiss()
            page.editor.delete(lesion.id)
    close_window(window)


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
