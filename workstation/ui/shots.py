"""Pictures of every page, made by the program itself: for the guide, for a machine without a display, for looking."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QPointF, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from workstation.app.workbench import Workbench
from workstation.ui import theme
from workstation.ui.main_window import MainWindow

SIZE = (1440, 900)


Save = Callable[[str, QWidget], None]  # name of the page, what to picture
Pages = Callable[[MainWindow, Save], None]


def write(
    out: Path,
    library: Path,
    themes: tuple[str, ...] = theme.THEMES,
    suffix: str = "",
    reader: str = "truth",
    pages: Pages | None = None,
) -> list[Path]:
    """Open the window on a library and save a PNG of each page and theme into `out`; the files in order.

    Nothing of the library is changed, and settings go into a folder that is thrown away.
    pages: what to picture, instead of what a newcomer sees first.
    """
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    out.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    with tempfile.TemporaryDirectory() as home:
        for name in themes:
            workbench = Workbench(Path(home) / name)
            workbench.sign_in(reader)
            workbench.change_settings(theme=name)
            theme.apply(application, name)
            window = MainWindow(workbench)
            window.resize(*SIZE)
            workbench.open_library(library)
            window.show()

            def save(page: str, widget: QWidget, name: str = name) -> None:
                settle()
                file = out / f"{page}-{name}{suffix}.png"
                if not widget.grab().save(str(file)):
                    raise OSError(f"{file} could not be written: is the folder writable and the disk not full?")
                written.append(file)

            (pages or _pages)(window, save)
            window.close()
            window.deleteLater()
            settle()
    return written


def _pages(window: MainWindow, save: Save) -> None:
    scan = _telling_scan(window.workbench)
    if scan is None:
        save("library-empty", window)
        return
    window.show_page(0)
    window.library_page.select(scan)
    save("library", window)
    window.read(scan)
    page = window.read_page
    page.viewer.select(next(iter(page.editor.lesions), None))
    save("read", window)
    lesion = page.editor.lesions.get(page.viewer.selected or "")
    if lesion is not None:
        canvas = next(canvas for canvas in page.canvases if canvas.panel.view in lesion.rois)
        row, column = lesion.rois[canvas.panel.view].centre
        page.tools.zoom(canvas, 3.0, canvas.transform.map(QPointF(column, row)))
        QTest.mouseMove(canvas, canvas.transform.map(QPointF(column + 12, row + 25)).toPoint())
        save("read-zoomed", window)
    act = window.actions_by_id
    act["look.fit"].trigger()
    act["look.four"].trigger()
    save("read-four", window)
    act["look.four"].trigger()
    act["case.prior"].trigger()
    save("read-prior", window)
    window.show_page(3)
    save("quality", window)
    window.show_page(1)
    window.show_keys()
    save("keys", window._keys)
    window._keys.close()
    window.show_header(scan)
    viewer = next(child for child in window.findChildren(QWidget) if type(child).__name__ == "HeaderViewer")
    save("header", viewer)
    viewer.close()


def _telling_scan(workbench: Workbench) -> str | None:
    """A scan that shows most: lesions of both kinds, both views, a prior."""
    library = workbench.library
    assert library is not None
    scans = library.ids()
    worth = {
        row.scan: (
            min(row.malignant, 4) + min(row.benign, 3) + 2 * len(row.views) + 4 * bool(row.malignant and row.benign)
            + 6 * bool(library.priors(row.scan))
        )
        for row in library.rows(scans[:256], reader="truth")
    }  # fmt: skip
    return max(worth, key=lambda scan: worth[scan]) if worth else None


def settle(milliseconds: int = 250) -> None:
    """Let thumbnails arrive and everything be painted."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()
