"""The strip under the library's table: how far a job is, its cancel, and afterwards what was refused and why."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workstation.app.importing import ImportResult, Progress, in_short, save_refused
from workstation.app.jobs import Job


def time_words(seconds: float) -> str:
    """Time left in words that do not jump about."""
    if seconds < 60:
        return f"{max(round(seconds), 1)} s left"
    if seconds < 3600:
        return f"{round(seconds / 60)} min left"
    return f"{seconds / 3600:.1f} h left"


class ImportStrip(QFrame):
    """Hidden while there is nothing to tell."""

    failed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("foot")
        self._job: Job | None = None
        self._result: ImportResult | None = None
        self._words = QLabel()
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress"))
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.clicked.connect(self._cancel)
        self.save = QPushButton(self.tr("Save the list…"))
        self.save.clicked.connect(self._save)
        self.dismiss = QPushButton(self.tr("Close"))
        self.dismiss.clicked.connect(self.hide)
        self.refused = QTreeWidget()
        self.refused.setHeaderLabels([self.tr("File left out"), self.tr("Reason")])
        self.refused.setRootIsDecorated(False)
        self.refused.setUniformRowHeights(True)
        self.refused.setMaximumHeight(180)
        self.refused.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.refused.setColumnWidth(0, 360)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._words, 3)
        row.addWidget(self.bar, 2)
        for button in (self.cancel, self.save, self.dismiss):
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.addLayout(row)
        layout.addWidget(self.refused)
        self.hide()

    @property
    def busy(self) -> bool:
        return self._job is not None

    def follow(self, job: Job) -> None:
        """Show a job from here to its end."""
        self._job, self._result = job, None
        self._words.setText(job.title)
        self.bar.setRange(0, 0)
        self.refused.clear()
        self._arrange(working=True, refusals=False)
        job.progressed.connect(self._progressed)
        job.finished.connect(self._finished)
        job.failed.connect(self._failed)
        job.stopped.connect(self._stopped)
        job.ended.connect(self._ended)

    def _arrange(self, working: bool, refusals: bool) -> None:
        self.bar.setVisible(working)
        self.cancel.setVisible(working)
        self.cancel.setEnabled(working)
        self.dismiss.setVisible(not working)
        self.save.setVisible(refusals)
        self.refused.setVisible(refusals)
        self.show()

    def _progressed(self, progress: Progress, seconds: float | None) -> None:
        if self._job is None or self._job.cancelled:
            return
        parts = [progress.what]
        if progress.total:
            self.bar.setRange(0, progress.total)
            self.bar.setValue(progress.done)
            parts.append(f"{progress.done} of {progress.total}")
        if progress.refused:
            parts.append(self.tr("{0} left out").format(progress.refused))
        if self._job.rate is not None:
            parts.append(self.tr("{0:.0f} a second").format(self._job.rate))
        if seconds is not None:
            parts.append(time_words(seconds))
        self._words.setText("   ".join(parts))

    def _finished(self, result: object) -> None:
        if not isinstance(result, ImportResult):
            self.hide()
            return
        self._result = result
        self._words.setText(in_short(result))
        for told in result.refused:
            item = QTreeWidgetItem([told.path, told.reason])
            item.setToolTip(1, "")
            self.refused.addTopLevelItem(item)
        self._arrange(working=False, refusals=bool(result.refused))

    def _failed(self, words: str) -> None:
        self._words.setText(words)
        self._arrange(working=False, refusals=False)
        self.failed.emit(words)

    def _stopped(self) -> None:
        self._words.setText(self.tr("Cancelled. What had come in until then stays."))
        self._arrange(working=False, refusals=False)

    def _ended(self) -> None:
        self._job = None

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self.cancel.setEnabled(False)
            self._words.setText(self.tr("Cancelling after this step…"))

    def _save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Save the list"), "left-out.csv", "CSV (*.csv)")
        if name and self._result is not None:
            trouble = save_refused(self._result, Path(name))
            if trouble:
                self.failed.emit(trouble)
