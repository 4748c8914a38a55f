"""Who reads: a name and a role."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from workstation.app.queue import Role, WorkQueue
from workstation.app.workbench import Workbench
from workstation.core.changes import Changes
from workstation.core.people import LONGEST


class PersonPanel(QFrame):
    """Signing in by name; a name is no password, it says whose a reading is."""

    def __init__(self, workbench: Workbench, queue: WorkQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workbench, self._queue = workbench, queue
        self.name = QComboBox()
        self.name.setEditable(True)
        self.name.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.name.setAccessibleName(self.tr("Your name"))
        self.name.setToolTip(self.tr("Whose readings these are. Choose yourself, or type a new name."))
        line = self.name.lineEdit()
        assert line is not None
        line.setMaxLength(LONGEST)
        self.role = QComboBox()
        self.role.setAccessibleName(self.tr("Your role"))
        for role in Role:
            self.role.addItem(self.tr(str(role).capitalize()), role)
        self.go = QPushButton(self.tr("Sign in"))
        self.go.clicked.connect(self._sign_in)
        self._signed_in = QLabel()
        self._signed_in.setTextFormat(Qt.TextFormat.PlainText)
        self._signed_in.setWordWrap(True)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.name, 3)
        row.addWidget(self.role, 2)
        row.addWidget(self.go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(QLabel(self.tr("READER"), objectName="heading"))
        layout.addWidget(self._signed_in)
        layout.addLayout(row)
        self.name.activated.connect(self._chosen)
        line.textChanged.connect(self._chosen)
        line.returnPressed.connect(self._sign_in)
        queue.changed.connect(self.refresh)
        workbench.changed.connect(self._changed)
        self.refresh()

    def refresh(self) -> None:
        reader, role = self._workbench.reader, self._workbench.role
        people = self._queue.people()
        line = self.name.lineEdit()
        if line is None or not (self.name.hasFocus() or line.isModified()):
            with QSignalBlocker(self.name):
                self.name.clear()
                self.name.addItems([person.name for person in people])
                self.name.setEditText(reader)
            self._show_role(role)
        words = self.tr("{0}, no role given yet").format(reader) if role is None else f"{reader}, {role}"
        self._signed_in.setText(words)
        self.setEnabled(self._workbench.library is not None)
        self.role.setEnabled(self._workbench.writable)

    def _chosen(self) -> None:
        """A name that is known here brings its role."""
        known = {person.name: person.role for person in self._queue.people()}
        role = known.get(self.name.currentText())
        if role is not None:
            self._show_role(role)

    def _show_role(self, role: Role | None) -> None:
        self.role.setCurrentIndex(0 if role is None else list(Role).index(role))

    def _sign_in(self) -> None:
        line = self.name.lineEdit()
        assert line is not None
        line.setModified(False)
        role = Role(self.role.currentData()) if self._workbench.writable else None
        if self._queue.sign_in(self.name.currentText(), role):
            self.name.clearFocus()
            self.refresh()

    def _changed(self, changes: Changes) -> None:
        if changes & Changes.LIBRARY:
            self.refresh()
