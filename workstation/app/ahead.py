"""Candidates found in a thread of their own: those of the case on screen, then those of the next one.

Nobody waits for them: where the reader asks before they are there, `arrived` tells when they are. Work begins when the
reader has stayed on a case for a moment, so that stepping through cases is not slowed down.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from workstation.app.case import Case, open_case
from workstation.app.reading import Reading

if TYPE_CHECKING:
    from workstation.store.library import Library

log = logging.getLogger(__name__)

STAYS_MS = 300  # on a case before anything is computed for it


class Ahead(QObject):
    """Follows a `Reading`. An answer for a scan that is neither on screen nor next, any more, is dropped.

    failed: the scan's candidates could not be computed; the reader draws by hand.
    """

    arrived = Signal(str)  # scan
    failed = Signal(str)  # scan
    _came = Signal(object, bool)  # Case, whether its candidates are there

    def __init__(self, reading: Reading, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reading = reading
        self._found: dict[str, Case] = {}  # of the scans wanted
        self._asked: set[str] = set()  # begun, or about to be
        self._wanted: tuple[str, ...] = ()  # read by the thread, replaced as a whole
        self._thread: ThreadPoolExecutor | None = None
        self._stays = QTimer(self, singleShot=True, interval=STAYS_MS)
        self._stays.timeout.connect(self._begin)
        self._came.connect(self._keep, Qt.ConnectionType.QueuedConnection)
        reading.opening.connect(self._opening)
        reading.opened.connect(self._opened)

    def ready(self, case: Case) -> bool:
        """Whether the candidates of the case on screen are there; if not, they are computed, and `arrived` follows."""
        if not case.searched:
            self._ask(case.scan.id, case)
        return case.searched

    def close(self) -> None:
        """Let the thread end; what it is at is dropped."""
        self._forget()
        if self._thread is not None:
            self._thread.shutdown(wait=True, cancel_futures=True)
            self._thread = None

    def _forget(self) -> None:
        self._stays.stop()
        self._wanted = ()
        self._found.clear()

    def _opening(self, case: Case) -> None:
        """Before the window asks where the body lies: that was found with the candidates."""
        before = self._found.pop(case.scan.id, None)
        if before is not None:
            case.adopt(before)

    def _opened(self) -> None:
        case = self._reading.case
        if case is None:
            self._forget()
            return
        scan = case.scan.id
        self._found.clear()
        self._wanted = (scan,)
        self._stays.start()

    def _begin(self) -> None:
        case = self._reading.case
        if case is None:
            return
        coming = self._reading.coming
        self._wanted = (case.scan.id,) if coming is None else (case.scan.id, coming)
        if not case.searched:
            self._ask(case.scan.id, case)
        if coming is not None and coming not in self._found and coming != case.scan.id:
            self._ask(coming, None)

    def _ask(self, scan: str, case: Case | None) -> None:
        library = self._reading.workbench.library
        if library is None or scan in self._asked:
            return
        self._asked.add(scan)
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "candidates")
        self._thread.submit(self._find, library, scan, case)

    def _keep(self, found: Case | str, good: bool) -> None:
        scan = found if isinstance(found, str) else found.scan.id
        self._asked.discard(scan)
        case = self._reading.case
        here = case is not None and case.scan.id == scan
        if isinstance(found, Case) and scan in self._wanted:
            if case is None or not here:
                self._found[scan] = found
                return
            case.adopt(found)
            if not case.searched:  # the scan was corrected meanwhile: what was found is another picture's
                self._ask(scan, case)
                return
            self.arrived.emit(scan)
        elif here and not good:
            self.failed.emit(scan)
        elif here and case is not None:
            self._ask(scan, case)

    # In the thread

    def _find(self, library: Library, scan: str, case: Case | None) -> None:
        from workstation.store.errors import LibraryError

        answer: Case | str = scan
        good = True
        try:
            if scan in self._wanted:
                found = open_case(library, scan) if case is None else case
                if scan in self._wanted:
                    number = len(found.candidates)  # computed here, kept in the case
                    log.debug("%d candidates", number)
                    answer = found
        except LibraryError:
            good = False
        except Exception as error:
            from workstation.workflows.home import log_mistake

            file = log_mistake(error)  # the places only: its text may quote a name
            log.error("candidates could not be found: %s, written to %s", type(error).__name__, file)
            good = False
        try:
            self._came.emit(answer, good)
        except RuntimeError:
            log.info("the window closed before candidates were found")
