"""The library's scans as a table: ids from one query, rows and thumbnails fetched in blocks as they come into sight."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QPixmap

from workstation.app.workbench import Workbench
from workstation.core.changes import Changes
from workstation.core.lesion import Progress
from workstation.core.scan import How
from workstation.store.values import ScanQuery, ScanRow

__all__ = ["BLOCK", "COLUMNS", "ROW", "ScanQuery", "ScanRow", "ScanTable"]

BLOCK = 256
BLOCKS_KEPT = 64
THUMBNAILS_KEPT = 600
ROW = Qt.ItemDataRole.UserRole

_Index = QModelIndex | QPersistentModelIndex


def _views(row: ScanRow) -> str:
    letters = []
    for view, how in zip(row.views, row.how, strict=True):
        letters.append(view[0].upper() + ("?" if how is How.ASSUMED else ""))
    return " ".join(letters)


# Column: heading, the field the store sorts by (None: cannot be sorted), text of a row.
COLUMNS: tuple[tuple[str, str | None, Callable[[ScanRow], str]], ...] = (
    ("", None, lambda row: ""),
    ("Patient", "patient", lambda row: row.patient),
    ("Day", "day", lambda row: row.day or ""),
    ("Sex", "sex", lambda row: row.sex or ""),
    ("Age", "age", lambda row: "" if row.age is None else f"{row.age:.0f}"),
    ("Tumour", "tumour", lambda row: row.tumour or ""),
    ("Views", None, _views),
    ("Lesions", "lesions", lambda row: str(row.lesions) if row.lesions else ""),
    ("Grade", "grade", lambda row: "" if row.grade is None else str(row.grade)),
    ("Status", "status", lambda row: "" if row.status is Progress.NEW else str(row.status)),
    ("Reader", None, lambda row: row.reader or ""),
)
LESIONS = 7


class ScanTable(QAbstractTableModel):
    """`ids` are all scans of the query in order; `ROW` gives a ScanRow, the decoration of column 0 its picture."""

    counted = Signal()  # the number of scans asked for or there has changed

    def __init__(self, workbench: Workbench, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self.query = ScanQuery()
        self.ids: list[str] = []
        self.total = 0
        self._blocks: OrderedDict[int, list[ScanRow]] = OrderedDict()
        self._pictures: OrderedDict[str, QPixmap] = OrderedDict()
        workbench.changed.connect(self._changed)
        self.ask()

    # What is asked for

    def narrow(self, **fields: object) -> None:
        """Change parts of the query: text, tumour, status, labelled, sort, descending."""
        query = replace(self.query, **fields)  # type: ignore[arg-type]
        if query != self.query:
            self.query = query
            self.ask()

    def ask(self) -> None:
        """Ask the library again."""
        library = self._workbench.library
        self.beginResetModel()
        self._blocks.clear()
        query = replace(self.query, reader=self._workbench.reader)
        self.ids = [] if library is None else library.ids(query)
        everything = ScanQuery(sort=query.sort, descending=query.descending, reader=query.reader)
        if library is None:
            self.total = 0
        else:
            self.total = len(self.ids) if query == everything else len(library.ids(ScanQuery()))
        self.endResetModel()
        self.counted.emit()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        name = COLUMNS[column][1] if 0 <= column < len(COLUMNS) else None
        if name is not None:
            self.narrow(sort=name, descending=order == Qt.SortOrder.DescendingOrder)

    def _changed(self, changes: Changes) -> None:
        if changes & Changes.LIBRARY:
            self._pictures.clear()
            self.query = ScanQuery()
        if changes & (Changes.LIBRARY | Changes.SCANS):
            self.ask()
        elif changes & Changes.READING:
            self._blocks.clear()
            if self.ids:
                self.dataChanged.emit(self.index(0, 0), self.index(len(self.ids) - 1, len(COLUMNS) - 1))

    # What is shown

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(self.ids)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.tr(COLUMNS[section][0]) if COLUMNS[section][0] else ""
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        if role == ROW:
            return self.row(index.row())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            row = self.row(index.row())
            return None if row is None else COLUMNS[index.column()][2](row)
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            return self.picture(self.ids[index.row()])
        return None

    def row(self, number: int) -> ScanRow | None:
        """One scan's row; None where the scan has gone meanwhile."""
        library = self._workbench.library
        if library is None or not 0 <= number < len(self.ids):
            return None
        block, inside = divmod(number, BLOCK)
        if block not in self._blocks:
            wanted = self.ids[block * BLOCK : (block + 1) * BLOCK]
            self._blocks[block] = library.rows(wanted, reader=self._workbench.reader)
            if len(self._blocks) > BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        rows = self._blocks[block]
        return rows[inside] if inside < len(rows) else None

    def picture(self, scan: str) -> QPixmap:
        """The thumbnail of a scan; an empty pixmap where there is none."""
        if scan not in self._pictures:
            pixmap = QPixmap()
            png = None if self._workbench.library is None else self._workbench.library.thumbnail(scan)
            if png is not None:
                pixmap.loadFromData(png, "PNG")
            self._pictures[scan] = pixmap
            if len(self._pictures) > THUMBNAILS_KEPT:
                self._pictures.popitem(last=False)
        return self._pictures[scan]
