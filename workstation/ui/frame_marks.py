"""What stands fixed on a canvas whatever the picture shows: title, counts of the window, side letters, scale bar.

A picture may be black or white under any of them, so that each is written with an edge in the colour of the ground.
"""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen

from workstation.app.viewer import Panel, Viewer
from workstation.core.scan import How
from workstation.ui import theme

_MARGIN = 10.0
_EDGE = 3.6  # screen pixels, half of them outside the letter
_EDGE_ALPHA = 225  # a shade off the ground: over hot uptake no edge is as bright as the picture's ground


def places(size: QSizeF) -> tuple[QRectF, QRectF]:
    """The strips of a canvas, above and below, in which `paint` writes; the window's counts stand in the upper one."""
    return QRectF(0, 0, size.width(), 100), QRectF(0, size.height() - 80, size.width(), 80)


def paint(painter: QPainter, viewer: Viewer, panel: Panel, size: QSizeF, scale: float) -> None:
    """Title, side letters and scale bar: fixed to the canvas, following every flip and turn."""
    ground = viewer.ground(panel)
    text = theme.over(ground)["text_strong"]
    font = _font(painter, 12)
    metrics = QFontMetricsF(font)
    limits = viewer.window_text(panel)
    across = metrics.horizontalAdvance(limits)
    room = size.width() - 3 * _MARGIN - across
    title = metrics.elidedText(viewer.panel_title(panel), Qt.TextElideMode.ElideRight, room)
    line = _MARGIN + metrics.ascent()
    write(painter, QPointF(_MARGIN, line), title, font, text, ground)
    if viewer.how(panel) is How.ASSUMED:
        words = viewer.tr("view assumed: check it")
        write(painter, QPointF(_MARGIN, line + metrics.height()), words, font, theme.over(ground)["warning"], ground)
    write(painter, QPointF(size.width() - _MARGIN - across, line), limits, font, theme.over(ground)["text"], ground)
    _sides(painter, viewer, panel, size, text, ground)
    _scale_bar(painter, viewer, panel, size, scale, text, ground)


def write(painter: QPainter, at: QPointF, text: str, font: QFont, colour: QColor, ground: QColor) -> None:
    """A line of text from a point of its baseline, with an edge that tells it from counts of its own colour."""
    painter.save()
    painter.translate(at)
    painter.strokePath(_shape(text, font.pixelSize(), font.weight(), font.family()), _edge(ground, _EDGE))
    painter.setFont(font)
    painter.setPen(colour)
    painter.drawText(QPointF(0, 0), text)
    painter.restore()


@lru_cache(maxsize=64)
def _shape(text: str, pixels: int, weight: QFont.Weight, family: str) -> QPainterPath:
    font = QFont(family)
    font.setPixelSize(pixels)
    font.setWeight(weight)
    path = QPainterPath()
    path.addText(QPointF(0, 0), font, text)
    return path


def _edge(ground: QColor, width: float) -> QPen:
    colour = QColor(ground)
    colour.setAlpha(_EDGE_ALPHA)
    return QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)


def _font(painter: QPainter, pixels: int, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    font = QFont(painter.font())
    font.setPixelSize(pixels)
    font.setWeight(weight)
    return font


def _sides(painter: QPainter, viewer: Viewer, panel: Panel, size: QSizeF, colour: QColor, ground: QColor) -> None:
    font = _font(painter, 18, QFont.Weight.DemiBold)
    metrics = QFontMetricsF(font)
    middle = 74.0  # beside the head, where no arm lies
    for place, side in viewer.edge_letters(panel).items():
        across = metrics.horizontalAdvance(side)
        x = {"left": _MARGIN, "right": size.width() - _MARGIN - across}.get(place, (size.width() - across) / 2)
        y = {"top": _MARGIN + 34, "bottom": size.height() - _MARGIN - 42}.get(place, middle)
        baseline = y + (metrics.ascent() - metrics.descent()) / 2
        write(painter, QPointF(x, baseline), side, font, colour, ground)


def _scale_bar(
    painter: QPainter, viewer: Viewer, panel: Panel, size: QSizeF, scale: float, colour: QColor, ground: QColor
) -> None:
    bar = viewer.scale_bar(panel, scale)
    font = _font(painter, 11)
    if bar is None:
        words = viewer.tr("no pixel spacing")
        write(painter, QPointF(_MARGIN, size.height() - _MARGIN), words, font, colour, ground)
        return
    length, words = bar
    y = size.height() - _MARGIN - 2
    rule = QPainterPath(QPointF(_MARGIN, y))
    rule.lineTo(_MARGIN + length, y)
    for x in (_MARGIN, _MARGIN + length):
        rule.moveTo(x, y - 4)
        rule.lineTo(x, y + 4)
    painter.strokePath(rule, _edge(ground, _EDGE + 1.0))
    painter.strokePath(rule, QPen(colour, 1.6))
    write(painter, QPointF(_MARGIN + length + 8, y + 4), words, font, colour, ground)
