"""What the mouse does on a frame: one tool is in hand; zoom, move and window work with every tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QWheelEvent

from workstation.app.drafting import Drafting
from workstation.app.viewer import Viewer
from workstation.app.viewport import Viewport, towards_left
from workstation.core.display import Window
from workstation.core.lesion import Origin, Roi
from workstation.core.scan import View
from workstation.ui.canvas_marks import letter
from workstation.ui.drawing import Brush, Eraser, Freehand, Polygon
from workstation.ui.hand import Hand, Ruler, Select
from workstation.ui.isocontour import Isocontour
from workstation.ui.region_grow import RegionGrow

if TYPE_CHECKING:
    from workstation.app.editor import Editor
    from workstation.ui.canvas import Canvas

# Movement under this many screen pixels is a click, not a drag.
CLICK = 4.0
ZOOM_STEP = 1.2
# Counts that no window reaches beyond: up to there floating point still tells one count from the next.
HIGHEST = 1e9


class Tools(QObject):
    """Owns one of each tool; `changed` tells the tool bar and the foot line, `menu_wanted` asks for a lesion's menu."""

    changed = Signal()
    touched = Signal()  # a picture was clicked
    menu_wanted = Signal(str, object)  # lesion id, global position

    def __init__(self, viewer: Viewer, editor: Editor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.viewer = viewer
        self.editor = editor
        self.drafting = Drafting(viewer, editor, self)
        self.hands: dict[str, Hand] = {
            hand.name: hand
            for hand in (
                Select(self),
                Isocontour(self),
                RegionGrow(self),
                Brush(self),
                Eraser(self),
                Polygon(self),
                Freehand(self),
                Ruler(self),
            )
        }
        self.hand: Hand = self.hands["isocontour"]
        self.new_next = False  # the next region drawn is a new lesion, also where it begins in one there is
        viewer.selection_changed.connect(self._selected)
        self._drag: tuple[Qt.MouseButton, QPointF, QPointF] | None = None  # button, start, last
        self._window_start = Window(0.0, 1.0)
        self._moved = False

    def take(self, name: str) -> None:
        """Take another tool in hand; what the last one left unfinished is dropped."""
        self.hand.drop()
        self.hand = self.hands[name]
        self.viewer.clear_marks()
        self.changed.emit()

    def forget(self) -> None:
        """Drop what is under way: another case is open, and nothing begun on the last one may come to lie on it."""
        self.hand.drop()
        self._drag = None
        self.end_new_lesion()
        self.changed.emit()

    def start_new_lesion(self) -> None:
        """What is drawn next is a new lesion, whatever lies there; choosing one, Esc or another case end this."""
        self.viewer.select(None)
        self.viewer.clear_marks()
        self.new_next = True
        self.changed.emit()

    def end_new_lesion(self) -> bool:
        """False where no new lesion was asked for."""
        asked, self.new_next = self.new_next, False
        if asked:
            self.changed.emit()
        return asked

    def _selected(self) -> None:
        if self.viewer.selected is not None:
            self.end_new_lesion()

    def keep(self, view: View, roi: Roi, origin: Origin, to_selected: bool) -> None:
        """A region is finished: it replaces the selected lesion's on this view, or becomes a new lesion."""
        self.drafting.take(view, roi, origin, to_selected)
        self.end_new_lesion()

    def words(self) -> str:
        """What the foot of the window says of the tool in hand and of what it does next."""
        if not (self.new_next and self.hand.adds):
            return self.hand.words()
        return self.tr("New lesion next (Esc: not).   {0}").format(self.hand.words())

    def called(self, lesion: str) -> str:
        """A lesion's letter and number, as on the pictures and in the list."""
        lesions = self.editor.lesions
        return f"{letter(lesions[lesion])}{list(lesions).index(lesion) + 1}"

    # Events of a canvas

    def press(self, canvas: Canvas, event: QMouseEvent) -> None:
        self.touched.emit()
        button = event.button()
        if button in (Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton):
            self._drag = (button, event.position(), event.position())
            self._window_start = self.viewer.window
            self._moved = False
            return
        if button == Qt.MouseButton.LeftButton and not canvas.panel.prior:
            row, column = canvas.at(event.position())
            if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                lesion = self.viewer.lesion_at(canvas.panel.view, row, column)
                if lesion is not None:
                    self.viewer.toggle(lesion)
                return
            self.hand.press(canvas, row, column, event.modifiers())
        elif button == Qt.MouseButton.LeftButton:
            self._drag = (Qt.MouseButton.MiddleButton, event.position(), event.position())

    def move(self, canvas: Canvas, event: QMouseEvent) -> None:
        at = canvas.at(event.position())
        if self._drag is not None:
            button, start, last = self._drag
            if (event.position() - start).manhattanLength() > CLICK:
                self._moved = True
            if self._moved or button == Qt.MouseButton.MiddleButton:
                if button == Qt.MouseButton.RightButton:
                    self._drag_window(event.position() - start)
                else:
                    self.pan(canvas, event.position() - last)
            self._drag = (button, start, event.position())
            return
        if canvas.panel.prior:
            self.viewer.prior_hover = (canvas.panel.view, *at)
            self.viewer.hover(None, None)  # its pixels are not those of the current scan
            return
        self.viewer.prior_hover = None
        self.viewer.hover(canvas.panel.view, at)
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.hand.drag(canvas, *at, event.modifiers())
        else:
            self.hand.hover(canvas, *at)

    def release(self, canvas: Canvas, event: QMouseEvent) -> None:
        if self._drag is not None and event.button() in (Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton):
            button, moved = self._drag[0], self._moved
            self._drag = None
            if button == Qt.MouseButton.RightButton and not moved and not canvas.panel.prior:
                lesion = self.viewer.lesion_at(canvas.panel.view, *canvas.at(event.position()))
                if lesion is not None:
                    self.viewer.select(lesion)
                    self.menu_wanted.emit(lesion, event.globalPosition().toPoint())
            return
        if self._drag is not None:  # a left drag over the prior moved it
            self._drag = None
            return
        if event.button() == Qt.MouseButton.LeftButton:
            self.hand.release(canvas, *canvas.at(event.position()), event.modifiers())

    def double_click(self, canvas: Canvas, event: QMouseEvent) -> None:
        adding = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if event.button() == Qt.MouseButton.LeftButton and not canvas.panel.prior and not adding:
            self.hand.double_click(canvas, *canvas.at(event.position()), event.modifiers())

    def wheel(self, canvas: Canvas, event: QWheelEvent) -> None:
        """Zoom at the cursor; with the isocontour in hand the bare wheel sets the threshold and Ctrl zooms."""
        steps = (event.angleDelta().y() or event.angleDelta().x()) / 120.0
        event.accept()
        if steps == 0:
            return
        zooming = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if not zooming and not canvas.panel.prior and self.hand.wheel(canvas, steps):
            return
        self.zoom(canvas, ZOOM_STEP**steps, event.position())

    def enter(self, canvas: Canvas) -> None:
        canvas.setCursor(self.hand.cursor if not canvas.panel.prior else Qt.CursorShape.OpenHandCursor)

    def leave(self, canvas: Canvas) -> None:
        self.viewer.prior_hover = None
        self.viewer.hover(None, None)
        self.hand.leave()

    def paint(self, painter: QPainter, canvas: Canvas) -> None:
        if not canvas.panel.prior:
            self.hand.paint(painter, canvas)

    def reach(self, canvas: Canvas) -> QRectF:
        """The part of a canvas on which `paint` draws."""
        return QRectF() if canvas.panel.prior else self.hand.reach(canvas)

    # Looking

    def zoom(self, canvas: Canvas, factor: float, at: QPointF | None = None) -> None:
        """Zoom about a widget position, which keeps its frame point; the middle if none."""
        position = at or QPointF(canvas.width() / 2, canvas.height() / 2)
        row, column = canvas.at(position)
        before = self.viewer.viewport
        self.viewer.set_viewport(before.zoomed(factor, self.viewer.fitting_scale(QSizeF(canvas.size()))))
        row_after, column_after = canvas.at(position)
        self._shift(canvas, row - row_after, column - column_after)

    def pan(self, canvas: Canvas, by: QPointF) -> None:
        """Move the picture by screen pixels, on every view the same way of the patient."""
        origin, moved = canvas.at(QPointF(0, 0)), canvas.at(by)
        self._shift(canvas, origin[0] - moved[0], origin[1] - moved[1])

    def _shift(self, canvas: Canvas, rows: float, columns: float) -> None:
        """Move by pixels of the canvas's own frame, which a prior may have of another size."""
        before, ratio, view = self.viewer.viewport, self.viewer.prior_ratio(canvas.panel), canvas.panel.view
        assert self.viewer.case is not None
        frames = self.viewer.case.scan.frames
        frame = frames[view] if view in frames else frames[view.other]
        across, limit = before.across + towards_left(view) * columns / ratio, frame.columns
        row = min(max(before.row + rows / ratio / frame.rows, 0.0), 1.0)
        self.viewer.set_viewport(Viewport(before.scale, row, min(max(across, -limit), limit)))

    def _drag_window(self, by: QPointF) -> None:
        """Right drag: up and down the upper count, a ratio that feels the same at every count; sideways the lower."""
        start = self._window_start
        high = min(max(start.high * 1.006 ** min(by.y(), 1e4), 1.0), HIGHEST)
        low = min(max(start.low + by.x() * start.high / 600.0, 0.0), high - 1.0)
        self.viewer.set_state(window=Window(low, high))
