"""From an input event to the end of paint: next case, brush step, window drag, isocontour preview, durable stroke."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.bench.rows import Row, p95
from workstation.app.workbench import Workbench
from workstation.core import edits
from workstation.core.delineate import ContourSpec
from workstation.core.ids import new_id
from workstation.core.lesion import Label, Lesion, Roi
from workstation.core.scan import View
from workstation.ui import canvas as canvas_file
from workstation.ui import theme
from workstation.ui.main_window import MainWindow


class PaintWatch:
    """Counts finished paints of each canvas."""

    def __init__(self) -> None:
        self.painted: set[object] = set()
        inner = canvas_file.Canvas.paintEvent

        def paint(canvas: canvas_file.Canvas, event: object) -> None:
            inner(canvas, event)  # type: ignore[arg-type]
            self.painted.add(canvas)

        canvas_file.Canvas.paintEvent = paint  # type: ignore[method-assign,assignment]

    def seconds(self, act: Callable[[], None], window: MainWindow, all_canvases: bool = True) -> float:
        """Until the canvases (all of them, or any) are painted after the act."""
        self.painted.clear()
        began = time.perf_counter()
        act()
        while True:
            QApplication.sendPostedEvents()
            QApplication.processEvents()
            wanted = set(window.read_page.canvases)
            if self.painted and (not all_canvases or wanted <= self.painted):
                return time.perf_counter() - began
            if time.perf_counter() - began > 5:
                raise RuntimeError("nothing was painted for five seconds")


def mouse(canvas: canvas_file.Canvas, kind: QEvent.Type, at: QPointF, held: Qt.MouseButton) -> Callable[[], None]:
    """A posted mouse event with one button held."""
    button = held if kind is not QEvent.Type.MouseMove else Qt.MouseButton.NoButton
    event = QMouseEvent(
        kind, at, canvas.mapToGlobal(at), button, held, Qt.KeyboardModifier.NoModifier
    )
    return lambda: QApplication.postEvent(canvas, event)


def lesions(count: int, shape: tuple[int, int]) -> list[Lesion]:
    """`count` round lesions strewn over both views, seeded."""
    random = np.random.default_rng(1)
    rows, columns = np.ogrid[:21, :21]
    made = []
    for number in range(count):
        radius = random.uniform(3, 9)
        mask = (rows - 10) ** 2 + (columns - 10) ** 2 <= radius**2
        rois = {}
        for view in View:
            top, left = int(random.integers(60, shape[0] - 150)), int(random.integers(40, shape[1] - 60))
            roi = Roi.from_mask(mask, top, left)
            assert roi is not None
            rois[view] = roi
        made.append(Lesion(new_id("L"), rois, label=list(Label)[number % 3]))
    return made


def measure(library: Path, home: Path) -> list[Row]:
    """library: one with pixels, at least a handful of two-view scans."""
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    watch = PaintWatch()
    workbench = Workbench(home)
    theme.apply(application, "dark")
    window = MainWindow(workbench)
    window.resize(1920, 1200)
    assert workbench.open_library(library)
    window.show()
    assert workbench.library is not None
    two_views = [row.scan for row in workbench.library.rows(workbench.library.ids()) if len(row.views) == 2]
    window.read(two_views[0])
    QTest.qWaitForWindowExposed(window)
    window.activateWindow()
    QTest.qWaitForWindowActive(window)
    QTest.qWait(300)
    page = window.read_page
    page.reading.set_worklist([two_views[n % len(two_views)] for n in range(len(two_views))])
    rows = []

    cases = []
    for _ in range(200):
        if page.reading.scan == two_views[-1]:
            page.open(two_views[0])
            QTest.qWait(20)
        cases.append(watch.seconds(lambda: QTest.keyClick(page, Qt.Key.Key_PageDown), window))
    rows.append(Row("next case, p95 of 200", p95(cases) * 1e3, "ms", 50))

    page.open(two_views[0])
    page.editor.push(edits.add("Add 200 lesions", *lesions(200, page.viewer.shape(page.viewer.panels()[0]))))
    page.viewer.select(None)
    QTest.qWait(100)
    canvas = page.canvases[0]
    middle = QPointF(canvas.width() / 2, canvas.height() / 2)

    page.tools.take("brush")
    mouse(canvas, QEvent.Type.MouseButtonPress, middle, Qt.MouseButton.LeftButton)()
    steps = [
        watch.seconds(
            mouse(canvas, QEvent.Type.MouseMove, middle + QPointF(n % 40, n // 4), Qt.MouseButton.LeftButton),
            window,
            all_canvases=True,
        )
        for n in range(1, 200)
    ]
    mouse(canvas, QEvent.Type.MouseButtonRelease, middle, Qt.MouseButton.LeftButton)()
    QApplication.processEvents()
    rows.append(Row("brush step with 200 lesions on screen, p95 of 199", p95(steps) * 1e3, "ms", 16))

    mouse(canvas, QEvent.Type.MouseButtonPress, middle, Qt.MouseButton.RightButton)()
    drags = [
        watch.seconds(
            mouse(canvas, QEvent.Type.MouseMove, middle + QPointF(n / 3, 40 - n), Qt.MouseButton.RightButton), window
        )
        for n in range(10, 190)
    ]
    mouse(canvas, QEvent.Type.MouseButtonRelease, middle, Qt.MouseButton.RightButton)()
    QApplication.processEvents()
    rows.append(Row("window drag with 200 lesions on screen, p95 of 180", p95(drags) * 1e3, "ms", 16))

    rows += _contours(page, two_views[0], watch, window)
    rows.append(_strokes(page))
    window.close()
    window.deleteLater()
    return rows


def _contours(page: object, scan: str, watch: PaintWatch, window: MainWindow) -> list[Row]:
    """The isocontour under the cursor: the calculation alone, and with its painting."""
    page = window.read_page
    case = page.viewer.case
    assert case is not None
    frame = case.scan.frames[View.ANTERIOR]
    hot = np.argwhere(frame.counts > np.percentile(frame.counts, 90))
    random = np.random.default_rng(2)
    points = hot[random.choice(len(hot), 200, replace=False)]
    alone = []
    for row, column in points:
        began = time.perf_counter()
        case.contour(View.ANTERIOR, (float(row), float(column)), ContourSpec())
        alone.append(time.perf_counter() - began)
    page.tools.take("isocontour")
    page.tools.start_new_lesion()  # over a lesion there is no preview but for a new one
    canvas = page.canvases[0]
    painted = [
        watch.seconds(
            mouse(
                canvas,
                QEvent.Type.MouseMove,
                canvas.transform.map(QPointF(float(column), float(row))),
                Qt.MouseButton.NoButton,
            ),
            window,
        )
        for row, column in points
    ]
    return [
        Row("isocontour preview, p95 of 200 places", p95(alone) * 1e3, "ms", 10),
        Row("isocontour preview to end of paint, p95", p95(painted) * 1e3, "ms", 16),
    ]


def _strokes(page: object) -> Row:
    """One brush stroke from its edit to its row on disk, synchronous FULL, on a reading that has 200 lesions."""
    from workstation.ui.page_read import ReadPage

    assert isinstance(page, ReadPage)
    lesion = next(iter(page.editor.lesions.values()))
    seconds = []
    for number in range(200):
        mask = lesion.rois[View.ANTERIOR].mask((1024, 256))
        mask[500 + number % 50, 100 + number % 30] ^= True
        roi = Roi.from_mask(mask)
        library, session = page.workbench.library, page.editor.session
        assert library is not None and session is not None and roi is not None
        now = page.editor.lesions[lesion.id]
        edit = edits.change("Brush", now, rois={**now.rois, View.ANTERIOR: roi})
        if edit.lesions[0].before == edit.lesions[0].after:
            continue
        began = time.perf_counter()
        library.append(session.reading.key, edits.Step("edit", edit), "bench")
        seconds.append(time.perf_counter() - began)
        page.editor.open(session.reading.key.scan)
    return Row(f"a stroke durable on disk (FULL), p95 of {len(seconds)}", p95(seconds) * 1e3, "ms", 5)
