"""What the clinic knows of the patient, beside the pictures: folded to one line, opened by a key, edited in place."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

import resources
from workstation.app import clinical
from workstation.app.clinical import PatientFacts
from workstation.app.editor import Editor
from workstation.app.workbench import Workbench
from workstation.core.changes import Changes
from workstation.core.exclusion import REASONS
from workstation.core.lesion import Progress
from workstation.ui.choice import Choice
from workstation.ui.text_field import TextField

_DAYS_SHOWN = 3


class ClinicalPanel(QFrame):
    """Every field is one step that can be taken back; what cannot be read is told at the foot and put back."""

    finished = Signal()  # Enter in a field: give the keys back to the pictures
    unfolded = Signal()

    def __init__(self, editor: Editor, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self._editor, self._workbench = editor, workbench
        self._found: PatientFacts | None = None
        self.head = QToolButton(objectName="fold")
        self.head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.head.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.head.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.head.setToolTip(self.tr("Clinical facts of the patient (Alt+C)"))
        self.head.clicked.connect(self.toggle)
        self.summary = _quiet()
        self._fields: dict[str, TextField] = {}
        self._before: dict[str, str] = {}  # the text each field was given
        self._make()
        self._lay_out()
        editor.edited.connect(self._edited)
        editor.leaving.connect(self._keep_typed)
        workbench.changed.connect(self._changed)
        self._fold(False)
        self.refresh()

    def toggle(self) -> None:
        """Open or fold it."""
        self._fold(not self.opened)

    def undo(self) -> None:
        clinical.undo(self._workbench, self._scan)

    @property
    def _scan(self) -> str | None:
        return None if self._editor.reading is None else self._editor.reading.key.scan

    # Making

    def _make(self) -> None:
        unknown = self.tr("not known")
        tumours = [(words["name"], key) for key, words in resources.table("vocab/tumours").items()]
        self.tumour = self._choice("tumour", self.tr("Tumour"), [(unknown, None), *tumours])
        sexes = [(self.tr("man"), "M"), (self.tr("woman"), "F"), (self.tr("other"), "O")]
        self.sex = self._choice("sex", self.tr("Sex"), [(unknown, None), *sexes])
        verdicts = [(self.tr("no metastasis"), 0), (self.tr("metastasis"), 1)]
        self.reference = self._choice("reference", self.tr("Reference"), [(unknown, None), *verdicts])
        self.excluded = Choice()
        self.excluded.setAccessibleName(self.tr("Excluded"))
        for words, value in ((self.tr("no"), None), *((self.tr(reason), reason) for reason in REASONS)):
            self.excluded.addItem(words, value)
        self.excluded.activated.connect(lambda: self._editor.exclude(self.excluded.currentData()))
        self.age, self.scans = _quiet(), _quiet()
        self.by = _quiet()
        for name, words, hint in (
            ("treatment_start", self.tr("Treatment began"), "2024-03-05"),
            ("reference_evidence", self.tr("Evidence"), self.tr("biopsy, CT, follow-up ...")),
            ("reference_date", self.tr("Date of the Reference"), "2024-03-05"),
            ("alp", self.tr("ALP"), clinical.UNITS["alp"]),
            ("alp_date", self.tr("Day of the ALP"), "2024-03-05"),
            ("psa", self.tr("PSA"), clinical.UNITS["psa"]),
            ("psa_date", self.tr("Day of the PSA"), "2024-03-05"),
        ):
            field = TextField()
            field.setAccessibleName(words)
            field.setToolTip(words)
            field.setPlaceholderText(hint)
            field.setMaxLength(200)
            field.editingFinished.connect(lambda name=name: self._written(name))
            field.returnPressed.connect(self.finished)
            self._fields[name] = field
        self.take_back = QToolButton(objectName="tool")
        self.take_back.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.take_back.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.take_back.clicked.connect(self.undo)

    def _choice(self, name: str, words: str, values: list[tuple[str, Any]]) -> Choice:
        box = Choice()
        box.setAccessibleName(words)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(8)
        for text, value in values:
            box.addItem(text, value)
        box.activated.connect(lambda: self._tell(words, **{name: box.currentData()}))
        return box

    def _lay_out(self) -> None:
        inside = self._inside = QWidget(objectName="panel")
        form = QFormLayout(inside)
        form.setContentsMargins(12, 0, 12, 8)
        form.setSpacing(6)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignRight)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._of_reference: list[QWidget] = []

        def row(words: str, *widgets: QWidget, reference: bool = False) -> None:
            line = QWidget()
            layout = QHBoxLayout(line)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(6)
            for widget in widgets:
                layout.addWidget(widget, 1)
            label = QLabel(words, objectName="quiet")
            form.addRow(label, line)
            if reference:
                self._of_reference += [label, line]

        fields = self._fields
        row(self.tr("Tumour"), self.tumour)
        row(self.tr("Sex, age"), self.sex, self.age)
        row(self.tr("Treatment"), fields["treatment_start"])
        row(self.tr("Scans"), self.scans)
        row(self.tr("Reference"), self.reference, reference=True)
        row(self.tr("Evidence"), fields["reference_evidence"], reference=True)
        row(self.tr("Its date"), fields["reference_date"], self.by, reference=True)
        row(self.tr("ALP"), fields["alp"], fields["alp_date"])
        row(self.tr("PSA"), fields["psa"], fields["psa_date"])
        row(self.tr("Excluded"), self.excluded)
        row("", self.take_back)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.setSpacing(2)
        layout.addWidget(self.head)
        top = QHBoxLayout()
        top.setContentsMargins(12, 0, 12, 2)
        top.addWidget(self.summary)
        layout.addLayout(top)
        layout.addWidget(inside)

    # Showing

    def _fold(self, opened: bool) -> None:
        self.opened = opened
        self.head.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        self.head.setText(self.tr("CLINICAL FACTS"))
        self._inside.setVisible(opened)
        self.summary.setVisible(not opened and bool(self.summary.text()))
        if opened:
            self.unfolded.emit()

    def refresh(self) -> None:
        """Show the patient of the scan that is open."""
        self._found = found = clinical.look_up(self._workbench, self._scan)
        self.setEnabled(found is not None)
        blinded = bool(getattr(self._workbench, "blinded", False))
        for widget in self._of_reference:
            widget.setVisible(not blinded)
        self._inside.setEnabled(self._workbench.writable)
        facts = None if found is None else found.facts
        for box, value in (
            (self.tumour, found and found.tumour),
            (self.sex, found and found.sex),
            (self.reference, None if facts is None or blinded else facts.reference),
        ):
            box.setCurrentIndex(max(box.findData(value), 0))
        for name in ("treatment_start", "reference_evidence", "reference_date"):
            self._put(name, "" if facts is None else getattr(facts, name) or "")
        for test in ("alp", "psa"):
            nearest = None if found is None else found.nearest(test)
            self._put(test, "" if nearest is None else f"{nearest[0].value:g}")
            self._put(f"{test}_date", "" if nearest is None else nearest[0].day)
            self._fields[test].setToolTip(self._near_words(test, nearest))
        age = None if found is None else found.age
        self.age.setText("" if age is None else self.tr("{0:.0f} years").format(age))
        self.scans.setText(self._scan_words())
        by = None if facts is None else facts.reference_by
        self.by.setText("" if not by else self.tr("from a table") if by == "table" else self.tr("by {0}").format(by))
        text = None if found is None else found.undo_text
        self.take_back.setEnabled(text is not None)
        self.take_back.setText(self.tr("Take back: {0}").format(text) if text else self.tr("Nothing to take back"))
        self.summary.setText(self._summary_words(blinded))
        self.summary.setVisible(not self.opened and bool(self.summary.text()))
        self._edited_verdict()

    def _edited(self) -> None:
        """Another reading, or another state of it: facts are looked up anew only for another scan."""
        if self._found is None or self._found.scan != self._scan:
            self.refresh()
        else:
            self._edited_verdict()

    def _edited_verdict(self) -> None:
        reading = self._editor.reading
        excluded = reading is not None and reading.verdict.progress is Progress.EXCLUDED
        reason = reading.verdict.reason if reading is not None and excluded else None
        at = self.excluded.findData(reason)
        self.excluded.setCurrentIndex(at if at >= 0 else self.excluded.count() - 1)

    def _changed(self, changes: Changes) -> None:
        if changes & (Changes.SCANS | Changes.LIBRARY):
            self.refresh()

    def _put(self, name: str, text: str) -> None:
        field = self._fields[name]
        if field.hasFocus() and field.isModified():
            return
        self._before[name] = text
        with QSignalBlocker(field):
            field.setText(text)

    def _near_words(self, test: str, nearest: tuple[Any, int | None] | None) -> str:
        if nearest is None or nearest[1] is None:
            return self.tr("{0} in {1}").format(test.upper(), clinical.UNITS[test])
        words = self.tr("{0} in {1}, {2} days after the scan") if nearest[1] >= 0 else self.tr(
            "{0} in {1}, {2} days before the scan"
        )  # fmt: skip
        return words.format(test.upper(), clinical.UNITS[test], abs(nearest[1]))

    def _scan_words(self) -> str:
        found = self._found
        if found is None or not (found.before or found.after):
            return self.tr("no other with a day")
        parts = []
        for gaps, words in ((found.before, self.tr("{0} days earlier")), (found.after, self.tr("{0} days later"))):
            if gaps:
                more = ", ..." if len(gaps) > _DAYS_SHOWN else ""
                parts.append(words.format(", ".join(str(gap) for gap in gaps[:_DAYS_SHOWN]) + more))
        which = self.tr("another {0}") if len(found.before) + len(found.after) == 1 else self.tr("others {0}")
        return which.format("; ".join(parts))

    def _summary_words(self, blinded: bool) -> str:
        found = self._found
        if found is None:
            return ""
        words = [self.tumour.currentText()] if found.tumour else []
        words += [self.sex.currentText()] if found.sex else []
        words += [self.age.text()] if found.age is not None else []
        if found.facts.reference is not None and not blinded:
            words.append(self.tr("Reference: {0}").format(self.reference.currentText()))
        return ", ".join(words)

    # Telling

    def _tell(self, what: str, **fields: Any) -> None:
        if self._found is not None:
            clinical.tell(self._workbench, self._found.patient, what, **fields)
        self.refresh()

    def _written(self, name: str) -> None:
        """One field was left: keep what was typed with the patient it was typed for."""
        field, found = self._fields[name], self._found
        if not field.isModified() or found is None:
            return
        field.setModified(False)
        text = field.text().strip()
        if text == self._before.get(name, ""):
            return
        test = name.removesuffix("_date")
        if test in clinical.UNITS:
            value, day = self._fields[test], self._fields[f"{test}_date"]
            value.setModified(False)
            day.setModified(False)
            before = self._before.get(f"{test}_date", "")
            clinical.measure(self._workbench, found.patient, test, value.text(), day.text(), before)
            self.refresh()
        elif name == "reference_evidence":
            self._tell(field.accessibleName(), reference_evidence=text or None)
        else:
            self._tell_day(name, field)

    def _tell_day(self, name: str, field: TextField) -> None:
        try:
            self._tell(field.accessibleName(), **{name: clinical.read_day(field.text())})
        except ValueError as trouble:
            self._workbench.note(self.tr("Not taken: {0}.").format(trouble))
            self.refresh()

    def _keep_typed(self) -> None:
        """Another scan opens: what is being typed belongs to this one."""
        for name, field in self._fields.items():
            if field.isModified():
                self._written(name)


def _quiet() -> QLabel:
    label = QLabel(objectName="quiet")
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label


