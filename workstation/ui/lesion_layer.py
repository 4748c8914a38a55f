"""All resting lesions of a canvas on nothing, kept as one pixmap in which only what changed is painted anew."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap, QRegion, QTransform

from workstation.ui.canvas_marks import Mark

# Above so many lesions that changed at once, painting them all takes no longer.
FEW = 16


class LesionLayer:
    """`renew` before `pixmap`. Equal lesion keys mean equal marks; a place is a size, a transform, colours."""

    def __init__(self) -> None:
        self.pixmap = QPixmap()
        self._place: Hashable = None
        self._lesions: Hashable = None
        self._marks: Sequence[Mark] = ()

    def renew(
        self,
        lesions: Hashable,
        place: Hashable,
        marks: Callable[[], Sequence[Mark]],
        transform: QTransform,
        ground: QColor,
        size: QSize,
        ratio: float,
    ) -> QRegion:
        """Show these marks; the part of the canvas that looks different now, in widget pixels."""
        if self._place == place and self._lesions == lesions:
            return QRegion()
        before, self._marks = self._marks, marks()
        differing = set(before) ^ set(self._marks)
        whole = self._place != place or len(differing) > FEW
        self._place, self._lesions = place, lesions
        if whole:
            self.pixmap = QPixmap(size * ratio)
            self.pixmap.setDevicePixelRatio(ratio)
            self.pixmap.fill(Qt.GlobalColor.transparent)
        parts = [mark.reach(transform).toAlignedRect() for mark in differing]
        if whole:
            parts = [QRect(QPoint(0, 0), size)]
        placed = [(mark, mark.reach(transform)) for mark in self._marks]
        with QPainter(self.pixmap) as painter:
            for part in parts:  # one by one: clip and fill of one rectangle have no soft edges, whatever the scale
                painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
                painter.setClipRect(part)
                painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
                painter.fillRect(part, Qt.GlobalColor.transparent)
                painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                for mark, reach in placed:
                    if reach.intersects(QRectF(part)):
                        mark.paint(painter, transform, ground)
        return sum((QRegion(part) for part in parts), QRegion())
