"""Pixels of a data set as one raw array, and raw values as counts. Sizes are checked before anything is allocated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from workstation.dicom.decoder import Damaged, Unsupported, decode
from workstation.dicom.errors import DicomError
from workstation.dicom.parse import Header

if TYPE_CHECKING:
    from pydicom.uid import UID

_FLOAT_PIXELS, _DOUBLE_PIXELS, _PIXELS = 0x7FE00008, 0x7FE00009, 0x7FE00010
_MAX_SIDE = 8192
_MAX_DECODED = 64 << 20
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_RLE = "1.2.840.10008.1.2.5"


def transfer_syntax(header: Header) -> UID:
    """The transfer syntax; implicit little endian, the DICOM default, when the file does not say."""
    from pydicom.uid import UID

    meta = getattr(header.dataset, "file_meta", None)
    return UID(str(meta.get("TransferSyntaxUID") or "1.2.840.10008.1.2") if meta else "1.2.840.10008.1.2")


def frame_count(header: Header) -> int:
    return header.whole(0x00280008) or 1


def raw_frames(header: Header) -> NDArray[Any]:
    """The stored values (frames, rows, columns) in native byte order, unused bits cleared; DicomError in words."""
    shape = _shape(header)
    for tag, kind in ((_FLOAT_PIXELS, "f4"), (_DOUBLE_PIXELS, "f8")):
        if tag in header.dataset:
            return _native(header.dataset[tag].value, shape, np.dtype(kind).newbyteorder(_order(header)))
    element = header.dataset.get_item(_PIXELS)
    if element is None:
        raise DicomError("There is no picture in this object, only text. Choose the object that holds the scan.")
    allocated = header.whole(0x00280100) or 0
    if allocated not in (8, 16, 32):
        raise DicomError(f"Pixels of {allocated} bits are not counts; 8, 16 or 32 bits were expected.")
    signed = header.whole(0x00280103) == 1
    data = element.value if isinstance(element.value, bytes) else bytes(element.value or b"")
    if transfer_syntax(header).is_encapsulated:
        return _unused_bits_cleared(_decoded(header, data, shape, allocated, signed), header, allocated, signed)
    kind = f"{'i' if signed else 'u'}{allocated // 8}"
    dtype = np.dtype(kind).newbyteorder(_order(header))
    return _unused_bits_cleared(_native(data, shape, dtype), header, allocated, signed)


def counts_of(raw: NDArray[Any], slope: float, intercept: float) -> NDArray[np.uint16] | NDArray[np.float32]:
    """Counts of one frame: rescaled, negatives clipped to none; uint16 when all are whole and fit, else float32."""
    if slope == 1.0 and intercept == 0.0 and raw.dtype.kind in "ui":
        if raw.dtype == np.uint16:
            return raw
        clipped = np.maximum(raw, 0) if raw.dtype.kind == "i" else raw
        if raw.dtype.itemsize <= 2 or clipped.max() <= 65535:
            return clipped.astype(np.uint16)
        return clipped.astype(np.float32)
    values = raw.astype(np.float64) * slope + intercept
    values = np.maximum(np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0), 0.0)
    if values.max() <= 65535 and (values == np.floor(values)).all():
        return values.astype(np.uint16)
    return np.minimum(values, float(np.finfo(np.float32).max)).astype(np.float32)


def looks_inverted(values: NDArray[Any]) -> bool:
    """Whether the background is the bright end: the border of a bone scan is empty, so it must be dark."""
    border = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]]).astype(np.float64)
    low, high = float(values.min()), float(values.max())
    return high > low and float(np.median(border)) - low > 0.6 * (high - low)


def upside_down(counts: NDArray[Any]) -> bool:
    """A guess by content: legs are long, narrow and faint, so most counts lie in the upper half of the body.

    Counts are clipped at twice the body's mean so that a bladder does not decide.
    """
    sample = counts[::4, ::2].astype(np.float64)
    positive = sample[sample > 0]
    if positive.size < 100:
        return False
    clipped = np.minimum(sample, 2.0 * positive.mean())
    profile = clipped.sum(axis=1)
    rows = np.flatnonzero(profile > 0.1 * profile.max())
    body = profile[rows[0] : rows[-1] + 1]
    centre = float((body * (np.arange(body.size) + 0.5)).sum() / body.sum() / body.size)
    return centre > 0.57


def _shape(header: Header) -> tuple[int, int, int]:
    frames, rows, columns = frame_count(header), header.whole(0x00280010) or 0, header.whole(0x00280011) or 0
    if (header.whole(0x00280002) or 1) != 1:
        raise DicomError("A colour picture, not counts. Save it as PNG or JPEG and import it as a picture.")
    if rows < 1 or columns < 1 or frames < 1:
        raise DicomError("The header gives no picture size; this is not an image or it is damaged.")
    if max(rows, columns) > _MAX_SIDE:
        raise DicomError(f"A picture of {rows} x {columns} pixels is no whole-body scan; the header is damaged.")
    return frames, rows, columns


def _order(header: Header) -> Literal["<", ">"]:
    return ">" if str(transfer_syntax(header)) == _BIG_ENDIAN else "<"


def _native(data: bytes, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> NDArray[Any]:
    frames, rows, columns = shape
    needed = frames * rows * columns * dtype.itemsize
    if len(data) < needed:
        raise DicomError(
            f"The file is cut short: {frames} x {rows} x {columns} pixels need {needed:,} bytes, "
            f"{len(data):,} are there. Export it again."
        )
    values = np.frombuffer(data, dtype, frames * rows * columns).reshape(shape)
    native = dtype.newbyteorder("=")
    return values.view(native) if dtype.isnative else values.astype(native)


def _unused_bits_cleared(values: NDArray[Any], header: Header, allocated: int, signed: bool) -> NDArray[Any]:
    """Without what old cameras kept in the bits above BitsStored (overlays); the sign extended."""
    stored = header.whole(0x00280101) or allocated
    if not 0 < stored < allocated:
        return values
    if signed:
        shift = allocated - stored
        return (values << shift) >> shift
    return values & values.dtype.type((1 << stored) - 1)


def _decoded(header: Header, data: bytes, shape: tuple[int, int, int], allocated: int, signed: bool) -> NDArray[Any]:
    from pydicom.encaps import generate_frames

    frames, rows, columns = shape
    syntax = transfer_syntax(header)
    pixels = rows * columns
    if frames * pixels * allocated // 8 > _MAX_DECODED:
        raise DicomError(f"{frames} frames of {rows} x {columns} pixels are more than a whole-body scan holds.")
    try:
        streams = list(generate_frames(data, number_of_frames=frames))[:frames]
    except Exception as error:
        raise DicomError("The compressed picture is damaged or cut short. Export it again.") from error
    if len(streams) < frames:
        raise DicomError(f"The file is cut short: {frames} frames announced, {len(streams)} there. Export it again.")
    kind = np.dtype(f"{'i' if signed else 'u'}{allocated // 8}")
    if str(syntax) == _RLE:
        return np.stack([_rle(stream, rows, columns, kind.itemsize) for stream in streams]).view(kind)
    for stream in streams:
        _check_codestream(stream, rows, columns)
    described: dict[str, Any] = {
        "number_of_frames": frames,
        "rows": rows,
        "columns": columns,
        "samples_per_pixel": 1,
        "photometric_interpretation": "MONOCHROME2",
        "bits_allocated": allocated,
        "bits_stored": header.whole(0x00280101) or allocated,
        "pixel_representation": int(signed),
        "pixel_keyword": "PixelData",
        "transfer_syntax_uid": str(syntax),
    }
    try:
        return _native(decode(described, data), shape, kind.newbyteorder("<"))
    except Unsupported as error:
        raise DicomError(f"The compression {syntax.name} cannot be read. Export the scan uncompressed.") from error
    except Damaged as error:
        raise DicomError("The compressed picture is damaged. Export it again, best uncompressed.") from error


def _rle(stream: bytes, rows: int, columns: int, size: int) -> NDArray[Any]:
    """One RLE frame (PS3.5 G): byte planes, most significant first, each packed by itself."""
    offsets = np.frombuffer(stream[:64].ljust(64, b"\0"), "<u4")
    if offsets[0] != size:
        raise DicomError("The run-length coded picture is damaged. Export it again.")
    ends = [*offsets[2 : size + 1], len(stream)]
    planes = [
        _unpack(stream[start:end], rows * columns) for start, end in zip(offsets[1 : size + 1], ends, strict=True)
    ]
    merged = np.stack(planes[::-1], axis=-1)
    return np.ascontiguousarray(merged).view(f"<u{size}").reshape(rows, columns)


def _unpack(packed: bytes, length: int) -> NDArray[np.uint8]:
    out = bytearray()
    at = 0
    while at < len(packed) - 1 and len(out) < length:
        control = packed[at]
        if control < 128:
            out += packed[at + 1 : at + 2 + control]
            at += control + 2
        elif control > 128:
            out += packed[at + 1 : at + 2] * (257 - control)
            at += 2
        else:
            at += 1
    if len(out) < length:
        raise DicomError("The run-length coded picture is cut short. Export it again.")
    return np.frombuffer(bytes(out[:length]), np.uint8)


def _check_codestream(stream: bytes, rows: int, columns: int) -> None:
    """Refuses a codestream of another size than the header's: the decoder would allocate what the stream claims."""
    size = _jpeg_2000_size(stream) if stream[:2] == b"\xff\x4f" else _jpeg_size(stream)
    if size != (rows, columns):
        found = f"{size[0]} x {size[1]}" if size else "no"
        raise DicomError(
            f"The compressed picture has {found} pixels, the header says {rows} x {columns}; the file is damaged."
        )


def _jpeg_size(stream: bytes) -> tuple[int, int] | None:
    """Rows and columns of the first frame header (SOF, also of JPEG-LS); None without one or with several colours."""
    at = 2
    while stream[:2] == b"\xff\xd8" and at + 9 < len(stream):
        if stream[at] != 0xFF:
            return None
        marker = stream[at + 1]
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            if stream[at + 9] != 1:
                return None
            return int.from_bytes(stream[at + 5 : at + 7], "big"), int.from_bytes(stream[at + 7 : at + 9], "big")
        at += 1 if marker == 0xFF else 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
    return None


def _jpeg_2000_size(stream: bytes) -> tuple[int, int] | None:
    """Rows and columns of the image area; None when damaged or with several colours."""
    if stream[2:4] != b"\xff\x51" or stream[40:42] != b"\x00\x01":
        return None
    right, bottom, left, top = (int.from_bytes(stream[at : at + 4], "big") for at in range(8, 24, 4))
    return bottom - top, right - left
