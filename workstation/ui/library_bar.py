"""The line over the table: search as you type, filters, how many scans that leaves, and import."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QMenu, QPushButton, QWidget

import resources
from workstation.app.scan_table import ScanTable
from workstation.core.lesion import Progress
from workstation.ui.icons import icon
from workstation.ui.text_field import TextField

TYPING_PAUSE_MS = 120


class LibraryBar(QFrame):
    left = Signal()  # the search is done: the keys belong to the list

    def __init__(self, table: ScanTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self._table = table
        self.search = _Search()
        self.search.setPlaceholderText(self.tr("Search patient, scan, day, tumour"))
        self.search.setAccessibleName(self.tr("Search the library"))
        self.search.setToolTip(self.tr("Every word must be found (Ctrl+F). Esc clears, Enter goes to the list."))
        self.search.addAction(icon("search"), TextField.ActionPosition.LeadingPosition)
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(200)
        self.search.setMaximumWidth(420)
        self.search.setMaxLength(200)
        tumours = [(words["name"], key) for key, words in resources.table("vocab/tumours").items()]
        self.tumour = self._choice(self.tr("Tumour"), [*tumours, (self.tr("Unknown"), "none")], "tumour")
        states = [(str(state).capitalize(), state) for state in Progress]
        self.status = self._choice(self.tr("Status"), states, "status")
        labelled = [(self.tr("With lesions"), True), (self.tr("Without lesions"), False)]
        self.labelled = self._choice(self.tr("Lesions"), labelled, "labelled")
        self.adjudicate = QPushButton()
        self.adjudicate.setCheckable(True)
        self.adjudicate.setToolTip(
            self.tr("Only scans that two people have finished and nobody has adjudicated; J adjudicates one")
        )
        self.adjudicate.clicked.connect(lambda on: self._table.narrow(to_adjudicate=on))
        self.clear_button = QPushButton(self.tr("Clear"))
        self.clear_button.setIcon(icon("close"))
        self.clear_button.setToolTip(self.tr("Clear search and filters"))
        self.clear_button.clicked.connect(self.clear)
        self.count = QLabel(objectName="quiet")
        self.add = QPushButton(self.tr("Import"))
        self.add.setIcon(icon("import"))
        self.freeze = QPushButton(self.tr("Data set…"))
        self.freeze.setToolTip(self.tr("Freeze a data set to learn from (Ctrl+Shift+S)"))
        self.menu = QMenu(self.add)
        self.add.setMenu(self.menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(8)
        row.addWidget(self.search, 3)
        for part in (self.tumour, self.status, self.labelled, self.adjudicate, self.clear_button):
            row.addWidget(part)
        row.addSpacing(8)
        row.addWidget(self.count)
        row.addStretch(1)
        row.addWidget(self.freeze)
        row.addWidget(self.add)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_PAUSE_MS)
        self._typing.timeout.connect(self._search)
        self.search.textChanged.connect(self._typing.start)
        self.search.done.connect(self._search)
        self.search.done.connect(self.left)
        table.counted.connect(self._show_count)
        self._show_count()

    def _choice(self, name: str, values: Sequence[tuple[str, object]], field: str) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        box.addItem(self.tr("{0}: all").format(name), None)
        for words, value in values:
            box.addItem(words, value)
        box.setMinimumWidth(128)
        box.activated.connect(lambda: self._table.narrow(**{field: box.currentData()}))
        return box

    def reset(self, writable: bool) -> None:
        """Another library is open: nothing is searched for."""
        self.search.clear()
        self._typing.stop()
        for box in (self.tumour, self.status, self.labelled):
            box.setCurrentIndex(0)
        self.adjudicate.setChecked(False)
        self.add.setEnabled(writable)

    def clear(self) -> None:
        """Take search and filters back."""
        self.reset(self.add.isEnabled())
        self._table.narrow(text="", tumour=None, status=None, labelled=None, to_adjudicate=False)

    def _search(self) -> None:
        self._typing.stop()
        self._table.narrow(text=self.search.text().strip())

    def _show_count(self) -> None:
        shown, there = len(self._table.ids), self._table.total
        if self._table.narrowed:
            words = self.tr("{0:,} of {1:,} scans").format(shown, there)
        else:
            words = self.tr("1 scan") if there == 1 else self.tr("{0:,} scans").format(there)
        self.count.setText(words if there else "")
        self.clear_button.setVisible(self._table.narrowed)
        self.adjudicate.setText(self.tr("Needs adjudication  {0:,}").format(self._table.to_adjudicate))
        self.adjudicate.setVisible(self._table.to_adjudicate > 0 or self.adjudicate.isChecked())


class _Search(TextField):
    """Esc clears, and leaves when there is nothing to clear; Enter and the arrow down leave."""

    done = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down):
            self.done.emit()
        else:
            super().keyPressEvent(event)
