"""The trainings of a folder as a table: which, how they are, how far. Folds stand below their cross-validation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from workstation.app import training_words
from workstation.app.training import MOST_COMPARED, Trainings
from workstation.ui import theme
from workstation.ui.curves import SAMPLE, sample
from workstation.ui.tooltip import plain

if TYPE_CHECKING:
    from workstation.app.training import Crossval, Training

NAME, STATE, EPOCH, LEFT = range(4)
LETTERS = "ABCDEF"
_LINE = 24  # height, with or without a line's sample
_FEW = 6  # folds shown at once
_RUN, _STYLE = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1


class TrainingList(QTreeWidget):
    """Follows the trainings; what stays the same is not touched."""

    def __init__(self, trainings: Trainings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._trainings = trainings
        self._items: dict[Path, QTreeWidgetItem] = {}
        self.setAccessibleName(self.tr("Trainings"))
        self.setColumnCount(4)
        self.setHeaderLabels([self.tr("Training"), self.tr("State"), self.tr("Progress"), self.tr("Time left")])
        self.setIndentation(18)
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
        for column, width in ((STATE, 110), (EPOCH, 130), (LEFT, 100)):
            header.resizeSection(column, width)
        self.itemSelectionChanged.connect(self._chosen)
        trainings.changed.connect(self.refresh)

    def refresh(self) -> None:
        trainings = self._trainings
        chosen = trainings.chosen
        with QSignalBlocker(self):
            self._make_items()
            several = len(chosen) > 1
            for each in trainings.crossvals:
                self._show(each.folder, each.name, _whole_cells(each), _colour(each.state))
                self._items[each.folder].setSelected(each.folder in chosen)
            for run in trainings.runs:
                item = self._items[run.folder]
                place = chosen.index(run.folder) if run.folder in chosen else -1
                letter = f"{LETTERS[place]}   " if several and place >= 0 else ""
                whole = trainings.whole(run.crossval) if run.crossval is not None else None
                name = run.name if whole is None else _fold_name(run, whole)
                cells = (training_words.state(run), training_words.progress(run), training_words.left(run))
                self._show(run.folder, f"{letter}{name}", cells, _colour(run.state))
                item.setToolTip(NAME, plain(run.name))
                self._show_style(item, place if several else -1)
                item.setSelected(place >= 0)
                parent = item.parent()
                if place >= 0 and parent is not None:
                    parent.setExpanded(True)  # what is chosen is seen

    def _make_items(self) -> None:
        """A row for each, those begun last first; anew where any came or went, open where they were open."""
        runs, crossvals = self._trainings.runs, {whole.folder: whole for whole in self._trainings.crossvals}
        wanted: list[Path] = []
        for run in runs:
            if run.crossval not in crossvals:
                wanted.append(run.folder)
            elif run.crossval not in wanted:
                whole = crossvals[run.crossval]
                wanted += [whole.folder, *(each.folder for each in _in_order(whole))]
        if wanted == list(self._items):
            return
        before = {folder: item.isExpanded() for folder, item in self._items.items()}
        at = self.verticalScrollBar().value()
        self.clear()
        self._items = {}
        parents = {run.folder: run.crossval for run in runs if run.crossval in crossvals}
        for folder in wanted:
            parent = parents.get(folder)
            item = QTreeWidgetItem(self) if parent is None else QTreeWidgetItem(self._items[parent])
            item.setData(NAME, _RUN, folder)
            item.setSizeHint(NAME, QSize(0, _LINE))
            self._items[folder] = item
        self.setRootIsDecorated(bool(crossvals))
        for folder, whole in crossvals.items():
            self._items[folder].setExpanded(before.get(folder, len(whole.runs) <= _FEW))
        self.verticalScrollBar().setValue(at)

    def _show(self, folder: Path, name: str, cells: tuple[str, str, str], colour: str) -> None:
        item = self._items[folder]
        for column, text in enumerate((name, *cells)):
            if item.text(column) != text:
                item.setText(column, text)
        item.setForeground(STATE, theme.current()[colour])

    def _show_style(self, item: QTreeWidgetItem, style: int) -> None:
        """The line that stands for this run in the charts; none with -1."""
        wanted = (style, theme.current().id, self.devicePixelRatioF())
        if item.data(NAME, _STYLE) != wanted:
            item.setData(NAME, _STYLE, wanted)
            item.setIcon(NAME, sample(style, self.devicePixelRatioF()) if style >= 0 else QIcon())

    def _chosen(self) -> None:
        """In the order chosen: the first stays A while others join. A cross-validation is looked at alone."""
        trainings = self._trainings
        selected = [item.data(NAME, _RUN) for item in self.selectedItems()]
        kept = [run for run in trainings.chosen if run in selected]
        runs = [*kept, *(run for run in selected if run not in kept)]
        if len(runs) > 1 and any(trainings.whole(run) is not None for run in runs):
            last = runs[-1]
            runs = [last] if trainings.whole(last) else [run for run in runs if trainings.whole(run) is None]
            trainings.choose(runs)
            self.refresh()
            return
        trainings.choose(runs)
        if len(runs) > MOST_COMPARED:
            self.refresh()


def _in_order(whole: Crossval) -> list[Training]:
    """Network by network, each in the order of its folds."""
    places = [(row, fold) for row in whole.networks for fold in whole.folds]
    known = [whole.runs[place] for place in places if place in whole.runs]
    return [*known, *(run for run in whole.runs.values() if run not in known)]


def _fold_name(run: Training, whole: Crossval) -> str:
    return training_words.fold_name(run, whole.one.preset) if run.network else run.folder.name


def _whole_cells(whole: Crossval) -> tuple[str, str, str]:
    left = training_words.duration(whole.left) if whole.state.at_work and whole.left is not None else ""
    return training_words.state(whole), training_words.done(whole), left


def _colour(state: str) -> str:
    return {"failed": "error", "damaged": "error", "finished": "text_quiet", "training": "accent"}.get(state, "text")
