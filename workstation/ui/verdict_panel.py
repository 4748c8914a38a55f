"""What the reader says of the scan as a whole."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from workstation.app.editor import Editor
from workstation.app.viewer import Viewer
from workstation.ui.text_field import TextField


class VerdictPanel(QFrame):
    """The grade of the scan, diffuse disease and a comment on the whole."""

    finished = Signal()  # typing ended by Enter: give the keys back to the pictures

    def __init__(self, viewer: Viewer, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self._editor = editor
        self.comment = TextField()
        self.comment.setPlaceholderText(self.tr("Comment on the scan"))
        self.comment.setAccessibleName(self.tr("Comment on the scan"))
        self.comment.setMaxLength(2000)
        self.comment.editingFinished.connect(self._comment_written)
        self.comment.returnPressed.connect(self.finished)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 4, 12, 12)
        layout.setSpacing(8)
        layout.addWidget(QLabel(self.tr("GRADE OF THE SCAN"), objectName="heading"))
        row = QHBoxLayout()
        row.setSpacing(6)
        meanings = (
            self.tr("0: no sign of metastasis"),
            self.tr("1: probably no metastasis"),
            self.tr("2: probably metastasis"),
            self.tr("3: typical metastasis"),
        )
        self._grades: list[QToolButton] = []
        for grade, meaning in enumerate(meanings):
            button = QToolButton(objectName="label")
            button.setText(str(grade))
            button.setCheckable(True)
            button.setToolTip(self.tr("{0} (Alt+{1})").format(meaning, grade))
            button.setAccessibleName(meaning)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _=False, chosen=grade: self.grade(chosen))
            row.addWidget(button)
            self._grades.append(button)
        layout.addLayout(row)
        self._meaning = QLabel(objectName="quiet")
        self._meanings = meanings
        layout.addWidget(self._meaning)
        self.diffuse = QCheckBox(self.tr("Diffuse disease (superscan)"))
        self.diffuse.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.diffuse.clicked.connect(lambda checked: self._editor.diffuse(checked))
        layout.addWidget(self.diffuse)
        layout.addWidget(self.comment)
        editor.edited.connect(self.refresh)
        editor.leaving.connect(self._comment_written)
        self.refresh()

    def grade(self, grade: int) -> None:
        """Give the grade; the one that stands is taken back."""
        reading = self._editor.reading
        if reading is not None:
            self._editor.grade(None if reading.verdict.grade == grade else grade)
        self.refresh()

    def refresh(self) -> None:
        reading = self._editor.reading
        self.setEnabled(reading is not None)
        grade = None if reading is None else reading.verdict.grade
        for number, button in enumerate(self._grades):
            button.setChecked(number == grade)
        self._meaning.setText(self.tr("not graded yet") if grade is None else self._meanings[grade])
        self.diffuse.setChecked(reading is not None and reading.verdict.diffuse)
        if not (self.comment.hasFocus() and self.comment.isModified()):
            with QSignalBlocker(self.comment):
                self.comment.setText("" if reading is None else reading.verdict.comment)

    def write_comment(self) -> None:
        self.comment.setFocus()

    def _comment_written(self) -> None:
        if self.comment.isModified():
            self.comment.setModified(False)
            self._editor.comment(self.comment.text())
