"""PNG, JPEG and TIFF pictures of scans, with the sides the user chose. Grey values stand in for counts."""

from __future__ import annotations

from enum import StrEnum
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from workstation.core.scan import Frame, How, Kind, View
from workstation.dicom.errors import DicomError
from workstation.dicom.parse import picture_format
from workstation.dicom.pixels import looks_inverted, upside_down
from workstation.dicom.quiet import quiet
from workstation.dicom.read import Origin, ReadObject, read_bytes, reason_for

if TYPE_CHECKING:
    from PIL.Image import Image

_MAX_PIXELS = 32 << 20
_GREY_WEIGHTS = (0.299, 0.587, 0.114)


class Sides(StrEnum):
    """What a picture shows, from its left to its right."""

    ANTERIOR = "anterior"
    POSTERIOR = "posterior"
    ANTERIOR_POSTERIOR = "anterior and posterior"
    POSTERIOR_ANTERIOR = "posterior and anterior"


_VIEWS = {
    Sides.ANTERIOR: (View.ANTERIOR,),
    Sides.POSTERIOR: (View.POSTERIOR,),
    Sides.ANTERIOR_POSTERIOR: (View.ANTERIOR, View.POSTERIOR),
    Sides.POSTERIOR_ANTERIOR: (View.POSTERIOR, View.ANTERIOR),
}


def read_picture(source: Path | BinaryIO | bytes, name: str, sides: Sides, inverted: bool | None = None) -> ReadObject:
    """Frames from a picture; never raises for bad input.

    inverted: True when uptake is dark on white, False when bright on black, None to tell from the border. The facts say
    what was taken (`inverted`) so that a user can correct it.
    """
    try:
        with quiet():
            return _read(read_bytes(source), name, sides, inverted)
    except Exception as error:
        return ReadObject(name, False, reason_for(error), Kind.PICTURE)


def _read(data: bytes, name: str, sides: Sides, inverted: bool | None) -> ReadObject:
    form = picture_format(data)
    if form is None:
        raise DicomError("Not a PNG, JPEG or TIFF picture.")
    warnings = ["A picture: its grey values are not counts, and it has no scale in millimetres."]
    grey = _grey(data, form, warnings)
    if int(grey.min()) == int(grey.max()):
        raise DicomError("The picture has one grey value only; there is no scan in it.")
    views = _VIEWS[sides]
    if grey.shape[1] < 2 * len(views):
        raise DicomError("The picture is too narrow to be cut in two views.")
    dark_on_white = looks_inverted(grey) if inverted is None else inverted
    if dark_on_white and inverted is None:
        warnings.append("White background: taken as dark uptake on white and turned round.")
    values = (np.iinfo(grey.dtype).max - grey) if dark_on_white else grey
    width = grey.shape[1] // len(views)
    frames = tuple(
        Frame(values[:, at * width : (at + 1) * width].astype(np.uint16), view, How.USER, at + 1)
        for at, view in enumerate(views)
    )
    facts: dict[str, object] = {
        "format": form,
        "sides": str(sides),
        "inverted": dark_on_white,
        "burnt_in_risk": "A picture can have the patient's name drawn into it; look before sharing it.",
        "private_tags": 0,
        "warnings": tuple(warnings),
        "upside_down": upside_down(frames[0].counts),
    }
    origin = Origin(None, grey[np.newaxis])
    return ReadObject(name, True, None, Kind.PICTURE, frames, MappingProxyType(facts), origin=origin)


def _grey(data: bytes, form: str, warnings: list[str]) -> NDArray[Any]:
    """Grey values (rows, columns), uint8 or uint16; the first page of several."""
    from PIL import Image

    try:
        opened = Image.open(BytesIO(data), formats=[form])
    except Image.DecompressionBombError as error:
        raise DicomError("The picture is far too large for a scan.") from error
    with opened as picture:
        if picture.width * picture.height > _MAX_PIXELS:
            raise DicomError(f"A picture of {picture.height} x {picture.width} pixels is too large.")
        if getattr(picture, "n_frames", 1) > 1:
            warnings.append("The picture has several pages; the first was taken.")
        picture.load()
        return _grey_values(picture, warnings)


def _grey_values(picture: Image, warnings: list[str]) -> NDArray[Any]:
    if picture.mode in ("L", "1"):
        return np.asarray(picture.convert("L"))
    if picture.mode.startswith("I;16"):
        return np.asarray(picture).astype(np.uint16)
    if picture.mode in ("I", "F"):
        values = np.asarray(picture).astype(np.float64)
        if not np.isfinite(values).all():
            raise DicomError("The picture holds values that are no numbers.")
        if values.min() >= 0 and values.max() <= 65535 and picture.mode == "I":
            return values.astype(np.uint16)
        span = float(np.ptp(values)) or 1.0
        warnings.append("Its values were scaled to 16 bits.")
        return ((values - values.min()) / span * 65535).astype(np.uint16)
    # Transparent parts are background: black, as an empty detector is.
    colour = np.asarray(picture.convert("RGBA")).astype(np.float32)
    red, green, blue = (colour[..., at] * colour[..., 3] / 255.0 for at in range(3))
    if float(np.mean(np.maximum(abs(red - green), abs(green - blue)) > 24)) > 0.02:
        warnings.append("Colours were turned to grey by brightness, which need not follow uptake.")
    weighted = sum(weight * part for weight, part in zip(_GREY_WEIGHTS, (red, green, blue), strict=True))
    return np.rint(weighted).astype(np.uint8)
