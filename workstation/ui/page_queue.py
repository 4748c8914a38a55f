"""The queue page: who reads, their queue and pace, how to make one, and how far readers agree."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from workstation.app.jobs import Jobs
from workstation.app.queue import WorkQueue
from workstation.app.scan_table import ScanTable
from workstation.app.workbench import Workbench
from workstation.ui.queue_agreement import AgreementTable
from workstation.ui.queue_maker import QueueMaker
from workstation.ui.queue_person import PersonPanel
from workstation.ui.queue_progress import QueueProgress

WIDTH = 400


class QueuePage(QWidget):
    """Wires the parts together. table: the library page's list, out of which a queue is made."""

    resume_wanted = Signal()
    library_wanted = Signal()

    def __init__(
        self, workbench: Workbench, jobs: Jobs, queue: WorkQueue, table: ScanTable, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._workbench, self._queue = workbench, queue
        self.person = PersonPanel(workbench, queue)
        self.progress = QueueProgress(queue)
        self.maker = QueueMaker(workbench, queue, table)
        self.agreement = AgreementTable(workbench, jobs)
        inside = QWidget(objectName="panel")
        column = QVBoxLayout(inside)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(20)
        for part in (self.person, self.progress, self.maker):
            column.addWidget(part)
        column.addStretch(1)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        area.setFixedWidth(WIDTH)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        row.addWidget(area)
        row.addWidget(self.agreement, 1)
        self.progress.resume.clicked.connect(self.resume_wanted)
        self.maker.library_wanted.connect(self.library_wanted)
        queue.changed.connect(self._show_queue)
        self._show_queue()

    def _show_queue(self) -> None:
        there = self._queue.queue is not None
        self.progress.setVisible(there)
        self.maker.setVisible(not there)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        self._queue.refresh()
        self.agreement.look(True)
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        self.agreement.look(False)
        super().hideEvent(event)
