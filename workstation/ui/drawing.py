"""The tools that draw: brush, eraser, polygon, freehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from workstation.core.drawn import brush_mask, freehand_mask, polygon_mask
from workstation.core.lesion import Mask, Origin, Roi
from workstation.core.scan import View
from workstation.ui import frame_marks, theme
from workstation.ui.canvas_marks import tag_font, tag_size
from workstation.ui.hand import Hand, Modifiers

if TYPE_CHECKING:
    from workstation.ui.canvas import Canvas
    from workstation.ui.tools import Tools

SMALLEST, LARGEST = 0.5, 40.0


class Brush(Hand):
    """Paints into the lesion it starts on, else into a new one. With the count threshold only hot pixels are taken."""

    name = "brush"
    adds = True
    sign = "\u2265"  # which counts the threshold takes, beside the cursor
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self.radius = 4.0
        self.above: float | None = None  # counts; None paints everything
        self._last: tuple[float, float] | None = None
        self._mask: Mask | None = None
        self._lesion: str | None = None

    def press(self, canvas: Canvas, row: float, column: float, modifiers: Modifiers) -> None:
        view = canvas.panel.view
        selected = self.viewer.selected
        under = self.viewer.lesion_at(view, row, column)
        if modifiers & Qt.KeyboardModifier.ShiftModifier and selected is not None:
            self._lesion = selected
        elif self.tools.new_next and self.adds:
            self._lesion = None
        else:
            self._lesion = under or self._touched(view, row, column, canvas)
        self.viewer.proposal = None
        self._mask = np.zeros(self.viewer.shape(canvas.panel), bool)
        self._last = (row, column)
        self._paint(canvas, row, column)

    def _touched(self, view: View, row: float, column: float, canvas: Canvas) -> str | None:
        """The selected lesion where the brush's disc touches it."""
        lesion = self.tools.editor.lesions.get(self.viewer.selected or "")
        if lesion is None or view not in lesion.rois:
            return None
        shape = self.viewer.shape(canvas.panel)
        touches = brush_mask(shape, [(row, column)], self.radius) & lesion.rois[view].mask(shape)
        return lesion.id if touches.any() else None

    def drag(self, canvas: Canvas, row: float, column: float, modifiers: Modifiers) -> None:
        if self._mask is not None and self._mask.shape == self.viewer.shape(canvas.panel):
            self._paint(canvas, row, column)

    def release(self, canvas: Canvas, row: float, column: float, modifiers: Modifiers) -> None:
        mask, lesion = self._mask, self._lesion
        self._mask, self._last = None, None
        self.viewer.moving, self.viewer.drawn = {}, {}
        if mask is not None and mask.any():
            self._keep(canvas.panel.view, mask, lesion)
        self.viewer.marked.emit()

    def _keep(self, view: View, mask: Mask, lesion: str | None) -> None:
        if lesion is not None and lesion in self.tools.editor.lesions:
            self.viewer.select(lesion)
            self.tools.drafting.widen(view, mask, lesion)
            return
        roi = Roi.from_mask(mask)
        if roi is not None:
            self.tools.keep(view, roi, Origin.HAND, False)

    def _paint(self, canvas: Canvas, row: float, column: float) -> None:
        assert self._mask is not None and self._last is not None
        self._mask |= self._disc(canvas, [self._last, (row, column)])
        self._last = (row, column)
        self._show(canvas.panel.view)

    def _disc(self, canvas: Canvas, path: list[tuple[float, float]]) -> Mask:
        frame = self.viewer.frame(canvas.panel)
        return brush_mask((frame.rows, frame.columns), path, self.radius, frame.counts, above=self.above)

    def _show(self, view: View) -> None:
        assert self._mask is not None
        lesion = self.tools.editor.lesions.get(self._lesion or "")
        whole = self._mask
        if lesion is not None and view in lesion.rois:
            whole = self._combine(lesion.rois[view].mask((whole.shape[0], whole.shape[1])), whole)
        roi = Roi.from_mask(whole)
        if lesion is not None:
            self.viewer.moving = {lesion.id: dict(lesion.rois)}
            if roi is not None:
                self.viewer.moving[lesion.id][view] = roi
            else:
                self.viewer.moving[lesion.id].pop(view, None)
        else:
            self.viewer.drawn = {} if roi is None else {view: roi}
        self.viewer.marked.emit()

    def _combine(self, before: Mask, stroke: Mask) -> Mask:
        return before | stroke

    def change_radius(self, factor: float) -> None:
        self.radius = min(max(self.radius * factor, SMALLEST), LARGEST)
        self.viewer.marked.emit()
        self.tools.changed.emit()

    def change_threshold(self, counts: float | None) -> None:
        self.above = counts
        self.viewer.marked.emit()
        self.tools.changed.emit()

    def drop(self) -> bool:
        had, self._mask, self._last = self._mask is not None, None, None
        self.viewer.moving, self.viewer.drawn = {}, {}
        self.viewer.marked.emit()
        return had

    def hover(self, canvas: Canvas, row: float, column: float) -> None:
        self.viewer.marked.emit()

    def leave(self) -> None:
        self.viewer.marked.emit()

    def reach(self, canvas: Canvas) -> QRectF:
        disc = self._ring(canvas)
        if disc is None:
            return QRectF()
        ring = disc.boundingRect().adjusted(-3, -3, 3, 3)
        if self.above is None:
            return ring
        width, height = tag_size(self._sign())
        return ring | QRectF(ring.right(), ring.center().y() - height, width, 2 * height)

    def paint(self, painter: QPainter, canvas: Canvas) -> None:
        disc = self._ring(canvas)
        if disc is None:
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for width, shade in ((3.0, QColor(0, 0, 0, 110)), (1.3, theme.current()["accent"])):
            painter.setPen(QPen(shade, width))
            painter.drawPath(disc)
        if self.above is not None:
            box, ground = disc.boundingRect(), self.viewer.ground(canvas.panel)
            at = QPointF(box.right() + 4, box.center().y() + 4)
            frame_marks.write(painter, at, self._sign(), tag_font(), theme.over(ground)["accent"], ground)

    def _ring(self, canvas: Canvas) -> QPainterPath | None:
        """What the brush covers, on screen; None where the cursor is elsewhere."""
        if self.viewer.hover_view is not canvas.panel.view or self.viewer.hover_at is None:
            return None
        row, column = self.viewer.hover_at
        disc = QPainterPath()
        disc.addEllipse(QPointF(column, row), self.radius, self.radius)
        return canvas.transform.map(disc)

    def _sign(self) -> str:
        return "" if self.above is None else f"{self.sign} {self.above:.0f}"

    def words(self) -> str:
        words = self.tools.tr("Brush: radius {0:.1f} px").format(self.radius)
        if self.above is not None:
            words += self.tools.tr(", only counts from {0:.0f}").format(self.above)
        return words


class Eraser(Brush):
    """Takes pixels away from the lesion it starts on, or from the selected one."""

    name = "eraser"
    adds = False
    sign = "<"

    def press(self, canvas: Canvas, row: float, column: float, modifiers: Modifiers) -> None:
        super().press(canvas, row, column, modifiers)
        if self._lesion is None and self.viewer.selected is not None:
            self._lesion = self.viewer.selected
            self._show(canvas.panel.view)

    def _keep(self, view: View, mask: Mask, lesion: str | None) -> None:
        if lesion is not None and lesion in self.tools.editor.lesions:
            self.viewer.select(lesion)
            self.tools.drafting.narrow(view, mask, lesion)

    def _combine(self, before: Mask, stroke: Mask) -> Mask:
        return before & ~stroke

    def _disc(self, canvas: Canvas, path: list[tuple[float, float]]) -> Mask:
        frame = self.viewer.frame(canvas.panel)
        return brush_mask((frame.rows, frame.columns), path, self.radius, frame.counts, below=self.above)

    def _show(self, view: View) -> None:
        if self._lesion is not None:
            super()._show(view)

    def words(self) -> str:
        words = self.tools.tr("Eraser: radius {0:.1f} px").format(self.radius)
        if self.above is not None:
            words += self.tools.tr(", only counts under {0:.0f}").format(self.above)
        return words


class Polygon(Hand):
    """Click corner by corner; Enter, double click or a click on the first corner closes; Esc forgets."""

    name = "polygon"
    adds = True
    cursor = Qt.CursorShape.CrossCursor
    closing = 8.0  # screen pixels

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self._view: View | None = None
        self._points: list[tuple[float, float]] = []
        self._shape = (1, 1)
        self._to_selected = False

    def press(self, canvas: Canvas, row: float, column: float, modifiers: Modifiers) -> None:
        if self._view is not canvas.panel.view:
            self._points, self._view = [], canvas.panel.view
            self._shape = self.viewer.shape(canvas.panel)
            self._to_selected = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        if len(self._points) > 2:
            first = canvas.transform.map(QPointF(self._points[0][1], self._points[0][0]))
            if (canvas.transform.map(QPointF(column, row)) - first).manhattanLength() < self.closing:
                self.finish()
                return
        self._points.append((row, column))
        self.viewer.marked.emit()

    def double_click(self, canvas: Canvas, row: float, column: float, modifiers: Modifiers) -> None:
        self.finish()

    def hover(self, canvas: Canvas, row: float, column: float) -> None:
        self.viewer.marked.emit()

    def finish(self) -> bool:
        points, view, to_selected = self._points, self._view, self._to_selected
        self.drop()
        if view is None or not points:
            return False
        roi = Roi.from_mask(self._mask(points))
        if roi is None:
            self.tools.editor.refused.emit(self.tools.tr("The outline holds no pixel; nothing was added."))
        else:
            self.tools.keep(view, roi, Origin.HAND, to_selected)
        return True

    def _mask(self, points: list[tuple[float, float]]) -> Mask:
        return polygon_mask(points, self._shape)

    def drop(self) -> bool:
        had = bool(self._points)
        self._points, self._view = [], None
        self.viewer.marked.emit()
        return had

    def reach(self, canvas: Canvas) -> QRectF:
        if self._view is not canvas.panel.view or not self._points:
            return QRectF()
        _, line = self._drawn(canvas)
        return QPolygonF(line).boundingRect().adjusted(-5, -5, 5, 5)

    def _drawn(self, canvas: Canvas) -> tuple[list[QPointF], list[QPointF]]:
        """The corners on screen, and the line through them to the cursor."""
        transform = canvas.transform
        corners = [transform.map(QPointF(column, row)) for row, column in self._points]
        if self.viewer.hover_view is self._view and self.viewer.hover_at is not None:
            return corners, [*corners, transform.map(QPointF(self.viewer.hover_at[1], self.viewer.hover_at[0]))]
        return corners, corners

    def paint(self, painter: QPainter, canvas: Canvas) -> None:
        if self._view is not canvas.panel.view or not self._points:
            return
        corners, line = self._drawn(canvas)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for width, shade in ((3.5, QColor(0, 0, 0, 110)), (1.6, theme.current()["accent"])):
            painter.setPen(QPen(shade, width))
            painter.drawPolyline(QPolygonF(line))
        painter.setBrush(theme.current()["accent"])
        painter.setPen(Qt.PenStyle.NoPen)
        for corner in corners:
            painter.drawEllipse(corner, 3.0, 3.0)

    def words(self) -> str:
        return self.tools.tr("Polygon: click corners, Enter closes, Esc forgets")


class Freehand(Polygon):
    """Draw the outline in one movement; it closes when the button is let go."""

    name = "freehand"

    def press(self, canvas: Canvas, row: float, column: float, modifiers: Modifiers) -> None:
        self._points, self._view = [(row, column)], canvas.panel.view
        self._shape = self.viewer.shape(canvas.panel)
        self._to_selected = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)

    def double_click(self, canvas: Canvas, row: float, column: float, modifiers: Modifiers) -> None:
        self.press(canvas, row, column, modifiers)

    def drag(self, canvas: Canvas, row: float, column: float, modifiers: Modifiers) -> None:
        if self._view is canvas.panel.view:
            self._points.append((row, column))
            self.viewer.marked.emit()

    def release(self, canvas: Canvas, row: float, column: float, modifiers: Modifiers) -> None:
        self.finish()

    def _mask(self, points: list[tuple[float, float]]) -> Mask:
        return freehand_mask(points, self._shape)

    def words(self) -> str:
        return self.tools.tr("Freehand: draw around the uptake, let go to close")

