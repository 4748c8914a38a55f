"""The library's scans as a table: ids from one query, rows fetched in blocks as they come into sight."""

from __future__ import annotations

import html
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from workstation.app.workbench import Workbench
from workstation.core.changes import Changes
from workstation.core.lesion import Progress
from workstation.store.values import ScanQuery, ScanRow

__all__ = ["BLOCK", "COLUMNS", "ROW", "Column", "ScanQuery", "ScanRow", "ScanTable", "how_words", "place"]

BLOCK = 256
BLOCKS_KEPT = 64
ROW = Qt.ItemDataRole.UserRole
QUERY = ScanQuery(sort="patient")  # a patient's scans lie beside each other

_Index = QModelIndex | QPersistentModelIndex


def how_words(row: ScanRow) -> str:
    """The rule by which the views were recognised; by view where they differ."""
    rules = [str(how) if how is not None else "" for how in row.how]
    if len(set(rules)) == 1:
        return rules[0]
    return ", ".join(f"{view[0].upper()} {rule}" for view, rule in zip(row.views, rules, strict=True))


def _views(row: ScanRow) -> str:
    return " ".join(view[0].upper() for view in row.views)


def _lesions(row: ScanRow) -> str:
    counts = (("malignant", row.malignant), ("benign", row.benign), ("uncertain", row.uncertain))
    return ", ".join(f"{count} {name}" for name, count in counts if count) or (str(row.lesions) if row.lesions else "")


@dataclass(frozen=True)
class Column:
    """heading, in English for translation. sort: the field SQL sorts by, or None. text: of a row. width: in pixels."""

    name: str
    heading: str
    sort: str | None
    text: Callable[[ScanRow], str]
    width: int


COLUMNS = (
    Column("picture", "", None, lambda row: "", 52),
    Column("patient", "Patient", "patient", lambda row: row.patient, 134),
    Column("day", "Day", "day", lambda row: row.day or "", 94),
    Column("age", "Age", "age", lambda row: "" if row.age is None else f"{row.age:.0f}", 52),
    Column("sex", "Sex", "sex", lambda row: row.sex or "", 48),
    Column("tumour", "Tumour", "tumour", lambda row: row.tumour or "", 76),
    Column("views", "Views", None, _views, 54),
    Column("how", "Recognised by", None, how_words, 120),
    Column("lesions", "Lesions", "lesions", _lesions, 114),
    Column("grade", "Grade", "grade", lambda row: "" if row.grade is None else str(row.grade), 62),
    Column("status", "Status", "status", lambda row: str(row.status), 102),
    Column("reader", "Reader", None, lambda row: row.reader or "", 90),
)


def place(name: str) -> int:
    """The number of the column of that name."""
    return next(number for number, column in enumerate(COLUMNS) if column.name == name)


class ScanTable(QAbstractTableModel):
    """`ids` are all scans of the query in order; `ROW` gives a ScanRow.

    awake: somebody looks. Edits of readings, one a stroke, are only noted while nobody does.
    """

    counted = Signal()  # the number of scans asked for, or there, may have changed

    def __init__(self, workbench: Workbench, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self.query = QUERY
        self.ids: list[str] = []
        self.total = 0
        self.to_adjudicate = 0
        self._blocks: OrderedDict[int, list[ScanRow | None]] = OrderedDict()
        self._awake = True
        self._stale = False
        workbench.changed.connect(self._changed)
        self.count()
        self.ask()

    # What is asked for

    def narrow(self, **fields: Any) -> None:
        """Change parts of the query: text, tumour, status, labelled, sort, descending."""
        query = replace(self.query, **fields)
        if query != self.query:
            self.query = query
            self.ask()

    @property
    def narrowed(self) -> bool:
        """Whether a search or a filter leaves scans out."""
        return self.query != replace(QUERY, sort=self.query.sort, descending=self.query.descending)

    def ask(self) -> None:
        """Ask the library again. Views keep their place where the same scans come back."""
        library = self._workbench.library
        query = replace(self.query, reader=self._workbench.reader)
        ids = [] if library is None else library.ids(query)
        self._stale = False
        if ids == self.ids:
            self._blocks.clear()
            if ids:
                self.dataChanged.emit(self.index(0, 0), self.index(len(ids) - 1, len(COLUMNS) - 1))
        else:
            self.beginResetModel()
            self._blocks.clear()
            self.ids = ids
            self.endResetModel()
        self.counted.emit()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        name = COLUMNS[column].sort if 0 <= column < len(COLUMNS) else None
        if name is not None:
            self.narrow(sort=name, descending=order == Qt.SortOrder.DescendingOrder)

    def look(self, awake: bool) -> None:
        """Somebody looks from now on, or nobody does."""
        self._awake = awake
        if awake and self._stale:
            self._count_open()
            self.ask()

    def count(self) -> None:
        """Ask how many scans there are."""
        library = self._workbench.library
        self.total = 0 if library is None else len(library.ids(ScanQuery()))
        self._count_open()

    def _count_open(self) -> None:
        """Ask how many scans two people have finished and nobody adjudicated."""
        library = self._workbench.library
        self.to_adjudicate = 0 if library is None else len(library.ids(ScanQuery(to_adjudicate=True)))

    def _changed(self, changes: Changes) -> None:
        if changes & Changes.LIBRARY:
            self.query = QUERY
        if changes & (Changes.LIBRARY | Changes.SCANS):
            self.count()
            self.ask()
        elif changes & Changes.READING:
            if self._awake:
                self._count_open()
                self.ask()
            else:
                self._stale = True

    # What is shown

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(self.ids)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.tr(COLUMNS[section].heading) if COLUMNS[section].heading else ""
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self.row(index.row()) if role in _ROLES else None
        if row is None or role == ROW:
            return row
        text = COLUMNS[index.column()].text(row)
        if role != Qt.ItemDataRole.ToolTipRole:
            return text
        if row.status is Progress.EXCLUDED and row.reason and COLUMNS[index.column()].name == "status":
            text = f"{text}: {row.reason}"
        # What a file says is never markup.
        return f"<span>{html.escape(text)}</span>" if text else None

    def row(self, number: int) -> ScanRow | None:
        """One scan's row; None where the scan has gone meanwhile."""
        library = self._workbench.library
        if library is None or not 0 <= number < len(self.ids):
            return None
        block, inside = divmod(number, BLOCK)
        if block in self._blocks:
            self._blocks.move_to_end(block)
        else:
            wanted = self.ids[block * BLOCK : (block + 1) * BLOCK]
            found = {row.scan: row for row in library.rows(wanted, reader=self._workbench.reader)}
            self._blocks[block] = [found.get(scan) for scan in wanted]
            if len(self._blocks) > BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        return self._blocks[block][inside]


_ROLES = (ROW, Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole)
