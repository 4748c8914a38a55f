"""The worklist beside the pictures: ids in order, rows fetched in blocks as they scroll into sight."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from workstation.app.reading import Reading
from workstation.core.changes import Changes
from workstation.store.values import ScanRow

__all__ = ["ROW", "CaseModel", "ScanRow"]

BLOCK = 32  # about as many as are in sight: after an edit the block that holds it is asked for again
BLOCKS_KEPT = 64
ROW = Qt.ItemDataRole.UserRole

_Index = QModelIndex | QPersistentModelIndex


class CaseModel(QAbstractListModel):
    """One row a scan; `ROW` gives the ScanRow."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(reading)
        self._reading = reading
        self._blocks: OrderedDict[int, list[ScanRow]] = OrderedDict()
        self._seq: int | None = None  # the history's row up to which the blocks are known to stand
        reading.worklist_changed.connect(self._reset)
        reading.workbench.changed.connect(self._changed)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(self._reading.worklist)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or role not in (ROW, Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return None
        row = self._row(index.row())
        if row is None:
            return None
        return row if role == ROW else f"{row.patient} {row.day or ''}"

    def _row(self, number: int) -> ScanRow | None:
        library = self._reading.workbench.library
        if library is None:
            return None
        block, inside = divmod(number, BLOCK)
        if block not in self._blocks:
            ids = self._reading.worklist[block * BLOCK : (block + 1) * BLOCK]
            found = library.rows(ids, reader=self._reading.workbench.reader)
            walk = self._reading.walk
            self._blocks[block] = found if walk is None else walk.dress(block * BLOCK, found)
            if len(self._blocks) > BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        rows = self._blocks[block]
        return rows[inside] if inside < len(rows) else None

    def _reset(self) -> None:
        self.beginResetModel()
        self._forget()
        self.endResetModel()

    def _forget(self) -> None:
        library = self._reading.workbench.library
        self._blocks.clear()
        self._seq = None if library is None else library.touched(None)[0]

    def _changed(self, changes: Changes) -> None:
        library = self._reading.workbench.library
        if library is None or not self._reading.worklist:
            return
        if changes & Changes.SCANS:
            self._forget()
            self.dataChanged.emit(self.index(0), self.index(self.rowCount() - 1))
        elif changes & Changes.READING:
            self._seq, scans = library.touched(self._seq)
            for block, rows in tuple(self._blocks.items()):
                places = [block * BLOCK + inside for inside, row in enumerate(rows) if row.scan in scans]
                if places:
                    del self._blocks[block]
                for place in places:
                    self.dataChanged.emit(self.index(place), self.index(place))
