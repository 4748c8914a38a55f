"""Lesions, their regions of interest, and a reader's reading of one scan. All values are frozen."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from workstation.core.scan import VIEWS, View

Mask = NDArray[np.bool_]


class Label(StrEnum):
    MALIGNANT = "malignant"
    BENIGN = "benign"
    UNCERTAIN = "uncertain"
    NOT_BONE = "not bone"  # uptake that is no lesion: its kind, a key of resources/vocab/not_bone, is the criterion


class Origin(StrEnum):
    """Where an ROI or a label came from; kept with every edit, so that AI-touched labels can be told apart."""

    HAND = "hand"
    ISOCONTOUR = "isocontour"
    PROPOSED = "proposed"  # an isocontour at a place nobody pointed at; a person saw it and gave it its label
    MIRRORED = "mirrored"
    IMPORTED = "imported"
    TRUTH = "truth"
    AI_ACCEPTED = "AI accepted"
    AI_EDITED = "AI edited"
    CARRIED_OVER = "carried over"  # from the reading of an earlier scan, and nobody has touched it since


@dataclass(frozen=True)
class Roi:
    """A set of pixels of one view, kept as the tight box around it.

    top, left: row and column of the box's first pixel in the frame.
    height, width: the box's size in pixels.
    bits: the box's pixels, row by row, packed eight to a byte (numpy.packbits), so that two equal ROIs compare equal.
    """

    top: int
    left: int
    height: int
    width: int
    bits: bytes

    @classmethod
    def from_mask(cls, mask: Mask, top: int = 0, left: int = 0) -> Self | None:
        """The ROI of a boolean (rows, columns) mask whose first pixel lies at (top, left); None where it is empty."""
        rows = np.flatnonzero(mask.any(axis=1))
        if rows.size == 0:
            return None
        columns = np.flatnonzero(mask.any(axis=0))
        first_row, first_column = int(rows[0]), int(columns[0])
        box = mask[first_row : int(rows[-1]) + 1, first_column : int(columns[-1]) + 1]
        packed = np.packbits(box.astype(np.uint8), axis=None).tobytes()
        return cls(top + first_row, left + first_column, box.shape[0], box.shape[1], packed)

    @property
    def box(self) -> Mask:
        """The box's own mask, (height, width)."""
        flat = np.unpackbits(np.frombuffer(self.bits, np.uint8), count=self.height * self.width)
        return flat.reshape(self.height, self.width).astype(bool)

    def mask(self, shape: tuple[int, int]) -> Mask:
        """The ROI as a boolean mask of a frame of `shape` (rows, columns); what lies outside is cut off."""
        full = np.zeros(shape, bool)
        top, left = max(self.top, 0), max(self.left, 0)
        bottom, right = min(self.top + self.height, shape[0]), min(self.left + self.width, shape[1])
        if bottom > top and right > left:
            box = self.box
            full[top:bottom, left:right] = box[
                top - self.top : bottom - self.top, left - self.left : right - self.left
            ]
        return full

    @property
    def pixels(self) -> int:
        return int(self.box.sum())

    @property
    def centre(self) -> tuple[float, float]:
        """Centroid (row, column)."""
        rows, columns = np.nonzero(self.box)
        return float(rows.mean()) + self.top, float(columns.mean()) + self.left

    def to_json(self) -> dict[str, Any]:
        return {
            "top": self.top,
            "left": self.left,
            "height": self.height,
            "width": self.width,
            "bits": base64.b64encode(self.bits).decode("ascii"),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        bits = base64.b64decode(value["bits"])
        return cls(value["top"], value["left"], value["height"], value["width"], bits)


@dataclass(frozen=True)
class Lesion:
    """One lesion: an ROI on one or both views and what a reader says of it.

    criterion, region: keys of resources/vocab; the criterion of a mark "not bone" is its kind.
    side: "left", "right", "midline" of the patient, or None.
    confidence: 1 (low) to 3 (high), or None.
    evidence, evidence_date: what the criterion rests on (see `core.criteria`): the examination, a key of
    resources/vocab/examinations, and its ISO day; for M2 and M4 the day of the earlier scan, for M3 of the treatment.
    roi_origin, label_origin: where the ROI and the label came from.
    """

    id: str
    rois: Mapping[View, Roi]
    label: Label | None = None
    criterion: str | None = None
    region: str | None = None
    side: str | None = None
    confidence: int | None = None
    comment: str = ""
    roi_origin: Origin = Origin.HAND
    label_origin: Origin = Origin.HAND
    evidence: str | None = None
    evidence_date: str | None = None

    def __post_init__(self) -> None:
        if not self.rois:
            raise ValueError("a lesion has an ROI on at least one view")
        object.__setattr__(self, "rois", MappingProxyType({v: self.rois[v] for v in VIEWS if v in self.rois}))

    @property
    def counted(self) -> bool:
        """Whether it is a lesion at all: a mark "not bone" is counted nowhere."""
        return self.label is not Label.NOT_BONE

    @property
    def same_as_before(self) -> bool:
        """Carried over from an earlier scan, and not touched since."""
        return Origin.CARRIED_OVER is self.roi_origin is self.label_origin

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "rois": {str(view): roi.to_json() for view, roi in self.rois.items()},
            "label": None if self.label is None else str(self.label),
            "criterion": self.criterion,
            "region": self.region,
            "side": self.side,
            "confidence": self.confidence,
            "comment": self.comment,
            "roi_origin": str(self.roi_origin),
            "label_origin": str(self.label_origin),
        } | {
            # Only where they are given: rows written before they came to be are the same to the letter.
            name: value
            for name, value in (("evidence", self.evidence), ("evidence_date", self.evidence_date))
            if value is not None
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            id=value["id"],
            rois={View(view): Roi.from_json(roi) for view, roi in value["rois"].items()},
            label=None if value["label"] is None else Label(value["label"]),
            criterion=value["criterion"],
            region=value["region"],
            side=value["side"],
            confidence=value["confidence"],
            comment=value["comment"],
            roi_origin=Origin(value["roi_origin"]),
            label_origin=Origin(value["label_origin"]),
            evidence=value.get("evidence"),
            evidence_date=value.get("evidence_date"),
        )


class Progress(StrEnum):
    """How far one reading has come; `excluded` carries its reason in `Verdict.reason`."""

    NEW = "new"
    IN_PROGRESS = "in progress"
    DONE = "done"
    REVIEWED = "reviewed"
    EXCLUDED = "excluded"


@dataclass(frozen=True)
class Verdict:
    """What a reader says of the scan as a whole. grade: 0 no sign, 1 probably not, 2 probably, 3 typical metastasis."""

    grade: int | None = None
    diffuse: bool = False  # a diffuse finding (superscan) that has no ROI
    progress: Progress = Progress.NEW
    reason: str = ""
    comment: str = ""

    def __post_init__(self) -> None:
        if self.grade not in (None, 0, 1, 2, 3):
            raise ValueError(f"a grade is 0, 1, 2 or 3, got {self.grade}")

    def to_json(self) -> dict[str, Any]:
        return {
            "grade": self.grade,
            "diffuse": self.diffuse,
            "progress": str(self.progress),
            "reason": self.reason,
            "comment": self.comment,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(
            value["grade"], value["diffuse"], Progress(value["progress"]), value["reason"], value["comment"]
        )


@dataclass(frozen=True, order=True)
class ReadingKey:
    """A reading is one person's, of one scan, in one round (1, 2, ... for repeated readings)."""

    scan: str
    reader: str
    round: int = 1


@dataclass(frozen=True)
class Reading:
    """One person's lesions and verdict on one scan; lesions keep the order in which they were added."""

    key: ReadingKey
    lesions: Mapping[str, Lesion] = field(default_factory=lambda: MappingProxyType({}))
    verdict: Verdict = Verdict()

    def __post_init__(self) -> None:
        object.__setattr__(self, "lesions", MappingProxyType(dict(self.lesions)))

    def count(self, label: Label | None) -> int:
        return sum(lesion.label is label for lesion in self.lesions.values())

    @property
    def counted(self) -> tuple[Lesion, ...]:
        """The lesions without the marks "not bone"."""
        return tuple(lesion for lesion in self.lesions.values() if lesion.counted)
