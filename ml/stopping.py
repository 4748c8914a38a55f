"""When a training stops before its end: at a time, at a signal, at the file `stop` in its folder."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from ml.runfolder import RunFolder


@dataclass(frozen=True)
class Stopper:
    """deadline: by time.monotonic. file: stops all there is to do. A training asks after every step, so it stops
    within one.
    """

    deadline: float | None = None
    signalled: threading.Event = field(default_factory=threading.Event)
    file: Path | None = None

    @classmethod
    def after(cls, minutes: float | None) -> Stopper:
        return cls(None if minutes is None else time.monotonic() + 60 * minutes)

    def late(self) -> bool:
        """Whether time is up, a signal came or the file is there, for whatever is between two trainings."""
        late = self.deadline is not None and time.monotonic() > self.deadline
        return late or self.signalled.is_set() or self.file is not None and self.file.exists()

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
