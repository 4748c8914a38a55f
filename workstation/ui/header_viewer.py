"""The DICOM header of a scan's objects as plain text rows, searchable."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHeaderView, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

Row = tuple[str, str, str, str]  # tag, name, VR, value


class HeaderViewer(QDialog):
    def __init__(self, title: str, rows: Sequence[Row], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.resize(860, 680)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search tag, name or value"))
        self.search.setAccessibleName(self.tr("Search the header"))
        self.search.setClearButtonEnabled(True)
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels([self.tr("Tag"), self.tr("Name"), self.tr("VR"), self.tr("Value")])
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in ((0, 150), (1, 260), (2, 44)):
            self.tree.setColumnWidth(column, width)
        for row in rows:
            item = QTreeWidgetItem([str(part) for part in row])
            self.tree.addTopLevelItem(item)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.addWidget(self.search)
        layout.addWidget(self.tree)
        self.search.textChanged.connect(self._narrow)

    def _narrow(self, text: str) -> None:
        words = text.casefold().split()
        for number in range(self.tree.topLevelItemCount()):
            item = self.tree.topLevelItem(number)
            whole = " ".join(item.text(column) for column in range(4)).casefold()
            item.setHidden(not all(word in whole for word in words))
