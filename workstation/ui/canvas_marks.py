"""What is drawn over a frame and rests: the outlines of lesions, and their letters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QGuiApplication, QPainter, QPainterPath, QPen, QTransform

import resources
from workstation.app.viewer import Panel, Viewer
from workstation.core.lesion import Label, Lesion, Roi
from workstation.core.outline import outline
from workstation.ui import theme

_STYLE = {
    Label.MALIGNANT: Qt.PenStyle.SolidLine,
    Label.BENIGN: Qt.PenStyle.DashLine,
    Label.UNCERTAIN: Qt.PenStyle.DashDotLine,
    Label.NOT_BONE: Qt.PenStyle.DotLine,
    None: Qt.PenStyle.SolidLine,
}
_EDGE = 4.0  # screen pixels: no line with its halo reaches further out from an outline
_INSIDE = 2.0  # screen pixels between a letter and the picture's edge
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


@dataclass(frozen=True)
class Mark:
    """An outline with what stands beside it; equal marks are painted alike.

    colour: a token of the theme. halo: on a ground of its own. plate: where `words` stand (left, top, width, height),
    None for no words. strong: the plate covers what lies under it.
    """

    roi: Roi
    colour: str
    width: float
    style: Qt.PenStyle = Qt.PenStyle.SolidLine
    halo: bool = True
    words: str = ""
    plate: tuple[float, float, float, float] | None = None
    strong: bool = True

    def reach(self, transform: QTransform) -> QRectF:
        """The rectangle on screen that holds all of it."""
        outlines = box_of(self.roi, transform).adjusted(-_EDGE, -_EDGE, _EDGE, _EDGE)
        return outlines if self.plate is None else outlines | QRectF(*self.plate).adjusted(-1, -1, 1, 1)

    def paint(self, painter: QPainter, transform: QTransform, ground: QColor) -> None:
        colour = theme.over(ground)[self.colour]
        outlined(painter, self.roi, transform, line(colour, self.width, self.style), ground if self.halo else None)
        if self.plate is not None:
            tag(painter, self.words, QRectF(*self.plate), colour, self.strong)


def lesion_mark(lesion: Lesion, roi: Roi, number: int, selected: bool) -> Mark:
    """The outline of a lesion in its label's colour and dashes; the letter has no place yet."""
    colour = str(lesion.label) if lesion.label is not None else "unlabelled"
    same = "=" if lesion.same_as_before else ""  # carried over from an earlier scan, and not touched since
    words = f"{same}{letter(lesion)}{number}"
    return Mark(roi, colour, 2.6 if selected else 1.5, _STYLE[lesion.label], selected, words, None, selected)


class Plates:
    """Where letters stand already. All are as high as each other, so that only those in the rows beside are met.

    size: of the picture on screen, in which letters stay as long as anything of their outline is in sight.
    """

    def __init__(self, size: QSizeF) -> None:
        self._picture = QRectF(0, 0, size.width(), size.height())
        self._rows: dict[int, list[QRectF]] = {}
        self.count = 0

    def shows(self, outline: QRectF) -> bool:
        """Whether anything of an outline with this box is in sight."""
        return outline.intersects(self._picture)

    def take(self, text: str, beside: QRectF) -> QRectF:
        """The place of a letter beside an outline: off the others, if it can be. It is taken then, too."""
        width, height = tag_size(text)
        right, left = beside.right() + 3, beside.left() - 3 - width
        above, below = beside.top() + 3 - height, beside.bottom() - 3
        places = [QRectF(x, y, width, height) for y in (above, below) for x in (right, left)]
        if self.shows(beside):
            room = self._picture.adjusted(_INSIDE, _INSIDE, -_INSIDE, -_INSIDE)
            places = [_moved_into(room, place) for place in sorted(places, key=lambda place: not room.contains(place))]
        box = next((place for place in places if not self._meets(place)), places[0])
        self._rows.setdefault(int(box.y() // height), []).append(box)
        self.count += 1
        return box

    def _meets(self, box: QRectF) -> bool:
        row = int(box.y() // box.height())
        return any(box.intersects(other) for at in (row - 1, row, row + 1) for other in self._rows.get(at, ()))


def _moved_into(room: QRectF, box: QRectF) -> QRectF:
    """The box moved into `room` by as little as it takes; to the left and the top where it is too large."""
    left = max(min(box.left(), room.right() - box.width()), room.left())
    top = max(min(box.top(), room.bottom() - box.height()), room.top())
    return QRectF(left, top, box.width(), box.height())


def placed(mark: Mark, box: QRectF, plates: Plates) -> Mark:
    """The mark with a place for its words beside `box`."""
    plate = plates.take(mark.words, box)
    return replace(mark, plate=(plate.x(), plate.y(), plate.width(), plate.height()))


@lru_cache(maxsize=1024)
def tag_size(text: str) -> tuple[float, float]:
    """Width and height of a letter's plate, in screen pixels."""
    metrics = QFontMetricsF(tag_font())
    return metrics.horizontalAdvance(text) + 7, metrics.height()


@lru_cache(maxsize=1)
def tag_font() -> QFont:
    """The type of letters beside outlines and cursors: the window's, small and strong."""
    small = QFont(QGuiApplication.font())
    small.setPixelSize(11)
    small.setWeight(QFont.Weight.DemiBold)  # the strongest of the bundled type
    return small


def tag(painter: QPainter, text: str, box: QRectF, colour: QColor, strong: bool) -> None:
    """A small letter on a plate, readable on any picture."""
    painter.setFont(tag_font())
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


def resting(viewer: Viewer, panel: Panel, transform: QTransform, size: QSizeF) -> list[Mark]:
    """All lesions of this view that nobody is changing at the moment, in the order in which they are painted."""
    if not viewer.state.overlays:
        return []
    found: list[Mark] = []
    plates = Plates(size)
    selection = () if panel.prior else viewer.selection
    for number, lesion in viewer.numbered(panel):
        roi = lesion.rois.get(panel.view)
        if roi is None or (lesion.id in viewer.moving and not panel.prior):
            continue
        chosen = lesion.id in selection
        mark = lesion_mark(lesion, roi, number, chosen)
        box = box_of(roi, transform)
        if plates.shows(box) and (chosen or plates.count < MANY or box.width() > 5):
            mark = placed(mark, box, plates)
        found.append(mark)
    return found
