"""One view as a grey picture for tools that draw on pictures: one screen pixel a pixel, dark on white, bone window.

The picture tells in a text of its own which view of which scan it shows, so that what was drawn on it finds back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workstation.core import body
from workstation.core.display import bone_window, to_index
from workstation.core.scan import Frame, Scan, View
from workstation.workflows.lesion_words import OURS

_MAX_PIXELS = 8192 * 8192


def name(scan: str, view: View) -> str:
    return f"{scan}_{view}.png"


def which(scan: Scan, view: View, sha256: str) -> dict[str, Any]:
    """The words by which a view is known again. sha256: of its counts, the same in every library."""
    frame = scan.frames[view]
    uid = scan.facts.get("sop_uid")
    return {
        "scan": scan.id,
        "view": str(view),
        "rows": frame.rows,
        "columns": frame.columns,
        "sop_uid": uid if isinstance(uid, str) else "",
        "sha256": sha256,
        "shown": print_of(frame),
    }


def print_of(frame: Frame) -> str:
    """Of the counts the way up they are shown: `sha256` is of those that arrived, which may have been turned since."""
    return hashlib.sha256(np.ascontiguousarray(frame.counts).tobytes()).hexdigest()[:16]


def pictures(scan: Scan, told: Mapping[View, Mapping[str, Any]]) -> dict[View, bytes]:
    """PNG of every view, both in the same window. told: `which` of each."""
    from PIL import Image, PngImagePlugin

    bodies = body.bodies(scan.frames)
    window = bone_window(
        {view: frame.counts for view, frame in scan.frames.items()},
        {view: facts.body_mask for view, facts in bodies.items()},
        {view: facts.excluded_mask for view, facts in bodies.items()},
    )
    made = {}
    for view, frame in scan.frames.items():
        text = PngImagePlugin.PngInfo()
        text.add_text(OURS, json.dumps(told[view]))
        stream = BytesIO()
        Image.fromarray(255 - to_index(frame.counts, window)).save(stream, "PNG", compress_level=4, pnginfo=text)
        made[view] = stream.getvalue()
    return made


def told_by(picture: bytes) -> tuple[tuple[int, int], Mapping[str, Any]]:
    """(rows, columns) of a picture and what it tells of itself, {} where it is not ours. ValueError: no picture."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(BytesIO(picture)) as image:
            words = image.info.get(OURS, "{}")  # `text` would decode the picture
            told = json.loads(words) if isinstance(words, str) else {}
            return (image.height, image.width), told if isinstance(told, dict) else {}
    except (OSError, ValueError, SyntaxError, RecursionError, UnidentifiedImageError) as error:
        raise ValueError("no picture") from error
    except Image.DecompressionBombError as error:
        raise ValueError("far too large a picture") from error


def mask_of(picture: bytes, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """A picture of `shape` (rows, columns) as a mask: true where it is not black. ValueError where it is no such."""
    (rows, columns), _ = told_by(picture)
    if (rows, columns) != shape or rows * columns > _MAX_PIXELS:
        raise ValueError(f"a picture of {rows} x {columns} pixels instead of {shape[0]} x {shape[1]}")
    from PIL import Image

    try:
        with Image.open(BytesIO(picture)) as image:
            values = np.asarray(image if image.mode in ("1", "L", "I;16", "I", "F") else image.convert("L"))
    except (OSError, ValueError, SyntaxError) as error:
        raise ValueError("a broken picture") from error
    mask: NDArray[np.bool_] = np.ascontiguousarray(values) != 0
    return mask


def mask_picture(mask: NDArray[np.bool_]) -> bytes:
    """A mask as PNG of zeros and ones, as labelme writes it."""
    from PIL import Image

    stream = BytesIO()
    Image.fromarray(mask.astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()
