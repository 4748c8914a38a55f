"""One object in, frames with views out. Bad input gives a reason in words, never an exception."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from workstation.core.scan import Frame, How, Kind, View
from workstation.dicom.errors import DicomError
from workstation.dicom.facts import facts_of
from workstation.dicom.frames import SIZES, Place, photopeak, places
from workstation.dicom.parse import MAX_BYTES, Header, parse, picture_format
from workstation.dicom.pixels import counts_of, frame_count, looks_inverted, raw_frames, upside_down
from workstation.dicom.quiet import quiet
from workstation.dicom.views import Code, Hints, Told, doubles, tell_views

_REFUSED_KINDS = {
    "STATIC": "A spot view (STATIC), not a whole-body scan. Choose the whole-body objects of the study.",
    "DYNAMIC": "A dynamic series, not a whole-body scan. Choose the whole-body objects of the study.",
    "GATED": "A gated series, not a whole-body scan. Choose the whole-body objects of the study.",
    "TOMO": "Raw tomography (TOMO), not a planar whole-body scan. Choose the whole-body objects of the study.",
    "GATED TOMO": "Raw gated tomography, not a planar whole-body scan. Choose the whole-body objects of the study.",
    "RECON TOMO": "Reconstructed slices (SPECT), not a planar whole-body scan. Choose the whole-body objects.",
    "RECON GATED TOMO": "Reconstructed gated slices, not a planar whole-body scan. Choose the whole-body objects.",
}
_MOST_COUNTS = 1e12  # in one pixel; far above what 32 bits hold, far below where sums and squares run over
_MAX_FRAMES = 256


@dataclass(frozen=True, eq=False)
class Origin:
    """The parsed object behind a ReadObject: for `deidentify` and `choose`, opaque to everyone else.

    raw: stored values (frames, rows, columns). places: energy window and detector of every frame.
    """

    header: Header | None
    raw: NDArray[Any]
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False)
class ReadObject:
    """What one file turned out to be.

    accepted: usable as it is. reason: when not, what, why and what to do, in words for the user.
    needs_choice: a person can make it usable by saying which frame shows which view (`choose`), or which side a picture
        shows (`picture.read_picture`); frames are then given with view None where that is open.
    facts: see `facts.facts_of`; also `warnings`, a tuple of sentences, and `upside_down`, a guess.
    """

    name: str
    accepted: bool
    reason: str | None
    kind: Kind | None = None
    frames: tuple[Frame, ...] = ()
    facts: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    needs_choice: bool = False
    origin: Origin | None = None


def read_object(source: Path | BinaryIO | bytes, name: str) -> ReadObject:
    """Read one object; never raises for bad input.

    name: how the user knows the file; returned as it is.
    """
    try:
        with quiet():
            return _read(read_bytes(source), name)
    except Exception as error:
        return ReadObject(name, False, reason_for(error))


def reason_for(error: Exception) -> str:
    """Why a file could not be used, in words, whatever happened while it was read."""
    if isinstance(error, DicomError):
        return str(error)
    if isinstance(error, RecursionError):
        return "The header is nested too deep to be a scan; the file is damaged."
    if isinstance(error, MemoryError):
        return "Reading it would take more memory than there is; the file is damaged or no whole-body scan."
    if isinstance(error, OSError) and error.errno is not None:
        return f"The file cannot be read: {error.strerror or type(error).__name__}. Check the disk and the rights."
    return f"The file is damaged and cannot be understood ({type(error).__name__}). Export it again."


def choose(read: ReadObject, views: Mapping[int, View]) -> ReadObject:
    """The object with the views a person chose, by frame number; frames not named are left out.

    Works for objects that need a choice and for accepted ones (correcting "assumed"). ValueError if the choice names a
    frame that is not there or one view twice.
    """
    if len(set(views.values())) < len(views) or not views:
        raise ValueError("each view can be chosen once, and at least one must be")
    frames = {frame.number: frame for frame in read.frames}
    if not set(views) <= set(frames):
        raise ValueError(f"there are frames {sorted(frames)}, chosen were {sorted(views)}")
    chosen = tuple(replace(frames[number], view=view, how=How.USER) for number, view in sorted(views.items()))
    return replace(read, accepted=True, reason=None, needs_choice=False, frames=chosen)


def read_bytes(source: Path | BinaryIO | bytes) -> bytes:
    """The file's bytes, never more than MAX_BYTES."""
    if isinstance(source, Path):
        if not source.is_file():
            raise DicomError("There is no such file, or it is not an ordinary one.")
        with source.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    else:
        data = source if isinstance(source, bytes) else source.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise DicomError(f"The file is larger than {MAX_BYTES >> 20} MiB, which no whole-body scan is.")
    return data


def _read(data: bytes, name: str) -> ReadObject:
    picture = None if data[128:132] == b"DICM" else picture_format(data)
    if picture:
        reason = f"A {picture} picture: say which side it shows, then it can be imported."
        return ReadObject(name, False, reason, Kind.PICTURE, needs_choice=True)
    header = parse(data)
    facts = facts_of(header)
    refusal, kind = _kind(header)
    if refusal:
        return ReadObject(name, False, refusal, kind, facts=MappingProxyType(facts))
    try:
        return _whole_body(header, name, facts)
    except DicomError as error:
        return ReadObject(name, False, str(error), Kind.WHOLE_BODY, facts=MappingProxyType(facts))


def _kind(header: Header) -> tuple[str | None, Kind | None]:
    """Why the object is refused, or None; and its kind."""
    if 0x04000500 in header.dataset:
        return "The object is encrypted. Export it unencrypted.", None
    sop_class = header.text(0x00080016)
    if sop_class == "1.2.840.10008.1.3.10" or 0x00041220 in header.dataset:
        return "A DICOMDIR: a list of files, not a scan. Choose the folder that holds it.", None
    modality = header.text(0x00080060).upper()
    if modality != "NM":
        what = f"Its modality is {modality[:16]}" if modality else "It names no modality"
        return f"{what}, not NM (nuclear medicine). Choose the bone scan's own objects.", None
    image_type = [value.upper() for value in header.texts(0x00080008)]
    what = image_type[2] if len(image_type) > 2 else ""
    if what.replace("_", " ").replace("WHOLEBODY", "WHOLE BODY") == "WHOLE BODY":
        fourth = image_type[3] if len(image_type) > 3 else ""
        if fourth not in ("", "EMISSION"):
            return f"A whole-body picture of kind {fourth[:16]}, not of emission. Choose the emission object.", None
        return None, Kind.WHOLE_BODY
    if what in _REFUSED_KINDS:
        return _REFUSED_KINDS[what], Kind.SPOT if what == "STATIC" else None
    said = f"says {what[:16]}" if what else "does not say what it is"
    return f"Not marked as a whole-body scan: its image type {said}. Choose the whole-body objects.", None


def _whole_body(header: Header, name: str, facts: dict[str, object]) -> ReadObject:
    warnings: list[str] = []
    total = frame_count(header)
    if total > _MAX_FRAMES:
        raise DicomError(f"{total:,} frames are announced; a whole-body scan has a few. The header is damaged.")
    raw = raw_frames(header)
    where = _places(header, total)
    kept, guess = _photopeak_frames(header, where)
    if guess:
        warnings.append(guess)
    told = tell_views([_hints(header, place, total) for place in kept])
    spacing = _spacing(header, warnings)
    frames = tuple(
        Frame(_counts(header, raw[place.number - 1], warnings), item.view, item.how, place.number, spacing)
        for place, item in zip(kept, told, strict=True)
    )
    _check(frames, raw, header, facts, warnings)
    facts["warnings"] = tuple(dict.fromkeys(warnings))
    facts["upside_down"] = upside_down(frames[0].counts)
    asks = doubles(told)
    return ReadObject(
        name,
        accepted=not asks,
        reason=_ask(frames, told) if asks else None,
        kind=Kind.WHOLE_BODY,
        frames=frames,
        facts=MappingProxyType(facts),
        needs_choice=asks,
        origin=Origin(header, raw, where),
    )


def _places(header: Header, total: int) -> tuple[Place, ...]:
    dataset = header.dataset
    vectors = {tag: [int(number) for number in header.numbers(tag)] for tag in SIZES if tag in dataset}
    sizes = {tag: header.whole(size) or 0 for tag, size in SIZES.items() if size in dataset}
    pointer = [int(tag) for tag in header.values(0x00280009) if isinstance(tag, int)]
    return places(total, pointer, vectors, sizes)


def _photopeak_frames(header: Header, where: Sequence[Place]) -> tuple[list[Place], str | None]:
    windows = []
    for item in header.items(0x00540012):
        ranges = [(span.number(0x00540014), span.number(0x00540015)) for span in item.items(0x00540013)]
        windows.append([(low, high) for low, high in ranges if low is not None and high is not None and high > low])
    number, guess = photopeak(windows, [place.window for place in where])
    return [place for place in where if place.window == number], guess


def _hints(header: Header, place: Place, total: int) -> Hints:
    """What the header says of one frame. Item k of DetectorInformationSequence describes detector k, never frame k."""
    detectors = header.items(0x00540022)
    item = detectors[place.detector - 1] if place.detector <= len(detectors) else None
    codes: tuple[Code, ...] = ()
    angle = facing = None
    if item is not None:
        codes = tuple(
            Code(code.text(0x00080100), code.text(0x00080102), code.text(0x00080104)) for code in item.items(0x00540220)
        )
        angle = item.number(0x00540200)
        orientation = item.numbers(0x00200037)
        if len(orientation) == 6:
            facing = float(np.cross(orientation[:3], orientation[3:])[1])
    names = [header.texts(tag) for tag in (0x00111012, 0x00111030)]
    return Hints(
        detector=place.detector,
        codes=codes,
        private_names=tuple(values[place.number - 1] for values in names if len(values) == total),
        texts=tuple(header.text(tag) for tag in (0x00540400, 0x0008103E, 0x00181030)),
        start_angle=angle,
        facing_y=facing,
    )


def _counts(header: Header, raw: NDArray[Any], warnings: list[str]) -> NDArray[np.uint16] | NDArray[np.float32]:
    slope, intercept = header.number(0x00281053), header.number(0x00281052)
    if slope is not None and slope <= 0:
        warnings.append("The rescale slope is not positive; it was left out.")
        slope = intercept = None
    if header.text(0x00280004).upper() == "MONOCHROME1" and looks_inverted(raw):
        warnings.append("Stored inverted (black on white); turned back so that more is brighter.")
        raw = (int(raw.max()) - raw.astype(np.int64)) if raw.dtype.kind in "iu" else raw.max() - raw
    return counts_of(raw, slope if slope is not None else 1.0, intercept or 0.0)


def _spacing(header: Header, warnings: list[str]) -> tuple[float, float] | None:
    values = header.numbers(0x00280030)
    if len(values) == 2 and all(0.05 < value < 50 for value in values):
        return values[0], values[1]
    warnings.append("The pixel spacing is missing; lengths and areas are in pixels.")
    return None


def _check(
    frames: Sequence[Frame], raw: NDArray[Any], header: Header, facts: Mapping[str, object], warnings: list[str]
) -> None:
    highest = max(float(frame.counts.max()) for frame in frames)
    if highest > _MOST_COUNTS:
        raise DicomError(f"A pixel holds {highest:.0e} counts, which no camera measures; the rescale slope is damaged.")
    sums = [int(frame.counts.sum(dtype=np.float64)) for frame in frames]
    if not any(sums):
        raise DicomError("Every pixel is empty; there is no scan in this object.")
    said = facts.get("counts_accumulated")
    if isinstance(said, int) and said > 0:
        close = [said * 0.999 <= total <= said * 1.001 for total in (*sums, sum(sums))]
        if not any(close) and not said * 0.999 <= int(raw.sum(dtype=np.float64)) <= said * 1.001:
            warnings.append(f"The header counts {said:,} counts, the picture holds {sum(sums):,}.")


def _ask(frames: Sequence[Frame], told: Sequence[Told]) -> str:
    if len(frames) == 1:
        return "The header does not tell which view its frame shows: say which, then it can be imported."
    if len(frames) > len(View):
        return f"{len(frames)} frames of one energy window; a scan has one of each view. Export those two alone."
    said = f"The header says of both frames that they are {told[0].view}"
    if any(item.how in (None, How.ASSUMED) for item in told):
        said = "The header does not tell which view its two frames show"
    return f"{said}: say whether the first is anterior or posterior, then it can be imported."
