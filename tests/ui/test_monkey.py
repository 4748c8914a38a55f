"""Odd clicks: any key of the table, any widget, anywhere, in any order, on every page and as every person.

Nothing raises, nothing is logged as ours, what shows is what the disk holds, and the history stays whole.

python -m tests.ui.test_monkey FIRST_SEED SEEDS STEPS: more of it, a line for each seed.
"""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
from collections import deque
from pathlib import Path
from random import Random
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QLineEdit,
    QMenu,
    QMessageBox,
    QWidget,
)

from tests.ui import at_work
from tests.ui.conftest import close_window, open_window
from workstation.app import actions
from workstation.store.library import Library
from workstation.ui.canvas import Canvas
from workstation.ui.main_window import MainWindow

NOT = {"page.quit", "page.import", "page.import_folder", "page.open_library"}  # the world outside the window
UNHEARD = "Keyboard event not accepted"  # QTest's own warning where nobody wants a key
LEFT = Qt.MouseButton.LeftButton
BUTTONS = (LEFT, LEFT, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton)
SPECIAL = (*range(0x01000000, 0x01000008), *range(0x01000010, 0x01000018))  # Esc to Delete, Home to PageDown
TEXTS = ("2024-03-05", "31.2.2024", "-1", "1e400", "<img src=x>", "\u202eabc", "x" * 300, " ", "ben", "0")
MODIFIERS = (at_work.NONE, at_work.NONE, at_work.NONE, at_work.SHIFT, at_work.CTRL, at_work.ALT)


def step(window: MainWindow, draw: Random) -> str:
    """Do one odd thing; what it was."""
    kind = draw.choices(("act", "action", "page", "canvas", "widget", "key"), (4, 6, 1, 4, 6, 3))[0]
    if kind == "act":
        name = at_work.draw_act(draw)
        at_work.do(window, name, draw.randrange(2**32))
        return name
    if kind == "action":
        row = draw.choice([row for row in actions.table() if row.id not in NOT])
        if window.actions_by_id[row.id].isEnabled():
            window.actions_by_id[row.id].trigger()
        return row.id
    if kind == "page":
        number = draw.randrange(window._stack.count())
        window.show_page(number)
        return f"page {number}"
    if kind == "canvas":
        return _canvas(window, draw)
    if kind == "widget":
        return _widget(window, draw)
    key = draw.choice([Qt.Key(number) for number in (*range(0x30, 0x3A), *range(0x41, 0x5B), *SPECIAL)])
    modifiers = draw.choice(MODIFIERS)
    if (key, modifiers) != (Qt.Key.Key_Q, at_work.CTRL):
        QTest.keyClick(QApplication.focusWidget() or window, key, modifiers)
    return f"key {key.name}"


def _canvas(window: MainWindow, draw: Random) -> str:
    """Press, drag, turn the wheel anywhere on a picture, on the prior's as well, and beyond its edge."""
    shown = [canvas for canvas in window.read_page.canvases if canvas.isVisible()]
    if not shown:
        window.show_page(1)
        return "no canvas"
    canvas: Canvas = draw.choice(shown)
    button, modifiers = draw.choice(BUTTONS), draw.choice(MODIFIERS)
    at = [QPoint(draw.randint(-30, canvas.width() + 30), draw.randint(-30, canvas.height() + 30)) for _ in range(4)]
    what = draw.choice(("click", "double click", "drag", "half a drag", "wheel", "leave"))
    if what == "click":
        QTest.mouseClick(canvas, button, modifiers, at[0])
    elif what == "double click":
        QTest.mouseDClick(canvas, button, modifiers, at[0])
    elif what == "wheel":
        _wheel(canvas, at[0], draw.choice((-120, 120, 7, -2400)), modifiers)
    elif what == "leave":
        QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    else:
        QTest.mousePress(canvas, button, modifiers, at[0])
        for spot in at[1:]:
            at_work.move(canvas, spot, button)
        if what == "drag":
            QTest.mouseRelease(canvas, button, modifiers, at[-1])
    return f"{what} on {canvas.panel.view}"


def _wheel(widget: QWidget, at: QPoint, by: int, modifiers: Qt.KeyboardModifier) -> None:
    event = QWheelEvent(
        QPointF(at), widget.mapToGlobal(QPointF(at)), QPoint(), QPoint(0, by), Qt.MouseButton.NoButton, modifiers,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def _widget(window: MainWindow, draw: Random) -> str:
    """Use a widget of the page in front, or of a window over it, as its kind is used."""
    over = [one for one in QApplication.topLevelWidgets() if isinstance(one, QDialog | QMenu) and one.isVisible()]
    root = draw.choice([window, *over])
    there = [one for one in root.findChildren(QWidget) if one.isVisible() and one.isEnabled() and one.width() > 3]
    if not there:
        return "nothing there"
    widget = draw.choice(there)
    if isinstance(widget, QComboBox) and widget.count():
        widget.setCurrentIndex(draw.randrange(widget.count()))
        widget.activated.emit(widget.currentIndex())
    elif isinstance(widget, QLineEdit):
        widget.setFocus()
        widget.insert(draw.choice(TEXTS))
        if draw.random() < 0.7:
            QTest.keyClick(widget, draw.choice((Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Tab)))
    elif isinstance(widget, QCheckBox):
        widget.click()
    else:
        if isinstance(widget, QAbstractItemView):
            widget = widget.viewport()
        at = QPoint(draw.randrange(max(widget.width(), 1)), draw.randrange(max(widget.height(), 1)))
        (QTest.mouseDClick if draw.random() < 0.2 else QTest.mouseClick)(
            widget, draw.choice(BUTTONS), draw.choice(MODIFIERS), at
        )
    return f"{type(widget).__name__} {widget.objectName() or widget.accessibleName()}"


def tidy(window: MainWindow, draw: Random) -> None:
    """Menus are closed, windows over the main one now and then; the main one stays in front."""
    for one in QApplication.topLevelWidgets():
        if one is not window and one.isVisible() and (isinstance(one, QMenu) or draw.random() < 0.1):
            one.close()
    if not window.isActiveWindow():
        window.activateWindow()
    QApplication.processEvents()


def agree(window: MainWindow) -> None:
    """What shows is what the library holds, and what the list of lesions tells."""
    library, session = window.workbench.library, window.read_page.editor.session
    assert library is not None
    if session is None:  # somebody has just signed in: no scan is open
        assert window.read_page.viewer.case is None and not window.read_page.viewer.selection
        return
    disk = Library.open(library.folder, read_only=True)
    held = disk.session(session.reading.key)
    disk.close()
    assert held.reading == session.reading and list(held.reading.lesions) == list(session.reading.lesions)
    assert (held.done, held.undone) == (session.done, session.undone)
    assert set(window.read_page.viewer.selection) <= set(session.reading.lesions)


def run_wild(window: MainWindow, seed: int, steps: int, last: deque[str]) -> None:
    """Odd things in an order that the seed tells. last: takes what they were."""
    draw = Random(seed)
    for number in range(steps):
        last.append(step(window, draw))
        tidy(window, draw)
        if number % 25 == 0:
            agree(window)


@pytest.fixture
def _no_world(monkeypatch: pytest.MonkeyPatch) -> None:
    shut_the_world_out(monkeypatch.setattr)


def shut_the_world_out(put: Any) -> None:
    """Dialogs of the system say that nothing was chosen."""
    put(QFileDialog, "getExistingDirectory", staticmethod(lambda *_, **__: ""))
    put(QFileDialog, "getOpenFileNames", staticmethod(lambda *_, **__: ([], "")))
    put(QFileDialog, "getSaveFileName", staticmethod(lambda *_, **__: ("", "")))
    put(QMessageBox, "exec", lambda *_: 0)


@pytest.mark.qt_log_ignore(UNHEARD)
@pytest.mark.parametrize(("seeds", "steps"), [(1, 60), pytest.param(20, 1000, marks=pytest.mark.soak)])
def test_odd_clicks_break_nothing(qtbot, tmp_path: Path, _no_world: None, seeds: int, steps: int) -> None:
    for seed in range(seeds):
        wild(tmp_path / str(seed), seed, steps)


def wild(folder: Path, seed: int, steps: int) -> None:
    at_work.make_library_to_work_in(folder / "library")
    window = open_window(folder / "home", folder / "library")
    last = deque[str](maxlen=30)
    try:
        window.read(at_work.SCANS[0])
        run_wild(window, seed, steps, last)
        agree(window)
    finally:
        for one in QApplication.topLevelWidgets():
            if one is not window:
                one.close()
        close_window(window)
        if sys.exc_info()[0] is not None:
            print(f"seed {seed}, the last steps: {list(last)}")
    disk = Library.open(folder / "library")
    found = disk.verify()
    disk.close()
    assert found.problems == (), found.problems


if __name__ == "__main__":
    first, count, steps = (int(word) for word in sys.argv[1:])
    errors: list[str] = []

    class Ours(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            errors.append(self.format(record))

    def warned(kind: QtMsgType, _: Any, words: str) -> None:
        print(words, file=sys.stderr)
        if (
            kind is not QtMsgType.QtDebugMsg
            and kind is not QtMsgType.QtInfoMsg
            and "plugin does not" not in words
            and UNHEARD not in words
        ):
            errors.append(words)

    qInstallMessageHandler(warned)
    logging.getLogger().addHandler(Ours(logging.ERROR))
    sys.excepthook = lambda kind, error, trace: (errors.append(repr(error)), sys.__excepthook__(kind, error, trace))
    shut_the_world_out(setattr)
    application = QApplication([])
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory() as made:
            wild(Path(made), seed, steps)
            print(f"seed {seed}: {steps} steps, {len(errors)} errors", flush=True)
        shutil.rmtree(made, ignore_errors=True)
    sys.exit(bool(errors))
