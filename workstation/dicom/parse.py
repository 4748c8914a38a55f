"""Bytes to a data set, within bounds: no file may make the program hang or take more memory than it is worth."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from workstation.dicom.errors import DicomError

if TYPE_CHECKING:
    from pydicom import Dataset

# A two-view scan is about 1 MB. These leave room for every camera and stay far below 1 GiB of memory.
MAX_BYTES = 128 << 20
_MAX_HEADER = 4 << 20
_MAX_ELEMENTS = 20_000
_DEFLATED = "1.2.840.10008.1.2.1.99"
_PIXEL_DATA = 0x7FE00010
_PICTURES = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"II*\x00": "TIFF", b"MM\x00*": "TIFF"}


def picture_format(data: bytes) -> str | None:
    """PNG, JPEG or TIFF when the bytes begin like one."""
    return _PICTURES.get(data[:4]) or _PICTURES.get(data[:3])


@dataclass(frozen=True, eq=False)
class Header:
    """A parsed data set with getters that forgive.

    A bad value in one element (a weight that is no number, a broken date) must not cost the scan: it reads as absent.
    """

    dataset: Dataset
    private_tags: int = 0

    def value(self, tag: int) -> Any:
        """The element's value as pydicom gives it, or None when absent, empty or broken."""
        try:
            element = self.dataset[tag]
        except Exception:  # noqa: BLE001 pydicom raises many kinds for a broken value
            return None
        return None if element.is_empty else element.value

    def values(self, tag: int) -> tuple[Any, ...]:
        """All values; bytes of unknown type are taken as text."""
        from pydicom.multival import MultiValue

        value = self.value(tag)
        if value is None:
            return ()
        if isinstance(value, bytes):
            value = value.decode("latin-1").split("\\")
        return tuple(value) if isinstance(value, list | tuple | MultiValue) else (value,)

    def texts(self, tag: int) -> tuple[str, ...]:
        """All values as trimmed text."""
        return tuple(str(value).strip(" \0") for value in self.values(tag))

    def text(self, tag: int) -> str:
        """The first value as text, "" when absent."""
        return next(iter(self.texts(tag)), "")

    def numbers(self, tag: int) -> tuple[float, ...]:
        """All values as finite numbers; empty when any is not one."""
        found = []
        for text in self.texts(tag):
            try:
                number = float(text)
            except ValueError:
                return ()
            if not math.isfinite(number):
                return ()
            found.append(number)
        return tuple(found)

    def number(self, tag: int) -> float | None:
        return next(iter(self.numbers(tag)), None)

    def whole(self, tag: int) -> int | None:
        number = self.number(tag)
        return None if number is None else int(number)

    def items(self, tag: int) -> tuple[Header, ...]:
        """The items of a sequence, none when absent or broken."""
        from pydicom.sequence import Sequence

        value = self.value(tag)
        return tuple(Header(item) for item in value) if isinstance(value, Sequence) else ()


def parse(data: bytes) -> Header:
    """The data set in `data`; DicomError in words when there is none to be had."""
    from pydicom.filereader import read_partial

    force = _recognise(data)
    _check_inflated(data)
    pixels = data.find(b"\xe0\x7f")
    if (pixels if pixels >= 0 else len(data)) > _MAX_HEADER:
        raise DicomError("The header is larger than 4 MiB, which no bone scan has; the file is damaged or not a scan.")
    seen = private = 0

    def stop(tag: int, _vr: str | None, _length: int) -> bool:
        nonlocal seen, private
        seen += 1
        private += (tag >> 16) & 1
        return tag > _PIXEL_DATA or seen > _MAX_ELEMENTS

    dataset = read_partial(BytesIO(data), stop_when=stop, force=force)
    if seen > _MAX_ELEMENTS:
        raise DicomError("The header has more than 20,000 elements, which no bone scan has; the file is damaged.")
    if not len(dataset):
        raise DicomError("The file has a DICOM beginning but no elements; it is empty or damaged. Export it again.")
    return Header(dataset, private)


def _recognise(data: bytes) -> bool:
    """Whether the file lacks the DICOM preamble but begins like a data set; DicomError if it is something else."""
    if data[128:132] == b"DICM":
        return False
    if not data:
        raise DicomError("The file is empty. Export it again.")
    picture = picture_format(data)
    if picture:
        raise DicomError(f"This is a {picture} picture. Import it as a picture and say which side it shows.")
    if data[:2] == b"PK":
        raise DicomError("This is an archive inside another. Unpack it first.")
    if data[:2] in (b"\x30\x80", b"\x30\x82", b"\x30\x83", b"\x30\x84"):
        raise DicomError("The file is encrypted (a DICOM secure file). Export it unencrypted.")
    # Group 0002 or 0008 in either byte order, with an element number: an old file written without a preamble.
    if len(data) > 16 and data[:2] in (b"\x02\x00", b"\x08\x00", b"\x00\x02", b"\x00\x08"):
        return True
    raise DicomError("This is not a DICOM file. Choose files exported as DICOM, or a PNG, JPEG or TIFF picture.")


def _check_inflated(data: bytes) -> None:
    """Refuses a deflated data set that would unpack to more than MAX_BYTES, before anything unpacks it whole."""
    if data.find(_DEFLATED.encode(), 0, 1 << 20) < 0:
        return
    from pydicom.filereader import read_dataset

    stream = BytesIO(data)
    stream.seek(132 if data[128:132] == b"DICM" else 0)
    meta = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag >> 16 != 2)
    if str(meta.get("TransferSyntaxUID", "")) != _DEFLATED:
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    size, packed = 0, stream.read()
    while packed and not inflater.eof:
        size += len(inflater.decompress(packed, 1 << 20))
        packed = inflater.unconsumed_tail
        if size > MAX_BYTES:
            raise DicomError("The compressed header unpacks to more than 128 MiB, which no bone scan does; refused.")
