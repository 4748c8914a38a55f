"""Where the reader looks, shared by all frames of a case: the same patient's point stays in the middle of each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QSizeF
from PySide6.QtGui import QTransform

from workstation.core.scan import View

SMALLEST, LARGEST = 0.05, 60.0


@dataclass(frozen=True)
class Orientation:
    """How the frames are turned on screen: flips first, then quarter turns clockwise."""

    flipped_horizontally: bool = False
    flipped_vertically: bool = False
    quarter_turns: int = 0

    @property
    def transform(self) -> QTransform:
        turn = QTransform()
        turn.rotate(90.0 * (self.quarter_turns % 4))
        return turn.scale(-1 if self.flipped_horizontally else 1, -1 if self.flipped_vertically else 1)


@dataclass(frozen=True)
class Viewport:
    """scale: screen pixels per frame pixel, None to fit. row: the row in the middle, as a share of the rows.

    across: the middle's distance from the frame's middle column towards the patient's left, in frame pixels: anterior
    columns grow towards the patient's left, posterior ones (seen from behind) towards the right, so that looking at
    the left hip looks at it on both views.
    """

    scale: float | None = None
    row: float = 0.5
    across: float = 0.0

    def zoomed(self, factor: float, fitting: float) -> Viewport:
        scale = min(max((self.scale or fitting) * factor, SMALLEST), LARGEST)
        return replace(self, scale=scale)


def towards_left(view: View) -> int:
    """+1 where columns grow towards the patient's left, -1 where they grow towards the right."""
    return 1 if view is View.ANTERIOR else -1


def fitting_scale(size: QSizeF, rows: float, columns: float, orientation: Orientation) -> float:
    """The scale at which `rows` x `columns` frame pixels just fit into `size`."""
    if orientation.quarter_turns % 2:
        rows, columns = columns, rows
    return max(min(size.width() / max(columns, 1.0), size.height() / max(rows, 1.0)), SMALLEST)


def middle(viewport: Viewport, view: View, shape: tuple[int, int]) -> QPointF:
    """The frame point (x = column, y = row) that lies in the middle of the canvas."""
    rows, columns = shape
    return QPointF((columns - 1) / 2 + towards_left(view) * viewport.across, viewport.row * rows - 0.5)


def to_screen(
    middle: QPointF, scale: float, orientation: Orientation, size: QSizeF, aspect: float = 1.0
) -> QTransform:
    """Maps (x = column, y = row), pixel centres at whole numbers, to widget pixels.

    scale: widget pixels per row. aspect: how many rows a column is wide, so that shapes are true where pixels are not
    square.
    """
    place = QTransform.fromTranslate(size.width() / 2, size.height() / 2)
    grow = QTransform.fromScale(scale, scale)
    square = QTransform.fromScale(aspect, 1.0)
    return QTransform.fromTranslate(-middle.x(), -middle.y()) * square * orientation.transform * grow * place
