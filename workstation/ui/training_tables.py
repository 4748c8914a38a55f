"""The tables of a training or cross-validation: made when asked, shown here, whole in a report for the browser."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from workstation.app import evaluation_page
from workstation.app.evaluating import Evaluating
from workstation.ui import theme
from workstation.ui.library_invitation import Question


class TrainingTables(QWidget):
    """Shows one folder's tables. Asking for them is the owner's; opening the sealed patients is asked about here."""

    final_wanted = Signal()
    noted = Signal(str)

    def __init__(self, evaluating: Evaluating, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._evaluating = evaluating
        self._folder: Path | None = None
        self._finished, self._total = 0, 0
        self._drawn: object = None
        self.words, self.trouble = QLabel(objectName="quiet"), QLabel(objectName="error")
        for label in (self.words, self.trouble):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Tables under way"))
        self.cancel = QPushButton(self.tr("Cancel"))
        self.report = QPushButton(self.tr("Open the report"), objectName="primary")
        self.report.setToolTip(self.tr("All tables, figures, methods and the CLAIM checklist, in the browser"))
        self.folder = QPushButton(self.tr("Show folder"))
        self.folder.setToolTip(self.tr("The report with its figures, and the tables as CSV, JSON and Markdown"))
        self.open_sealed = QPushButton(self.tr("Sealed patients…"))
        self.page = QTextBrowser()
        self.page.setObjectName("plain")
        self.page.setOpenLinks(False)
        self.page.setAccessibleName(self.tr("Tables"))
        self.page.document().setDocumentMargin(0)
        self.question = Question("", ((self.tr("Open them, and count it"), True),), self.tr("Leave them sealed"))
        self.question.words.setTextFormat(Qt.TextFormat.PlainText)
        self._lay_out()
        self.cancel.clicked.connect(evaluating.cancel)
        self.report.clicked.connect(lambda: self._open(False))
        self.folder.clicked.connect(lambda: self._open(True))
        self.open_sealed.clicked.connect(self._ask)
        self.question.answered.connect(lambda *_: self.final_wanted.emit())
        evaluating.changed.connect(self.refresh)

    def _lay_out(self) -> None:
        under_way = QHBoxLayout()
        under_way.setSpacing(12)
        under_way.addWidget(self.words, 1)
        under_way.addWidget(self.cancel)
        self._tools = QWidget()
        tools = QHBoxLayout(self._tools)
        tools.setContentsMargins(0, 0, 0, 0)
        tools.setSpacing(8)
        tools.addWidget(self.report)
        tools.addWidget(self.folder)
        tools.addStretch(1)
        tools.addWidget(self.open_sealed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(under_way)
        layout.addWidget(self.bar)
        layout.addWidget(self.trouble)
        layout.addWidget(self.question)
        layout.addWidget(self._tools)
        layout.addWidget(self.page, 1)
        layout.addStretch(0)

    def show_folder(self, folder: Path, finished: int, total: int) -> None:
        """finished of total runs are done."""
        if folder != self._folder:
            self.question.hide()
        self._folder, self._finished, self._total = folder, finished, total
        self.refresh()

    def refresh(self) -> None:
        if self._folder is None:
            return
        evaluating, state = self._evaluating, self._evaluating.state(self._folder)
        busy = evaluating.at == self._folder
        self.bar.setVisible(busy)
        self.cancel.setVisible(busy)
        self.cancel.setEnabled(not evaluating.cancelling)
        _say(self.words, self._now(busy))
        _say(self.trouble, "" if busy else state.trouble)
        found = state.reported
        self._tools.setVisible(found is not None)
        self.page.setVisible(found is not None)
        self.open_sealed.setVisible(found is not None and found.sealed > 0)
        self.open_sealed.setEnabled(evaluating.at is None)
        if busy:
            self.question.hide()
        drawn = (found, theme.current().id)
        if found is not None and drawn != self._drawn:
            self._drawn = drawn
            self.page.setHtml(evaluation_page.page(found, theme.current().colour))

    def _now(self, busy: bool) -> str:
        evaluating = self._evaluating
        assert self._folder is not None
        state = evaluating.state(self._folder)
        if busy and evaluating.cancelling:
            return self.tr("Stops after this step.")
        if busy:
            return self.tr("Making the tables: {0}.").format(evaluating.step or self.tr("reading predictions"))
        if evaluating.at is not None:
            return self.tr("Tables of {0} are being made; these can be made afterwards.").format(evaluating.at.name)
        if state.reported is None:
            if state.trouble:
                return ""
            if not self._finished:
                return self.tr("There are no tables before a first fold is done.")
            if self._finished < self._total:
                return self.tr("Tables… makes the paper's tables of the {0} of {1} that are done.").format(
                    self._finished, self._total
                )
            return self.tr("Tables… makes the paper's tables of what is done, with figures and a report.")
        if self._finished > state.finished:
            return self.tr("{0} more are done since these tables were made: press Tables… again.").format(
                self._finished - state.finished
            )
        return ""

    def _ask(self) -> None:
        assert self._folder is not None
        found = self._evaluating.state(self._folder).reported
        if found is None:
            return
        times = {0: self.tr("never"), 1: self.tr("once")}.get(
            found.openings, self.tr("{0} times").format(found.openings)
        )
        words = self.tr(
            "{0:,} patients were sealed for one final test, to be made when all is decided. Opening them is counted "
            "for ever and printed with every result from then on. They have been opened {1} so far."
        ).format(found.sealed, times)
        if self._finished < self._total:
            words += " " + self.tr("Only {0} of {1} are done: better finish those first.").format(
                self._finished, self._total
            )
        self.question.words.setText(words)
        self.question.ask(self._folder)
        self.question.leave.setFocus()

    def _open(self, folder: bool) -> None:
        assert self._folder is not None
        found = self._evaluating.state(self._folder).reported
        if found is None:
            return
        place = found.page.parent if folder else found.page
        if not place.exists():
            self.noted.emit(self.tr("{0} is not there any more. Make the tables again.").format(place))
        elif not QDesktopServices.openUrl(QUrl.fromLocalFile(str(place.resolve()))):
            self.noted.emit(self.tr("Nothing here opens such files. The report is {0}.").format(found.page))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self.refresh()


def _say(label: QLabel, words: str) -> None:
    label.setText(words)
    label.setVisible(bool(words))
