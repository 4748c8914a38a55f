"""Which views a picture from elsewhere may show: a scan that was imported from it holds the same counts."""

from __future__ import annotations

from dataclasses import dataclass

from workstation.core.scan import View
from workstation.workflows.view_picture import print_of


@dataclass(frozen=True)
class PictureView:
    """A part of a picture as a view.

    sha256: of its counts as a library keeps them. shown: `print_of` them. left: its first column. size: rows, columns.
    """

    view: View
    sha256: str
    shown: str
    left: int
    size: tuple[int, int]


def arrangements(picture: bytes) -> list[tuple[PictureView, ...]]:
    """Every way to import the picture, the views of each way from left to right; none where it is no scan."""
    from workstation.dicom.picture import Sides, read_picture
    from workstation.store.files import pixel_file

    found = []
    for sides in Sides:
        frames = read_picture(picture, "picture", sides).frames
        parts, left = [], 0
        for frame in frames:
            assert frame.view is not None
            kept, size = pixel_file("", frame).sha256, (frame.rows, frame.columns)
            parts.append(PictureView(frame.view, kept, print_of(frame), left, size))
            left += frame.columns
        if parts:
            found.append(tuple(parts))
    return found
