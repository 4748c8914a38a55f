"""Pictures of scans read in a thread of their own, the one asked for last first; a list never waits for a disk."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QImage

if TYPE_CHECKING:
    from workstation.store.library import Library

log = logging.getLogger(__name__)

_WAITING = 96  # asked for and not yet read; what scrolled by before that is forgotten
_RESTS_MS = 25  # after the last question, until reading goes on: what is being painted is not to wait for it
_EMPTY = 253  # grey value from which a pixel shows nothing

Read = Callable[["Library", str], QImage]


class LazyPictures(QObject):
    """`get` answers at once with what is there, and `arrived` tells when a picture that was not has come.

    A null image stands for a scan without one. kept: how many pictures stay in memory.
    """

    arrived = Signal(str)  # scan
    _came = Signal(int, str, QImage)

    def __init__(self, read: Read, kept: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._read = read
        self._kept = kept
        self._library: Library | None = None
        self._generation = 0  # of the library and its pictures: an answer to an older question is dropped
        self._pictures: OrderedDict[str, QImage] = OrderedDict()
        self._wanted: OrderedDict[str, None] = OrderedDict()  # asked for and not begun; shared with the thread
        self._lock = Lock()
        self._asked: set[str] = set()  # those and the one being read
        self._thread: ThreadPoolExecutor | None = None
        self._at_work = self._resting = False  # whether the thread reads, and whether it is not to begin another
        self._rest = QTimer(self, singleShot=True, interval=_RESTS_MS)
        self._rest.timeout.connect(self._work)
        self._came.connect(self._keep, Qt.ConnectionType.QueuedConnection)

    def show(self, library: Library | None) -> None:
        """Read from this library from now on, and read everything anew."""
        self._pictures.clear()
        self._asked.clear()
        with self._lock:
            self._library = library
            self._generation += 1
            self._wanted.clear()

    def get(self, scan: str) -> QImage | None:
        """The picture, or None while it is being read."""
        if scan in self._pictures:
            self._pictures.move_to_end(scan)
            return self._pictures[scan]
        if self._library is not None:
            self._ask_for(scan, self._library)
        return None

    def close(self) -> None:
        """Let the thread end; what it is at is dropped."""
        self._rest.stop()
        self.show(None)
        if self._thread is not None:
            self._thread.shutdown(wait=True, cancel_futures=True)
            self._thread = None

    def _ask_for(self, scan: str, library: Library) -> None:
        with self._lock:
            if scan in self._asked:
                if scan in self._wanted:
                    self._wanted.move_to_end(scan)
                return
            self._asked.add(scan)
            self._wanted[scan] = None
            if len(self._wanted) > _WAITING:
                self._asked.discard(self._wanted.popitem(last=False)[0])
            self._resting = True
        self._rest.start()

    def _work(self) -> None:
        """Read what is wanted, unless the thread is at it."""
        with self._lock:
            self._resting = False
            if self._at_work or self._library is None:
                return
            self._at_work = True
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "pictures")
        self._thread.submit(self._read_wanted)

    def _keep(self, generation: int, scan: str, image: QImage) -> None:
        if generation != self._generation:
            return
        self._asked.discard(scan)
        self._pictures[scan] = image
        if len(self._pictures) > self._kept:
            self._pictures.popitem(last=False)
        self.arrived.emit(scan)

    # In the thread

    def _read_wanted(self) -> None:
        while True:
            with self._lock:
                library, generation = self._library, self._generation
                if library is None or self._resting or not self._wanted:
                    self._at_work = False
                    return
                scan, _ = self._wanted.popitem()
            self._came.emit(generation, scan, self._image(library, scan))

    def _image(self, library: Library, scan: str) -> QImage:
        from workstation.store.errors import LibraryError

        try:
            return self._read(library, scan)
        except LibraryError:
            return QImage()
        except Exception as error:
            from workstation.workflows.home import log_mistake

            file = log_mistake(error)  # the places only: its text may quote a name
            log.error("a picture could not be made: %s, written to %s", type(error).__name__, file)
            return QImage()


def thumbnail(library: Library, scan: str) -> QImage:
    """The small picture the library keeps: both views, dark uptake on white; only the rows with something in them."""
    image = QImage.fromData(library.thumbnail(scan) or b"")
    if image.isNull():
        return image
    image = image.convertToFormat(QImage.Format.Format_Grayscale8)
    grey = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return _picture(grey[:, : image.width()])


def preview(library: Library, scan: str) -> QImage:
    """Both views at full resolution in the bone window, dark uptake on white, anterior at the left."""
    from workstation.core.display import bone_window, to_index

    frames = library.load(scan).frames
    window = bone_window({view: frame.counts for view, frame in frames.items()})
    parts = [255 - to_index(frame.counts, window) for frame in frames.values()]
    rows = max(part.shape[0] for part in parts)
    return _picture(np.hstack([np.pad(p, ((0, rows - p.shape[0]), (0, 0)), constant_values=255) for p in parts]))


def _picture(grey: NDArray[np.uint8]) -> QImage:
    """Grey values (rows, columns), 255 where there is no uptake, without the empty rows above and below."""
    filled = np.flatnonzero((grey < _EMPTY).any(axis=1))
    if filled.size:
        grey = grey[max(int(filled[0]) - 1, 0) : int(filled[-1]) + 2]
    rows, columns = grey.shape
    flat = np.ascontiguousarray(grey)
    return QImage(flat.data, columns, rows, columns, QImage.Format.Format_Grayscale8).copy()
