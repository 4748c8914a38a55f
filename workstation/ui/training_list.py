"""The trainings of a folder as a table: which, how they are, how far. One or more are chosen."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from workstation.app import training_words
from workstation.app.training import MOST_COMPARED, Trainings
from workstation.ui import theme
from workstation.ui.curves import SAMPLE, sample
from workstation.ui.tooltip import plain

NAME, STATE, EPOCH, LEFT = range(4)
LETTERS = "ABCDEF"
_LINE = 24  # height, with or without a line's sample
_RUN, _STYLE = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1


class TrainingList(QTreeWidget):
    """Follows the trainings; what stays the same is not touched."""

    def __init__(self, trainings: Trainings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._trainings = trainings
        self._items: dict[Path, QTreeWidgetItem] = {}
        self.setAccessibleName(self.tr("Trainings"))
        self.setColumnCount(4)
        self.setHeaderLabels([self.tr("Training"), self.tr("State"), self.tr("Epoch"), self.tr("Time left")])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setIconSize(SAMPLE)
        self.setAllColumnsShowFocus(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionsMovable(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in ((STATE, 110), (EPOCH, 110), (LEFT, 100)):
            header.resizeSection(column, width)
        self.itemSelectionChanged.connect(self._chosen)
        trainings.changed.connect(self.refresh)

    def refresh(self) -> None:
        runs, chosen = self._trainings.runs, self._trainings.chosen
        with QSignalBlocker(self):
            if [run.folder for run in runs] != list(self._items):
                self.clear()
                self._items = {run.folder: QTreeWidgetItem(self) for run in runs}
                for folder, item in self._items.items():
                    item.setData(NAME, _RUN, folder)
                    item.setSizeHint(NAME, QSize(0, _LINE))
            several = len(chosen) > 1
            for run in runs:
                item = self._items[run.folder]
                place = chosen.index(run.folder) if run.folder in chosen else -1
                letter = f"{LETTERS[place]}   " if several and place >= 0 else ""
                texts = (f"{letter}{run.name}", training_words.state(run), training_words.epochs(run),
                         training_words.left(run))  # fmt: skip
                for column, text in enumerate(texts):
                    if item.text(column) != text:
                        item.setText(column, text)
                item.setToolTip(NAME, plain(run.name))
                item.setForeground(STATE, theme.current()[_colour(run.state)])
                self._show_style(item, place if several else -1)
                item.setSelected(place >= 0)

    def _show_style(self, item: QTreeWidgetItem, style: int) -> None:
        """The line that stands for this run in the charts; none with -1."""
        wanted = (style, theme.current().id, self.devicePixelRatioF())
        if item.data(NAME, _STYLE) != wanted:
            item.setData(NAME, _STYLE, wanted)
            item.setIcon(NAME, sample(style, self.devicePixelRatioF()) if style >= 0 else QIcon())

    def _chosen(self) -> None:
        """In the order chosen: the first stays A while others join."""
        selected = [item.data(NAME, _RUN) for item in self.selectedItems()]
        kept = [run for run in self._trainings.chosen if run in selected]
        runs = [*kept, *(run for run in selected if run not in kept)]
        self._trainings.choose(runs)
        if len(runs) > MOST_COMPARED:
            self.refresh()


def _colour(state: str) -> str:
    return {"failed": "error", "damaged": "error", "finished": "text_quiet", "training": "accent"}.get(state, "text")
