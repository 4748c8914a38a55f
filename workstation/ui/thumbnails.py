"""Pictures of scans ready to be painted: read in a thread, scaled once for each size and kept."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QObject, QSize, QSizeF, Qt
from PySide6.QtGui import QPixmap

from workstation.app.lazy_pictures import LazyPictures, Read
from workstation.app.workbench import Workbench

_PIXMAPS = 400


class Thumbnails(QObject):
    """`pixmap` answers at once; `source.arrived` tells when it is worth asking again.

    inverted: dark uptake on a light ground, as the reader likes it on the reading page too.
    """

    def __init__(self, read: Read, kept: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.source = LazyPictures(read, kept, self)
        self.inverted = True
        self._pixmaps: OrderedDict[tuple[str, int, int, float, bool], QPixmap] = OrderedDict()
        self.source.arrived.connect(self._forget)

    def pixmap(self, scan: str, room: QSizeF, scale: float) -> QPixmap | None:
        """The picture fitted into `room` (in window units) on a screen of that scale; None while there is none."""
        key = (scan, round(room.width()), round(room.height()), scale, self.inverted)
        if key in self._pixmaps:
            self._pixmaps.move_to_end(key)
            return self._pixmaps[key]
        image = self.source.get(scan)
        if image is None or image.isNull() or min(room.width(), room.height()) < 1:
            return None
        size = QSize(round(room.width() * scale), round(room.height() * scale))
        fitted = image.scaled(size, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
        if not self.inverted:
            fitted.invertPixels()
        pixmap = QPixmap.fromImage(fitted)
        pixmap.setDevicePixelRatio(scale)
        self._pixmaps[key] = pixmap
        if len(self._pixmaps) > _PIXMAPS:
            self._pixmaps.popitem(last=False)
        return pixmap

    def is_empty(self, scan: str) -> bool:
        """Whether it is known that the library has no such picture."""
        image = self.source.get(scan)
        return image is not None and image.isNull()

    def refresh(self, workbench: Workbench) -> None:
        """Pictures of the open library from now on, all read anew."""
        self.source.show(workbench.library)
        self._pixmaps.clear()

    def _forget(self, scan: str) -> None:
        for key in [key for key in self._pixmaps if key[0] == scan]:
            del self._pixmaps[key]
