"""Crops of many lesions side by side; only those in sight are read, so that any number of them scrolls."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QPointF, QRect, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QTransform,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

import resources
from workstation.app import crops
from workstation.app.lesion_sheet import Entry, Item, LesionSheet
from workstation.core.lesion import Lesion
from workstation.core.scan import VIEWS
from workstation.ui import theme
from workstation.ui.canvas_marks import letter, path
from workstation.ui.thumbnails import Thumbnails

_LEAST = 100  # side of one view's crop on screen, at least: the width is shared out among the columns
_GAP = 2  # between the two views
_PAD = 8
_WORDS = 38  # height of the two lines under a crop
_SMALL = 84  # side of one view's crop in a list with reasons
_ROW = _SMALL + 2 * _PAD
_MARGIN = 8
_NO_LETTER = "\u00b7"


class ContactSheet(QAbstractScrollArea):
    """Arrow keys and a click choose, Enter and a double click open.

    listing: one lesion a row, with what is said of it, instead of a grid.
    """

    opened = Signal(int)  # number of the entry

    def __init__(self, sheet: LesionSheet, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sheet, self._thumbnails = sheet, thumbnails
        self.current = -1
        self._chosen: Item | None = None
        self.listing = False
        self.outlines = True
        self.empty_words = ""
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Lesions"))
        sheet.listed.connect(self._listed)
        sheet.changed.connect(self.viewport().update)
        thumbnails.source.arrived.connect(self._arrived)

    # Places

    @property
    def columns(self) -> int:
        return 1 if self.listing else max(self._room // (2 * _LEAST + _GAP + 2 * _PAD), 1)

    @property
    def _room(self) -> int:
        return self.viewport().width() - 2 * _MARGIN

    @property
    def _side(self) -> int:
        """Side of one view's crop on screen."""
        return _SMALL if self.listing else max((self._room // self.columns - _GAP - 2 * _PAD) // 2, 16)

    @property
    def _height(self) -> int:
        return _ROW if self.listing else self._side + _WORDS + 2 * _PAD

    @property
    def _rows(self) -> int:
        return -(-self._sheet.count // self.columns)

    def cell(self, number: int) -> QRect:
        """Where an entry is on the viewport."""
        row, column = divmod(number, self.columns)
        top = _MARGIN + row * self._height - self.verticalScrollBar().value()
        if self.listing:
            return QRect(_MARGIN, top, self._room, self._height)
        width = self._room // self.columns
        return QRect(_MARGIN + column * width, top, width, self._height)

    def visible(self) -> range:
        """The entries in sight."""
        top = self.verticalScrollBar().value() - _MARGIN
        first = max(top // self._height, 0) * self.columns
        last = ((top + self.viewport().height()) // self._height + 1) * self.columns
        return range(first, max(min(last, self._sheet.count), first))

    def at(self, point: QPointF) -> int | None:
        return next((number for number in self.visible() if self.cell(number).contains(point.toPoint())), None)

    def choose(self, number: int) -> None:
        """Make an entry the current one and bring it into sight."""
        if self._sheet.count == 0:
            return
        self.current = min(max(number, 0), self._sheet.count - 1)
        bar, box = self.verticalScrollBar(), self.cell(self.current)
        if box.top() < _MARGIN:
            bar.setValue(bar.value() + box.top() - _MARGIN)
        elif box.bottom() > self.viewport().height() - _MARGIN:
            bar.setValue(bar.value() + box.bottom() - self.viewport().height() + _MARGIN)
        self.setAccessibleDescription(_place_words(self._sheet.entry(self.current)))
        self._chosen = self._sheet.item(self.current)
        self.viewport().update()

    def _listed(self, anew: bool) -> None:
        """The same list keeps its place: the lesion chosen, else what has taken its place, where it was on screen."""
        before, bar = self.current, self.verticalScrollBar()
        offset = self.cell(before).top() if before >= 0 else 0
        self._measure()
        self.current = -1
        if anew or before < 0:
            bar.setValue(0)
            self.choose(0)
        else:
            found = self._sheet.find(self._chosen)
            self.choose(before if found is None else found)
            if self.current >= 0:
                bar.setValue(bar.value() + self.cell(self.current).top() - offset)
        self.viewport().update()

    def _arrived(self, name: str) -> None:
        """A crop has come: paint where it belongs, for painting all at each of fifty would hold up the reader."""
        for number in self.visible():
            row = self._sheet.entry(number).row
            if row is not None and crops.name(row.key.scan, row.lesion) == name:
                self.viewport().update(self.cell(number))

    def _measure(self) -> None:
        bar, room = self.verticalScrollBar(), self.viewport().height()
        bar.setRange(0, max(self._rows * self._height + 2 * _MARGIN - room, 0))
        bar.setPageStep(max(room - self._height // 2, 1))
        bar.setSingleStep(self._height // 3)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._measure()
        if self.current >= 0:
            self.choose(self.current)

    # Keys and mouse

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        page = max(self.viewport().height() // self._height, 1) * self.columns
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -self.columns,
            Qt.Key.Key_Down: self.columns,
            Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_PageDown: page,
            Qt.Key.Key_Home: -self._sheet.count,
            Qt.Key.Key_End: self._sheet.count,
        }
        key = Qt.Key(event.key())
        if key in steps:
            at = self.current + steps[key]
            stays = key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and not 0 <= at < self._sheet.count
            self.choose(self.current if stays else at)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current >= 0:
            self.opened.emit(self.current)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        number = self.at(event.position())
        if number is not None and event.button() == Qt.MouseButton.LeftButton:
            self.choose(number)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        number = self.at(event.position())
        if number is not None and event.button() == Qt.MouseButton.LeftButton:
            self.opened.emit(number)

    # Drawing

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), theme.current()["window"])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._sheet.count == 0:
            painter.setPen(theme.current()["text_quiet"])
            room = self.viewport().rect().adjusted(48, 48, -48, -48)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.empty_words)
        hand = _Hand(painter, self)
        for number in self.visible():
            cell = self.cell(number)
            if cell.intersects(event.rect()):
                self._draw(hand, number, QRectF(cell))
        painter.end()

    def _draw(self, hand: _Hand, number: int, box: QRectF) -> None:
        entry, painter, colours = self._sheet.entry(number), hand.painter, theme.current()
        inside = box.adjusted(2, 2, -2, -2)
        if number == self.current:
            painter.setPen(QPen(colours["accent"], 1.5))
            painter.setBrush(colours["selection"])
            painter.drawRoundedRect(inside, 4, 4)
        size = self._side
        corner = QPointF(box.left() + _PAD, box.top() + _PAD)
        if entry.row is not None:
            self._crop(painter, entry.row.key.scan, entry.row.lesion, corner, size)
        if self.listing:
            left = corner.x() + 2 * size + _GAP + 16
            words = QRectF(left, box.top() + _PAD, box.right() - _PAD - left, size)
            _reason(hand, words, entry)
        else:
            words = QRectF(corner.x(), corner.y() + size + 4, 2 * size + _GAP, _WORDS)
            _caption(hand, words, entry)

    def _crop(self, painter: QPainter, scan: str, lesion: Lesion, corner: QPointF, size: int) -> None:
        ground = QColor("#ffffff") if self._thumbnails.inverted else QColor("#000000")
        scale = self.devicePixelRatioF()
        pixmap = self._thumbnails.pixmap(crops.name(scan, lesion), QSizeF(2 * size, size), scale)
        starts, side = crops.corners(lesion), crops.side(lesion)
        for place, view in enumerate(VIEWS):
            square = QRectF(corner.x() + place * (size + _GAP), corner.y(), size, size)
            painter.save()
            painter.setClipRect(square)
            if pixmap is None:
                painter.fillRect(square, theme.current()["field"])
            else:
                wide = pixmap.width() / 2
                painter.drawPixmap(square, pixmap, QRectF(place * wide, 0, wide, pixmap.height()))
            if self.outlines and view in starts and pixmap is not None:
                top, left = starts[view]
                zoom = size / side
                to_screen = QTransform(
                    zoom, 0, 0, zoom, square.left() - (left - 0.5) * zoom, square.top() - (top - 0.5) * zoom
                )
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(_pen(lesion, ground))
                painter.drawPath(to_screen.map(path(lesion.rois[view])))
            painter.restore()


def _label(lesion: Lesion) -> str:
    return "unlabelled" if lesion.label is None else str(lesion.label)


def _pen(lesion: Lesion, ground: QColor) -> QPen:
    """The line of the label: colour and dashes differ, so that nobody has to tell red from green."""
    pen = QPen(theme.over(ground)[_label(lesion)], 1.5)
    dash = [] if lesion.label is None else resources.table("vocab/labels")[str(lesion.label)]["dash"]
    if dash:
        pen.setDashPattern(dash)
    return pen


def _where(lesion: Lesion) -> tuple[str, str]:
    """The region, and what is said of its side after it."""
    regions = resources.table("vocab/regions")
    region = str(regions.get(lesion.region or "", {}).get("name") or lesion.region or _tr("no region"))
    if not lesion.counted:
        kinds = resources.table("vocab/not_bone")
        region = str(kinds.get(lesion.criterion or "", {}).get("name") or _tr("not bone"))
    return region, f", {lesion.side}" if lesion.side and lesion.side != "midline" else ""


def _place_words(entry: Entry) -> str:
    """The entry in one line, for a screen reader."""
    key = entry.key
    parts = [] if key is None else [key.scan, key.reader]
    if entry.row is not None:
        parts = [_label(entry.row.lesion), "".join(_where(entry.row.lesion)), *parts]
    if entry.remark is not None:
        parts += [entry.remark.heading, entry.remark.words]
    return ", ".join(parts)


class _Hand:
    """Writes lines with a painter. Fonts are made once for all that is painted: making one takes as long as writing.

    A line is 13 pixels high or, where small, 11; semi-bold or normal.
    """

    def __init__(self, painter: QPainter, widget: QWidget) -> None:
        self.painter = painter
        self._fonts: dict[tuple[bool, bool], tuple[QFont, QFontMetrics]] = {}
        for bold, small in ((False, False), (True, False), (False, True)):
            font = QFont(painter.font())
            font.setPixelSize(11 if small else 13)
            font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
            self._fonts[bold, small] = font, QFontMetrics(font, widget)

    def width(self, text: str) -> int:
        """Of a line as it is written where nothing else is said."""
        return self._fonts[False, False][1].horizontalAdvance(text)

    def write(self, box: QRectF, text: str, token: str, bold: bool = False, small: bool = False) -> float:
        """One line, cut where it has no room; its width."""
        font, metrics = self._fonts[bold, small]
        room, width = max(int(box.width()), 0), metrics.horizontalAdvance(text)
        if width > room:
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
            width = metrics.horizontalAdvance(text)
        self.painter.setFont(font)
        self.painter.setPen(theme.current()[token])
        self.painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        return float(width)


def _caption(hand: _Hand, box: QRectF, entry: Entry) -> None:
    """The letter and the place; below it the scan and who reads."""
    half = box.height() / 2
    if entry.row is None:
        hand.write(box.adjusted(0, 0, 0, -half), _tr("deleted meanwhile"), "text_quiet")
        return
    lesion, key = entry.row.lesion, entry.row.key
    mark = letter(lesion) or _NO_LETTER
    said = lesion.criterion if lesion.criterion and lesion.counted else mark
    width = hand.write(box.adjusted(0, 0, 0, -half), said, _label(lesion), bold=True)
    region, side = _where(lesion)
    after = hand.width(side) + 2  # a long name is cut, never the side
    width += 7 + hand.write(box.adjusted(width + 7, 0, -after, -half), region, "text_strong")
    hand.write(box.adjusted(width, 0, 0, -half), side, "text_strong")
    hand.write(box.adjusted(0, half - 2, 0, -2), f"{key.scan}   {key.reader}", "text_quiet", small=True)


def _reason(hand: _Hand, box: QRectF, entry: Entry) -> None:
    """What is said of it, where it is, and whose it is."""
    line = box.height() / 3
    remark, key = entry.remark, entry.key
    if remark is not None:
        hand.write(QRectF(box.left(), box.top(), box.width(), line), remark.heading, "text_strong", bold=True)
        hand.write(QRectF(box.left(), box.top() + line, box.width(), line), remark.words, "text")
    below = QRectF(box.left(), box.top() + 2 * line, box.width(), line)
    if entry.row is not None:
        mark = (letter(entry.row.lesion) or _NO_LETTER) + "  "
        width = hand.write(below, mark, _label(entry.row.lesion), bold=True)
        below = below.adjusted(width, 0, 0, 0)
    where = "" if entry.row is None else "".join(_where(entry.row.lesion)) + "   "
    lost = entry.row is None and remark is not None and remark.lesion
    gone = _tr("deleted meanwhile") + "   " if lost else ""
    whose = "" if key is None else f"{key.scan}   {key.reader}"
    hand.write(below, f"{where}{gone}{whose}", "text_quiet")


def _tr(text: str) -> str:
    return QCoreApplication.translate("ContactSheet", text)
