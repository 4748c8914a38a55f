"""Readers who err on purpose: noisy readings of a simulated scan made from its truth, for practice and for checks.

Of every disagreement it is then known who is right. Each lesion is spoilt by at most one reader, in one way, so that
a further person who always decides for the truth gives the truth back exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from workstation.core import edits
from workstation.core.edits import Step
from workstation.core.lesion import Label, Lesion, Origin, Progress, Reading, ReadingKey, Roi
from workstation.core.matching import REACH_MM, Spacing, distance_mm
from workstation.core.overlap import dice
from workstation.core.scan import View
from workstation.workflows.truth import READER as TRUTH

if TYPE_CHECKING:
    from workstation.store.library import Library

READERS = ("reader 1", "reader 2")
SPOILT = 0.45  # outlines spoilt on purpose lie on the true ones less than this (Dice)
_OTHER = {Label.MALIGNANT: Label.BENIGN, Label.BENIGN: Label.MALIGNANT, Label.UNCERTAIN: Label.MALIGNANT}


class Fault(StrEnum):
    MISSED = "missed"
    FLIPPED = "flipped"  # the other label
    SHIFTED = "shifted"  # an outline that lies on the true one with a Dice under SPOILT


@dataclass(frozen=True)
class Spoilt:
    """readings: one per reader. faults: true lesion id -> (number of the reader who errs, how)."""

    readings: tuple[Reading, ...]
    faults: Mapping[str, tuple[int, Fault]]


def spoil(
    truth: Reading, seed: int, readers: Sequence[str] = READERS, share: float = 0.4, spacing_mm: Spacing | None = None
) -> Spoilt:
    """Readings of these readers, each lesion spoilt with probability `share`; a grade differs as often."""
    rng = np.random.default_rng(seed)
    faults: dict[str, tuple[int, Fault]] = {}
    for name in truth.lesions:
        if rng.random() < share:
            faults[name] = (int(rng.integers(len(readers))), list(Fault)[rng.integers(len(Fault))])
    made = []
    for number, reader in enumerate(readers):
        lesions = {}
        for name, lesion in truth.lesions.items():
            who, fault = faults.get(name, (-1, Fault.MISSED))
            seen = _seen(lesion, fault if who == number else None, spacing_mm)
            if seen is not None:
                own = f"{name}{'abcdefgh'[number]}"
                lesions[own] = replace(seen, id=own, roi_origin=Origin.HAND, label_origin=Origin.HAND)
        made.append(
            Reading(ReadingKey(truth.key.scan, reader), lesions, replace(truth.verdict, progress=Progress.DONE))
        )
    if truth.verdict.grade is not None and rng.random() < share:
        number = int(rng.integers(len(readers)))
        other = replace(made[number].verdict, grade=(truth.verdict.grade + 1) % 4)
        made[number] = replace(made[number], verdict=other)
    return Spoilt(tuple(made), faults)


def write(library: Library, scan: str, seed: int, readers: Sequence[str] = READERS, share: float = 0.4) -> Spoilt:
    """Keep noisy readings of a scan that has a truth in the library, one edit a lesion, as a person would."""
    truth = library.session(ReadingKey(scan, TRUTH)).reading
    frame = next(iter(library.load(scan).frames.values()))
    spoilt = spoil(truth, seed, readers, share, frame.spacing_mm)
    for reading in spoilt.readings:
        for lesion in reading.lesions.values():
            library.append(reading.key, Step("edit", edits.add("Add lesion", lesion)), reading.key.reader)
        before = library.session(reading.key).reading.verdict
        fields = {"grade": reading.verdict.grade, "diffuse": reading.verdict.diffuse, "progress": Progress.DONE}
        library.append(reading.key, Step("edit", edits.judge("Mark done", before, **fields)), reading.key.reader)
    return spoilt


def _seen(lesion: Lesion, fault: Fault | None, spacing_mm: Spacing | None) -> Lesion | None:
    if fault is Fault.MISSED:
        return None
    if fault is Fault.FLIPPED:
        return replace(lesion, label=_OTHER.get(lesion.label or Label.UNCERTAIN, lesion.label), criterion=None)
    return _shifted(lesion, spacing_mm) if fault is Fault.SHIFTED else lesion


def _shifted(lesion: Lesion, spacing_mm: Spacing | None) -> Lesion:
    """The outline moved down until it is another one, yet near; where it is too large for that, only its core."""
    for rows in range(1, 20):
        rois = {view: replace(roi, top=roi.top + rows) for view, roi in lesion.rois.items()}
        moved = replace(lesion, rois=rois)
        if distance_mm(lesion, moved, spacing_mm) > REACH_MM:
            break
        if 0 < dice(lesion, moved) < SPOILT:
            return moved
    return replace(lesion, rois={view: _core(roi, view) for view, roi in lesion.rois.items()})


def _core(roi: Roi, view: View) -> Roi:
    """The quarter of its pixels nearest to its middle: Dice 0.4 and less with the whole, but for tiny ones."""
    rows, columns = np.nonzero(roi.box)
    middle = roi.centre
    order = np.argsort((rows + roi.top - middle[0]) ** 2 + (columns + roi.left - middle[1]) ** 2, kind="stable")
    kept = order[: max(roi.pixels // 4, 1)]
    mask = np.zeros_like(roi.box)
    mask[rows[kept], columns[kept]] = True
    core = Roi.from_mask(mask, roi.top, roi.left)
    assert core is not None, view
    return core
