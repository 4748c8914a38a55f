"""Regions of interest as the shapes of labelme, and back: x is the column, y the row, whole numbers are pixel corners.

A pixel belongs to a shape when its centre lies in it (core.drawn). A polygon is written a hair inside the pixels' edge,
because labelme's own masks come from the whole parts of the coordinates, line included: so both rules give the ROI.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workstation.core.delineate import polygon_roi
from workstation.core.lesion import Roi
from workstation.core.outline import outline
from workstation.workflows import view_picture
from workstation.workflows.table import RowError

_HAIR = 1 / 64  # of a pixel
_MOST_POLYGONS = 8  # of one ROI; more are one mask
MOST_POINTS = 10_000  # of one outline; no lesion's has a tenth of it
_WITHOUT_AREA = ("line", "linestrip", "point", "points")


def shapes_of(roi: Roi) -> list[dict[str, Any]]:
    """`shape_type`, `points` and `mask` of the shapes that are the ROI: a polygon for each part, or one mask.

    A polygon has no holes, so what has one is a mask, and so is what labelme would fill otherwise than we do.
    """
    loops = outline(roi)
    if len(loops) <= _MOST_POLYGONS and all(_turns_right(loop) for loop in loops):
        polygons = [_inside(loop) for loop in loops]
        if (_as_labelme(polygons, roi) == roi.box).all():
            return [{"shape_type": "polygon", "points": points.tolist(), "mask": None} for points in polygons]
    corners = [[roi.left, roi.top], [roi.left + roi.width - 1, roi.top + roi.height - 1]]
    mask = base64.b64encode(view_picture.mask_picture(roi.box)).decode("ascii")
    return [{"shape_type": "mask", "points": corners, "mask": mask}]


def roi_of(shape: Mapping[str, Any], size: tuple[int, int]) -> Roi:
    """The ROI of one shape on a picture of `size` (rows, columns). RowError in words."""
    kind = shape.get("shape_type") or "polygon"
    points = _points(shape.get("points"))
    if kind in ("polygon", "oriented_rectangle"):
        roi = _polygon(points, size)
    elif kind == "rectangle":
        (x0, y0), (x1, y1) = _just_two(points, "rectangle")
        roi = _polygon(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]), size)
    elif kind == "circle":
        roi = _circle(_just_two(points, "circle"), size)
    elif kind == "mask":
        return _mask(shape.get("mask"), _just_two(points, "mask"), size)
    elif kind in _WITHOUT_AREA:
        raise RowError(f"a {kind} has no area: draw a polygon, a rectangle, a circle or a mask")
    else:
        raise RowError(f"shapes of the type {str(kind)[:40]!r} are not known")
    if roi is None:
        raise RowError(f"the {kind} holds the centre of no pixel of the picture")
    return roi


def _turns_right(loop: NDArray[np.float64]) -> bool:
    """Whether a loop of (row, column) goes round its pixels clockwise; the others go round holes."""
    row, column = loop.T
    return bool((column * np.roll(row, -1) - np.roll(column, -1) * row).sum() > 0)


def _inside(loop: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners (x, y) where pixel corners are whole numbers, moved a hair to the right of the walk: into the ROI."""
    before = np.sign(loop - np.roll(loop, 1, axis=0))
    after = np.sign(np.roll(loop, -1, axis=0) - loop)
    # Right of a step (down, across) is (across, -down).
    moved = loop + 0.5 + _HAIR * np.stack([before[:, 1] + after[:, 1], -(before[:, 0] + after[:, 0])], axis=1)
    return moved[:, ::-1]


def _as_labelme(polygons: Sequence[NDArray[np.float64]], roi: Roi) -> NDArray[np.bool_]:
    """The ROI's box as labelme's own masks show it: drawn by Pillow with the outline."""
    from PIL import Image, ImageDraw

    image = Image.new("L", (roi.width, roi.height))
    pen = ImageDraw.Draw(image)
    for points in polygons:
        pen.polygon([(x, y) for x, y in (points - (roi.left, roi.top)).tolist()], fill=1, outline=1)
    filled: NDArray[np.bool_] = np.asarray(image) != 0
    return filled


def _points(points: object) -> NDArray[np.float64]:
    if not isinstance(points, list) or not 0 < len(points) <= MOST_POINTS:
        raise RowError(f"a shape has a list of 1 to {MOST_POINTS:,} points")
    if not all(
        isinstance(point, list) and len(point) == 2 and all(type(at) in (int, float) and abs(at) < 1e6 for at in point)
        for point in points
    ):
        raise RowError("a point is [x, y], two numbers within the picture")
    return np.array(points, float)


def _just_two(points: NDArray[np.float64], kind: str) -> NDArray[np.float64]:
    if len(points) != 2:
        raise RowError(f"a {kind} has two points, not {len(points)}")
    return points


def _polygon(points: NDArray[np.float64], size: tuple[int, int]) -> Roi | None:
    if len(points) < 3:
        raise RowError(f"a polygon has at least three points, not {len(points)}")
    return polygon_roi([[(y - 0.5, x - 0.5) for x, y in points.tolist()]], size)


def _circle(points: NDArray[np.float64], size: tuple[int, int]) -> Roi | None:
    (x, y), rim = points[0] - 0.5, points[1] - 0.5
    radius = math.hypot(rim[0] - x, rim[1] - y)
    top, left = max(math.floor(y - radius), 0), max(math.floor(x - radius), 0)
    bottom, right = min(math.ceil(y + radius) + 1, size[0]), min(math.ceil(x + radius) + 1, size[1])
    if top >= bottom or left >= right:
        return None
    rows, columns = np.ogrid[top:bottom, left:right]
    return Roi.from_mask((rows - y) ** 2 + (columns - x) ** 2 <= radius**2, top, left)


def _mask(text: object, points: NDArray[np.float64], size: tuple[int, int]) -> Roi:
    (x0, y0), (x1, y1) = points.astype(int).tolist()
    if not (0 <= x0 <= x1 < size[1] and 0 <= y0 <= y1 < size[0]):
        raise RowError("a mask lies outside the picture")
    if not isinstance(text, str):
        raise RowError("a mask has no picture")
    try:
        picture = base64.b64decode(text, validate=True)
        roi = Roi.from_mask(view_picture.mask_of(picture, (y1 - y0 + 1, x1 - x0 + 1)), y0, x0)
    except (ValueError, binascii.Error) as error:
        raise RowError(f"a mask cannot be read: {error}") from error
    if roi is None:
        raise RowError("a mask holds no pixel")
    return roi
