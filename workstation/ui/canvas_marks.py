"""What is drawn over a frame and rests: lesion outlines and letters, side letters, scale bar."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QTransform

import resources
from workstation.app.viewer import Panel, Viewer
from workstation.core.lesion import Label, Lesion, Roi
from workstation.core.outline import outline
from workstation.core.scan import How
from workstation.ui import theme

_STYLE = {
    Label.MALIGNANT: Qt.PenStyle.SolidLine,
    Label.BENIGN: Qt.PenStyle.DashLine,
    Label.UNCERTAIN: Qt.PenStyle.DashDotLine,
    Label.NOT_BONE: Qt.PenStyle.DotLine,
    None: Qt.PenStyle.SolidLine,
}
_MARGIN = 10.0
MANY = 60  # letters; among more, only lesions that are large on screen carry theirs


@lru_cache(maxsize=4096)
def path(roi: Roi) -> QPainterPath:
    """The ROI's outline in frame coordinates (x = column, y = row)."""
    drawn = QPainterPath()
    for loop in outline(roi):
        drawn.moveTo(loop[0, 1], loop[0, 0])
        for row, column in loop[1:]:
            drawn.lineTo(column, row)
        drawn.closeSubpath()
    return drawn


def letter(lesion: Lesion) -> str:
    """The letter of the lesion's label, so that colour is never the only sign."""
    return "" if lesion.label is None else str(resources.table("vocab/labels")[str(lesion.label)]["letter"])


def line(colour: QColor, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """A pen whose corners are round."""
    pen = QPen(colour, width, style)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


def outlined(painter: QPainter, roi: Roi, transform: QTransform, pen: QPen, halo: QColor | None = None) -> None:
    """Draw the line around an ROI; on a darker or lighter ground of its own where a halo is given."""
    shape = transform.map(path(roi))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if halo is not None:
        under = QColor(halo)
        under.setAlpha(190)
        painter.setPen(line(under, pen.widthF() + 2.5))
        painter.drawPath(shape)
    painter.setPen(pen)
    painter.drawPath(shape)


def tag_places(font: QFont, text: str, beside: QRectF) -> list[QRectF]:
    """Where a letter may stand beside an outline, the best place first. font: of the page; the letter's is its own."""
    metrics = QFontMetricsF(_tag_font(font))
    width, height = metrics.horizontalAdvance(text) + 7, metrics.height()
    return [
        QRectF(beside.right() + 3, beside.top() + 3 - height, width, height),
        QRectF(beside.left() - 3 - width, beside.top() + 3 - height, width, height),
        QRectF(beside.right() + 3, beside.bottom() - 3, width, height),
        QRectF(beside.left() - 3 - width, beside.bottom() - 3, width, height),
    ]


def _tag_font(font: QFont) -> QFont:
    small = QFont(font)
    small.setPixelSize(11)
    small.setBold(True)
    return small


def tag(
    painter: QPainter, text: str, beside: QRectF, colour: QColor, strong: bool, taken: list[QRectF] | None = None
) -> None:
    """A small letter on a plate beside an outline, readable on any picture; not on a place that is taken already."""
    painter.setFont(_tag_font(painter.font()))
    places = tag_places(painter.font(), text, beside)
    box = next((place for place in places if not any(place.intersects(other) for other in taken or ())), places[0])
    if taken is not None:
        taken.append(box)
    plate = QColor(colour)
    plate.setAlpha(255 if strong else 215)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(plate)
    painter.drawRoundedRect(box, 3, 3)
    painter.setPen(QColor("#101215") if plate.lightnessF() > 0.45 else QColor("#ffffff"))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def box_of(roi: Roi, transform: QTransform) -> QRectF:
    """The rectangle on screen around an ROI: its first pixel begins half a pixel before its centre."""
    return transform.mapRect(QRectF(roi.left - 0.5, roi.top - 0.5, roi.width, roi.height))


def _lesion(
    painter: QPainter,
    lesion: Lesion,
    number: int,
    roi: Roi,
    transform: QTransform,
    selected: bool,
    ground: QColor,
    taken: list[QRectF],
) -> None:
    pen = lesion_pen(lesion, selected, ground)
    outlined(painter, roi, transform, pen, ground if selected else None)
    box = box_of(roi, transform)
    if selected or len(taken) < MANY or box.width() > 5:
        tag(painter, lesion_words(lesion, number), box, pen.color(), selected, taken)


def lesion_pen(lesion: Lesion, selected: bool, ground: QColor) -> QPen:
    """The line of a lesion: its label's colour and dashes."""
    colour = theme.over(ground)[str(lesion.label) if lesion.label is not None else "unlabelled"]
    return line(colour, 2.6 if selected else 1.5, _STYLE[lesion.label])


def lesion_words(lesion: Lesion, number: int) -> str:
    """What stands beside a lesion; "=": carried over from an earlier scan, and not touched since."""
    return f"{'=' if lesion.same_as_before else ''}{letter(lesion)}{number}"


def resting(painter: QPainter, viewer: Viewer, panel: Panel, transform: QTransform, scale: float) -> None:
    """All lesions of this view that nobody is changing at the moment."""
    if not viewer.state.overlays:
        return
    taken: list[QRectF] = []
    selection = () if panel.prior else viewer.selection
    for number, lesion in viewer.numbered(panel):
        if panel.view not in lesion.rois or (lesion.id in viewer.moving and not panel.prior):
            continue
        chosen = lesion.id in selection
        _lesion(painter, lesion, number, lesion.rois[panel.view], transform, chosen, viewer.ground(panel), taken)


def frame_places(size: QSizeF) -> tuple[QRectF, QRectF]:
    """The strips of a canvas, above and below, in which `frame` writes; the window's counts stand in the upper one."""
    return QRectF(0, 0, size.width(), 100), QRectF(0, size.height() - 80, size.width(), 80)


def frame(painter: QPainter, viewer: Viewer, panel: Panel, size: QSizeF, scale: float) -> None:
    """Title, side letters and scale bar: fixed to the canvas, following every flip and turn."""
    ground = viewer.ground(panel)
    text = theme.over(ground)["text"]
    quiet = QColor(text)
    quiet.setAlpha(190)
    font = QFont(painter.font())
    font.setPixelSize(12)
    font.setBold(False)
    painter.setFont(font)
    painter.setPen(text)
    metrics = QFontMetricsF(font)
    title = metrics.elidedText(viewer.panel_title(panel), Qt.TextElideMode.ElideRight, size.width() - 2 * _MARGIN)
    painter.drawText(QPointF(_MARGIN, _MARGIN + metrics.ascent()), title)
    how = viewer.how(panel)
    if how is How.ASSUMED:
        painter.setPen(theme.over(ground)["warning"])
        painter.drawText(
            QPointF(_MARGIN, _MARGIN + metrics.ascent() + metrics.height()), viewer.tr("view assumed: check it")
        )
    painter.setPen(quiet)
    limits = viewer.window_text(panel)
    painter.drawText(
        QPointF(size.width() - _MARGIN - metrics.horizontalAdvance(limits), _MARGIN + metrics.ascent()), limits
    )
    _sides(painter, viewer, panel, size, text)
    _scale_bar(painter, viewer, panel, size, scale, text)


def _sides(painter: QPainter, viewer: Viewer, panel: Panel, size: QSizeF, colour: QColor) -> None:
    font = QFont(painter.font())
    font.setPixelSize(18)
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(colour)
    letters = viewer.edge_letters(panel)
    middle = 74.0  # beside the head, where no arm lies
    edge = _MARGIN
    spots = {
        "left": QRectF(edge, middle - 14, 40, 28),
        "right": QRectF(size.width() - edge - 40, middle - 14, 40, 28),
        "top": QRectF(size.width() / 2 - 20, edge + 20, 40, 28),
        "bottom": QRectF(size.width() / 2 - 20, size.height() - edge - 56, 40, 28),
    }
    align = {
        "left": Qt.AlignmentFlag.AlignLeft,
        "right": Qt.AlignmentFlag.AlignRight,
        "top": Qt.AlignmentFlag.AlignHCenter,
        "bottom": Qt.AlignmentFlag.AlignHCenter,
    }
    for place, side in letters.items():
        painter.drawText(spots[place], align[place] | Qt.AlignmentFlag.AlignVCenter, side)


def _scale_bar(
    painter: QPainter, viewer: Viewer, panel: Panel, size: QSizeF, scale: float, colour: QColor
) -> None:
    bar = viewer.scale_bar(panel, scale)
    font = QFont(painter.font())
    font.setPixelSize(11)
    font.setBold(False)
    painter.setFont(font)
    if bar is None:
        painter.setPen(colour)
        painter.drawText(QPointF(_MARGIN, size.height() - _MARGIN), viewer.tr("no pixel spacing"))
        return
    length, words = bar
    y = size.height() - _MARGIN - 2
    painter.setPen(QPen(colour, 1.6))
    painter.drawLine(QPointF(_MARGIN, y), QPointF(_MARGIN + length, y))
    for x in (_MARGIN, _MARGIN + length):
        painter.drawLine(QPointF(x, y - 4), QPointF(x, y + 4))
    painter.drawText(QPointF(_MARGIN + length + 8, y + 4), words)
