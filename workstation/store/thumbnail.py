"""Small pictures for lists: both views side by side, black on white, as PNG."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from workstation.core.scan import VIEWS, Frame, View

WIDTH = 48  # pixels a view
_MOST_ROWS = 256
_TOP_PERCENT = 99.0  # of the averaged pixels with counts: the bladder may be black, the rest is not blackened by it


def thumbnail(frames: Mapping[View, Frame], upside_down: bool = False) -> bytes:
    """PNG of the views present, anterior at the left, each WIDTH wide and averaged over the pixels it stands for."""
    small = [_shrink(frames[view].counts) for view in VIEWS if view in frames]
    pictures = [_grey(part[::-1, ::-1] if upside_down else part) for part in small]
    rows = max(picture.shape[0] for picture in pictures)
    page = [np.pad(p, ((0, rows - p.shape[0]), (0, 0)), constant_values=255) for p in pictures]
    return png(np.hstack(page))


def png(grey: NDArray[np.uint8]) -> bytes:
    """An 8-bit grey picture (rows, columns) as PNG."""
    rows, columns = grey.shape
    lines = np.zeros((rows, columns + 1), np.uint8)  # a leading 0 a row: no filter
    lines[:, 1:] = grey
    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    body = zlib.compress(lines.tobytes(), 6)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _shrink(counts: NDArray[np.uint16] | NDArray[np.float32]) -> NDArray[np.float64]:
    """Means over blocks whose edges are whole pixels; a frame narrower than WIDTH keeps its pixels."""
    rows, columns = counts.shape
    wide = min(WIDTH, columns)
    high = min(max(round(rows * wide / columns), 1), rows, _MOST_ROWS)
    row_edges = np.arange(high) * rows // high
    column_edges = np.arange(wide) * columns // wide
    heights = np.diff(row_edges, append=rows)
    lines = np.zeros((high, columns))
    for down in range(int(heights.max())):  # whole rows at a time: four times faster than reduceat over all pixels
        there = heights > down
        lines[there] += counts[row_edges[there] + down]
    sums = np.add.reduceat(lines, column_edges, 1)
    areas = np.outer(heights, np.diff(column_edges, append=columns))
    means: NDArray[np.float64] = sums / areas
    return means


def _grey(means: NDArray[np.float64]) -> NDArray[np.uint8]:
    means = np.nan_to_num(means)
    lit = means[means > 0]
    top = float(np.percentile(lit, _TOP_PERCENT)) if lit.size else 1.0
    # The root lifts the faint skeleton, which a thumbnail is for.
    grey: NDArray[np.uint8] = (255 - np.rint(255 * np.sqrt(np.clip(means / top, 0, 1)))).astype(np.uint8)
    return grey
