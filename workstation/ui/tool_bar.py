"""The tools and the ways of looking, as icons over the pictures; each tooltip names its key."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QWidget

from workstation.ui.tools import Tools

ROWS: tuple[tuple[str, ...], ...] = (
    (
        "tool.select", "tool.isocontour", "tool.flood", "tool.brush", "tool.eraser", "tool.polygon", "tool.freehand",
        "tool.ruler",
    ),
    ("lesion.undo", "lesion.redo", "lesion.delete"),
    ("look.fit", "look.four", "look.window_bone", "look.invert"),
    ("look.flip_horizontal", "look.rotate", "look.outlines"),
    ("case.prior", "page.header"),
    ("case.previous", "case.next", "case.done"),
)  # fmt: skip


class ToolBar(QFrame):
    def __init__(self, tools: Tools, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self._tools = tools
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(8, 3, 8, 3)
        self._layout.setSpacing(1)
        self._buttons: dict[str, QToolButton] = {}
        tools.changed.connect(self._show_tool)

    def fill(self, actions: Mapping[str, QAction]) -> None:
        """One button an action, groups set apart."""
        for number, row in enumerate(ROWS):
            if number:
                line = QFrame(objectName="separator")
                line.setFixedSize(1, 20)
                self._layout.addSpacing(4)
                self._layout.addWidget(line)
                self._layout.addSpacing(4)
            for action_id in row:
                button = QToolButton(objectName="tool")
                button.setDefaultAction(actions[action_id])
                button.setIconSize(QSize(20, 20))
                self._layout.addWidget(button)
                self._buttons[action_id] = button
        self._layout.addStretch(1)
        self._show_tool()

    def _show_tool(self) -> None:
        for name in self._tools.hands:
            button = self._buttons.get(f"tool.{name}")
            if button is not None:
                button.defaultAction().setCheckable(True)
                button.defaultAction().setChecked(self._tools.hand.name == name)
