"""A chart of curves over epochs: thin axes, each line named at its end and told apart by its dashes, not colour alone.

Everything is drawn in the widget's own units, so it is as crisp at 200 % as at 100 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QIcon,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from workstation.core.ticks import ticks
from workstation.ui import theme

# Dashes in widths of the line; the first is solid. As many as runs can be compared.
DASHES: tuple[tuple[float, ...], ...] = ((), (5, 3), (1.2, 2.2), (9, 3, 1.2, 3), (12, 5), (2.5, 2.5, 2.5, 6))
COLOURS = ("accent", "uncertain", "benign", "reader_b", "not bone", "malignant")
_WIDTH = 1.75
_OVER = 0.02  # beyond 0 and 1, so that a line along the edge is a line
_LEAST = 0.1  # of a share from top to bottom
_NEAR = 24  # px between the ends of lines whose names are in each other's way
SAMPLE = QSize(32, 12)
_MANY = 2  # points for each pixel across, beyond which columns of pixels are drawn
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Line:
    """x rising; y as many, nan where nothing is known. style: an index into DASHES and COLOURS. mark: index, or -1."""

    name: str
    x: Floats
    y: Floats
    style: int
    mark: int = -1


class Chart(QWidget):
    """lines: what is drawn, from epoch 1 to `last` or further. share: y lies from 0 to 1."""

    def __init__(self, title: str, x_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self._x_name = title, x_name
        self.lines: tuple[Line, ...] = ()
        self.empty_words = ""
        self._last, self._share = 1.0, False
        self._at: float | None = None  # the epoch under the cursor
        self._plot = QRectF()
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(220, 120))

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(420, 200)

    def show_lines(self, title: str, lines: Sequence[Line], last: float, share: bool = False) -> None:
        """Draw these instead."""
        self.title, self.lines, self._last, self._share = title, tuple(lines), last, share
        said = [f"{line.name} {line.y[-1]:.4g}" for line in self.lines if len(line.y) and np.isfinite(line.y[-1])]
        self.setAccessibleName(title)
        self.setAccessibleDescription(", ".join(said))
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._hover(event.position())

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        self._at = None
        self.update()
        super().leaveEvent(event)

    def _hover(self, point: QPointF) -> None:
        low, high = self._across()
        plot = self._plot
        at = None
        if plot.width() > 0 and plot.left() - 6 <= point.x() <= plot.right() + 6:
            share = min(max((point.x() - plot.left()) / plot.width(), 0.0), 1.0)
            at = float(max(round(low + share * (high - low)), 1))
        if at != self._at:
            self._at = at
            self.update()

    def _across(self) -> tuple[float, float]:
        ends = [float(line.x[-1]) for line in self.lines if len(line.x)]
        last = max([self._last, *ends])
        return (1.0, last) if last > 1 else (0.5, 1.5)

    def _upward(self) -> tuple[float, float] | None:
        known = [line.y[np.isfinite(line.y)] for line in self.lines]
        known = [values for values in known if len(values)]
        if not known:
            return None
        low, high = min(float(v.min()) for v in known), max(float(v.max()) for v in known)
        if self._share and high - low < _LEAST:  # a flat line is not a mountain
            low, high = (low + high - _LEAST) / 2, (low + high + _LEAST) / 2
        edge = max((high - low) * 0.06, abs(high) * 0.01, 1e-6)
        low, high = low - edge, high + edge
        return (max(low, -_OVER), min(high, 1 + _OVER)) if self._share and high > 0 and low < 1 else (low, high)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        colours = theme.current()
        painter.fillRect(self.rect(), colours["window"])
        metrics = self.fontMetrics()
        strong = QFont(self.font())
        strong.setWeight(QFont.Weight.DemiBold)
        painter.setFont(strong)
        painter.setPen(colours["text"])
        top = metrics.height() + 12
        painter.drawText(QRectF(0, 0, self.width(), top - 6), Qt.AlignmentFlag.AlignVCenter, self.title)
        painter.setFont(self.font())
        upward = self._upward()
        if upward is None:
            painter.setPen(colours["text_quiet"])
            box = QRectF(0, top, self.width(), self.height() - top)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.empty_words)
            return
        marks, decimals = ticks(*upward, most=max(2, (self.height() - top) // 48))
        texts = [f"{mark:,.{decimals}f}" for mark in marks]
        left = max((metrics.horizontalAdvance(text) for text in texts), default=0) + 10
        right = max((metrics.horizontalAdvance(line.name) for line in self.lines), default=0) + 16
        foot = metrics.height() + 10
        plot = self._plot = QRectF(left, top, max(self.width() - left - right, 10), max(self.height() - top - foot, 10))
        across = self._across()
        self._axes(painter, plot, across, upward, list(zip(marks, texts, strict=True)))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        placed = [(line, _points(line.x, line.y, plot, across, upward)) for line in self.lines]
        for line, pieces in placed:
            self._line(painter, line, pieces)
        self._names(painter, plot, placed)
        if self._at is not None:
            self._under_cursor(painter, plot, across, upward, strong)

    def _axes(
        self, painter: QPainter, plot: QRectF, across: tuple[float, float], upward: tuple[float, float],
        marks: Sequence[tuple[float, str]],
    ) -> None:  # fmt: skip
        colours, metrics = theme.current(), self.fontMetrics()
        low, high = upward
        for mark, text in marks:
            y = round(plot.bottom() - (mark - low) / (high - low) * plot.height())
            painter.setPen(colours["line"])
            painter.drawLine(round(plot.left()), y, round(plot.right()), y)
            painter.setPen(colours["text_quiet"])
            box = QRectF(0, y - metrics.height() / 2, plot.left() - 8, metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        name = metrics.horizontalAdvance(self._x_name)
        room = plot.right() - name - 14  # where the axis's own name begins
        numbers, _ = ticks(*across, most=max(2, int(plot.width() // 46)), whole=True)
        for mark in numbers if 1 in numbers else [1, *numbers]:
            x = round(plot.left() + (mark - across[0]) / (across[1] - across[0]) * plot.width())
            text = f"{mark:,.0f}"
            half = metrics.horizontalAdvance(text) / 2
            crowded = mark != 1 and x - half < plot.left() + 24
            if x + half > room or crowded:
                continue
            painter.setPen(colours["line"])
            painter.drawLine(x, round(plot.bottom()), x, round(plot.bottom()) + 4)
            painter.setPen(colours["text_quiet"])
            painter.drawText(QPointF(x - half, plot.bottom() + 6 + metrics.ascent()), text)
        painter.setPen(colours["text_quiet"])
        painter.drawText(QPointF(plot.right() - name, plot.bottom() + 6 + metrics.ascent()), self._x_name)

    def _line(self, painter: QPainter, line: Line, pieces: Sequence[QPolygonF]) -> None:
        colour = _colour(line.style)
        painter.setPen(_pen(line.style))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for piece in pieces:
            if piece.size() > 1:
                path = QPainterPath(piece.first())
                path.addPolygon(piece)
                painter.drawPath(path)
            else:
                self._dot(painter, piece.first(), colour, True)
        across, upward = self._across(), self._upward()
        if 0 <= line.mark < len(line.x) and np.isfinite(line.y[line.mark]) and upward is not None:
            at = slice(line.mark, line.mark + 1)
            for piece in _points(line.x[at], line.y[at], self._plot, across, upward):
                self._dot(painter, piece.first(), colour, False)

    def _dot(self, painter: QPainter, place: QPointF, colour: QColor, filled: bool) -> None:
        painter.setPen(QPen(colour, _WIDTH))
        painter.setBrush(colour if filled else theme.current()["window"])
        painter.drawEllipse(place, 2.5 if filled else 4.0, 2.5 if filled else 4.0)

    def _names(self, painter: QPainter, plot: QRectF, placed: Sequence[tuple[Line, Sequence[QPolygonF]]]) -> None:
        """Each line's name at its end, moved apart where two would lie on each other."""
        ends = sorted(((pieces[-1].last(), line) for line, pieces in placed if pieces), key=lambda end: end[0].x())
        together: list[list[tuple[QPointF, Line]]] = []
        for end in ends:
            if together and end[0].x() - together[-1][-1][0].x() < _NEAR:
                together[-1].append(end)
            else:
                together.append([end])
        for column in together:
            self._column_of_names(painter, plot, sorted(column, key=lambda end: end[0].y()))

    def _column_of_names(self, painter: QPainter, plot: QRectF, ends: Sequence[tuple[QPointF, Line]]) -> None:
        height, y = self.fontMetrics().height(), plot.top() - self.fontMetrics().height()
        heights = []
        for place, _ in ends:
            y = max(y + height, place.y())
            heights.append(y)
        y = plot.bottom() + height
        for number in reversed(range(len(heights))):
            y = heights[number] = min(heights[number], y - height)
        for (place, line), y in zip(ends, heights, strict=True):
            painter.setPen(_colour(line.style))
            box = QRectF(place.x() + 8, y - height / 2, self.width() - place.x() - 8, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, line.name)

    def _under_cursor(
        self, painter: QPainter, plot: QRectF, across: tuple[float, float], upward: tuple[float, float], strong: QFont
    ) -> None:
        """The values of the epoch under the cursor, where the title leaves room."""
        assert self._at is not None
        x = plot.left() + (self._at - across[0]) / (across[1] - across[0]) * plot.width()
        painter.setPen(QPen(theme.current()["text_quiet"], 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(round(x) + 0.5, plot.top()), QPointF(round(x) + 0.5, plot.bottom()))
        words = [f"{self._x_name} {self._at:,.0f}"]
        for line in self.lines:
            at = int(np.searchsorted(line.x, self._at))
            if at < len(line.x) and line.x[at] == self._at and np.isfinite(line.y[at]):
                words.append(f"{line.name} {line.y[at]:.4g}")
        painter.setPen(theme.current()["text"])
        title = QPainter.fontMetrics(painter).horizontalAdvance(self.title) * 1.1 + 16
        box = QRectF(title, 0, self.width() - title, self.fontMetrics().height() + 6)
        shown = self.fontMetrics().elidedText("   ".join(words), Qt.TextElideMode.ElideRight, int(box.width()))
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, shown)


def sample(style: int, ratio: float) -> QIcon:
    """A stretch of a line of this style, for a list beside the charts. ratio: device pixels for each of ours."""
    picture = QPixmap(SAMPLE * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(_pen(style))
    middle = SAMPLE.height() / 2
    painter.drawLine(QPointF(0, middle), QPointF(SAMPLE.width(), middle))
    painter.end()
    icon = QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
        icon.addPixmap(picture, mode)
    return icon


def _colour(style: int) -> QColor:
    return theme.current()[COLOURS[style % len(COLOURS)]]


def _pen(style: int) -> QPen:
    pen = QPen(_colour(style), _WIDTH)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    if dashes := DASHES[style % len(DASHES)]:
        pen.setDashPattern(dashes)
    return pen


def _points(
    x: Floats, y: Floats, plot: QRectF, across: tuple[float, float], upward: tuple[float, float]
) -> list[QPolygonF]:
    """Where a line lies, in pieces between what is not known; of very many points each pixel's least and largest."""
    right = plot.left() + (x - across[0]) / (across[1] - across[0]) * plot.width()
    if len(x) > _MANY * plot.width():
        column = np.floor(right)
        starts = np.flatnonzero(np.diff(column, prepend=-1.0))
        least, most = np.fmin.reduceat(y, starts), np.fmax.reduceat(y, starts)
        right, y = np.repeat(right[starts], 2), np.stack([least, most], 1).ravel()
    down = plot.bottom() - (y - upward[0]) / (upward[1] - upward[0]) * plot.height()
    known = np.isfinite(down)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]])))
    pieces = []
    for start, stop in list(pairwise(edges))[::2]:
        places = zip(right[start:stop].tolist(), down[start:stop].tolist(), strict=True)
        pieces.append(QPolygonF([QPointF(a, b) for a, b in places]))
    return pieces
