"""What moves over a frame while the hand works: the stroke, the contour, the proposed ROI, the linked cursor.

Listed first and painted then, so that a canvas knows which small part of itself to paint anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QTransform

from workstation.app.viewer import Panel, Viewer
from workstation.core.lesion import Roi
from workstation.ui import canvas_marks, theme

_NEAR, _FAR = 4.0, 10.0  # where the arms of the linked cursor's cross begin and end, in screen pixels
_EDGE = 4.0  # screen pixels: no line with its halo reaches further out from an outline, nor any arm is broader


@dataclass(frozen=True)
class Mark:
    """An outline under the hand. words: on the plate beside it."""

    roi: Roi
    pen: QPen
    colour: QColor
    words: str = ""


def marks(viewer: Viewer, panel: Panel) -> list[Mark]:
    """The outlines of a panel that are not at rest, the uppermost last."""
    if panel.prior:
        return []
    ground = viewer.ground(panel)
    found = []
    if viewer.moving:
        for number, lesion in viewer.numbered(panel):
            roi = viewer.moving.get(lesion.id, {}).get(panel.view)
            if roi is not None:
                pen = canvas_marks.lesion_pen(lesion, True, ground)
                found.append(Mark(roi, pen, pen.color(), canvas_marks.lesion_words(lesion, number)))
    accent = theme.over(ground)["accent"]
    for roi in viewer.new_rois(panel.view):
        found.append(Mark(roi, canvas_marks.line(accent, 2.0), accent))
    preview = viewer.preview.get(panel.view)
    if preview is not None:
        found.append(Mark(preview, canvas_marks.line(accent, 1.5), accent))
    proposal = viewer.proposal
    if proposal is not None and proposal.view is panel.view:
        pen = canvas_marks.line(accent, 2.0, Qt.PenStyle.DotLine)
        found.append(Mark(proposal.roi, pen, accent, viewer.tr("Enter: accept")))
    return found


def reach(viewer: Viewer, panel: Panel, transform: QTransform, font: QFont) -> QRectF:
    """The rectangle on screen that holds all that `paint` draws; empty where it draws nothing."""
    whole = QRectF()
    for mark in marks(viewer, panel):
        box = canvas_marks.box_of(mark.roi, transform)
        whole |= box.adjusted(-_EDGE, -_EDGE, _EDGE, _EDGE)
        if mark.words:
            whole |= canvas_marks.tag_places(font, mark.words, box)[0].adjusted(-1, -1, 1, 1)
    at = viewer.linked_cursor(panel)
    if at is not None:
        point, arm = transform.map(QPointF(at[1], at[0])), _FAR + _EDGE
        whole |= QRectF(point.x() - arm, point.y() - arm, 2 * arm, 2 * arm)
    return whole


def paint(painter: QPainter, viewer: Viewer, panel: Panel, transform: QTransform) -> None:
    """Draw the marks and the linked cursor."""
    ground = viewer.ground(panel)
    for mark in marks(viewer, panel):
        canvas_marks.outlined(painter, mark.roi, transform, mark.pen, ground)
        if mark.words:
            canvas_marks.tag(painter, mark.words, canvas_marks.box_of(mark.roi, transform), mark.colour, True)
    at = viewer.linked_cursor(panel)
    if at is not None:
        point = transform.map(QPointF(at[1], at[0]))
        for width, shade in ((3.0, ground), (1.2, theme.over(ground)["accent"])):
            painter.setPen(QPen(shade, width))
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                painter.drawLine(point + QPointF(dx, dy) * _NEAR, point + QPointF(dx, dy) * _FAR)
