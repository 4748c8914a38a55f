"""Making a queue out of the scans of the library's list."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from workstation.app import actions
from workstation.app.queue import GAP, ORDERS, SHARE, Plan, WorkQueue
from workstation.app.scan_table import ScanTable
from workstation.app.workbench import Workbench
from workstation.core.changes import Changes


class QueueMaker(QFrame):
    """What to do where there is no queue: choose scans on the library page, then make one here."""

    library_wanted = Signal()

    def __init__(self, workbench: Workbench, queue: WorkQueue, table: ScanTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workbench, self._queue, self._table = workbench, queue, table
        self._scans = QLabel()
        self._scans.setWordWrap(True)
        choose = QPushButton(self.tr("Choose scans in the library"))
        choose.clicked.connect(self.library_wanted)
        self.order = QComboBox()
        for order in ORDERS:
            self.order.addItem(self.tr(order.capitalize()), order)
        self.seed = QSpinBox()
        self.seed.setRange(0, 999_999)
        self.seed.setToolTip(self.tr("The same seed gives the same order and the same cases that come back."))
        self.blinded = QCheckBox(self.tr("Blinded to other readers and to the Reference"))
        self.blinded.setChecked(True)
        self.share = QDoubleSpinBox()
        self.share.setRange(0, 50)
        self.share.setDecimals(1)
        self.share.setSuffix(self.tr(" % of cases"))
        self.share.setValue(SHARE * 100)
        self.gap = QSpinBox()
        self.gap.setRange(1, 10_000)
        self.gap.setPrefix(self.tr("at least "))
        self.gap.setSuffix(self.tr(" cases later"))
        self.gap.setValue(GAP)
        self.make = QPushButton(self.tr("Make the queue"), objectName="primary")
        self.make.clicked.connect(self._make)
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        form.addRow(QLabel(self.tr("Order"), objectName="quiet"), self.order)
        form.addRow(QLabel(self.tr("Seed"), objectName="quiet"), self.seed)
        form.addRow(self.blinded)
        form.addRow(QLabel(self.tr("Come back"), objectName="quiet"), self.share)
        form.addRow(QLabel("", objectName="quiet"), self.gap)
        for name, field in (
            (self.tr("Order"), self.order),
            (self.tr("Seed"), self.seed),
            (self.tr("Share of cases that come back"), self.share),
            (self.tr("Cases before one comes back"), self.gap),
        ):
            field.setAccessibleName(name)
        for box in (self.seed, self.share, self.gap):
            line = box.findChild(QLineEdit)
            assert line is not None
            line.setTextMargins(6, 0, 6, 0)  # as far from the frame as the other fields' text
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.make, 1)
        buttons.addWidget(choose)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(QLabel(self.tr("NEW QUEUE"), objectName="heading"))
        layout.addWidget(self._scans)
        layout.addLayout(form)
        layout.addLayout(buttons)
        self.blinded.toggled.connect(self._show_repeats)
        table.counted.connect(self.refresh)
        queue.changed.connect(self.refresh)
        workbench.changed.connect(self._changed)
        self.refresh()

    def refresh(self) -> None:
        library, scans = self._workbench.library, len(self._table.ids)
        if library is None:
            words = self.tr("Open a library first ({0}).").format(actions.key("page.open_library"))
        elif not self._workbench.writable:
            words = self.tr("This library is open read-only here: no queue can be made.")
        elif not scans:
            words = self.tr("The library's list is empty: import scans, or clear its search and filters.")
        elif self._table.narrowed:
            words = self.tr("You have no queue. Make one of the {0:,} scans that the library's filters leave.")
        else:
            words = self.tr(
                "You have no queue. Make one of all {0:,} scans, or search and filter the library's list first."
            )
        self._scans.setText(words.format(scans))
        self.make.setEnabled(bool(scans) and self._workbench.writable)

    def _show_repeats(self, blinded: bool) -> None:
        self.share.setEnabled(blinded)
        self.gap.setEnabled(blinded)

    def _changed(self, changes: Changes) -> None:
        if changes & Changes.LIBRARY:
            role = self._workbench.role
            self.blinded.setChecked(role is None or role.reads_blinded)
            self.refresh()

    def _make(self) -> None:
        plan = Plan(
            self.order.currentData(), self.blinded.isChecked(), self.share.value() / 100, self.gap.value(),
            self.seed.value(),
        )  # fmt: skip
        self._queue.make(self._table.ids, plan)
