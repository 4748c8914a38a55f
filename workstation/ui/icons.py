"""Icons of resources/icons drawn in the theme's text colour, sharp at every scale."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

import resources
from workstation.ui import theme


class _ThemedSvg(QIconEngine):
    """Renders one SVG, its currentColor replaced by the theme's token for the icon's mode."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._source = resources.path("icons", f"{name}.svg").read_text(encoding="utf-8")

    def clone(self) -> QIconEngine:
        return _ThemedSvg(self._name)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        colour = theme.current().colour
        if mode == QIcon.Mode.Disabled:
            ink = colour["text_disabled"]
        elif state == QIcon.State.On:
            ink = colour["text_strong"]
        else:
            ink = colour["text"]
        svg = self._source.replace("currentColor", ink)
        side = min(rect.width(), rect.height())  # a narrow button makes a small icon, not a thin one
        square = QRectF(rect.x() + (rect.width() - side) / 2, rect.y() + (rect.height() - side) / 2, side, side)
        QSvgRenderer(QByteArray(svg.encode())).render(painter, square)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return pixmap


def icon(name: str) -> QIcon:
    """The icon of resources/icons/<name>.svg; it follows a change of theme when it is painted again."""
    return QIcon(_ThemedSvg(name))
