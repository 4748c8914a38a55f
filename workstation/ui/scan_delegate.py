"""How the library's table paints a scan: picture, text, and marks told apart by shape and letter, not colour alone."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from workstation.app.scan_table import COLUMNS, ROW, ScanRow, how_words
from workstation.core.lesion import Progress
from workstation.core.scan import VIEWS, How
from workstation.ui import theme
from workstation.ui.thumbnails import Thumbnails

_Index = QModelIndex | QPersistentModelIndex

ROW_HEIGHT = 68
_MARGIN = 6


class ScanDelegate(QStyledItemDelegate):
    """Paints every cell. hovered: the row under the cursor, which is lit as a whole; -1 for none."""

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__(thumbnails)
        self._thumbnails = thumbnails
        self.hovered = -1

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: N802
        return QSize(COLUMNS[index.column()].width, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row: ScanRow | None = index.data(ROW)
        painter.save()
        painter.setClipRect(option.rect)
        self._ground(painter, option, index)
        if row is not None:
            box = QRectF(option.rect).adjusted(_MARGIN, 0, -_MARGIN, 0)
            name = COLUMNS[index.column()].name
            special = {
                "picture": self._picture,
                "views": _views,
                "how": _how,
                "lesions": _lesions,
                "status": _status,
            }.get(name)
            if special is not None:
                special(painter, box, row)
            else:
                strong = name == "patient" and row.status is not Progress.EXCLUDED
                token = "text_strong" if strong else "text_quiet" if row.status is Progress.EXCLUDED else "text"
                if name == "patient" and row.simulated:
                    below = box.adjusted(0, box.height() / 2 - 2, 0, -8)
                    box = box.adjusted(0, 10, 0, -box.height() / 2 + 2)
                    _small(painter, below, QCoreApplication.translate("ScanDelegate", "simulated"))
                _write(painter, box, COLUMNS[index.column()].text(row), token)
        painter.restore()

    def _ground(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        colours = theme.current()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, colours["selection"])
        elif index.row() == self.hovered:
            painter.fillRect(option.rect, colours["field"])
        painter.setPen(QPen(colours["line"], 0))
        painter.drawLine(option.rect.bottomLeft(), option.rect.bottomRight())

    def _picture(self, painter: QPainter, box: QRectF, row: ScanRow) -> None:
        device = painter.device()
        scale = device.devicePixelRatioF()
        room = box.adjusted(4, 5, 0, -6)
        pixmap = self._thumbnails.pixmap(row.scan, room.size(), scale)
        if pixmap is None:
            return
        size = pixmap.deviceIndependentSize()
        # On whole pixels of the screen, else the picture is smeared.
        left = round((room.left() + (room.width() - size.width()) / 2) * scale) / scale
        top = round((room.top() + (room.height() - size.height()) / 2) * scale) / scale
        painter.drawPixmap(QPointF(left, top), pixmap)


def _write(painter: QPainter, box: QRectF, text: str, token: str) -> float:
    """Text in the middle of the box's height, cut where it has no room; its width."""
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, max(int(box.width()), 0))
    painter.setPen(theme.current()[token])
    painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
    return float(painter.fontMetrics().horizontalAdvance(shown))


def _small(painter: QPainter, box: QRectF, text: str) -> None:
    """A quiet word under another."""
    painter.save()
    font = QFont(painter.font())
    font.setPixelSize(11)
    painter.setFont(font)
    _write(painter, box, text, "text_quiet")
    painter.restore()


def _views(painter: QPainter, box: QRectF, row: ScanRow) -> None:
    """A and P at their places; one that is missing is a dash, one that is assumed has a question mark."""
    how = dict(zip(row.views, row.how, strict=True))
    for number, view in enumerate(VIEWS):
        words, token = view[0].upper(), "text"
        if view not in how:
            words, token = "\u2013", "text_disabled"
        elif how[view] is How.ASSUMED:
            words, token = f"{words}?", "warning"
        _write(painter, box.adjusted(number * 22, 0, 0, 0), words, token)


def _how(painter: QPainter, box: QRectF, row: ScanRow) -> None:
    _write(painter, box, how_words(row), "warning" if How.ASSUMED in row.how else "text_quiet")


def _lesions(painter: QPainter, box: QRectF, row: ScanRow) -> None:
    """Number and letter of each kind, at the same places in every row; M4 would be a lesion or a criterion."""
    font = QFont(painter.font())
    font.setWeight(QFont.Weight.DemiBold)
    painter.setFont(font)
    x = box.left()
    for count, letter, token in (
        (row.malignant, "M", "malignant"),
        (row.benign, "B", "benign"),
        (row.uncertain, "?", "uncertain"),
    ):
        if count:
            _write(painter, QRectF(x, box.top(), 40, box.height()), f"{count} {letter}", token)
        x += 38
    unlabelled = row.lesions - row.malignant - row.benign - row.uncertain
    if unlabelled and unlabelled == row.lesions:
        _write(painter, box, f"{unlabelled} unlabelled", "text_quiet")


def _status(painter: QPainter, box: QRectF, row: ScanRow) -> None:
    """A circle that fills as the work goes on, and the word."""
    colours = theme.current()
    middle = QPointF(box.left() + 6, box.center().y())
    ring = QRectF(middle.x() - 5, middle.y() - 5, 10, 10)
    token = {Progress.DONE: "accent", Progress.REVIEWED: "accent", Progress.IN_PROGRESS: "accent"}.get(
        row.status, "text_disabled"
    )
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colours[token], 1.5))
    painter.drawEllipse(ring)
    painter.setBrush(colours[token])
    if row.status is Progress.IN_PROGRESS:
        painter.drawPie(ring, 90 * 16, -180 * 16)
    elif row.status in (Progress.DONE, Progress.REVIEWED):
        painter.drawEllipse(ring)
    if row.status is Progress.REVIEWED:
        painter.setPen(QPen(colours["accent_text"], 1.6))
        painter.drawPolyline([middle + QPointF(-2.6, 0.2), middle + QPointF(-0.6, 2.2), middle + QPointF(2.8, -2.2)])
    elif row.status is Progress.EXCLUDED:
        painter.drawLine(middle + QPointF(-3.5, 3.5), middle + QPointF(3.5, -3.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    quiet = row.status in (Progress.NEW, Progress.EXCLUDED)
    _write(painter, box.adjusted(18, 0, 0, 0), str(row.status), "text_quiet" if quiet else "text")
