"""What the selected lesion's criterion rests on: the examination and its day, in a row that shows when asked for."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

import resources
from workstation.app import clinical
from workstation.app.editor import Editor
from workstation.app.workbench import Workbench
from workstation.core import criteria
from workstation.core.changes import Changes
from workstation.core.criteria import CriteriaFacts
from workstation.core.lesion import Lesion
from workstation.ui.choice import Choice
from workstation.ui.text_field import TextField


class EvidenceRow(QWidget):
    """Shows what `show_lesion` was given last. What is missing stands below, quietly: nothing is held up for it."""

    finished = Signal()  # Enter in the day: give the keys back to the pictures

    def __init__(self, editor: Editor, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editor, self._workbench = editor, workbench
        self._lesion: Lesion | None = None
        self._scan: str | None = None
        self._facts = CriteriaFacts()
        self.examination = Choice()
        self.examination.setAccessibleName(self.tr("Examination"))
        self.examination.addItem(self.tr("exam"), None)  # short: it shares its line with the day
        for key, words in resources.table("vocab/examinations").items():
            self.examination.addItem(words["name"], key)
        self.examination.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.examination.setMinimumContentsLength(4)
        self.examination.activated.connect(self._examined)
        self.day = TextField()
        self.day.setMaxLength(20)
        self.day.editingFinished.connect(self._day_written)
        self.day.returnPressed.connect(self.finished)
        self.mark = QLabel(objectName="quiet")
        self.mark.setTextFormat(Qt.TextFormat.PlainText)
        self.mark.setWordWrap(True)
        line = QHBoxLayout()  # alone in it, the day has all of the room
        line.addWidget(self.examination, 1)
        line.addWidget(self.day, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(line)
        column.addWidget(self.mark)
        editor.leaving.connect(self._day_written)
        workbench.changed.connect(self._changed)
        self.show_lesion(None)

    def show_lesion(self, lesion: Lesion | None) -> None:
        if self._lesion is not None and (lesion is None or lesion.id != self._lesion.id):
            self._day_written()  # typed, and then another lesion clicked
        self._lesion = lesion
        reading = self._editor.reading
        scan = None if reading is None else reading.key.scan
        if scan != self._scan:
            self._scan = scan
            self._look_up()
        asked = None if lesion is None else criteria.asks(lesion.criterion)
        self.setVisible(asked is not None)
        if lesion is None or asked is None:
            return
        hints = {
            "examination": self.tr("its day"),
            "prior": self.tr("day of the earlier scan"),
            "treatment": self.tr("day treatment began"),
        }
        self.examination.setVisible(asked == "examination")
        self.examination.setCurrentIndex(max(self.examination.findData(lesion.evidence), 0))
        self.day.setPlaceholderText(hints[asked])
        self.day.setAccessibleName(hints[asked])
        self.day.setToolTip(self.tr("{0}, in the form 2024-03-05").format(hints[asked].capitalize()))
        if not (self.day.hasFocus() and self.day.isModified()):
            with QSignalBlocker(self.day):
                self.day.setText(lesion.evidence_date or "")
        missing = criteria.missing(lesion, self._facts)
        self.mark.setText("; ".join(self.tr(words) for words in missing))
        self.mark.setVisible(bool(missing))

    def _look_up(self) -> None:
        found = clinical.look_up(self._workbench, self._scan)
        self._facts = CriteriaFacts() if found is None else found.criteria

    def _changed(self, changes: Changes) -> None:
        if changes & (Changes.SCANS | Changes.LIBRARY):
            self._look_up()
            self.show_lesion(self._lesion)

    def _examined(self) -> None:
        if self._lesion is not None:
            self._editor.describe(self._lesion.id, self.tr("Examination"), evidence=self.examination.currentData())

    def _day_written(self) -> None:
        lesion = self._lesion
        if lesion is None or not self.day.isModified():
            return
        self.day.setModified(False)
        try:
            day = clinical.read_day(self.day.text())
        except ValueError as trouble:
            self._workbench.note(self.tr("Not taken: {0}.").format(trouble))
            self.day.setText(lesion.evidence_date or "")
            return
        if lesion.id in self._editor.lesions:
            self._editor.describe(lesion.id, self.tr("Day of the evidence"), evidence_date=day)
