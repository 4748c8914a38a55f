"""What one tool in hand is; the tools that do not draw: select and ruler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from workstation.app.viewer import Viewer
from workstation.core.measure import ruler
from workstation.core.scan import View
from workstation.ui import theme

if TYPE_CHECKING:
    from workstation.ui.canvas import Canvas
    from workstation.ui.tools import Tools

Modifiers = Qt.KeyboardModifier


class Hand:
    """A tool. Positions are frame coordinates (row, column). Subclasses answer only to what concerns them."""

    name = ""
    cursor = Qt.CursorShape.ArrowCursor
    adds = False  # whether it can begin a new lesion

    def __init__(self, tools: Tools) -> None:
        self.tools = tools

    @property
    def viewer(self) -> Viewer:
        return self.tools.viewer

    def press(self, canvas: Canvas, row: float, column: float, modifiers: Modifiers) -> None: ...

    def drag(self, canvas: Canvas, row: float, column: float, modifiers: Modifiers) -> None: ...

    def release(self, canvas: Canvas, row: float, column: float, modifiers: Modifiers) -> None: ...

    def hover(self, canvas: Canvas, row: float, column: float) -> None: ...

    def double_click(self, canvas: Canvas, row: float, column: float, modifiers: Modifiers) -> None:
        """The second press of two quick ones: a press like any other, with which a drag may begin."""
        self.press(canvas, row, column, modifiers)

    def wheel(self, canvas: Canvas, steps: float) -> bool:
        """True where the tool used the wheel for itself."""
        return False

    def leave(self) -> None: ...

    def finish(self) -> bool:
        """Enter: complete what is under way. True where there was something."""
        return False

    def drop(self) -> bool:
        """Esc, or another tool: forget what is under way. True where there was something."""
        return False

    def paint(self, painter: QPainter, canvas: Canvas) -> None: ...

    def reach(self, canvas: Canvas) -> QRectF:
        """The part of the canvas on which `paint` draws, in widget pixels: nothing for a tool that does not paint."""
        return QRectF()

    def words(self) -> str:
        """What the foot of the window says of the tool: mode and size."""
        return ""


class Select(Hand):
    """Click selects a lesion, Shift+click (as Ctrl+click with any tool) adds one, a drag moves the picture."""

    name = "select"

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self._last: QPointF | None = None

    def press(self, canvas: Canvas, row: float, column: float, modifiers: Modifiers) -> None:
        lesion = self.viewer.lesion_at(canvas.panel.view, row, column)
        if not modifiers & Qt.KeyboardModifier.ShiftModifier:
            self.viewer.select(lesion)
        elif lesion is not None:
            self.viewer.toggle(lesion)
        self._last = canvas.transform.map(QPointF(column, row))

    def drag(self, canvas: Canvas, row: float, column: float, modifiers: Modifiers) -> None:
        here = canvas.transform.map(QPointF(column, row))
        if self._last is not None:
            self.tools.pan(canvas, here - self._last)
            self._last = here

    def release(self, canvas: Canvas, row: float, column: float, modifiers: Modifiers) -> None:
        self._last = None

    def words(self) -> str:
        return self.tools.tr("Select: click a lesion, Shift+click another one too, drag to move")


class Ruler(Hand):
    """Drag to measure; the line stays until the next one."""

    name = "ruler"
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self._line: tuple[View, tuple[float, float], tuple[float, float]] | None = None

    def press(self, canvas: Canvas, row: float, column: float, modifiers: Modifiers) -> None:
        self._line = (canvas.panel.view, (row, column), (row, column))
        self.viewer.marked.emit()

    def drag(self, canvas: Canvas, row: float, column: float, modifiers: Modifiers) -> None:
        if self._line is not None and self._line[0] is canvas.panel.view:
            self._line = (self._line[0], self._line[1], (row, column))
            self.viewer.marked.emit()

    def drop(self) -> bool:
        had, self._line = self._line is not None, None
        self.viewer.marked.emit()
        return had

    def reach(self, canvas: Canvas) -> QRectF:
        return QRectF() if self._line is None else QRectF(canvas.rect())

    def paint(self, painter: QPainter, canvas: Canvas) -> None:
        if self._line is None or self._line[0] is not canvas.panel.view:
            return
        _, start, end = self._line
        transform = canvas.transform
        a, b = transform.map(QPointF(start[1], start[0])), transform.map(QPointF(end[1], end[0]))
        for width, shade in ((4.0, QColor(0, 0, 0, 120)), (1.6, theme.current()["accent"])):
            painter.setPen(QPen(shade, width))
            painter.drawLine(a, b)
        words = ruler(start, end, self.viewer.frame(canvas.panel).spacing_mm).words
        font = QFont(painter.font())
        font.setPixelSize(12)
        painter.setFont(font)
        box = QFontMetricsF(font).boundingRect(words).adjusted(-5, -3, 5, 3)
        box.moveTopLeft(b + QPointF(10, -box.height() / 2))
        if box.right() > canvas.width():
            box.moveRight(b.x() - 10)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.current()["accent"])
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(theme.current()["accent_text"])
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)

    def words(self) -> str:
        return self.tools.tr("Ruler: drag to measure")
