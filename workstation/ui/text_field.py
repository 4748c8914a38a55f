"""A line to type in beside pictures that listen to single keys."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit

_KEYS = Qt.KeyboardModifier
_FOR_SHORTCUTS = _KEYS.ControlModifier | _KEYS.AltModifier | _KEYS.MetaModifier


class TextField(QLineEdit):
    """Keeps every key without Ctrl, Alt or Meta for itself: Enter ends typing here and accepts no ROI."""

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            assert isinstance(event, QKeyEvent)
            function_key = Qt.Key.Key_F1 <= event.key() <= Qt.Key.Key_F35
            if not event.modifiers() & _FOR_SHORTCUTS and not function_key:
                event.accept()
                return True
        return super().event(event)
