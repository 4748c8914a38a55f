"""The selected scan at the right of the library: a larger picture, its facts, how its views were recognised."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from workstation.app import corrections
from workstation.app.scan_table import ScanRow, ScanTable
from workstation.app.workbench import Workbench
from workstation.core.scan import How

PICTURE_HEIGHT = 320


class ScanDetail(QFrame):
    open_scan = Signal(str)

    def __init__(self, workbench: Workbench, table: ScanTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self._workbench, self._table = workbench, table
        self._row: ScanRow | None = None
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._picture.setFixedHeight(PICTURE_HEIGHT)
        self._patient = QLabel(objectName="title")
        self._patient.setTextFormat(Qt.TextFormat.PlainText)
        self._badge = QLabel(self.tr("SIMULATED"), objectName="badge")
        head = QHBoxLayout()
        head.addWidget(self._patient)
        head.addWidget(self._badge)
        head.addStretch(1)
        self._facts = QFormLayout()
        self._facts.setHorizontalSpacing(12)
        self._facts.setVerticalSpacing(5)
        self.open = QPushButton(self.tr("Open"), objectName="primary")
        self.open.clicked.connect(self._open)
        self.swap = QPushButton(self.tr("Swap anterior and posterior"))
        self.swap.clicked.connect(lambda: self._correct(corrections.swap_views))
        self.confirm = QPushButton(self.tr("The views are right"))
        self.confirm.clicked.connect(lambda: self._correct(corrections.confirm_views))
        self._assumed = QLabel(objectName="warning")
        self._assumed.setText(self.tr("A view of this scan was assumed: no header field tells it. Check it, say so."))
        self._assumed.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(self._picture)
        layout.addLayout(head)
        layout.addLayout(self._facts)
        layout.addWidget(self._assumed)
        layout.addWidget(self.confirm)
        layout.addWidget(self.swap)
        layout.addStretch(1)
        layout.addWidget(self.open)
        self.setFixedWidth(300)
        self.show_row(None)

    def show_row(self, row: ScanRow | None) -> None:
        """Show a scan's facts; None empties the panel."""
        self._row = row
        while self._facts.rowCount():
            self._facts.removeRow(0)
        self.open.setEnabled(row is not None)
        assumed = row is not None and How.ASSUMED in row.how
        for part in (self._assumed, self.swap, self.confirm):
            part.setVisible(assumed)
        for button in (self.swap, self.confirm):
            button.setEnabled(self._workbench.writable)
        self._badge.hide()
        self._picture.clear()
        self._patient.setText("" if row is None else row.patient)
        if row is None:
            return
        pixmap = self._table.picture(row.scan)
        if not pixmap.isNull():
            self._picture.setPixmap(
                pixmap.scaled(
                    self.width() - 32,
                    PICTURE_HEIGHT,
                    Qt.AspectRatioMode.KeepAspectRatio,
                    Qt.TransformationMode.SmoothTransformation,
                )
            )
        library = self._workbench.library
        self._badge.setVisible(library is not None and bool(library.facts(row.scan).get("simulated")))
        for name, value in self._lines(row):
            label = QLabel(value)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._facts.addRow(QLabel(name, objectName="quiet"), label)

    def _lines(self, row: ScanRow) -> list[tuple[str, str]]:
        lines = [(self.tr("Day"), row.day or self.tr("unknown"))]
        person = [{"M": self.tr("man"), "F": self.tr("woman")}.get(row.sex or "", "")]
        person.append("" if row.age is None else self.tr("{0:.0f} years").format(row.age))
        lines.append((self.tr("Person"), ", ".join(part for part in person if part) or self.tr("unknown")))
        lines.append((self.tr("Tumour"), row.tumour or self.tr("unknown")))
        for view, how in zip(row.views, row.how, strict=True):
            lines.append((str(view).capitalize(), self.tr("by {0}").format(how) if how else ""))
        if len(row.views) == 1:
            lines.append((str(row.views[0].other).capitalize(), self.tr("missing")))
        if row.lesions:
            words = [
                f"{count} {name}"
                for count, name in (
                    (row.malignant, self.tr("malignant")),
                    (row.benign, self.tr("benign")),
                    (row.uncertain, self.tr("uncertain")),
                )
                if count
            ]
            lines.append((self.tr("Lesions"), ", ".join(words) or str(row.lesions)))
        if row.grade is not None:
            lines.append((self.tr("Grade"), str(row.grade)))
        lines.append((self.tr("Status"), str(row.status)))
        if row.reader:
            lines.append((self.tr("Reader"), row.reader))
        if row.reason:
            lines.append((self.tr("Reason"), row.reason))
        library = self._workbench.library
        priors = [] if library is None else library.priors(row.scan)
        if priors:
            lines.append((self.tr("Priors"), ", ".join(prior.day or prior.scan for prior in priors[:5])))
        lines.append((self.tr("Scan"), row.scan))
        return lines

    def _open(self) -> None:
        if self._row is not None:
            self.open_scan.emit(self._row.scan)

    def _correct(self, correction) -> None:  # type: ignore[no-untyped-def]
        if self._row is not None:
            correction(self._workbench, self._row.scan, self._row.views)
