"""The truth of a simulated cohort: readings of the reader "truth", and what the simulator tells beside them."""

from __future__ import annotations

import csv
import io
import math
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import resources
from workstation.core.lesion import Label, Lesion, Origin, Progress, Roi, Verdict
from workstation.core.scan import VIEWS, Frame, View
from workstation.store.values import TRUTH, Simulation
from workstation.workflows import json_files
from workstation.workflows.errors import CallError, WorkflowError

READER = TRUTH
_MAX_MASK_BYTES = 256 << 20  # of one lesion, unpacked
# What the simulator alone knows of a lesion, and between which numbers.
_KNOWN = {"peak_ratio": (-math.inf, math.inf), "p_ceiling": (0.0, 1.0), "p_alone": (0.0, 1.0)}


@dataclass(frozen=True)
class ScanTruth:
    """What is true of one scan. scan: its name in the cohort. lesions: without ROIs, which lie in `masks`.

    made: by which simulator, from which cohort and seed; empty facts where the cohort does not tell.
    """

    scan: str
    sop_uids: tuple[str, ...]
    tumour: str | None
    sex: str | None
    age: int | None
    verdict: Verdict
    lesions: tuple[Mapping[str, str], ...]
    masks: Path
    made: Simulation = Simulation()


@dataclass(frozen=True)
class Drawn:
    """lesions: the visible ones, on the views there are. told: what goes beside them."""

    lesions: tuple[Lesion, ...]
    told: Simulation


def load(folders: Sequence[Path]) -> dict[str, ScanTruth]:
    """The truths in these `truth` folders, by SOP Instance UID. WorkflowError where a table cannot be read."""
    found: dict[str, ScanTruth] = {}
    for folder in folders:
        made = _made(folder / "cohort.json")
        lesions: dict[str, list[Mapping[str, str]]] = {}
        for row in _table(folder / "lesions.csv", ("scan", "lesion", "label")):
            lesions.setdefault(row["scan"], []).append(row)
        for row in _table(folder / "scans.csv", ("scan", "sop_uids")):
            truth = _scan_truth(row, tuple(lesions.get(row["scan"], ())), folder, made)
            found.update(dict.fromkeys(truth.sop_uids, truth))
    return found


def drawn(truth: ScanTruth, frames: Mapping[View, Frame]) -> Drawn:
    """The visible lesions with their ROIs, and where the bladder is. WorkflowError where the masks do not fit."""
    wanted = [row for row in truth.lesions if row.get("visible", "1") != "0"]
    shape = (len(VIEWS), *next(iter(frames.values())).counts.shape)
    made = []
    with _masks(truth.masks, bool(wanted)) as mask:
        for row in wanted:
            found = mask(f"lesion_{row['lesion']}", shape, needed=True)
            rois = {view: roi for view, roi in _rois(found).items() if view in frames}
            if rois:
                made.append(_lesion(row, rois))
        bladder = mask("bladder", shape, needed=False)
    told = replace(
        truth.made,
        bladder=None if bladder is None else _rois(bladder),
        lesions={row["lesion"]: values for row in wanted if (values := _numbers(row))},
    )
    return Drawn(tuple(made), told)


def _rois(mask: NDArray[np.bool_] | None) -> dict[View, Roi]:
    """Of each view that it has pixels on."""
    if mask is None:
        return {}
    found = {view: Roi.from_mask(part) for view, part in zip(VIEWS, mask, strict=True)}
    return {view: roi for view, roi in found.items() if roi is not None}


def _numbers(row: Mapping[str, str]) -> dict[str, str]:
    """What of _KNOWN the row tells, as it is written there."""
    found = {}
    for name, (low, high) in _KNOWN.items():
        text = row.get(name, "")
        try:
            value = float(text)
        except ValueError:
            continue
        if math.isfinite(value) and low <= value <= high:
            found[name] = text
    return found


def _made(file: Path) -> Simulation:
    """By which simulator a cohort was made; nothing where its file is not there or not as it should be."""
    try:
        told: Any = json_files.read(file)
    except CallError:
        return Simulation()
    if not isinstance(told, Mapping):
        return Simulation()
    version, name, seed = told.get("version"), told.get("name"), told.get("seed")
    return Simulation(
        version[:40] if isinstance(version, str) else "",
        name[:100] if isinstance(name, str) else "",
        seed if type(seed) is int else None,
    )


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


def _scan_truth(
    row: Mapping[str, str], lesions: tuple[Mapping[str, str], ...], folder: Path, made: Simulation
) -> ScanTruth:
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
        made=made,
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


@contextmanager
def _masks(file: Path, needed: bool) -> Iterator[Callable[..., NDArray[np.bool_] | None]]:
    """A function that gives a mask by its name, of this shape; None where there is none and none is needed.

    needed: whether the file is. WorkflowError in words where it, or a mask, cannot be used.
    """

    def mask(name: str, shape: tuple[int, ...], needed: bool) -> NDArray[np.bool_] | None:
        if archive is None or (not needed and f"{name}.npy" not in archive.namelist()):
            return None
        if archive.getinfo(f"{name}.npy").file_size > _MAX_MASK_BYTES:
            raise ValueError("too large")
        found: NDArray[np.bool_] = np.load(io.BytesIO(archive.read(f"{name}.npy")), allow_pickle=False)
        if found.shape != shape or found.dtype != np.bool_:
            raise ValueError(f"{found.dtype} {found.shape} instead of bool {shape}")
        return found

    try:
        archive = zipfile.ZipFile(file) if needed or file.exists() else None
        with archive or nullcontext():
            yield mask
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise WorkflowError(
            f"The masks of simulated scan {file.stem} cannot be used ({type(error).__name__}); its truth was left out."
        ) from error
