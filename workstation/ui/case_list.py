"""The list of cases at the left of the reading page."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt, QTimer
from PySide6.QtGui import QFont, QPainter, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QLabel,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from workstation.app.case_model import ROW, CaseModel, ScanRow
from workstation.app.reading import Reading
from workstation.core.lesion import Progress
from workstation.ui import theme

_Index = QModelIndex | QPersistentModelIndex
ROW_HEIGHT = 46


class CaseList(QFrame):
    def __init__(self, reading: Reading, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setMinimumWidth(170)
        self._reading = reading
        self._count = QLabel(objectName="heading")
        self.view = _Cases()
        self.view.setAccessibleName(self.tr("Cases"))
        self.view.setModel(CaseModel(reading))
        self.view.setItemDelegate(_CaseDelegate(reading, self.view))
        self.view.clicked.connect(self._chosen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 10, 0, 0)
        layout.setSpacing(8)
        self._count.setContentsMargins(12, 0, 12, 0)
        layout.addWidget(self._count)
        layout.addWidget(self.view, 1)
        reading.worklist_changed.connect(self._show_current)
        reading.opened.connect(self._show_current)
        self._show_current()

    def _chosen(self, index: QModelIndex) -> None:
        if index.data(ROW) is not None:
            self._reading.choose(index.row())

    def _show_current(self) -> None:
        walk, at = self._reading.walk, self._reading.at
        total = len(self._reading.worklist) if walk is None else walk.total
        if at is not None:
            self._count.setText(self.tr("CASES  {0} of {1}").format(at + 1, total))
            self.view.setCurrentIndex(self.view.model().index(at, 0))
        else:
            self._count.setText(self.tr("CASES  {0}").format(total))


class _Cases(QTableView):
    """A table of one column, whose rows need no layout: a QListView lays out all of them at every change."""

    def __init__(self) -> None:
        super().__init__()
        self.horizontalHeader().hide()
        self.horizontalHeader().setStretchLastSection(True)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.setShowGrid(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalScrollBar().setSingleStep(ROW_HEIGHT // 2)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """The case may have been chosen while the list had no size yet."""
        super().showEvent(event)
        QTimer.singleShot(0, self, lambda: self.scrollTo(self.currentIndex()))


class _CaseDelegate(QStyledItemDelegate):
    """Two lines: patient and status, with the reader where it is not the own reading; day and what was found."""

    def __init__(self, reading: Reading, parent: QTableView) -> None:
        super().__init__(parent)
        self._reading = reading

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row: ScanRow | None = index.data(ROW)
        colours = theme.current()
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, colours["selection"])
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, colours["field"])
        if row is not None:
            self._words(painter, QRectF(option.rect).adjusted(12, 5, -12, -5), row)
        painter.restore()

    def _words(self, painter: QPainter, box: QRectF, row: ScanRow) -> None:
        colours = theme.current()
        upper, lower = QRectF(box), QRectF(box)
        upper.setHeight(box.height() / 2)
        lower.setTop(upper.bottom())
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        status = {
            Progress.NEW: "",
            Progress.IN_PROGRESS: self.tr("in progress"),
            Progress.DONE: self.tr("done"),
            Progress.REVIEWED: self.tr("reviewed"),
            Progress.EXCLUDED: self.tr("excluded"),
        }[row.status]
        font = QFont(painter.font())
        font.setPixelSize(13)
        painter.setFont(font)
        painter.setPen(colours["text_strong"] if row.status is Progress.NEW else colours["text"])
        name = painter.fontMetrics().elidedText(row.patient, Qt.TextElideMode.ElideMiddle, int(box.width() * 0.7))
        painter.drawText(upper, left, name)
        room = int(upper.width()) - painter.fontMetrics().horizontalAdvance(name) - 8
        font.setPixelSize(11)
        painter.setFont(font)
        painter.setPen(colours["text_quiet"])
        if status and row.reader and row.reader != self._reading.workbench.reader:
            whose = self.tr("{0} by {1}").format(status, row.reader)
            status = painter.fontMetrics().elidedText(whose, Qt.TextElideMode.ElideRight, room)
        painter.drawText(upper, right, status)
        x = lower.right()
        for count, letter, token in (
            (row.uncertain, "?", "uncertain"),
            (row.benign, "B", "benign"),
            (row.malignant, "M", "malignant"),
        ):
            if count:
                words = f"{count} {letter}"  # M4 would be a lesion or a criterion
                width = painter.fontMetrics().horizontalAdvance(words)
                painter.setPen(colours[token])
                painter.drawText(QRectF(x - width, lower.top(), width, lower.height()), right, words)
                x -= width + 8
        parts = (row.day, self.tr("simulated") if row.simulated else "")
        words = "  ".join(part for part in parts if part)
        painter.setPen(colours["text_quiet"])
        room = int(x - lower.left())
        painter.drawText(lower, left, painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, room))
