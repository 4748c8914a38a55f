"""What moves over a frame while the hand works: the stroke, the contour, the proposed ROI, the linked cursor.

Listed first and painted then, so that a canvas knows which small part of itself to paint anew.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QPainter, QPen, QTransform

from workstation.app.viewer import Panel, Viewer
from workstation.ui import theme
from workstation.ui.canvas_marks import Mark, Plates, box_of, lesion_mark, placed

_NEAR, _FAR = 4.0, 10.0  # where the arms of the linked cursor's cross begin and end, in screen pixels


def marks(viewer: Viewer, panel: Panel, transform: QTransform, size: QSizeF) -> list[Mark]:
    """The outlines of a panel of that size on screen that are not at rest, the uppermost last."""
    if panel.prior:
        return []
    found = []
    if viewer.moving:
        for number, lesion in viewer.numbered(panel):
            roi = viewer.moving.get(lesion.id, {}).get(panel.view)
            if roi is not None:
                found.append(placed(lesion_mark(lesion, roi, number, True), box_of(roi, transform), Plates(size)))
    found += [Mark(roi, "accent", 2.0) for roi in viewer.new_rois(panel.view)]
    preview = viewer.preview.get(panel.view)
    if preview is not None:
        found.append(Mark(preview, "accent", 1.5))
    proposal = viewer.proposal
    if proposal is not None and proposal.view is panel.view:
        mark = Mark(proposal.roi, "accent", 2.0, Qt.PenStyle.DotLine, words=viewer.tr("Enter: accept"))
        found.append(placed(mark, box_of(proposal.roi, transform), Plates(size)))
    return found


def reach(viewer: Viewer, panel: Panel, transform: QTransform, size: QSizeF) -> QRectF:
    """The rectangle on screen that holds all that `paint` draws; empty where it draws nothing."""
    whole = QRectF()
    for mark in marks(viewer, panel, transform, size):
        whole |= mark.reach(transform)
    at = viewer.linked_cursor(panel)
    if at is not None:
        point, arm = transform.map(QPointF(at[1], at[0])), _FAR + 2
        whole |= QRectF(point.x() - arm, point.y() - arm, 2 * arm, 2 * arm)
    return whole


def paint(painter: QPainter, viewer: Viewer, panel: Panel, transform: QTransform, size: QSizeF) -> None:
    """Draw the marks and the linked cursor."""
    ground = viewer.ground(panel)
    for mark in marks(viewer, panel, transform, size):
        mark.paint(painter, transform, ground)
    at = viewer.linked_cursor(panel)
    if at is not None:
        point = transform.map(QPointF(at[1], at[0]))
        for width, shade in ((3.0, ground), (1.2, theme.over(ground)["accent"])):
            painter.setPen(QPen(shade, width))
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                painter.drawLine(point + QPointF(dx, dy) * _NEAR, point + QPointF(dx, dy) * _FAR)
