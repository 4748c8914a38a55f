"""Readings as a data set of nnU-Net, version 2: every view a case of its own, the spacing in every file.

Background 0, benign 1, malignant 2. What a reader left uncertain or without a label is nnU-Net's `ignore`, 3: it is
neither learnt nor counted; the label is declared only where it is needed. Decision 0007 says why.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workstation.core.lesion import Label, Progress, Reading
from workstation.core.scan import Frame, Scan, View
from workstation.workflows import json_files
from workstation.workflows.export_nifti import affine_of

BENIGN, MALIGNANT, IGNORE = 1, 2, 3
_VALUES = {Label.BENIGN: BENIGN, Label.MALIGNANT: MALIGNANT, Label.UNCERTAIN: IGNORE, None: IGNORE}
_FOLDS = 5
# nnU-Net cuts slices across the axis with the largest spacing; its own reader of flat pictures takes this factor.
_THICKNESS = 999.0


class NnUnet:
    """An export under way."""

    def __init__(self) -> None:
        self._cases: dict[str, list[str]] = {}  # patient -> cases
        self._strata: dict[str, str] = {}
        self._ignored = False
        self._left_out: dict[str, str] = {}

    def files(self, scan: Scan, reading: Reading | None) -> Iterator[tuple[str, bytes]]:
        """(name, bytes) of a scan's cases. A scan without a usable reading has none."""
        reason = _unusable(reading)
        if reason is not None or reading is None:
            self._left_out[scan.id] = reason or ""
            return
        for view, frame in scan.frames.items():
            case = f"{scan.id}_{view}"
            values = case_map(reading, view, (frame.rows, frame.columns))
            self._ignored |= bool((values == IGNORE).any())
            self._cases.setdefault(scan.patient, []).append(case)
            counts = frame.counts.astype(np.float32) if frame.counts.dtype != np.uint16 else frame.counts
            yield f"imagesTr/{case}_0000.nii.gz", _volume(frame, counts)
            yield f"labelsTr/{case}.nii.gz", _volume(frame, values)
        diseased = reading.count(Label.MALIGNANT) > 0 or self._strata.get(scan.patient) == "malignant"
        self._strata[scan.patient] = "malignant" if diseased else "none"

    def finish(self) -> Iterator[tuple[str, bytes]]:
        """`dataset.json`, and the folds: all cases of a patient in one, for nnU-Net alone would part them."""
        cases = sum(map(len, self._cases.values()))
        labels = {"background": 0, "benign": BENIGN, "malignant": MALIGNANT}
        about: dict[str, Any] = {
            "channel_names": {"0": "counts"},
            "labels": labels | ({"ignore": IGNORE} if self._ignored else {}),
            "numTraining": cases,
            "file_ending": ".nii.gz",
            "description": "Lesions on bone scans; a case is one view, the posterior one as seen from behind",
            "left_out": self._left_out,
        }
        yield "dataset.json", json_files.write(about)
        if len(self._cases) >= _FOLDS:
            yield "splits_final.json", json_files.write(self._folds())

    def _folds(self) -> list[dict[str, list[str]]]:
        from ml.snapshot import assign_folds

        patients = sorted(self._cases)
        fold_of = assign_folds(patients, [self._strata[patient] for patient in patients], _FOLDS)
        folds: list[dict[str, list[str]]] = []
        for fold in range(_FOLDS):
            parts: dict[str, list[str]] = {"train": [], "val": []}
            for patient in patients:
                parts["val" if fold_of[patient] == fold else "train"] += self._cases[patient]
            folds.append(parts)
        return folds


def case_map(reading: Reading, view: View, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """(rows, columns): what nnU-Net is to learn. Where lesions overlap, malignant goes before benign before ignore."""
    values = np.zeros(shape, np.uint8)
    for value in (IGNORE, BENIGN, MALIGNANT):
        for lesion in reading.lesions.values():
            if view in lesion.rois and _VALUES.get(lesion.label, 0) == value:
                values[lesion.rois[view].mask(shape)] = value
    return values


def _unusable(reading: Reading | None) -> str | None:
    """Why a reading cannot teach where there is no lesion; None where it can."""
    if reading is None:
        return "nobody has read it"
    progress = reading.verdict.progress
    if progress is Progress.EXCLUDED:
        return "excluded"
    if reading.verdict.diffuse:
        return "a diffuse finding, which has no region of interest"
    if not reading.lesions and progress not in (Progress.DONE, Progress.REVIEWED):
        return "its reading was begun only"
    return None


def _volume(frame: Frame, values: NDArray[Any]) -> bytes:
    """(columns, rows, 1); the slice far thicker than its pixels, so that nnU-Net takes it for the slice it is."""
    from nibabel.nifti1 import Nifti1Image

    affine = affine_of(frame, thickness=_THICKNESS * max(frame.spacing_mm or (1.0, 1.0)))
    image: Any = Nifti1Image(np.ascontiguousarray(values.T)[:, :, np.newaxis], affine)  # type: ignore[no-untyped-call]
    image.header.set_xyzt_units("mm" if frame.spacing_mm else "unknown")
    return gzip.compress(image.to_bytes(), 6, mtime=0)
