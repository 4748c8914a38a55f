"""The DICOM header of a scan's objects as plain text rows, searchable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHeaderView, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget


class Row(Protocol):
    """One element; depth: how many sequences it lies within."""

    @property
    def depth(self) -> int: ...
    @property
    def tag(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def vr(self) -> str: ...
    @property
    def value(self) -> str: ...


class HeaderViewer(QDialog):
    """objects: one (file name, rows, reason why there are none) each."""

    def __init__(
        self, title: str, objects: Sequence[tuple[str, Sequence[Row], str]], parent: QWidget | None = None
    ) -> None:
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
        self.tree.setIndentation(14)
        self.tree.setUniformRowHeights(True)
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in ((0, 190), (1, 270), (2, 44)):
            self.tree.setColumnWidth(column, width)
        for name, rows, reason in objects:
            self._add(name, rows, reason)
        if not objects:
            self._add(self.tr("This scan keeps no object."), (), "")
        self.tree.expandAll()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.addWidget(self.search)
        layout.addWidget(self.tree)
        self.search.textChanged.connect(self._narrow)

    def _add(self, name: str, rows: Sequence[Row], reason: str) -> None:
        """One object: its name, and its rows nested as their sequences are."""
        top = QTreeWidgetItem([name, reason, "", ""])
        self.tree.addTopLevelItem(top)
        parents = [top]
        for row in rows:
            item = QTreeWidgetItem([row.tag, row.name, row.vr, row.value])
            del parents[row.depth + 1 :]
            parents[-1].addChild(item)
            parents.append(item)

    def _narrow(self, text: str) -> None:
        words = text.casefold().split()
        for number in range(self.tree.topLevelItemCount()):
            item = self.tree.topLevelItem(number)
            assert item is not None
            for inner in range(item.childCount()):
                _show(item.child(inner), words)


def _show(item: QTreeWidgetItem | None, words: Sequence[str]) -> bool:
    """Show an item that holds every word, or has one inside that does."""
    assert item is not None
    whole = " ".join(item.text(column) for column in range(4)).casefold()
    inside = [_show(item.child(number), words) for number in range(item.childCount())]
    shown = any(inside) or all(word in whole for word in words)
    item.setHidden(not shown)
    return shown
