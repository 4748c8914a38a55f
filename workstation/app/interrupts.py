"""Ctrl+C in the terminal and the end of a login close the window as its own button does: Qt alone hears neither."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable

from PySide6.QtCore import QObject, QSocketNotifier


class Interrupts(QObject):
    """From now on an interruption calls `close`, in the window's thread and between two events.

    Python runs its handlers only when some Python runs, which in a quiet window is never: the byte it writes into a
    socket at once wakes Qt.
    """

    def __init__(self, close: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._close = close
        self._heard, self._said = socket.socketpair()
        for end in (self._heard, self._said):
            end.setblocking(False)
        self._notifier = QSocketNotifier(self._heard.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._hear)
        signal.set_wakeup_fd(self._said.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)

    def _hear(self) -> None:
        self._heard.recv(64)
        self._close()
