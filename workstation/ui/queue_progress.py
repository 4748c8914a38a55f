"""The reader's queue: how far, how fast, how long still, and on with it."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from workstation.app.queue import WorkQueue
from workstation.ui.library_invitation import Question


class QueueProgress(QFrame):
    def __init__(self, queue: WorkQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._queue = queue
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Cases done"))
        self._done, self._rate, self._left, self._made = (QLabel() for _ in range(4))
        self._blind = QLabel(objectName="quiet")
        for label in (self._done, self._rate, self._left, self._made, self._blind):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.resume = QPushButton(objectName="primary")
        self.end = QPushButton(self.tr("End the queue…"))
        self.sure = Question(
            self.tr("What was read stays. Cases that are left are not asked for any more, and others' readings show."),
            ((self.tr("End it"), True),),
            self.tr("Go on reading"),
            narrow=True,
        )
        self.sure.hide()
        self.end.clicked.connect(lambda: self.sure.ask(True))
        self.sure.answered.connect(lambda *_: queue.end())
        facts = QFormLayout()
        facts.setHorizontalSpacing(16)
        facts.setVerticalSpacing(6)
        for name, label in (
            (self.tr("Done"), self._done),
            (self.tr("Pace"), self._rate),
            (self.tr("Left"), self._left),
            (self.tr("Made"), self._made),
        ):
            facts.addRow(QLabel(name, objectName="quiet"), label)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.resume, 1)
        buttons.addWidget(self.end)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(QLabel(self.tr("MY QUEUE"), objectName="heading"))
        layout.addWidget(self.bar)
        layout.addLayout(facts)
        layout.addWidget(self._blind)
        layout.addLayout(buttons)
        layout.addWidget(self.sure)
        queue.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        queue, pace = self._queue.queue, self._queue.pace
        self.sure.setVisible(self.sure.isVisible() and queue is not None)
        if queue is None:
            return
        self.bar.setRange(0, max(pace.total, 1))
        self.bar.setValue(pace.done)
        done = self.tr("{0:,} of {1:,} cases").format(pace.done, pace.total)
        out = self.tr("{0}; {1:,} excluded").format(done, pace.excluded)
        self._done.setText(out if pace.excluded else done)
        rate = pace.lesions_per_hour
        measured = self.tr("{0:,.0f} lesions an hour, pauses over 3 minutes left out").format(rate)
        self._rate.setText(self.tr("not known yet") if math.isnan(rate) else measured)
        hours = pace.hours_left
        self._left.setText(self._duration(hours))
        order = self.tr(str(queue.settings.get("order", "")))
        made = self.tr("{0} by {1}, {2}").format(self._queue.made, queue.who, order)
        self._made.setText(made)
        self._blind.setText(
            self.tr("Blinded: until this queue is ended you see your own readings only, and no Reference.")
            if queue.blinded
            else self.tr("Open: what others read can be seen.")
        )
        every = pace.done == pace.total
        begun = pace.done or pace.lesions
        self.resume.setEnabled(not every)
        self.resume.setText(self.tr("All done") if every else self.tr("Go on reading") if begun else self.tr("Begin"))

    def _duration(self, hours: float) -> str:
        if math.isnan(hours):
            return self.tr("not known before a case of it is done")
        if hours == 0:
            return self.tr("nothing")
        if hours < 1:
            minutes = math.ceil(hours * 60)
            return self.tr("about {0} minutes").format(minutes) if minutes > 1 else self.tr("about a minute")
        return self.tr("about {0:.1f} hours").format(hours)
