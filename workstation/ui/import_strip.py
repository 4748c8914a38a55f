"""The strip over the library's table: how far a job is, its cancel, and afterwards what was left out and why."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from workstation.app.importing import Asks, ImportResult, Progress, in_short, left_unsaid, save_refused
from workstation.app.jobs import Job
from workstation.ui.refusals import Refusals


class ImportStrip(QFrame):
    """Hidden while there is nothing to tell."""

    failed = Signal(str)
    asked = Signal(object)  # by Asks, the paths of files that come in once it is said what they show

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self._job: Job | None = None
        self._result: ImportResult | None = None
        self._if_stopped = ""
        self.words = QLabel()
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress"))
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.clicked.connect(self._cancel)
        self.left_out = self._toggle()
        self.told = self._toggle()
        self.say = QPushButton()
        self.say.clicked.connect(self._say)
        self.save = QPushButton(self.tr("Save the list…"))
        self.save.setToolTip(self.tr("The files left out and the reasons, as CSV"))
        self.save.clicked.connect(self._save)
        self.dismiss = QPushButton(self.tr("Close"))
        self.dismiss.clicked.connect(self.hide)
        self.list = Refusals()
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.words, 3)
        row.addWidget(self.bar, 2)
        for button in (self.cancel, self.left_out, self.told, self.say, self.save, self.dismiss):
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(8)
        layout.addLayout(row)
        layout.addWidget(self.list)
        self.hide()

    def _toggle(self) -> QPushButton:
        button = QPushButton()
        button.setCheckable(True)
        button.clicked.connect(self._show_list)
        return button

    @property
    def busy(self) -> bool:
        return self._job is not None

    @property
    def has_result(self) -> bool:
        """Whether there is an import to look back at."""
        return self._result is not None and not self.busy

    def follow(self, job: Job, if_stopped: str = "") -> None:
        """Show a job from here to its end. if_stopped: what is said when it is cancelled, if not of an import."""
        self._job, self._result = job, None
        self._if_stopped = if_stopped or self.tr("Cancelled. What had come in until then stays; import again to go on.")
        self.words.setText(job.title)
        self.bar.setRange(0, 0)
        self._arrange(working=True)
        job.progressed.connect(self._progressed)
        job.finished.connect(self._finished)
        job.failed.connect(self._failed)
        job.stopped.connect(self._stopped)
        job.ended.connect(self._ended)

    def leave(self) -> None:
        """Nobody waits for the job any more: another library is open."""
        if self._job is not None:
            self._job.drop()
        self._job = self._result = None
        self.hide()

    def show_again(self) -> None:
        """The last result, with the files that were left out."""
        if self.has_result:
            self.show()

    # While it works

    def _progressed(self, progress: Progress, seconds: float | None) -> None:
        if self._job is None or self._job.cancelled:
            return
        parts = [progress.what]
        if progress.total:
            self.bar.setRange(0, progress.total)
            self.bar.setValue(progress.done)
            parts.append(self.tr("{0:,} of {1:,}").format(progress.done, progress.total))
        else:
            self.bar.setRange(0, 0)
        if progress.refused:
            parts.append(self.tr("{0:,} left out").format(progress.refused))
        if self._job.rate:
            parts.append(rate_words(self._job.rate))
        if seconds is not None:
            parts.append(time_words(seconds))
        self.words.setText("    ".join(parts))

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self.cancel.setEnabled(False)
            self.words.setText(self.tr("Cancelling after this step…"))

    # Afterwards

    def _finished(self, result: object) -> None:
        self._result = result if isinstance(result, ImportResult) else None
        self.words.setText(in_short(result))
        self._arrange(working=False)
        self.setVisible(bool(self.words.text()))
        # Pictures may be anything that lay in the folder; an object that only lacks its views is a bone scan.
        objects = {asks: paths for asks, paths in self._unsaid().items() if asks is not Asks.PICTURE}
        if objects:
            self.asked.emit(objects)

    def _failed(self, words: str) -> None:
        self.words.setText(words)
        self._arrange(working=False)
        self.failed.emit(words)

    def _stopped(self) -> None:
        self.words.setText(self._if_stopped)
        self._arrange(working=False)

    def _ended(self) -> None:
        if self.sender() is self._job:
            self._job = None

    def _arrange(self, working: bool) -> None:
        result = self._result or ImportResult()
        for part in (self.bar, self.cancel):
            part.setVisible(working)
        self.cancel.setEnabled(working)
        unsaid = self._unsaid()
        say = self.tr("Import the pictures…") if set(unsaid) == {Asks.PICTURE} else self.tr("Say what they show…")
        for button, text, there in (
            (self.left_out, self.tr("Left out ({0:,})").format(len(result.refused)), bool(result.refused)),
            (self.told, self.tr("Worth knowing ({0:,})").format(len(result.told)), bool(result.told)),
            (self.say, say, bool(unsaid)),
            (self.save, self.save.text(), bool(result.refused)),
            (self.dismiss, self.dismiss.text(), True),
        ):
            button.setText(text)
            button.setVisible(there and not working)
            button.setChecked(False)
        self.left_out.setChecked(bool(result.refused))
        self._fill()
        self.show()

    def _show_list(self, checked: bool) -> None:
        if checked:
            other = self.told if self.sender() is self.left_out else self.left_out
            other.setChecked(False)
        self._fill()

    def _fill(self) -> None:
        result = self._result or ImportResult()
        if self.left_out.isChecked():
            self.list.show_lines(result.refused)
        elif self.told.isChecked():
            self.list.show_lines(result.told)
        self.list.setVisible(self.left_out.isChecked() or self.told.isChecked())

    def _unsaid(self) -> dict[Asks, list[Path]]:
        return left_unsaid(self._result or ImportResult())

    def _say(self) -> None:
        self.hide()
        self.asked.emit(self._unsaid())

    def _save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Save the list"), "left-out.csv", "CSV (*.csv)")
        if name and self._result is not None:
            trouble = save_refused(self._result, Path(name))
            if trouble:
                self.failed.emit(trouble)


def time_words(seconds: float) -> str:
    """Time left in words that do not jump about."""
    if seconds < 60:
        return f"{max(round(seconds), 1)} s left"
    if seconds < 3600:
        return f"{round(seconds / 60)} min left"
    return f"{seconds / 3600:.1f} h left"


def rate_words(rate: float) -> str:
    return f"{rate:.0f}/s" if rate >= 10 else f"{rate:.1f}/s"
