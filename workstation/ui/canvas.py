"""One frame on screen: the picture, the lesions over it, side letters, scale bar. Painting only; tools act elsewhere.

Two layers are kept as pixmaps, the picture and all resting lesions, so that a brush step paints one outline and a
window drag one picture, however many lesions there are. And only the part is painted that looks different: `refresh`
knows what was painted last.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QEnterEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QRegion,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from workstation.app import viewport
from workstation.app.viewer import Panel, Viewer
from workstation.ui import canvas_marks, frame_marks, live_marks, reader_marks, theme
from workstation.ui.lesion_layer import LesionLayer

if TYPE_CHECKING:
    from workstation.ui.tools import Tools

# Above this many screen pixels a frame pixel, pixels are shown as squares: the reader is drawing, not reading.
SQUARES_FROM = 5.0


class Canvas(QWidget):
    """Shows one panel of the viewer; mouse and wheel go to the tools with frame coordinates."""

    entered = Signal(object)

    def __init__(self, viewer: Viewer, tools: Tools, panel: Panel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.viewer = viewer
        self.tools = tools
        self.panel = panel
        self._picture: tuple[Hashable, QPixmap] | None = None
        self._lesions = LesionLayer()
        self._transform: tuple[Hashable, QTransform] | None = None
        self._shown: tuple[Hashable, Hashable] | None = None  # at the last refresh: the look of all, the picture
        self._live = QRectF()  # where the marks of the last refresh lie
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(120, 200))
        self.setAccessibleName(viewer.panel_title(panel))

    # Geometry

    @property
    def scale(self) -> float:
        """Screen pixels per frame pixel."""
        return self.viewer.scale(self.panel, QSizeF(self.size()))

    @property
    def transform(self) -> QTransform:
        """From frame coordinates (x = column, y = row) to widget pixels."""
        key = self._place_key()
        if self._transform is None or self._transform[0] != key:
            middle, aspect = self.viewer.middle(self.panel), self.viewer.aspect(self.panel)
            made = viewport.to_screen(middle, self.scale, self.viewer.orientation, QSizeF(self.size()), aspect)
            self._transform = (key, made)
        return self._transform[1]

    def at(self, position: QPointF) -> tuple[float, float]:
        """Frame coordinates (row, column) under a widget position."""
        inverse, _ = self.transform.inverted()
        point = inverse.map(position)
        return point.y(), point.x()

    # Painting

    def refresh(self) -> None:
        """Have painted what looks different since the last refresh: often one stroke of a large picture."""
        view, before = self.viewer, self._shown
        standing = view.resting_key(self.panel) if view.compared else None
        shown = (*self._look_key(), view.compared, standing), view.picture_key(self.panel)
        changed = self._renew_lesions()
        marks = live_marks.reach(view, self.panel, self.transform, QSizeF(self.size())) | self.tools.reach(self)
        gone, self._live, self._shown = self._live, marks, shown
        if before is None or before[0] != shown[0]:
            self.update()
            return
        changed += QRegion(gone.toAlignedRect()) + QRegion(marks.toAlignedRect())
        if before[1] != shown[1]:
            frame = view.frame(self.panel)
            picture = self.transform.mapRect(QRectF(-0.5, -0.5, frame.columns, frame.rows)).adjusted(-1, -1, 1, 1)
            counts, _ = frame_marks.places(QSizeF(self.size()))
            changed += QRegion(picture.toAlignedRect()) + QRegion(counts.toAlignedRect())
        self.update(changed)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        self._renew_lesions()
        with QPainter(self) as painter:  # ended whatever happens: Qt crashes over one that is left active
            painter.drawPixmap(0, 0, self._picture_layer())
            painter.drawPixmap(0, 0, self._lesions.pixmap)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            size, region = QSizeF(self.size()), event.region()
            if any(region.intersects(part.toAlignedRect()) for part in frame_marks.places(size)):
                frame_marks.paint(painter, self.viewer, self.panel, size, self.scale)
            reader_marks.paint(painter, self.viewer, self.panel, self.transform, size)
            live_marks.paint(painter, self.viewer, self.panel, self.transform, size)
            self.tools.paint(painter, self)

    def _renew_lesions(self) -> QRegion:
        """Bring the resting lesions up to date; the part that changed."""
        view, panel, transform, size = self.viewer, self.panel, self.transform, QSizeF(self.size())
        return self._lesions.renew(
            view.resting_key(panel), self._look_key(), lambda: canvas_marks.resting(view, panel, transform, size),
            transform, view.ground(panel), self.size(), self.devicePixelRatioF(),
        )  # fmt: skip

    def _picture_layer(self) -> QPixmap:
        """The picture on its ground."""
        key = (self.viewer.picture_key(self.panel), self._look_key())
        if self._picture is None or self._picture[0] != key:
            ratio = self.devicePixelRatioF()
            pixmap = QPixmap(self.size() * ratio)
            pixmap.setDevicePixelRatio(ratio)
            image = self.viewer.image(self.panel)
            pixmap.fill(QColor(image.colorTable()[0]) if image is not None else theme.current()["canvas"])
            if image is not None:
                smooth = self.scale < SQUARES_FROM
                with QPainter(pixmap) as painter:
                    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
                    painter.setTransform(self.transform, True)
                    painter.drawImage(QRectF(-0.5, -0.5, image.width(), image.height()), image)
            self._picture = (key, pixmap)
        return self._picture[1]

    def _place_key(self) -> tuple[Hashable, ...]:
        """What the place of everything on the canvas follows from."""
        return (*self.viewer.place_key(), self.width(), self.height())

    def _look_key(self) -> tuple[Hashable, ...]:
        """The same, and the colours."""
        ground = self.viewer.ground(self.panel).rgb()
        return (*self._place_key(), self.devicePixelRatioF(), ground, theme.current().id)

    # Input: all of it goes to the tools

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self.tools.press(self, event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self.tools.move(self, event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self.tools.release(self, event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self.tools.double_click(self, event)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        self.tools.wheel(self, event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        event.accept()  # a right click is a window drag or the lesion menu, decided on release

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        self.tools.enter(self)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        self.tools.leave(self)
