"""All keys on one searchable sheet."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QKeySequence
from PySide6.QtWidgets import QDialog, QHeaderView, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from workstation.app import actions


class KeySheet(QDialog):
    """Stays open beside the work; typing narrows it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keys"))
        self.resize(460, 640)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search for an action or a key"))
        self.search.setAccessibleName(self.tr("Search the keys"))
        self.search.setClearButtonEnabled(True)
        self.sheet = QTreeWidget()
        self.sheet.setColumnCount(2)
        self.sheet.setHeaderLabels([self.tr("Action"), self.tr("Key")])
        self.sheet.setRootIsDecorated(False)
        self.sheet.setIndentation(12)
        self.sheet.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.sheet.header().setStretchLastSection(False)
        self.sheet.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.sheet.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.addWidget(self.search)
        layout.addWidget(self.sheet)
        self.search.textChanged.connect(self._fill)
        self._fill("")

    def _fill(self, text: str) -> None:
        self.sheet.clear()
        groups: dict[str, QTreeWidgetItem] = {}
        for action in actions.matching(text):
            if action.group not in groups:
                group = QTreeWidgetItem([action.group, ""])
                group.setFont(0, _strong(group))
                group.setFirstColumnSpanned(True)
                self.sheet.addTopLevelItem(group)
                groups[action.group] = group
            keys = QKeySequence(action.key).toString(QKeySequence.SequenceFormat.NativeText)
            groups[action.group].addChild(QTreeWidgetItem([action.name, keys]))
        for words, keys in _MOUSE if not text else ():
            if "Mouse" not in groups:
                groups["Mouse"] = QTreeWidgetItem([self.tr("Mouse"), ""])
                groups["Mouse"].setFont(0, _strong(groups["Mouse"]))
                self.sheet.addTopLevelItem(groups["Mouse"])
            groups["Mouse"].addChild(QTreeWidgetItem([words, keys]))
        self.sheet.expandAll()


def _strong(item: QTreeWidgetItem) -> QFont:
    """Semi-bold is the heaviest weight of the bundled type: a bolder one would be smeared out of it."""
    font = item.font(0)
    font.setWeight(QFont.Weight.DemiBold)
    return font


_MOUSE = (
    ("Use the tool", "left button"),
    ("Add to the selected lesion", "Shift + left button"),
    ("Window: up, down and sideways", "right drag"),
    ("Menu of a lesion", "right click"),
    ("Move", "middle drag"),
    ("Zoom", "wheel, or Ctrl + wheel"),
    ("Threshold of the isocontour", "wheel"),
)
