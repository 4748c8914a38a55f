"""What we rely on in other people's packages and what their versions are bounded for."""

from __future__ import annotations

import sys

import pytest


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None and True are immortal from Python 3.12 on")
def test_pyside_keeps_its_references(qapp: object) -> None:
    """PySide6 6.12.0 on Python 3.11 drops references to None and True with every call, until the process aborts."""
    from PySide6.QtCore import QObject, Signal
    from PySide6.QtGui import QPaintEvent
    from PySide6.QtWidgets import QWidget

    class Sender(QObject):
        sent = Signal(object)

    class Widget(QWidget):
        def paintEvent(self, event: QPaintEvent) -> None:
            return None

    def work() -> None:
        sender, widget = Sender(), Widget()
        sender.sent.connect(lambda value: None)
        for _ in range(50):
            sender.sent.emit(None)
            sender.sent.emit(True)
            sender.setProperty("kept", True)
            sender.property("kept")
            sender.setParent(None)
            widget.setVisible(True)
            widget.grab()
            widget.isVisible()
            widget.parent()
        widget.close()
        widget.deleteLater()

    work()
    before = sys.getrefcount(None), sys.getrefcount(True)
    for _ in range(5):
        work()
    after = sys.getrefcount(None), sys.getrefcount(True)
    # 250 of each call: one reference lost a call would show as hundreds.
    assert after[0] > before[0] - 100
    assert after[1] > before[1] - 100
