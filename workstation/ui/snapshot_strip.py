"""The strip in which a library is frozen into a data set: what is wanted, and afterwards who is in it and why."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from workstation.app.freezing import Choices, Wanted
from workstation.ui.text_field import TextField

MOST_FOLDS = 50
MOST_SEED = 2**31 - 1


class SnapshotStrip(QFrame):
    """Hidden until it is asked for; nothing waits for it."""

    wanted = Signal(object)  # Wanted
    train_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self.reader = QComboBox()
        self.reader.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.reader.setMinimumContentsLength(16)
        self.reader.setMaximumWidth(260)
        self.reader.setToolTip(self.tr("Whose labels are taken; only readings that are done count"))
        self.folds = _number(2, MOST_FOLDS, 5)
        self.folds.setToolTip(self.tr("Patients are dealt into so many parts, alike in tumour and status"))
        self.seed = _number(0, MOST_SEED, 0)
        self.seed.setMaximumWidth(90)
        self.seed.setToolTip(self.tr("The same seed deals the same patients alike"))
        self.sealed = TextField()
        self.sealed.setMaxLength(12)
        self.sealed.setPlaceholderText(self.tr("nobody"))
        self.sealed.setMaximumWidth(90)
        self.sealed.setToolTip(
            self.tr(
                "How many patients are kept for one final evaluation, such as 40 or 10%. They are sealed in this "
                "library for ever, and each look at them is counted."
            )
        )
        self._of_sealed = QLabel()
        self.is_sealed = QLabel(objectName="quiet")
        self.ai = QCheckBox(self.tr("Test on labels of an AI"))
        self.ai.setToolTip(self.tr("Else patients in whose labels an AI had a part are only learnt from"))
        self.freeze = QPushButton(objectName="primary")
        self.freeze.clicked.connect(self._ask)
        self.close_button = QPushButton(self.tr("Close"))
        self.close_button.clicked.connect(self.hide)
        self.train = QPushButton(self.tr("Train with it"))
        self.train.setToolTip(self.tr("The Train page, with this data set chosen"))
        self.train.clicked.connect(self.train_wanted)
        self.result = QLabel()
        self.result.setTextFormat(Qt.TextFormat.PlainText)
        self.result.setWordWrap(True)
        self.result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.sealed.textChanged.connect(self._name_button)
        self._lay_out()
        self._name_button()
        self.hide()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        for words, field in (
            (self.tr("Readings"), self.reader),
            (self.tr("Folds"), self.folds),
            (self.tr("Seed"), self.seed),
            (self.tr("Seal"), self.sealed),
        ):
            label = self._of_sealed if field is self.sealed else QLabel()
            label.setText(words)
            label.setBuddy(field)
            field.setAccessibleName(words)
            row.addWidget(label)
            row.addWidget(field)
        row.addWidget(self.is_sealed)
        row.addWidget(self.ai)
        row.addStretch(1)
        row.addWidget(self.freeze)
        row.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(8)
        layout.addLayout(row)
        below = QHBoxLayout()
        below.setSpacing(8)
        below.addWidget(self.result, 1)
        below.addWidget(self.train, 0, Qt.AlignmentFlag.AlignBottom)
        layout.addLayout(below)

    def ask(self, choices: Choices) -> None:
        """Show what can be chosen; what was chosen before stays where it still can be."""
        before = self.reader.currentData()
        self.reader.clear()
        for name, words in choices.readers:
            self.reader.addItem(words, name)
        self.reader.setCurrentIndex(max(self.reader.findData(before), 0))
        self.sealed.setVisible(choices.may_seal)
        self.sealed.setText("" if not choices.may_seal else self.sealed.text())
        self.is_sealed.setText(self.tr("{0:,} patients, for ever").format(choices.sealed) if choices.sealed else "")
        self.is_sealed.setVisible(bool(choices.sealed))
        self._of_sealed.setText(self.tr("Sealed") if choices.sealed else self.tr("Seal"))
        self._of_sealed.setVisible(choices.may_seal or bool(choices.sealed))
        self.show_result("")
        self.show()
        self.reader.setFocus()

    def show_result(self, words: str, made: bool = False) -> None:
        """What came of it, a line for each thing; nothing hides it. made: there is a data set now."""
        self.result.setText(words)
        self.result.setVisible(bool(words))
        self.train.setVisible(made)
        self.setVisible(self.isVisible() or bool(words))

    def _name_button(self) -> None:
        words = self.tr("Seal and freeze into…") if self.sealed.text().strip() else self.tr("Freeze into…")
        self.freeze.setText(words)

    def _ask(self) -> None:
        sealed = self.sealed.text().strip() or None
        self.wanted.emit(
            Wanted(self.folds.value(), self.seed.value(), self.reader.currentData(), sealed, self.ai.isChecked())
        )


def _number(least: int, most: int, value: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(least, most)
    box.setValue(value)
    return box
