"""A header as rows for the header viewer: plain text, cut to length, no pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workstation.dicom.errors import DicomError
from workstation.dicom.parse import MAX_BYTES, parse
from workstation.dicom.quiet import quiet

if TYPE_CHECKING:
    from pydicom import Dataset

_MAX_ROWS = 5000
_MAX_DEPTH = 16
_MAX_TEXT = 256


@dataclass(frozen=True)
class Row:
    """One element. depth: how many sequences it lies within. value: plain text from the file, never to be rendered."""

    depth: int
    tag: str
    name: str
    vr: str
    value: str


def header_rows(data: bytes) -> tuple[Row, ...]:
    """The rows of a DICOM file's bytes, file meta first; DicomError in words when there is no header."""
    if len(data) > MAX_BYTES:
        raise DicomError("The file is too large to show its header.")
    rows: list[Row] = []
    with quiet():
        try:
            dataset = parse(data).dataset
            meta = getattr(dataset, "file_meta", None)
            for part in (meta, dataset):
                if part is not None:
                    _add(rows, part, 0)
        except DicomError:
            raise
        except Exception as error:
            raise DicomError(f"The header is damaged and cannot be shown ({type(error).__name__}).") from error
    return tuple(rows)


def _add(rows: list[Row], dataset: Dataset, depth: int) -> None:
    from pydicom.sequence import Sequence

    for tag in sorted(dataset.keys()):
        if len(rows) >= _MAX_ROWS:
            return
        shown = f"({tag.group:04X},{tag.element:04X})"
        try:
            element = dataset[tag]
            name, vr, value = element.name, str(element.VR), element.value
        except Exception as error:  # a broken value is shown as such, beside the ones that are whole
            rows.append(Row(depth, shown, "", "", f"cannot be read ({type(error).__name__})"))
            continue
        if isinstance(value, Sequence):
            rows.append(Row(depth, shown, name, vr, f"{len(value)} item{'' if len(value) == 1 else 's'}"))
            if depth < _MAX_DEPTH:
                for item in value:
                    _add(rows, item, depth + 1)
        elif tag.group == 0x7FE0 or isinstance(value, bytes):
            rows.append(Row(depth, shown, name, vr, f"{len(value or b''):,} bytes"))
        else:
            rows.append(Row(depth, shown, name, vr, _plain(value)))


def _plain(value: object) -> str:
    from pydicom.multival import MultiValue

    text = "\\".join(str(item) for item in value) if isinstance(value, list | tuple | MultiValue) else str(value)
    clean = "".join(letter if letter.isprintable() else " " for letter in text[:_MAX_TEXT]).strip()
    return clean if len(text) <= _MAX_TEXT else clean + " ..."
