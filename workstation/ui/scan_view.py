"""The table of scans: keys and mouse as in a worklist, and a place that survives whatever the list is asked anew."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QTableView, QWidget

from workstation.app.scan_table import COLUMNS, ROW, ScanRow, ScanTable, place
from workstation.ui.scan_delegate import ROW_HEIGHT, ScanDelegate
from workstation.ui.thumbnails import Thumbnails

_SELECT = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
_HINT = QAbstractItemView.ScrollHint
# Left out in this order where the window is too narrow for all; the panel beside tells them too.
_SPARED = ("how", "reader", "grade", "sex", "age")
_FEW = 4  # scans for which looking along the list is quicker than a table of it
_NAMES = tuple(column.name for column in COLUMNS)
_ONLY = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
_CURRENT = QItemSelectionModel.SelectionFlag.NoUpdate


class ScanView(QTableView):
    opened = Signal(str)  # scan: Enter or a double click
    typed = Signal(str)  # a letter, which belongs to the search

    def __init__(self, table: ScanTable, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self._delegate = ScanDelegate(thumbnails)
        self._kept: list[str] = []  # selected scans, the current one and the first in sight, over a reset
        self._kept_current: str | None = None
        self._kept_top: str | None = None
        self.setModel(table)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName(self.tr("Scans"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.verticalScrollBar().setSingleStep(ROW_HEIGHT // 2)
        self._make_header()
        self.setMouseTracking(True)
        self.doubleClicked.connect(self._open)
        thumbnails.source.arrived.connect(self.viewport().update)
        table.modelAboutToBeReset.connect(self._keep_place)
        table.modelReset.connect(self._find_place)
        table.counted.connect(self._show_order)

    def _make_header(self) -> None:
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setMinimumSectionSize(40)
        for number, column in enumerate(COLUMNS):
            self.setColumnWidth(number, column.width)
        header.setStretchLastSection(True)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        header.sectionClicked.connect(self._sort)
        self._show_order()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        wanted, room, spared = sum(map(self._width, _NAMES)), self.viewport().width(), 0
        while wanted > room and spared < len(_SPARED):
            wanted -= self._width(_SPARED[spared])
            spared += 1
        for number, name in enumerate(_SPARED):
            self.setColumnHidden(place(name), number < spared)
        super().resizeEvent(event)

    def _width(self, name: str) -> int:
        """As wide as the user made it; as designed while it is hidden, and the last one, which takes what is left."""
        number = place(name)
        designed = self.isColumnHidden(number) or number == len(COLUMNS) - 1
        return COLUMNS[number].width if designed else self.columnWidth(number)

    # Which scans

    def current(self) -> ScanRow | None:
        row: ScanRow | None = self.currentIndex().data(ROW) if self.currentIndex().isValid() else None
        return row

    def selected(self) -> list[str]:
        """The selected scans, in the order of the list."""
        ids = self._table.ids
        return [ids[index.row()] for index in sorted(self.selectionModel().selectedRows())]

    def go_to(self, scan: str) -> bool:
        """Select one scan and bring it into sight. False where the list does not show it."""
        try:
            number = self._table.ids.index(scan)
        except ValueError:
            return False
        self._choose(number)
        self._show(number)
        return True

    def _choose(self, number: int) -> None:
        """Select one row, whatever keys are held."""
        self.selectionModel().setCurrentIndex(self._table.index(number, place("patient")), _ONLY)

    # Order

    def _sort(self, column: int) -> None:
        """A click on a heading sorts by it; the second one turns the order round. Some cannot be sorted by."""
        field, query = COLUMNS[column].sort, self._table.query
        if field is None:
            self._show_order()
        else:
            turned = query.sort == field and not query.descending
            order = Qt.SortOrder.DescendingOrder if turned else Qt.SortOrder.AscendingOrder
            self._table.sort(column, order)

    def _show_order(self) -> None:
        query = self._table.query
        number = next(number for number, column in enumerate(COLUMNS) if column.sort == query.sort)
        order = Qt.SortOrder.DescendingOrder if query.descending else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(number, order)

    # The place in the list

    def _keep_place(self) -> None:
        ids, rows = self._table.ids, self.selectionModel().selectedRows()
        self._kept = [ids[index.row()] for index in rows]
        current, top = self.currentIndex(), self.indexAt(self.viewport().rect().topLeft())
        if current.isValid():
            self._kept_current = ids[current.row()]
        self._kept_top = ids[top.row()] if top.isValid() and self.verticalScrollBar().value() else None

    def _find_place(self) -> None:
        wanted = {scan for scan in (*self._kept, self._kept_current, self._kept_top) if scan is not None}
        at = _places(self._table.ids, wanted)
        current = at.get(self._kept_current or "")
        if current is None:
            if self._table.ids:
                self._choose(0)
            return
        self.selectionModel().setCurrentIndex(self._table.index(current, place("patient")), _CURRENT)
        selected = [at[scan] for scan in self._kept if scan in at] or [current]
        self.selectionModel().select(self._ranges(selected), _SELECT)
        if self._kept_top in at:
            self.scrollTo(self._table.index(at[self._kept_top], 0), _HINT.PositionAtTop)
        else:
            self._show(current)

    def _show(self, number: int) -> None:
        """Bring a row into sight, with rows around it where it was out of sight."""
        index = self._table.index(number, place("patient"))
        within = self.viewport().rect().contains(self.visualRect(index))
        self.scrollTo(index, _HINT.EnsureVisible if within else _HINT.PositionAtCenter)

    def _ranges(self, numbers: Sequence[int]) -> QItemSelection:
        selection = QItemSelection()
        for _, group in groupby(enumerate(sorted(numbers)), key=lambda pair: pair[1] - pair[0]):
            run = [number for _, number in group]
            selection.select(self._table.index(run[0], 0), self._table.index(run[-1], len(COLUMNS) - 1))
        return selection

    # Keys and mouse

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        control = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex())
        elif event.matches(QKeySequence.StandardKey.Copy):
            QApplication.clipboard().setText("\n".join(self.selected()))
        elif event.text().isalnum() and not event.modifiers() & control:
            self.typed.emit(event.text())
        else:
            super().keyPressEvent(event)

    def _open(self, index: QModelIndex) -> None:
        row = index.data(ROW) if index.isValid() else None
        if row is not None:
            self.opened.emit(row.scan)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._hover(self.indexAt(event.position().toPoint()).row())
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        self._hover(-1)
        super().leaveEvent(event)

    def _hover(self, row: int) -> None:
        before, self._delegate.hovered = self._delegate.hovered, row
        if row != before:
            for number in (before, row):
                top = self.rowViewportPosition(number) if number >= 0 else -ROW_HEIGHT
                self.viewport().update(0, top, self.viewport().width(), ROW_HEIGHT)


def _places(ids: list[str], wanted: set[str]) -> dict[str, int]:
    """Where the scans stand among a hundred thousand; those that are there."""
    if len(wanted) > _FEW:
        return {scan: number for number, scan in enumerate(ids) if scan in wanted}
    places = {}
    for scan in wanted:
        with suppress(ValueError):
            places[scan] = ids.index(scan)
    return places
