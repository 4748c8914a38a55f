"""The registry on the Train page: the models of each task, which is in use, and what is asked before another one is."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTextBrowser,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workstation.app import evaluation_page
from workstation.app.modelling import Models, Row
from workstation.app.training import Trainings
from workstation.ui import theme
from workstation.ui.library_invitation import Question
from workstation.ui.tooltip import plain

SUFFIX = ".safetensors"
_ROW = Qt.ItemDataRole.UserRole
_USED = 5  # the column that says which is in use


class ModelsView(QWidget):
    """Nothing is taken into use before the comparison with the model in use stands here and is said yes to."""

    def __init__(self, models: Models, trainings: Trainings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._models, self._trainings = models, trainings
        self._shown: tuple[Row, ...] | None = None
        self._drawn: object = None
        self.list = QTreeWidget()
        self.list.setAccessibleName(self.tr("Models"))
        self.list.setRootIsDecorated(False)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        names = ("Model", "Learnt", "Network", "Trained on", "Figures", "")
        self.list.setHeaderLabels([self.tr(name) if name else "" for name in names])
        self.card, self.said, self.trouble = QLabel(objectName="quiet"), QLabel(), QLabel(objectName="error")
        for label in (self.card, self.said, self.trouble):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.card.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.use, self.export = QPushButton(self.tr("Use…")), QPushButton(self.tr("Export…"))
        self.use.setToolTip(self.tr("Compared first with the one in use, on the same sealed patients"))
        self.bring = QPushButton(self.tr("Import a file…"))
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.cancel = QPushButton(self.tr("Cancel"))
        self.question = Question("", ((self.tr("Compare, and count it"), True),), self.tr("Leave them sealed"))
        self.question.words.setTextFormat(Qt.TextFormat.PlainText)
        self.verdict = Question("", ((self.tr("Use it"), True),), self.tr("Leave it as it is"))
        self.verdict.words.setTextFormat(Qt.TextFormat.PlainText)
        self.page = QTextBrowser()
        self.page.setObjectName("plain")
        self.page.setAccessibleName(self.tr("Comparison"))
        self.page.document().setDocumentMargin(0)
        self._lay_out()
        self.list.itemSelectionChanged.connect(self.refresh)
        self.use.clicked.connect(self._use)
        self.bring.clicked.connect(self._bring)
        self.export.clicked.connect(self._export)
        self.cancel.clicked.connect(models.cancel)
        self.question.answered.connect(lambda *_: models.compare())
        self.question.leave.clicked.connect(models.leave)
        self.verdict.answered.connect(lambda *_: models.take())
        self.verdict.leave.clicked.connect(models.leave)
        models.changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionsMovable(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setMaximumSectionSize(240)  # names come from files and may be long
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        tools = QHBoxLayout()
        tools.setSpacing(8)
        tools.addWidget(self.use)
        tools.addWidget(self.export)
        tools.addStretch(1)
        tools.addWidget(self.bring)
        under_way = QHBoxLayout()
        under_way.setSpacing(12)
        under_way.addWidget(self.said, 1)
        under_way.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 4, 16, 8)
        layout.setSpacing(8)
        layout.addWidget(self.list, 2)
        layout.addWidget(self.card)
        layout.addLayout(tools)
        layout.addLayout(under_way)
        layout.addWidget(self.bar)
        layout.addWidget(self.trouble)
        layout.addWidget(self.question)
        layout.addWidget(self.page, 3)
        layout.addWidget(self.verdict)

    @property
    def chosen(self) -> Row | None:
        items = self.list.selectedItems()
        row = items[0].data(0, _ROW) if items else None
        return row if isinstance(row, Row) else None

    def refresh(self) -> None:
        models = self._models
        if models.rows != self._shown:
            self._fill()
        row, busy = self.chosen, models.busy
        good = row is not None and not row.problem and not busy
        self.use.setEnabled(good and row is not None and not row.used)
        self.export.setEnabled(good)
        self.bring.setEnabled(not busy)
        self.bar.setVisible(busy and bool(models.step))
        self.cancel.setVisible(busy and bool(models.step))
        _say(self.card, self._about(row))
        _say(self.said, self.tr("{0}…").format(models.step) if busy and models.step else models.said)
        _say(self.trouble, models.trouble)
        opening = models.opening
        if opening is not None:
            times = {0: self.tr("never"), 1: self.tr("once")}.get(
                opening.openings, self.tr("{0} times").format(opening.openings)
            )
            self.question.words.setText(
                self.tr(
                    "{0} is in use. To compare {1} with it, both predict the {2:,} sealed patients of the snapshot at "
                    "the left. That is counted for ever; they have been opened {3} so far."
                ).format(opening.current, opening.name, opening.sealed, times)
            )
        self.question.setVisible(opening is not None)
        self._show_considered()

    def _fill(self) -> None:
        before = self.chosen
        self._shown = self._models.rows
        with QSignalBlocker(self.list):
            self.list.clear()
            for row in self._models.rows:
                item = QTreeWidgetItem(self.list, list(row.cells))
                item.setToolTip(0, plain(row.problem or row.name))
                if row.problem:
                    item.setText(4, self.tr("cannot be used"))
                    item.setForeground(4, theme.current()["error"])
                item.setForeground(_USED, theme.current()["accent"])
                item.setData(0, _ROW, row)
                item.setSelected(before is not None and bool(row.hash) and row.hash == before.hash)

    def _about(self, row: Row | None) -> str:
        if row is not None:
            return row.words
        if not self._models.known:
            return ""
        if not self._models.rows:
            return self.tr(
                "No model yet. A finished training is kept as one with its button Keep as a model; or import a file."
            )
        return self.tr("Choose a model to see where it comes from.")

    def _show_considered(self) -> None:
        considered = self._models.considered
        self.page.setVisible(considered is not None)
        self.verdict.setVisible(considered is not None)
        if considered is None:
            return
        if (considered, theme.current().id) != self._drawn:
            self._drawn = (considered, theme.current().id)
            self.page.setHtml(evaluation_page.compared(considered, theme.current().colour))
        instead = "" if considered.current is None else self.tr(" instead of {0}").format(considered.current.name)
        self.verdict.words.setText(self.tr("Use {0}{1} from now on?").format(considered.new.name, instead))

    def _use(self) -> None:
        row, seen = self.chosen, self._trainings.snapshot
        if row is not None:
            self._models.ask_use(row.hash, None if seen is None else seen.folder)

    def _bring(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, self.tr("A model file"), "", self.tr("Models (*{0})").format(SUFFIX)
        )
        if name:
            self._models.bring_in(Path(name))

    def _export(self) -> None:
        row = self.chosen
        if row is None:
            return
        name, _ = QFileDialog.getSaveFileName(
            self, self.tr("Export into a new file"), f"{row.name}{SUFFIX}",
            options=QFileDialog.Option.DontConfirmOverwrite,  # nothing is written over: that is refused in words
        )  # fmt: skip
        if name:
            self._models.give_out(row.hash, Path(name if name.endswith(SUFFIX) else f"{name}{SUFFIX}"))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._shown = None
            self.refresh()


def _say(label: QLabel, words: str) -> None:
    label.setText(words)
    label.setVisible(bool(words))
