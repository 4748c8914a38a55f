"""Table 1 and the way from collected to included, in a window of their own beside the work."""

from __future__ import annotations

from html import escape
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QLabel, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from workstation.app import tables
from workstation.app.workbench import Workbench
from workstation.core.changes import Changes


class TablesView(QDialog):
    """Counts anew when asked; the words come from the library and are shown as text."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Tables of the library"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(760, 720)
        self._workbench = workbench
        self.page = QTextBrowser()
        self.page.setOpenLinks(False)
        self.page.setAccessibleName(self.windowTitle())
        # Semi-bold is the heaviest weight of the bundled type: a bolder one would be smeared out of it.
        self.page.document().setDefaultStyleSheet("h3, th { font-weight: 600; }")
        self.again = QPushButton(self.tr("Count again"))
        self.again.clicked.connect(self.count)
        self.save = QPushButton(self.tr("Save as CSV, JSON and HTML…"))
        self.save.clicked.connect(self._choose)
        self.note = QLabel(objectName="quiet")
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        foot = QHBoxLayout()
        foot.addWidget(self.note, 1)
        foot.addWidget(self.again)
        foot.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.addWidget(self.page)
        layout.addLayout(foot)
        workbench.changed.connect(self._changed)
        self.count()

    def count(self) -> None:
        self._found, words = tables.count(self._workbench)
        self.page.setHtml(words if self._found is not None else escape(words))
        self.save.setEnabled(self._found is not None)
        self.note.setText("")

    def _changed(self, changes: Changes) -> None:
        """Counting a large library takes a while, so that it is not done at every stroke."""
        if changes & Changes.LIBRARY:
            self.count()
        elif changes & (Changes.SCANS | Changes.READING):
            self.note.setText(self.tr("Changed since it was counted."))

    def _choose(self) -> None:
        name = QFileDialog.getExistingDirectory(self, self.tr("Save the tables in a folder"))
        if name and self._found is not None:
            self.note.setText(tables.write(self._found, Path(name)))
