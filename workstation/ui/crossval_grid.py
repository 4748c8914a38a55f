"""A cross-validation at a glance: a row for each network, a column for each fold; a press shows that fold's curves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

from workstation.app import training_words

if TYPE_CHECKING:
    from workstation.app.training import Crossval

_MOST = 10  # folds across; the list has the others


class CrossvalGrid(QWidget):
    run_wanted = Signal(object)  # Path

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cells: dict[tuple[str, int], QPushButton] = {}
        self._shape: object = None
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setHorizontalSpacing(4)
        self._layout.setVerticalSpacing(4)

    def show_whole(self, whole: Crossval) -> None:
        shape = (whole.folder, whole.networks, whole.folds)
        if shape != self._shape:
            self._shape = shape
            self._build(whole)
        for place, cell in self.cells.items():
            run = whole.runs.get(place)
            cell.setText(training_words.fold_state(run))
            cell.setEnabled(run is not None)
            look = {"failed": "failed", "damaged": "failed", "training": "training", "finished": "done"}
            state = look.get("" if run is None else run.state, "")
            if cell.property("state") != state:
                cell.setProperty("state", state)
                cell.style().unpolish(cell)
                cell.style().polish(cell)
            cell.setProperty("run", None if run is None else str(run.folder))

    def _build(self, whole: Crossval) -> None:
        while (item := self._layout.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.cells = {}
        for column in range(1, self._layout.columnCount()):
            self._layout.setColumnStretch(column, 0)
        folds = whole.folds[:_MOST]
        for column, fold in enumerate(folds):
            head = QLabel(self.tr("fold {0}").format(fold), objectName="quiet")
            head.setAlignment(Qt.AlignmentFlag.AlignCenter)
            self._layout.addWidget(head, 0, column + 1)
            self._layout.setColumnStretch(column + 1, 1)
        for row, name in enumerate(whole.networks):
            label = QLabel(training_words.row_name(name, whole.one.preset))
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setContentsMargins(0, 0, 12, 0)
            self._layout.addWidget(label, row + 1, 0)
            for column, fold in enumerate(folds):
                cell = QPushButton(objectName="cell")
                cell.setAccessibleName(self.tr("{0}, fold {1}").format(label.text(), fold))
                cell.setToolTip(self.tr("Show its curves"))
                cell.clicked.connect(lambda _=False, place=(name, fold): self._press(place))
                self._layout.addWidget(cell, row + 1, column + 1)
                self.cells[name, fold] = cell

    def _press(self, place: tuple[str, int]) -> None:
        run = self.cells[place].property("run")
        if run:
            self.run_wanted.emit(Path(run))
