"""When a training stops before its end: at a time, at a signal, at the file `stop` in its folder."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import dataclass, field

from ml.runfolder import RunFolder


@dataclass(frozen=True)
class Stopper:
    """deadline: by time.monotonic. A training asks after every step, so it stops within one."""

    deadline: float | None = None
    signalled: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def after(cls, minutes: float | None) -> Stopper:
        return cls(None if minutes is None else time.monotonic() + 60 * minutes)

    def late(self) -> bool:
        """Whether time is up or a signal came, for whatever is between two trainings."""
        return self.signalled.is_set() or self.deadline is not None and time.monotonic() > self.deadline

    def asked(self, folder: RunFolder) -> bool:
        return self.late() or folder.stop_asked()

    def listen(self) -> None:
        """Hear the signals that ask to end; a second one ends at once. Only the main thread may."""
        if threading.current_thread() is not threading.main_thread():
            return

        def heard(number: int, _: object) -> None:
            self.signalled.set()
            signal.signal(number, signal.SIG_DFL)

        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, heard)
