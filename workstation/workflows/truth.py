"""The truth of a simulated cohort as readings of the reader "truth"."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import resources
from workstation.core.lesion import Label, Lesion, Origin, Progress, Roi, Verdict
from workstation.core.scan import VIEWS, Frame, View
from workstation.store.values import TRUTH
from workstation.workflows.errors import WorkflowError

READER = TRUTH
_MAX_MASK_BYTES = 256 << 20  # of one lesion, unpacked


@dataclass(frozen=True)
class ScanTruth:
    """What is true of one scan. scan: its name in the cohort. lesions: without ROIs, which lie in `masks`."""

    scan: str
    sop_uids: tuple[str, ...]
    tumour: str | None
    sex: str | None
    age: int | None
    verdict: Verdict
    lesions: tuple[Mapping[str, str], ...]
    masks: Path


def load(folders: Sequence[Path]) -> dict[str, ScanTruth]:
    """The truths in these `truth` folders, by SOP Instance UID. WorkflowError where a table cannot be read."""
    found: dict[str, ScanTruth] = {}
    for folder in folders:
        lesions: dict[str, list[Mapping[str, str]]] = {}
        for row in _table(folder / "lesions.csv", ("scan", "lesion", "label")):
            lesions.setdefault(row["scan"], []).append(row)
        for row in _table(folder / "scans.csv", ("scan", "sop_uids")):
            truth = _scan_truth(row, tuple(lesions.get(row["scan"], ())), folder)
            found.update(dict.fromkeys(truth.sop_uids, truth))
    return found


def lesions_of(truth: ScanTruth, frames: Mapping[View, Frame]) -> tuple[Lesion, ...]:
    """The visible lesions with their ROIs on the views there are. WorkflowError where the masks do not fit."""
    wanted = [row for row in truth.lesions if row.get("visible", "1") != "0"]
    if not wanted:
        return ()
    shape = next(iter(frames.values())).counts.shape
    made = []
    for row, masks in _masks(truth.masks, wanted, (len(VIEWS), *shape)):
        rois = {}
        for view, mask in zip(VIEWS, masks, strict=True):
            roi = Roi.from_mask(mask) if view in frames else None
            if roi is not None:
                rois[view] = roi
        if rois:
            made.append(_lesion(row, rois))
    return tuple(made)


def _lesion(row: Mapping[str, str], rois: Mapping[View, Roi]) -> Lesion:
    label = row["label"]
    return Lesion(
        id=row["lesion"],
        rois=rois,
        label=Label(label) if label in list(Label) else None,
        criterion=_known(row, "criterion", resources.table("vocab/criteria")),
        region=_known(row, "region", resources.table("vocab/regions")),
        side=_known(row, "side", ("left", "right", "midline")),
        roi_origin=Origin.TRUTH,
        label_origin=Origin.TRUTH,
    )


def _scan_truth(row: Mapping[str, str], lesions: tuple[Mapping[str, str], ...], folder: Path) -> ScanTruth:
    grade, age = row.get("grade", ""), row.get("age", "")
    verdict = Verdict(
        grade=int(grade) if grade in ("0", "1", "2", "3") else None,
        diffuse=row.get("diffuse", "0") not in ("", "0", "False", "false"),
        progress=Progress.DONE,
    )
    return ScanTruth(
        scan=row["scan"],
        sop_uids=tuple(row["sop_uids"].replace(";", " ").replace("|", " ").split()),
        tumour=_known(row, "tumour", resources.table("vocab/tumours")),
        sex=_known(row, "sex", ("M", "F", "O")),
        age=int(age) if age.isdecimal() and len(age) < 4 else None,
        verdict=verdict,
        lesions=lesions,
        masks=folder / "masks" / f"{Path(row['scan']).name}.npz",
    )


def _known(row: Mapping[str, str], name: str, among: object) -> str | None:
    value = row.get(name) or ""
    return value if isinstance(among, Mapping | tuple) and value in among else None


def _table(file: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    try:
        with open(file, encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in needed if name not in (reader.fieldnames or ())]
            if missing:
                raise WorkflowError(f"The truth in {file} lacks the column {missing[0]}; nothing was imported.")
            return [{name: value or "" for name, value in row.items() if isinstance(name, str)} for row in reader]
    except OSError as error:
        raise WorkflowError(f"The truth in {file} cannot be read: {error.strerror}; nothing was imported.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise WorkflowError(f"The truth in {file} is no CSV in UTF-8; nothing was imported.") from error


def _masks(
    file: Path, rows: Sequence[Mapping[str, str]], shape: tuple[int, ...]
) -> Iterator[tuple[Mapping[str, str], NDArray[np.bool_]]]:
    try:
        with zipfile.ZipFile(file) as archive:
            for row in rows:
                name = f"lesion_{row['lesion']}.npy"
                if archive.getinfo(name).file_size > _MAX_MASK_BYTES:
                    raise ValueError("too large")
                mask = np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
                if mask.shape != shape or mask.dtype != np.bool_:
                    raise ValueError(f"{mask.dtype} {mask.shape} instead of bool {shape}")
                yield row, mask
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise WorkflowError(
            f"The masks of simulated scan {file.stem} cannot be used ({type(error).__name__}); its truth was left out."
        ) from error
