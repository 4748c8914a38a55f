"""The line under the pictures: counts under the cursor at the left, the tool and its mode at the right."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from workstation.app.viewer import Viewer
from workstation.ui.tools import Tools


class Foot(QFrame):
    def __init__(self, viewer: Viewer, tools: Tools, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("foot")
        self._viewer, self._tools = viewer, tools
        self._cursor = QLabel(objectName="quiet")
        self._tool = QLabel(objectName="quiet")
        for label in (self._cursor, self._tool):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._tool.setAlignment(Qt.AlignmentFlag.AlignRight)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 5, 12, 5)
        layout.addWidget(self._cursor, 2)
        layout.addWidget(self._tool, 3)
        viewer.hovered.connect(self._show_cursor)
        tools.changed.connect(self._show_tool)
        viewer.case_changed.connect(self._show_tool)
        self._show_tool()

    def _show_cursor(self) -> None:
        case, view, at = self._viewer.case, self._viewer.hover_view, self._viewer.hover_at
        self._cursor.setText("" if case is None or view is None or at is None else case.cursor_words(view, *at))

    def _show_tool(self) -> None:
        self._tool.setText(self._tools.hand.words())
