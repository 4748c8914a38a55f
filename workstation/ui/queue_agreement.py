"""How far readers agree, computed anew whenever somebody looks and readings have changed."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QLabel,
    QStackedLayout,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from workstation.app import agreeing
from workstation.app.agreeing import HEADINGS, AllAgreement
from workstation.app.jobs import Job, Jobs
from workstation.app.workbench import Workbench
from workstation.core.changes import Changes


class AgreementTable(QFrame):
    def __init__(self, workbench: Workbench, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self._workbench, self._jobs = workbench, jobs
        self._job: Job | None = None
        self._stale, self._awake = True, False
        self.table = QTableWidget(0, len(HEADINGS))
        self.table.setAccessibleName(self.tr("Agreement of readers"))
        self.table.setHorizontalHeaderLabels([self.tr(heading) for heading in HEADINGS])
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        header.setHighlightSections(False)
        self.words = QLabel(objectName="quiet")
        self.foot = QLabel(objectName="quiet")
        for label in (self.words, self.foot):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setContentsMargins(48, 0, 48, 0)
        found = QWidget()
        inside = QVBoxLayout(found)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(8)
        inside.addWidget(self.table, 1)
        inside.addWidget(self.foot)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.words)
        self._stack.addWidget(found)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(10)
        layout.addWidget(QLabel(self.tr("AGREEMENT"), objectName="heading"))
        layout.addLayout(self._stack, 1)
        workbench.changed.connect(self._changed)
        self._say(self.tr("Nothing compared yet."))

    def look(self, awake: bool) -> None:
        """Somebody looks from now on, or nobody does."""
        self._awake = awake
        if awake and self._stale:
            self._compare()

    def _changed(self, changes: Changes) -> None:
        if changes & (Changes.LIBRARY | Changes.READING):
            self._stale = True
            if changes & Changes.LIBRARY:
                self.table.setRowCount(0)
                self._say("")
            if self._awake:
                self._compare()

    def _compare(self) -> None:
        if self._job is not None:
            self._job.drop()  # a late answer is of no use
            self._job = None
        self._stale = False
        if self._workbench.blinded:
            self._say(self.tr("While you read blinded nothing is compared. It shows once your queue is ended."))
            return
        job = agreeing.start(self._workbench, self._jobs)
        if job is None:
            self._say(self.tr("Open a library first (Ctrl+O)."))
            return
        self._job = job
        if self.table.rowCount() == 0:
            self._say(self.tr("Comparing readings."))
        job.finished.connect(self._show)
        job.failed.connect(self._say)
        job.ended.connect(lambda: self._forget(job))

    def _forget(self, job: Job) -> None:
        if self._job is job:
            self._job = None

    def _show(self, found: AllAgreement) -> None:
        rows = agreeing.lines(found)
        if not rows:
            self._say(
                self.tr(
                    "No scan has two finished readings yet. When two people have marked the same scan done, or one has "
                    "read it a second time, their agreement stands here."
                )
            )
            return
        self.table.setRowCount(len(rows))
        for number, row in enumerate(rows):
            for column, text in enumerate(row):
                self.table.setItem(number, column, QTableWidgetItem(text))
        self.foot.setText(agreeing.foot(found))
        self._stack.setCurrentIndex(1)

    def _say(self, words: str) -> None:
        self.words.setText(words)
        self._stack.setCurrentIndex(0)
