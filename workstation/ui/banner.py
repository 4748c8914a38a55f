"""Who the pictures are of: patient, sex, age, day, tumour, how each view was recognised; "simulated" where it is so.

And in which queue one reads, where it is not the library's list.
"""

from __future__ import annotations

from textwrap import shorten

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from workstation.app.queue import WorkQueue
from workstation.app.reading import Reading
from workstation.core.lesion import Progress
from workstation.core.scan import How
from workstation.ui.elided_label import ElidedLabel
from workstation.ui.tooltip import plain

ALONG = 260  # width of the words on the queue at most, screen pixels


class Banner(QFrame):
    def __init__(self, reading: Reading, queue: WorkQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self._reading, self._queue = reading, queue
        self._patient = QLabel(objectName="title")
        self._facts = ElidedLabel()
        self._facts.setObjectName("quiet")
        self._simulated = QLabel(self.tr("SIMULATED"), objectName="badge")
        self._excluded = QLabel(objectName="badge")
        self._along = QLabel(objectName="quiet")
        self._views = QLabel(objectName="quiet")
        self._swap = QToolButton()
        self._swap.setText(self.tr("Swap views"))
        self._swap.setToolTip(self.tr("The views were assumed; swap them where anterior and posterior are exchanged."))
        self._swap.clicked.connect(reading.swap_views)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 7, 12, 7)
        layout.setSpacing(12)
        for label in (self._patient, self._facts, self._along, self._views, self._excluded):
            label.setTextFormat(Qt.TextFormat.PlainText)
        layout.addWidget(self._patient)
        layout.addWidget(self._simulated)
        layout.addWidget(self._excluded)
        layout.addWidget(self._facts, 1)
        layout.addWidget(self._along)
        layout.addWidget(self._views)
        layout.addWidget(self._swap)
        reading.opened.connect(self.refresh)
        reading.worklist_changed.connect(self._show_queue)
        queue.changed.connect(self._show_queue)
        reading.editor.edited.connect(self._show_exclusion)
        self.refresh()

    def refresh(self) -> None:
        case = self._reading.case
        self._show_exclusion()
        self._show_queue()
        for part in (self._simulated, self._swap):
            part.setVisible(False)
        if case is None:
            self._patient.setText(self.tr("No scan open"))
            self._facts.setText(self.tr("Choose one at the left, or on the Library page."))
            self._views.setText("")
            return
        row = case.row
        self._patient.setText(row.patient)
        sex = {"M": self.tr("man"), "F": self.tr("woman")}.get(row.sex or "", self.tr("sex unknown"))
        age = self.tr("age unknown") if row.age is None else self.tr("{0:.0f} years").format(row.age)
        tumour = self.tr("tumour unknown") if row.tumour is None else self.tr("{0} cancer").format(row.tumour)
        if row.tumour == "other":
            tumour = self.tr("other cancer")
        self._facts.setText("   ".join(part for part in (sex, age, tumour, row.day or "") if part))
        self._simulated.setVisible(case.simulated)
        words = []
        hows = {str(case.scan.frames[view].how or "unknown") for view in case.scan.views}
        if len(hows) == 1:
            words.append(self.tr("views by {0}").format(hows.pop()))
        else:
            words += [f"{view}: {case.scan.frames[view].how}" for view in case.scan.views]
        if len(case.scan.views) == 1:
            words.append(self.tr("{0} missing").format(case.scan.views[0].other))
        if case.scan.sides == "confirmed":
            words.append(self.tr("sides confirmed"))
        self._views.setText("   ".join(words))
        assumed = any(frame.how is How.ASSUMED for frame in case.scan.frames.values())
        self._swap.setVisible(assumed and self._reading.workbench.writable)

    def _show_queue(self) -> None:
        """Whose queue, and how much of it is left, while the page goes along it."""
        self._along.setVisible(self._queue.walking)
        words = self._queue.words if self._queue.walking else ""
        shown = self._along.fontMetrics().elidedText(words, Qt.TextElideMode.ElideMiddle, ALONG)
        self._along.setText(shown)  # a long name must not widen the window
        self._along.setToolTip(plain(words))

    def _show_exclusion(self) -> None:
        """That the reading on screen leaves the scan out, and why."""
        reading = self._reading.editor.reading
        out = reading is not None and reading.verdict.progress is Progress.EXCLUDED
        self._excluded.setVisible(out)
        if reading is not None and out:
            reason = reading.verdict.reason or self.tr("no reason given")
            self._excluded.setText(self.tr("EXCLUDED: {0}").format(shorten(reason, 40, placeholder="…")))
            self._excluded.setToolTip(plain(reason))
