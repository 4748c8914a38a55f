"""The place of the AI beside the reader; until there is one it says where models are."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget


class AiPanel(QFrame):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 12)
        layout.setSpacing(4)
        layout.addWidget(QLabel(self.tr("AI"), objectName="heading"))
        words = QLabel(
            self.tr("Models are trained, compared and kept on the Train page. Reading beside one comes later."),
            objectName="quiet",
        )
        words.setWordWrap(True)
        words.setTextFormat(Qt.TextFormat.PlainText)
        layout.addWidget(words)
