"""Files and a sentence about each, as plain text that can be searched with the eye and copied."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QHeaderView, QTreeView, QWidget

from workstation.app.importing import Told

_Index = QModelIndex | QPersistentModelIndex
_ROWS_SEEN = 6


class _Lines(QAbstractTableModel):
    """One line a file; there may be a hundred thousand."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lines: Sequence[Told] = ()

    def fill(self, lines: Sequence[Told]) -> None:
        self.beginResetModel()
        self.lines = lines
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else 2

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (self.tr("File"), self.tr("Reason"))[section]
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or role != Qt.ItemDataRole.DisplayRole:
            return None
        told = self.lines[index.row()]
        return (told.path, told.reason)[index.column()]


class Refusals(QTreeView):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines = _Lines(self)
        self.setModel(self._lines)
        self.setAccessibleName(self.tr("Files and reasons"))
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setSelectionMode(QTreeView.SelectionMode.ExtendedSelection)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.header().setStretchLastSection(True)
        self.setColumnWidth(0, 380)
        copy = QShortcut(QKeySequence.StandardKey.Copy, self)
        copy.setContext(Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self._copy)

    def show_lines(self, lines: Sequence[Told]) -> None:
        self._lines.fill(lines)
        line = self.sizeHintForRow(0) if lines else 20
        self.setFixedHeight(self.header().sizeHint().height() + min(len(lines), _ROWS_SEEN) * line + 8)

    def _copy(self) -> None:
        rows = sorted({index.row() for index in self.selectedIndexes()})
        text = "\n".join(f"{self._lines.lines[row].path}\t{self._lines.lines[row].reason}" for row in rows)
        QApplication.clipboard().setText(text)
