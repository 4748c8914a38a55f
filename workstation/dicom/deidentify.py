"""A new object that holds what research needs and nothing that says who the patient is.

Nothing is removed from the original; a new object is built from an explicit list (in the spirit of the PS3.15 basic
profile with the options to keep patient characteristics and to modify dates). What is kept is parsed and written anew
(a number as a number, a code from our own table), so free text, private elements, overlays, comments inside compressed
pictures and anything unheard of cannot come along. Text drawn into the picture itself can: see `burnt_in_risk`.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workstation.core.scan import Frame, How, Kind
from workstation.dicom.errors import DicomError
from workstation.dicom.facts import SIMULATED, activity_mbq, facts_of, iso_date, iso_time
from workstation.dicom.frames import Place
from workstation.dicom.parse import Header
from workstation.dicom.read import Origin, ReadObject, read_object
from workstation.dicom.uids import keyed_uid, uid_from
from workstation.dicom.write import EXPLICIT_LITTLE, IMPLEMENTATION, NM_IMAGE, VIEW_CODES

if TYPE_CHECKING:
    from pydicom import Dataset

METHOD = "Osteoscope allow list 1, dates moved"
_PROFILE = (
    ("113100", "DCM", "Basic Application Confidentiality Profile"),
    ("113107", "DCM", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ("113108", "DCM", "Retain Patient Characteristics Option"),
)
_SOP_CLASSES = (
    NM_IMAGE,
    "1.2.840.10008.5.1.4.1.1.7",  # secondary capture, and its multi-frame kinds
    "1.2.840.10008.5.1.4.1.1.7.2",
    "1.2.840.10008.5.1.4.1.1.7.3",
)
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_MAX_AGE = 90

_DATES = (0x00080020, 0x00080021, 0x00080022, 0x00080023)
_TIMES = (0x00080030, 0x00080031, 0x00080032, 0x00080033)
_CAMERA = (0x00080070, 0x00081090)
# Numbers, by value representation.
_DECIMALS = (0x00181130, 0x00181300, 0x00280030, 0x00281050, 0x00281051, 0x00281052, 0x00281053)
_INTEGERS = (0x00180070, 0x00181242, 0x00181243, 0x00181302, 0x00200011, 0x00200013)
# Coded words and the ones we know; any other word is left out.
_WORDS = {
    0x00100040: ("M", "F", "O"),
    0x00181301: ("1PS", "2PS", "PCN", "MSP"),
    0x00280301: ("YES", "NO"),
    0x00282110: ("00", "01"),
    0x00280051: ("UNIF", "COR", "NCO", "DECY", "ATTN", "SCAT", "DTIM", "NRGY", "LIN", "MOTN", "CLN"),
}
_IMAGE_TYPE = (("ORIGINAL", "DERIVED"), ("PRIMARY", "SECONDARY"), ("WHOLE BODY",), ("EMISSION",))
_CODES = {
    ("F-10450", "102538003"): ("102538003", "SCT", "recumbent"),
    ("F-10340", "40199007"): ("40199007", "SCT", "supine"),
    ("F-10310", "1240000"): ("1240000", "SCT", "prone"),
    ("F-10470", "102540008"): ("102540008", "SCT", "headfirst"),
    ("F-10480", "102541007"): ("102541007", "SCT", "feet-first"),
    ("C-163A8", "72454006"): ("72454006", "SCT", "^99m^Technetium"),
}


@dataclass(frozen=True, eq=False)
class Deidentified:
    """data: the new file (DICOM, explicit little endian; a picture: PNG). facts: those of `data`, safe to show."""

    data: bytes
    patient: str
    facts: Mapping[str, object]


def pseudonym(key: bytes, patient_id: str, issuer: str = "") -> str:
    """The name a patient has in a research library: the same for the same key and identifier, meaningless without."""
    digest = hmac.new(key, f"patient\x1f{issuer}\x1f{patient_id}".encode(), hashlib.sha256).digest()
    number = int.from_bytes(digest, "big")
    letters = []
    for _ in range(10):
        number, rest = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[rest])
    return "P" + "".join(letters)


def secret_day_offset(key: bytes, patient_id: str, issuer: str = "") -> int:
    """Days by which all dates of a patient move: 1 to 3650 back, the same for the same key and identifier."""
    digest = hmac.new(key, f"days\x1f{issuer}\x1f{patient_id}".encode(), hashlib.sha256).digest()
    return -1 - int.from_bytes(digest[:8], "big") % 3650


def patient_key(read: ReadObject) -> tuple[str, str]:
    """(identifier, issuer) that says which patient an object is of; without a patient id, its study stands in."""
    given = str(read.facts.get("patient_id", ""))
    if given:
        return given, str(read.facts.get("patient_id_issuer", ""))
    return f"study {read.facts.get('study_uid') or read.facts.get('sop_uid') or read.name}", ""


def deidentify(source: ReadObject | bytes, key: bytes, day_offset: int) -> Deidentified:
    """The research copy of an accepted object.

    key: the library's secret; UIDs and the patient's pseudonym follow from it. day_offset: days added to every date.
    The views already told are written as view codes, so that reading the copy gives the same views; an assumed view is
    not, because a code would claim to know. DicomError if the object was not accepted.
    """
    read = source if isinstance(source, ReadObject) else read_object(source, "")
    if read.origin is None or not read.frames:
        raise DicomError(read.reason or "Only objects that were read can be de-identified.")
    if len(key) < 16:
        raise ValueError("the key has at least 16 bytes")
    patient = pseudonym(key, *patient_key(read))
    if read.kind is Kind.PICTURE or read.origin.header is None:
        return _picture(read.origin, read, patient)
    from workstation.dicom.quiet import quiet

    with quiet():
        data, raw = _build(read, read.origin, read.origin.header, key, day_offset)
        return Deidentified(_file(data, raw), patient, _facts(read, data))


def _build(read: ReadObject, origin: Origin, old: Header, key: bytes, days: int) -> tuple[Dataset, NDArray[Any]]:
    from pydicom import Dataset

    new = Dataset()
    new.SpecificCharacterSet = "ISO_IR 192"
    given = dict(enumerate(old.texts(0x00080008)))
    new.ImageType = [words[0] if given.get(at) not in words else given[at] for at, words in enumerate(_IMAGE_TYPE)]
    sop_class = old.text(0x00080016)
    new.SOPClassUID = sop_class if sop_class in _SOP_CLASSES else NM_IMAGE
    own = old.text(0x00080018) or _content_uid(origin)
    new.SOPInstanceUID = keyed_uid(key, own)
    new.StudyInstanceUID = keyed_uid(key, old.text(0x0020000D) or f"study of {own}")
    new.SeriesInstanceUID = keyed_uid(key, old.text(0x0020000E) or f"series of {own}")
    new.Modality = "NM"
    new.BodyPartExamined = "WHOLEBODY"
    if new.SOPClassUID != NM_IMAGE:
        new.ConversionType, new.PatientOrientation = "WSD", ""
    new.AccessionNumber = new.ReferringPhysicianName = new.StudyID = ""
    for tag in _DATES:
        _put(new, tag, moved(old.text(tag), days))
    for tag in _TIMES:
        _put(new, tag, _clock(old.text(tag)))
    for tag in _CAMERA:
        _put(new, tag, old.text(tag)[:64])
    _patient(new, read, pseudonym(key, *patient_key(read)))
    for tag in _DECIMALS:
        _put(new, tag, [f"{number:.10g}"[:16] for number in old.numbers(tag)])
    for tag in _INTEGERS:
        _put(new, tag, [str(int(number)) for number in old.numbers(tag)])
    for tag, words in _WORDS.items():
        _put(new, tag, [word for word in old.texts(tag) if word in words])
    new.PatientOrientationCodeSequence = _coded(old, 0x00540410)
    for item, kept in zip(old.items(0x00540410), new.PatientOrientationCodeSequence, strict=False):
        kept.PatientOrientationModifierCodeSequence = _coded(item, 0x00540412)
    new.PatientGantryRelationshipCodeSequence = _coded(old, 0x00540414)
    _isotope(new, old, days)
    kept = _kept_places(read, origin)
    _detectors(new, old, read, kept)
    raw = origin.raw if len(kept) == len(origin.raw) else origin.raw[[place.number - 1 for place in kept]]
    _describe_pixels(new, old, raw)
    if read.facts.get("simulated"):
        new.ImageComments = f"{SIMULATED}: not a patient"
    new.PatientIdentityRemoved = "YES"
    new.DeidentificationMethod = METHOD
    new.DeidentificationMethodCodeSequence = [_code(*profile) for profile in _PROFILE]
    new.LongitudinalTemporalInformationModified = "MODIFIED"
    return new, raw


def _patient(new: Dataset, read: ReadObject, patient: str) -> None:
    new.PatientID = new.PatientName = patient
    new.PatientBirthDate = ""
    new.PatientSex = ""
    age = read.facts.get("age")
    if isinstance(age, int):
        new.PatientAge = f"{min(age, _MAX_AGE):03d}Y"
    for tag, name in ((0x00101020, "height_m"), (0x00101030, "weight_kg")):
        value = read.facts.get(name)
        if isinstance(value, float):
            _put(new, tag, f"{value:.4g}")


def _isotope(new: Dataset, old: Header, day_offset: int) -> None:
    from pydicom import Dataset

    windows = []
    for item in old.items(0x00540012):
        window, ranges = Dataset(), []
        for span in item.items(0x00540013):
            low, high = span.number(0x00540014), span.number(0x00540015)
            if low is not None and high is not None:
                kept = Dataset()
                kept.EnergyWindowLowerLimit, kept.EnergyWindowUpperLimit = f"{low:.6g}", f"{high:.6g}"
                ranges.append(kept)
        window.EnergyWindowRangeSequence = ranges
        windows.append(window)
    new.EnergyWindowInformationSequence = windows
    new.NumberOfEnergyWindows = max(len(windows), 1)
    dose = Dataset()
    for item in old.items(0x00540016)[:1]:
        dose.RadionuclideCodeSequence = _coded(item, 0x00540300)
        activity = activity_mbq(old)
        if activity is not None:
            dose.RadionuclideTotalDose = f"{activity:.8g}"
        _put(dose, 0x00181072, _clock(item.text(0x00181072)))
        full = item.text(0x00181078)
        day, clock = moved(full[:8], day_offset), _clock(full[8:14])
        if day and clock:
            dose.RadiopharmaceuticalStartDateTime = day + clock
    new.RadiopharmaceuticalInformationSequence = [dose]


def _detectors(new: Dataset, old: Header, read: ReadObject, kept: Sequence[Place]) -> None:
    """Detectors numbered as they were, with the view each was told to show.

    When one detector shows two views (frames told apart by text or by a person), or a damaged vector counts too far,
    every frame gets a detector of its own instead.
    """
    told = {frame.number: frame for frame in read.frames}
    numbers = {place.number: place.detector for place in kept}
    known = old.items(0x00540022)
    seen = {(numbers[number], frame.view) for number, frame in told.items()}
    if len({number for number, _ in seen}) < len(seen) or max(numbers.values()) > 2 * len(kept):
        numbers, known = {place.number: rank for rank, place in enumerate(kept, start=1)}, ()
    frames = {numbers[number]: frame for number, frame in told.items()}
    count = max(numbers.values())
    new.DetectorInformationSequence = [
        _detector(known[number - 1] if number <= len(known) else None, frames.get(number))
        for number in range(1, count + 1)
    ]
    new.NumberOfDetectors = count
    new.DetectorVector = [numbers[place.number] for place in kept]
    new.EnergyWindowVector = [place.window for place in kept]
    new.FrameIncrementPointer = [0x00540010, 0x00540020]


def _detector(old: Header | None, frame: Frame | None) -> Dataset:
    from pydicom import Dataset

    item = Dataset()
    item.CollimatorType = "PARA" if old is None or old.text(0x00181181) in ("", "PARA") else "NONE"
    item.ImageOrientationPatient = item.ImagePositionPatient = None
    if old is not None:
        angle, orientation = old.number(0x00540200), old.numbers(0x00200037)
        if angle is not None:
            item.StartAngle = f"{angle:.8g}"
        if len(orientation) == 6:
            item.ImageOrientationPatient = [f"{value:.8g}" for value in orientation]
    if frame is not None and frame.view is not None and frame.how is not How.ASSUMED:
        item.ViewCodeSequence = [_code(*VIEW_CODES[frame.view])]
    return item


def _kept_places(read: ReadObject, origin: Origin) -> list[Place]:
    """All frames but those of the kept energy window that a person left out: they would be told anew on reading."""
    told = {frame.number for frame in read.frames}
    windows = {place.window for place in origin.places if place.number in told}
    return [place for place in origin.places if place.number in told or place.window not in windows]


def _describe_pixels(new: Dataset, old: Header, raw: NDArray[Any]) -> None:
    new.NumberOfFrames, new.Rows, new.Columns = raw.shape
    new.SamplesPerPixel = 1
    new.PhotometricInterpretation = "MONOCHROME1" if old.text(0x00280004).upper() == "MONOCHROME1" else "MONOCHROME2"
    new.BitsAllocated = raw.dtype.itemsize * 8
    if raw.dtype.kind != "f":
        new.BitsStored = new.BitsAllocated
        new.HighBit = new.BitsStored - 1
        new.PixelRepresentation = int(raw.dtype.kind == "i")


def _file(data: Dataset, raw: NDArray[Any]) -> bytes:
    """The file's bytes. The stored values go last and uncompressed: a compressed stream can carry comments, padding
    can carry anything."""
    from pydicom import dcmwrite
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID

    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = data.SOPClassUID, data.SOPInstanceUID
    meta.TransferSyntaxUID, meta.ImplementationClassUID = UID(EXPLICIT_LITTLE), UID(IMPLEMENTATION)
    data.file_meta = meta
    stream = BytesIO()
    dcmwrite(stream, data, enforce_file_format=True)
    element, vr = {"f4": (0x0008, b"OF"), "f8": (0x0009, b"OD")}.get(raw.dtype.str[1:], (0x0010, b"OW"))
    little = np.ascontiguousarray(raw, raw.dtype.newbyteorder("<"))
    odd = little.nbytes % 2
    stream.write(struct.pack("<HH2sHI", 0x7FE0, element, vr, 0, little.nbytes + odd))
    stream.write(little.data)
    stream.write(b"\0" * odd)
    return stream.getvalue()


def _picture(origin: Origin, read: ReadObject, patient: str) -> Deidentified:
    """The picture alone, as PNG without any of the texts a picture file can carry."""
    from PIL import Image

    stream = BytesIO()
    Image.fromarray(origin.raw[0]).save(stream, format="PNG")
    return Deidentified(stream.getvalue(), patient, read.facts)


def _facts(read: ReadObject, data: Dataset) -> Mapping[str, object]:
    seen = {name: read.facts[name] for name in ("warnings", "upside_down") if name in read.facts}
    return MappingProxyType(facts_of(Header(data)) | seen)


def _coded(old: Header, tag: int) -> list[Dataset]:
    values = [item.text(0x00080100) for item in old.items(tag)]
    return [_code(*code) for value in values for known, code in _CODES.items() if value in known]


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    from pydicom import Dataset

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _put(data: Dataset, tag: int, value: str | list[str] | None) -> None:
    """Adds the element unless there is nothing to say; the value representation is the dictionary's."""
    from pydicom.datadict import dictionary_VR

    if value:
        data.add_new(tag, dictionary_VR(tag), value)


def moved(dicom_date: str, days: int) -> str | None:
    """A DICOM date moved by `days`, None when it is no date."""
    day = iso_date(dicom_date)
    return (date.fromisoformat(day) + timedelta(days)).strftime("%Y%m%d") if day else None


def _clock(dicom_time: str) -> str | None:
    time = iso_time(dicom_time)
    return time.replace(":", "") if time else None


def _content_uid(origin: Origin) -> str:
    """Stands in for a missing SOP Instance UID: the same picture, the same identifier."""
    return uid_from("pixels", hashlib.sha256(np.ascontiguousarray(origin.raw).data).hexdigest())
