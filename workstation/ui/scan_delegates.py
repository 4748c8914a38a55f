"""How the library's table paints a picture and what was found: colour, letter and number, never colour alone."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from workstation.app.scan_table import ROW, ScanRow
from workstation.ui import theme

_Index = QModelIndex | QPersistentModelIndex
PICTURE = QSize(56, 100)


def _ground(painter: QPainter, option: QStyleOptionViewItem) -> None:
    if option.state & QStyle.StateFlag.State_Selected:
        painter.fillRect(option.rect, theme.current()["selection"])


class PictureDelegate(QStyledItemDelegate):
    """The thumbnail, as large as the row allows."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: N802
        return PICTURE

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        painter.save()
        _ground(painter, option)
        pixmap = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(pixmap, QPixmap) and not pixmap.isNull():
            room = option.rect.adjusted(6, 4, -6, -4)
            size = pixmap.size().scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
            left = room.left() + (room.width() - size.width()) / 2
            top = room.top() + (room.height() - size.height()) / 2
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(QRectF(left, top, size.width(), size.height()), pixmap, QRectF(pixmap.rect()))
        painter.restore()


class LesionsDelegate(QStyledItemDelegate):
    """M3 B2 ?1: malignant, benign, uncertain."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        painter.save()
        _ground(painter, option)
        row: ScanRow | None = index.data(ROW)
        if row is not None:
            x = float(option.rect.left() + 6)
            unlabelled = row.lesions - row.malignant - row.benign - row.uncertain
            for count, letter, token in (
                (row.malignant, "M", "malignant"),
                (row.benign, "B", "benign"),
                (row.uncertain, "?", "uncertain"),
                (unlabelled, "\u00b7", "text_quiet"),
            ):
                if count > 0:
                    words = f"{letter}{count}"
                    width = painter.fontMetrics().horizontalAdvance(words)
                    painter.setPen(theme.current()[token])
                    box = QRectF(x, option.rect.top(), width + 2, option.rect.height())
                    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, words)
                    x += width + 10
        painter.restore()
