"""A scan as one picture with its lesions outlined, and label masks as PNG."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import resources
from workstation.core import body
from workstation.core.display import bone_window, to_index
from workstation.core.geometry import side_letters
from workstation.core.lesion import Lesion, Reading
from workstation.core.outline import outline
from workstation.core.scan import Frame, Scan, View
from workstation.workflows import png_bytes
from workstation.workflows.label_map import label_map

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

_SCALE = 2  # screen pixels a pixel
_GAP = 12
_HEAD = 26
_LINE = 2
_UNLABELLED: dict[str, Any] = {"letter": "", "colour": "#3b82d6", "dash": []}


def picture(scan: Scan, reading: Reading | None) -> bytes:
    """PNG of the views side by side, dark on white, with the outlines of a reading's lesions."""
    from PIL import Image, ImageDraw

    bodies = body.bodies(scan.frames)
    window = bone_window(
        {view: frame.counts for view, frame in scan.frames.items()},
        {view: facts.body_mask for view, facts in bodies.items()},
        {view: facts.excluded_mask for view, facts in bodies.items()},
    )
    widths = [frame.columns * _SCALE for frame in scan.frames.values()]
    tall = max(frame.rows for frame in scan.frames.values()) * _SCALE + _HEAD
    page = Image.new("RGB", (sum(widths) + _GAP * (len(widths) - 1), tall), "white")
    pen = ImageDraw.Draw(page)
    left = 0
    for view in scan.views:
        frame = scan.frames[view]
        grey = 255 - to_index(frame.counts, window)
        page.paste(Image.fromarray(grey.repeat(_SCALE, 0).repeat(_SCALE, 1)), (left, _HEAD))
        for lesion in () if reading is None else reading.lesions.values():
            _draw(pen, lesion, view, left)
        _letters(pen, frame, left)
        left += frame.columns * _SCALE + _GAP
    simulated = "   SIMULATED" if scan.facts.get("simulated") else ""
    who = "" if reading is None else f"   read by {reading.key.reader}"
    pen.text((4, 5), f"{scan.id}{simulated}{who}", "black", _font(14))
    return png_bytes.encode(np.asarray(page))


def mask(frame: Frame, reading: Reading) -> bytes:
    """The label mask of one view as a grey PNG of the frame's own size."""
    from PIL import Image

    assert frame.view is not None
    stream = BytesIO()
    Image.fromarray(label_map(reading, frame.view, (frame.rows, frame.columns))).save(stream, "PNG")
    return stream.getvalue()


def _draw(pen: ImageDraw, lesion: Lesion, view: View, left: int) -> None:
    if view not in lesion.rois:
        return
    look: dict[str, Any] = _UNLABELLED if lesion.label is None else resources.table("vocab/labels")[str(lesion.label)]
    roi = lesion.rois[view]
    for loop in outline(roi):
        # Pixel centres are whole numbers: the first pixel's upper left corner lies at -0.5.
        corners = (loop[:, ::-1] + 0.5) * _SCALE + (left, _HEAD)
        for start, end in _dashes(corners, [part * _LINE for part in look["dash"]]):
            pen.line([tuple(start), tuple(end)], look["colour"], _LINE)
    at = (left + (roi.left + roi.width) * _SCALE + 3, _HEAD + roi.top * _SCALE - 6)
    pen.text(at, look["letter"], look["colour"], _font(14), stroke_width=1, stroke_fill="white")


def _dashes(
    corners: NDArray[np.float64], pattern: list[float]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """The closed line as strokes: all of it, or cut into the pattern's (stroke, gap, ...) lengths."""
    place, used = 0, 0.0
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if not pattern:
            yield start, end
            continue
        length = float(np.abs(end - start).sum())  # the line runs along pixel edges
        at = 0.0
        while at < length:
            step = min(pattern[place] - used, length - at)
            if place % 2 == 0:
                yield start + (end - start) * at / length, start + (end - start) * (at + step) / length
            at, used = at + step, used + step
            if used >= pattern[place]:
                place, used = (place + 1) % len(pattern), 0.0


def _letters(pen: ImageDraw, frame: Frame, left: int) -> None:
    assert frame.view is not None
    letters, width = side_letters(frame.view), frame.columns * _SCALE
    pen.text((left + 6, _HEAD + 6), letters["left"], "black", _font(18))
    pen.text((left + width - 6, _HEAD + 6), letters["right"], "black", _font(18), anchor="ra")
    pen.text((left + width // 2, _HEAD + 6), str(frame.view), "black", _font(14), anchor="ma")


@cache
def _font(size: int) -> FreeTypeFont:
    from PIL import ImageFont

    return ImageFont.truetype(str(resources.path("fonts", "Inter-SemiBold.otf")), size)
