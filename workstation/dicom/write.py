"""Whole-body NM objects in the header styles seen in the wild: what the simulator writes and the reader is held to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from workstation.core.scan import VIEWS, View
from workstation.dicom.uids import uid_from

if TYPE_CHECKING:
    from pydicom import Dataset

STYLES: tuple[str, ...] = (
    "view-codes",  # two frames, ViewCodeSequence filled
    "ge-private",  # two frames, ViewCodeSequence with no items, GE names ending in _E and _F
    "one-per-view",  # one object per view in one series, GE names
    "free-text",  # two frames, an operator's words as a code of scheme 99NMG
    "series-description",  # one object per view, told by SeriesDescription alone
    "detector-swapped",  # two frames, DetectorVector 2, 1: the first frame is the posterior view
    "two-windows",  # four frames, scatter window before the photopeak window, by two detectors
    "signed-rescaled",  # signed pixels with a rescale slope and the small negatives lossy programs leave
    "monochrome1",  # counts as they are, asked to be shown black on white
)
_ONE_OBJECT_PER_VIEW = ("one-per-view", "series-description")

_MAKERS = {
    "GE": ("GE MEDICAL SYSTEMS", "Discovery NM 670"),
    "Philips": ("Philips Medical Systems", "BrightView"),
    "Siemens": ("SIEMENS NM", "Symbia Intevo"),
}
_SCATTER_KEV = (92.0, 124.0)
NM_IMAGE = "1.2.840.10008.5.1.4.1.1.20"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
IMPLEMENTATION = uid_from("osteoscope implementation")
VIEW_CODES: dict[View, tuple[str, str, str]] = {
    View.ANTERIOR: ("G-5215", "SRT", "Anterior"),
    View.POSTERIOR: ("G-5216", "SRT", "Posterior"),
}
_GE_NAMES = {View.ANTERIOR: "WHOLE BODY_E", View.POSTERIOR: "WHOLE BODY_F"}
_SHORT = {View.ANTERIOR: "ANT", View.POSTERIOR: "POST"}


@dataclass(frozen=True, eq=False)
class NmStudy:
    """One whole-body acquisition as its NM objects tell it.

    anterior, posterior: counts (rows, columns), head at row 0, the posterior view as seen from behind; None if absent.
        Whole numbers 0 to 65535; style "signed-rescaled" also takes fractions (kept to 1/4) up to 8191.
    seed: decides every UID; the same study, style and seed give the same bytes.
    age: years at the scan. height_m metres, weight_kg kilograms, activity_mbq MBq at injection, speed_mm_s table speed,
    window_kev lower and upper edge of the photopeak window, spacing_mm (row, column).
    """

    seed: str
    anterior: NDArray[Any] | None
    posterior: NDArray[Any] | None
    patient_id: str
    patient_name: str
    sex: Literal["M", "F", "O"]
    acquired: datetime
    birth_date: date | None = None
    age: int | None = None
    weight_kg: float | None = None
    height_m: float | None = None
    injected: datetime | None = None
    activity_mbq: float | None = None
    camera: Literal["GE", "Philips", "Siemens"] = "GE"
    model: str | None = None
    speed_mm_s: float | None = 1.67
    window_kev: tuple[float, float] = (126.45, 154.55)
    spacing_mm: tuple[float, float] | None = (2.26, 2.26)
    series_description: str = "WHOLE BODY BONE"
    simulated: bool = True

    def __post_init__(self) -> None:
        views = [counts for counts in (self.anterior, self.posterior) if counts is not None]
        if not views:
            raise ValueError("a study needs at least one view")
        if any(counts.ndim != 2 or counts.shape != views[0].shape for counts in views):
            raise ValueError("views are (rows, columns) arrays of one shape")
        if self.camera not in _MAKERS:
            raise ValueError(f"camera is one of {', '.join(_MAKERS)}, got {self.camera!r}")

    @property
    def counts(self) -> dict[View, NDArray[Any]]:
        """The views present, anterior first."""
        both = zip(VIEWS, (self.anterior, self.posterior), strict=True)
        return {view: counts for view, counts in both if counts is not None}


def write_nm(folder: Path, study: NmStudy, style: str) -> list[Path]:
    """Write the objects of `study` into `folder` (made if needed) in one of STYLES; the files, anterior first."""
    if style not in STYLES:
        raise ValueError(f"style is one of {', '.join(STYLES)}, got {style!r}")
    folder.mkdir(parents=True, exist_ok=True)
    views = list(study.counts)
    groups = [[view] for view in views] if style in _ONE_OBJECT_PER_VIEW else [views]
    paths = []
    for number, group in enumerate(groups, start=1):
        name = f"{_SHORT[group[0]].lower()}.dcm" if style in _ONE_OBJECT_PER_VIEW else "wb.dcm"
        path = folder / name
        _object(study, style, group, number).save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def sop_uids(study: NmStudy, style: str) -> tuple[str, ...]:
    """The SOP Instance UIDs `write_nm` gives, in the order of its files."""
    count = len(study.counts) if style in _ONE_OBJECT_PER_VIEW else 1
    return tuple(uid_from(study.seed, style, "object", number) for number in range(1, count + 1))


def _object(study: NmStudy, style: str, views: list[View], number: int) -> Dataset:
    from pydicom import Dataset
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID

    data = Dataset()
    _general(data, study, style, views, number)
    _patient(data, study)
    _isotope(data, study, style)
    pixels, windows, detectors = _frames(data, study, style, views)
    _vectors(data, study, style, views, windows, detectors)
    _view_names(data, style, [detectors[index] for index in range(len(detectors))], views)
    data.NumberOfFrames = len(pixels)
    data.Rows, data.Columns = pixels.shape[1:]
    data.PixelData = pixels.tobytes()
    data["PixelData"].VR = "OW"
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = data.SOPClassUID
    meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    meta.TransferSyntaxUID = UID(EXPLICIT_LITTLE)
    meta.ImplementationClassUID = UID(IMPLEMENTATION)
    meta.ImplementationVersionName = "OSTEOSCOPE"
    data.file_meta = meta
    return data


def _general(data: Dataset, study: NmStudy, style: str, views: list[View], number: int) -> None:
    day, time = study.acquired.strftime("%Y%m%d"), study.acquired.strftime("%H%M%S")
    own_series = style == "series-description"
    data.SpecificCharacterSet = "ISO_IR 192"
    data.ImageType = ["ORIGINAL", "PRIMARY", "WHOLE BODY", "EMISSION"]
    data.SOPClassUID = NM_IMAGE
    data.SOPInstanceUID = uid_from(study.seed, style, "object", number)
    data.StudyDate = data.SeriesDate = data.AcquisitionDate = data.ContentDate = day
    data.StudyTime = data.SeriesTime = data.AcquisitionTime = data.ContentTime = time
    data.AccessionNumber = ""
    data.Modality = "NM"
    data.Manufacturer, default_model = _MAKERS[study.camera]
    data.ManufacturerModelName = study.model or default_model
    data.ReferringPhysicianName = ""
    data.StudyDescription = "Whole body bone scan"
    data.SeriesDescription = (
        f"{study.series_description} {_SHORT[views[0]]}" if own_series else study.series_description
    )
    data.ProtocolName = "Whole Body Bone"
    data.StudyInstanceUID = uid_from(study.seed, "study")
    data.SeriesInstanceUID = uid_from(study.seed, style, "series", number if own_series else 1)
    data.StudyID = "1"
    data.SeriesNumber = number if own_series else 1
    data.InstanceNumber = number
    data.BodyPartExamined = "WHOLEBODY"
    if study.simulated:
        data.ImageComments = "SIMULATED: not a patient"


def _patient(data: Dataset, study: NmStudy) -> None:
    data.PatientID = study.patient_id
    data.PatientName = study.patient_name
    data.PatientSex = study.sex
    data.PatientBirthDate = study.birth_date.strftime("%Y%m%d") if study.birth_date else ""
    if study.age is not None:
        data.PatientAge = f"{study.age:03d}Y"
    if study.height_m is not None:
        data.PatientSize = f"{study.height_m:.2f}"
    if study.weight_kg is not None:
        data.PatientWeight = f"{study.weight_kg:.1f}"
    data.PatientOrientationCodeSequence = [_coded("102538003", "SCT", "recumbent")]
    data.PatientOrientationCodeSequence[0].PatientOrientationModifierCodeSequence = [
        _coded("40199007", "SCT", "supine")
    ]
    data.PatientGantryRelationshipCodeSequence = [_coded("102540008", "SCT", "headfirst")]


def _isotope(data: Dataset, study: NmStudy, style: str) -> None:
    from pydicom import Dataset

    def window(low: float, high: float, name: str) -> Dataset:
        span, item = Dataset(), Dataset()
        span.EnergyWindowLowerLimit, span.EnergyWindowUpperLimit = f"{low:.2f}", f"{high:.2f}"
        item.EnergyWindowRangeSequence = [span]
        item.EnergyWindowName = name
        return item

    peak = window(*study.window_kev, "Tc99m")
    scatter = [window(*_SCATTER_KEV, "Scatter")] if style == "two-windows" else []
    data.EnergyWindowInformationSequence = [*scatter, peak]
    dose = Dataset()
    dose.Radiopharmaceutical = "Tc-99m MDP"
    dose.RadionuclideCodeSequence = [_coded("72454006", "SCT", "^99m^Technetium")]
    if study.activity_mbq is not None:
        dose.RadionuclideTotalDose = f"{study.activity_mbq:.1f}"
    if study.injected is not None:
        dose.RadiopharmaceuticalStartTime = study.injected.strftime("%H%M%S")
        dose.RadiopharmaceuticalStartDateTime = study.injected.strftime("%Y%m%d%H%M%S")
    data.RadiopharmaceuticalInformationSequence = [dose]


def _frames(data: Dataset, study: NmStudy, style: str, views: list[View]) -> tuple[NDArray[Any], list[int], list[View]]:
    """Pixels (frame, row, column), and the energy window number and view of each frame."""
    order = list(reversed(views)) if style == "detector-swapped" else views
    counts = np.stack([np.asarray(study.counts[view]) for view in order])
    if counts.min() < 0 or not np.isfinite(counts).all():
        raise ValueError("counts are finite and not negative")
    signed = style == "signed-rescaled"
    if signed:
        pixels = _signed(data, counts)
    else:
        if counts.max() > 65535 or (counts != np.floor(counts)).any():
            raise ValueError(f"style {style!r} holds whole counts up to 65535")
        pixels = counts.astype("<u2")
    windows = [1] * len(order)
    if style == "two-windows":
        # A third of the counts stands in for the scatter window: enough to tell the frames apart.
        pixels = np.concatenate([pixels // 3, pixels])
        windows = windows + [2] * len(order)
        order = order * 2
    data.SamplesPerPixel = 1
    data.PhotometricInterpretation = "MONOCHROME1" if style == "monochrome1" else "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit = 15
    data.PixelRepresentation = int(signed)
    if study.spacing_mm is not None:
        data.PixelSpacing = [f"{value:.4f}" for value in study.spacing_mm]
    data.CountsAccumulated = int(counts.sum())
    if study.speed_mm_s is not None:
        data.ScanVelocity = f"{study.speed_mm_s:.4f}"
        data.ScanLength = round(counts.shape[1] * (study.spacing_mm or (2.26, 2.26))[0])
        data.ActualFrameDuration = round(1000 * data.ScanLength / study.speed_mm_s)
    data.WholeBodyTechnique = "1PS"
    return pixels, windows, order


def _signed(data: Dataset, counts: NDArray[Any]) -> NDArray[Any]:
    slope = 0.25 if counts.max() <= 8191 else 1.0
    if counts.max() > 32767 * slope:
        raise ValueError(f"style 'signed-rescaled' holds counts up to {32767 * slope:.0f}")
    data.RescaleIntercept, data.RescaleSlope = "0", f"{slope}"
    pixels = np.rint(counts / slope).astype("<i2")
    # Every 7th empty pixel dips below zero, as after a lossy or filtered save; a reader clips it back to none.
    empty = np.flatnonzero(pixels == 0)[::7]
    pixels.reshape(-1)[empty] = -1 - (empty % 3).astype("<i2")
    return pixels


def _vectors(
    data: Dataset, study: NmStudy, style: str, views: list[View], windows: list[int], order: list[View]
) -> None:
    from pydicom import Dataset

    items = []
    for view in views:
        item = Dataset()
        item.CollimatorType = "PARA"
        item.ImageOrientationPatient = item.ImagePositionPatient = None
        if style in ("view-codes", "detector-swapped", "two-windows", "signed-rescaled", "monochrome1"):
            item.ViewCodeSequence = [_coded(*VIEW_CODES[view])]
        elif style == "free-text":
            item.ViewCodeSequence = [_coded(_SHORT[view], "99NMG", f"WB {_SHORT[view]} bone")]
        elif style != "series-description":
            item.ViewCodeSequence = []  # not valid, but how GE writes it
        items.append(item)
    data.DetectorInformationSequence = items
    data.NumberOfDetectors = len(views)
    data.DetectorVector = [views.index(view) + 1 for view in order]
    data.EnergyWindowVector = windows
    data.NumberOfEnergyWindows = len(data.EnergyWindowInformationSequence)
    data.FrameIncrementPointer = [0x00540010, 0x00540020]


def _view_names(data: Dataset, style: str, order: list[View], views: list[View]) -> None:
    if style not in ("ge-private", "one-per-view"):
        return
    names = [_GE_NAMES[view] for view in order]
    block = data.private_block(0x0011, "GEMS_GENIE_1", create=True)
    block.add_new(0x12, "LO", names)
    block.add_new(0x30, "LO", names)
    if len(views) == 1:
        data.ImageID = names[0]


def _coded(value: str, scheme: str, meaning: str) -> Dataset:
    from pydicom import Dataset

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item
