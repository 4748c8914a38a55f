"""Pictures with the sides a user chose."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from tests.dicom.studies import body
from workstation.core.scan import How, Kind, View
from workstation.dicom.deidentify import deidentify
from workstation.dicom.picture import Sides, read_picture
from workstation.dicom.read import read_object

GREY = np.minimum(body(1) * 4, 255).astype(np.uint8)


def encoded(values: NDArray[np.generic], form: str = "PNG", **options: object) -> bytes:
    stream = BytesIO()
    Image.fromarray(values).save(stream, format=form, **options)
    return stream.getvalue()


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_a_whole_picture_is_one_view(form: str) -> None:
    read = read_picture(encoded(GREY, form), "x", Sides.POSTERIOR)
    assert read.accepted and read.kind is Kind.PICTURE
    (frame,) = read.frames
    assert (frame.view, frame.how) == (View.POSTERIOR, How.USER)
    assert np.array_equal(frame.counts, GREY) and read.facts["inverted"] is False


def test_jpeg_is_near(tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    path.write_bytes(encoded(GREY, "JPEG", quality=95))
    read = read_picture(path, "x", Sides.ANTERIOR)
    assert abs(read.frames[0].counts.astype(float) - GREY).mean() < 3


def test_two_views_side_by_side() -> None:
    both = np.hstack([GREY, GREY[:, ::-1] // 2])
    read = read_picture(encoded(both), "x", Sides.POSTERIOR_ANTERIOR)
    assert [frame.view for frame in read.frames] == [View.POSTERIOR, View.ANTERIOR]
    assert np.array_equal(read.frames[0].counts, GREY)
    assert np.array_equal(read.frames[1].counts, GREY[:, ::-1] // 2)


def test_white_background_is_recognised_and_can_be_overruled() -> None:
    read = read_picture(encoded(255 - GREY), "x", Sides.ANTERIOR)
    assert read.facts["inverted"] is True and "White background" in str(read.facts["warnings"])
    assert np.array_equal(read.frames[0].counts, GREY)
    kept = read_picture(encoded(255 - GREY), "x", Sides.ANTERIOR, inverted=False)
    assert np.array_equal(kept.frames[0].counts, 255 - GREY)


def test_sixteen_bits_and_colours() -> None:
    deep = (body(1).astype(np.uint16) * 300).astype(np.uint16)
    assert np.array_equal(read_picture(encoded(deep), "x", Sides.ANTERIOR).frames[0].counts, deep)
    neutral = read_picture(encoded(np.dstack([GREY] * 3)), "x", Sides.ANTERIOR)
    assert np.array_equal(neutral.frames[0].counts, GREY) and "Colours" not in str(neutral.facts["warnings"])
    hot = read_picture(encoded(np.dstack([GREY, GREY // 3, GREY // 9])), "x", Sides.ANTERIOR)
    assert "Colours" in str(hot.facts["warnings"])


def test_texts_inside_a_picture_do_not_survive() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Patient", "Muster")
    read = read_picture(encoded(GREY, pnginfo=info), "x", Sides.ANTERIOR)
    made = deidentify(read, b"0" * 32, -1)
    assert b"Muster" not in made.data
    again = read_picture(made.data, "x", Sides.ANTERIOR)
    assert np.array_equal(again.frames[0].counts, GREY) and read.facts["burnt_in_risk"]


def test_a_picture_read_as_an_object_asks_for_its_side() -> None:
    read = read_object(encoded(GREY), "x")
    assert not read.accepted and read.needs_choice and read.kind is Kind.PICTURE


@pytest.mark.parametrize(
    "data", [b"", b"\x89PNG\r\n\x1a\n", encoded(GREY)[:200], encoded(np.zeros_like(GREY)), b"II*\0x"]
)
def test_damaged_and_empty_pictures_are_refused(data: bytes) -> None:
    read = read_picture(data, "x", Sides.ANTERIOR)
    assert not read.accepted and read.reason


def test_a_bomb_is_called_too_large_not_damaged() -> None:
    """A PNG of a few bytes whose header claims 60,000 x 60,000 pixels: Pillow refuses it before it is opened."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + head
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(head)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    pixels = b"IDAT" + zlib.compress(bytes(100))
    data += struct.pack(">I", len(pixels) - 4) + pixels + struct.pack(">I", zlib.crc32(pixels))
    read = read_picture(data, "bomb.png", Sides.ANTERIOR)
    assert not read.accepted and read.reason is not None and "too large" in read.reason
