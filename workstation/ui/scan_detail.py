"""The selected scan at the right of the library: a large picture, its facts, how its views were recognised, priors."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from workstation.app import corrections, scan_facts
from workstation.app.scan_facts import ScanFacts, ScanRow
from workstation.app.workbench import Workbench
from workstation.core.clinical import standing
from workstation.core.scan import VIEWS, How, View
from workstation.ui import theme
from workstation.ui.icons import icon
from workstation.ui.thumbnails import Thumbnails

WIDTH = 320
PRIORS_SHOWN = 4

Correction = Callable[[Workbench, str, tuple[View, ...]], bool]


class ScanDetail(QFrame):
    """Shows what `show_row` was given last."""

    open_scan = Signal(str)

    def __init__(
        self, workbench: Workbench, previews: Thumbnails, thumbnails: Thumbnails, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self._workbench = workbench
        self._row: ScanRow | None = None
        self.picture = _Picture(previews, thumbnails)
        self._patient = _plain("title")
        self._badge = QLabel(self.tr("SIMULATED"), objectName="badge")
        self._person = _plain("quiet")
        self._facts = QFormLayout()
        self._facts.setHorizontalSpacing(14)
        self._facts.setVerticalSpacing(4)
        self._facts.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._priors = QVBoxLayout()
        self._priors.setSpacing(2)
        self._priors_heading = QLabel(self.tr("EARLIER SCANS"), objectName="heading")
        self.open = QPushButton(self.tr("Read this scan"), objectName="primary")
        self.open.setToolTip(self.tr("Enter, or a double click on the list"))
        self.open.clicked.connect(self._open)
        self.setMinimumWidth(260)
        self.question = self._make_question()
        self._lay_out()
        self.show_row(None)

    def _make_question(self) -> QWidget:
        """What to do about an assumed view."""
        words = QLabel(
            self.tr("No header field tells the view: it is assumed. Compare the picture."), objectName="warning"
        )
        words.setWordWrap(True)
        self.confirm = QPushButton()
        self.confirm.clicked.connect(lambda: self.correct(corrections.confirm_views))
        self.swap = QPushButton()
        self.swap.setIcon(icon("swap"))
        self.swap.clicked.connect(lambda: self.correct(corrections.swap_views))
        box = QWidget()
        grid = QGridLayout(box)
        grid.setContentsMargins(0, 0, 0, 4)
        grid.setSpacing(8)
        grid.addWidget(words, 0, 0, 1, 2)
        grid.addWidget(self.confirm, 1, 0)
        grid.addWidget(self.swap, 1, 1)
        return box

    def _lay_out(self) -> None:
        self._inside = QWidget(objectName="panel")
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self._patient, 1)
        head.addWidget(self._badge)
        column = QVBoxLayout(self._inside)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addWidget(self.picture, 1)
        column.addLayout(head)
        column.addWidget(self._person)
        column.addWidget(self.question)
        column.addLayout(self._facts)
        column.addSpacing(4)
        column.addWidget(self._priors_heading)
        column.addLayout(self._priors)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self._inside)
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 8, 16, 12)
        foot.addWidget(self.open)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(area, 1)
        layout.addLayout(foot)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(WIDTH, 600)

    # What is shown

    def show_row(self, row: ScanRow | None) -> None:
        """Show a scan's facts; None empties the panel."""
        self._row = row
        self.picture.show_row(row)
        self.open.setEnabled(row is not None)
        self._inside.setVisible(row is not None)
        while self._facts.rowCount():
            self._facts.removeRow(0)
        while (item := self._priors.takeAt(0)) is not None:
            if (button := item.widget()) is not None:
                button.deleteLater()
        if row is None:
            return
        facts = scan_facts.look_up(self._workbench, row.scan)
        self._patient.setText(row.patient)
        self._badge.setVisible(facts.simulated)
        self._person.setText(self._person_words(row))
        self.question.setVisible(How.ASSUMED in row.how)
        both = len(row.views) == len(VIEWS)
        self.confirm.setText(self.tr("They are right") if both else self.tr("It is {0}").format(row.views[0]))
        self.swap.setText(self.tr("Swap them") if both else self.tr("It is {0}").format(row.views[0].other))
        for button in (self.swap, self.confirm):
            button.setEnabled(self._workbench.writable)
        for name, value in (*self._lines(row), *facts.acquisition, (self.tr("Scan"), row.scan)):
            label = _plain("")
            label.setText(value)
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._facts.addRow(QLabel(name, objectName="quiet"), label)
        self._show_priors(facts)

    def _person_words(self, row: ScanRow) -> str:
        sex = {"M": self.tr("man"), "F": self.tr("woman")}.get(row.sex or "", self.tr("sex unknown"))
        age = self.tr("age unknown") if row.age is None else self.tr("{0:.0f} years").format(row.age)
        tumour = self.tr("tumour unknown") if row.tumour is None else self.tr("{0} cancer").format(row.tumour)
        return ", ".join((sex, age, tumour))

    def _lines(self, row: ScanRow) -> list[tuple[str, str]]:
        lines = [(self.tr("Day"), row.day or self.tr("unknown"))]
        how = dict(zip(row.views, row.how, strict=True))
        for view in VIEWS:
            rule = how.get(view)
            if view not in how:
                words = self.tr("missing")
            elif rule is How.ASSUMED:
                words = self.tr("assumed")
            elif rule is How.USER:
                words = self.tr("said by a person")
            else:
                words = self.tr("by {0}").format(rule) if rule is not None else self.tr("unknown")
            lines.append((str(view).capitalize(), words))
        counts = (
            (row.malignant, self.tr("malignant")),
            (row.benign, self.tr("benign")),
            (row.uncertain, self.tr("uncertain")),
            (row.lesions - row.malignant - row.benign - row.uncertain, self.tr("unlabelled")),
        )
        if row.lesions:
            lines.append((self.tr("Lesions"), ", ".join(f"{count} {name}" for count, name in counts if count)))
        if row.grade is not None:
            lines.append((self.tr("Grade"), str(row.grade)))
        if row.reference is not None:
            words = self.tr("metastasis") if row.reference else self.tr("no metastasis")
            conflict = standing(row.reference, row.grade).conflict
            lines.append((self.tr("Reference"), self.tr("{0}, against the grade").format(words) if conflict else words))
        status = str(row.status) if not row.reason else f"{row.status}: {row.reason}"
        if row.reader:
            status = self.tr("{0}, read by {1}").format(status, row.reader)
        return [*lines, (self.tr("Status"), status)]

    def _show_priors(self, facts: ScanFacts) -> None:
        self._priors_heading.setVisible(bool(facts.priors))
        for prior in facts.priors[:PRIORS_SHOWN]:
            button = QToolButton(objectName="tool")
            marks = [f"{count} {letter}" for letter, count in (("M", prior.malignant), ("B", prior.benign)) if count]
            words = (prior.day or self.tr("day unknown"), str(prior.status), "  ".join(marks))
            button.setText("   ".join(word for word in words if word))
            button.setIcon(icon("prior"))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setToolTip(self.tr("Read this earlier scan"))
            button.clicked.connect(lambda _=False, scan=prior.scan: self.open_scan.emit(scan))
            self._priors.addWidget(button)

    # What it does

    def _open(self) -> None:
        if self._row is not None:
            self.open_scan.emit(self._row.scan)

    def correct(self, correction: Correction) -> None:
        """Apply a correction to the scan shown."""
        if self._row is not None:
            correction(self._workbench, self._row.scan, self._row.views)


class _Picture(QWidget):
    """Both views as large as there is room; the small picture stands in while the large one is read."""

    def __init__(self, previews: Thumbnails, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sources = (previews, thumbnails)
        self._row: ScanRow | None = None
        self.setMinimumHeight(220)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        for source in self._sources:
            source.source.arrived.connect(self._arrived)

    def show_row(self, row: ScanRow | None) -> None:
        self._row = row
        self.update()

    def _arrived(self, scan: str) -> None:
        if self._row is not None and scan == self._row.scan:
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        if self._row is None:
            return
        scale = self.devicePixelRatioF()
        for source in self._sources:
            pixmap = source.pixmap(self._row.scan, QRectF(self.rect()).size(), scale)
            if pixmap is not None:
                size = pixmap.deviceIndependentSize()
                left = round((self.width() - size.width()) / 2 * scale) / scale
                painter = QPainter(self)
                painter.drawPixmap(QPointF(left, 0), pixmap)
                self._sides(painter, QRectF(QPointF(left, 0), size), self._row.views, source.inverted)
                return
        if all(source.is_empty(self._row.scan) for source in self._sources):
            painter = QPainter(self)
            painter.setPen(theme.current()["text_disabled"])
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.tr("no picture kept"))

    def _sides(self, painter: QPainter, box: QRectF, views: tuple[View, ...], inverted: bool) -> None:
        """The patient's sides: R at the left of an anterior view, L at the left of a posterior one."""
        ground = QColor(Qt.GlobalColor.white if inverted else Qt.GlobalColor.black)
        painter.setPen(theme.over(ground)["text_quiet"])
        font = painter.font()
        font.setPixelSize(11)
        painter.setFont(font)
        width = box.width() / len(views)
        for number, view in enumerate(views):
            part = QRectF(box.left() + number * width, box.top(), width, box.height()).adjusted(5, 4, -5, -4)
            letters = "RL" if view is View.ANTERIOR else "LR"
            painter.drawText(part, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, letters[0])
            painter.drawText(part, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop, letters[1])


def _plain(name: str) -> QLabel:
    label = QLabel(objectName=name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
