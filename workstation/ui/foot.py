"""The line under the pictures: counts under the cursor at the left, the tool and its mode at the right.

While one hand reads, the right says what is proposed and which keys answer.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

import resources
from workstation.app.one_hand import Draft, OneHand
from workstation.app.viewer import Viewer
from workstation.ui.elided_label import ElidedLabel
from workstation.ui.tools import Tools


class Foot(QFrame):
    def __init__(self, viewer: Viewer, tools: Tools, one_hand: OneHand, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("foot")
        self._viewer, self._tools, self._one_hand = viewer, tools, one_hand
        self._cursor, self._tool = QLabel(), ElidedLabel()
        for label in (self._cursor, self._tool):
            label.setObjectName("quiet")
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._tool.setAlignment(Qt.AlignmentFlag.AlignRight)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 5, 12, 5)
        layout.addWidget(self._cursor, 2)
        layout.addWidget(self._tool, 3)
        viewer.hovered.connect(self._show_cursor)
        tools.changed.connect(self._show_tool)
        one_hand.changed.connect(self._show_tool)
        viewer.case_changed.connect(self._show_tool)
        viewer.case_changed.connect(self._show_cursor)  # the last scan's counts are not this one's
        self._show_tool()

    def _show_cursor(self) -> None:
        case, view, at = self._viewer.case, self._viewer.hover_view, self._viewer.hover_at
        self._cursor.setText("" if case is None or view is None or at is None else case.cursor_words(view, *at))

    def _show_tool(self) -> None:
        draft = self._one_hand.draft
        self._cursor.setVisible(draft is None)  # the room is for what to press
        if self._one_hand.waiting:
            self._tool.setText(self.tr("Looking for places that stand out"))
        elif draft is not None:
            keys = self.tr("1 2 3 4 keep   Space pass over   Esc leave")
            self._tool.setText(f"{self._proposed(draft)}   {keys}")
        else:
            self._tool.setText(self._tools.words())

    def _proposed(self, draft: Draft) -> str:
        region = resources.table("vocab/regions").get(draft.region or "", {}).get("name")
        sure = {1: self.tr("confidence low"), 2: self.tr("confidence middle"), 3: self.tr("confidence high")}
        parts = (region or self.tr("no region"), draft.side, sure.get(draft.confidence or 0))
        return self.tr("Proposed: {0}").format(", ".join(part for part in parts if part))
