"""A picture of enlarged pixels as PNG, quickly: most of its rows repeat the row above, most columns the one before.

Pillow tries five filters on every row of every picture, which takes longer than compressing what is left.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

_LEVEL = 2  # a fifth larger than at 6, in a third of the time
_SUB, _UP = 1, 2  # what a filter leaves: the difference from the pixel before, or from the row above
_RGB = 2


def encode(pixels: NDArray[np.uint8]) -> bytes:
    """PNG of (rows, columns, 3) red, green, blue; the same pixels exactly (PNG, W3C 2003, filters of type 1 and 2)."""
    rows, columns, _ = pixels.shape
    flat = pixels.reshape(rows, columns * 3)
    lines = np.empty((rows, 1 + flat.shape[1]), np.uint8)
    left = lines[:, 1:]
    left[:, :3] = flat[:, :3]
    np.subtract(flat[:, 3:], flat[:, :-3], out=left[:, 3:])
    lines[:, 0] = _SUB
    again = np.flatnonzero((flat[1:] == flat[:-1]).all(axis=1)) + 1
    lines[again, 0] = _UP
    left[again] = 0
    header = struct.pack(">IIBBBBB", columns, rows, 8, _RGB, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), _LEVEL)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
