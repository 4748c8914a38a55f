"""How the outlines of readers who are compared are told apart: by letter, by dash and by colour, in this order."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPen, QPixmap, QTransform

from workstation.app.viewer import Panel, Viewer
from workstation.ui import canvas_marks, theme

_COLOURS = ("reader_a", "reader_b", "reader_c")
# In units of the line's width: whole, long dashes, dots.
_DASHES: tuple[tuple[float, ...], ...] = ((), (6.0, 3.0), (1.5, 2.5))
SAMPLE = QSize(44, 16)


def pen(reader: int, width: float, ground: QColor) -> QPen:
    """The line of a reader, readable on `ground`."""
    made = QPen(theme.over(ground)[_COLOURS[reader % 3]], width)
    made.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    if dashes := _DASHES[reader % 3]:
        made.setDashPattern(list(dashes))
    return made


def paint(painter: QPainter, viewer: Viewer, panel: Panel, transform: QTransform, size: QSizeF) -> None:
    """The readers' outlines on one picture: those in question strong and lettered, others thin."""
    if panel.prior or not viewer.state.overlays:
        return
    ground = viewer.ground(panel)
    tags: list[tuple[str, QRectF, QColor, bool]] = []  # over all outlines, so that no line goes through a word
    standing = [
        viewer.editor.lesions[one].rois.get(panel.view) for one in viewer.selection if one in viewer.editor.lesions
    ]
    for mark in sorted(viewer.compared, key=lambda mark: mark.here):
        roi = mark.lesion.rois.get(panel.view)
        if roi is None or (not mark.asked and roi in standing):
            continue  # the decision lies there already
        line = pen(mark.reader, 2.4 if mark.asked else 1.4, ground)
        if not mark.here:
            line.setColor(_faint(line.color()))
        canvas_marks.outlined(painter, roi, transform, line, ground if mark.asked else None)
        if mark.here:
            words = f"{mark.letter}: {mark.lesion.label}" if mark.asked and mark.lesion.label else mark.letter
            tags.append((words, canvas_marks.box_of(roi, transform), line.color(), mark.asked))
    plates = canvas_marks.Plates(size)
    for words, box, colour, asked in tags:
        canvas_marks.tag(painter, words, plates.take(words, box), colour, asked)


def sample(letter: str, reader: int, ratio: float) -> QIcon:
    """A piece of the reader's line with the letter, as it lies on the pictures."""
    ground = theme.current()["field"]
    pixmap = QPixmap(SAMPLE * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPixelSize(13)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        line = pen(reader, 2.4, ground)
        painter.setPen(line.color())
        painter.drawText(QRectF(0, 0, 14, 16), Qt.AlignmentFlag.AlignCenter, letter)
        painter.setPen(line)
        painter.drawLine(QPointF(18, 8), QPointF(42, 8))
    return QIcon(pixmap)


def _faint(colour: QColor) -> QColor:
    faint = QColor(colour)
    faint.setAlpha(120)
    return faint
