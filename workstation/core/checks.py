"""What does not fit together in a reading: labels without their reasons, regions that cannot be, a grade against them.

Nothing here judges the picture. A finding says what contradicts what, so that a person looks once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from workstation.core import criteria
from workstation.core.body import BodyFacts
from workstation.core.criteria import CriteriaFacts
from workstation.core.lesion import Label, Lesion, Progress, Reading, Roi
from workstation.core.overlap import common_pixels
from workstation.core.regions import gap
from workstation.core.scan import Scan, View

# Bones of the limbs are thin and absorb little: uptake in them shows on both views.
SEEN_IN_BOTH = frozenset("shoulder humerus elbow forearm wrist hand hip femur knee tibia_fibula ankle foot".split())
OUTSIDE = 0.5  # share of an ROI beside the body from which it cannot be meant
ACROSS = 0.02  # this far over the midline is the other side, in shares of the body's height: about 3 cm
ASTRAY = 0.10  # this far from a region is another one, in the same unit: maps are coarse and people differ


class Kind(StrEnum):
    NO_CRITERION = "malignant without criterion"
    CRITERION = "criterion against label"
    EVIDENCE = "criterion without its evidence"
    UNLABELLED = "unlabelled"
    OVERLAP = "overlapping lesions"
    NOT_BONE = "lesion over a mark that is not bone"
    OUTSIDE = "outside the body"
    ONE_VIEW = "on one view only"
    SIDE = "side against position"
    REGION = "region against position"
    GRADE = "grade against lesions"
    EMPTY = "done and empty"


@dataclass(frozen=True)
class Finding:
    """One contradiction. lesion: its id, None where it concerns the reading. sentence: what is wrong, for a person."""

    kind: Kind
    lesion: str | None
    sentence: str


@dataclass(frozen=True)
class CheckFacts:
    """What is known beside scan and reading. bodies: of the views; what needs one is not checked without it."""

    criteria: CriteriaFacts = CriteriaFacts()
    bodies: Mapping[View, BodyFacts] = field(default_factory=dict)


def findings(scan: Scan, reading: Reading, facts: CheckFacts) -> tuple[Finding, ...]:
    """Everything that does not fit together, lesion by lesion and the reading last; nothing of an excluded reading."""
    if reading.verdict.progress is Progress.EXCLUDED:
        return ()
    found: list[Finding] = []
    for lesion in reading.lesions.values():
        found += _of_lesion(scan, lesion, facts)
        found += _of_neighbours(reading, lesion)
    return (*found, *_of_verdict(reading))


def _of_lesion(scan: Scan, lesion: Lesion, facts: CheckFacts) -> Iterator[Finding]:
    def finding(kind: Kind, sentence: str) -> Finding:
        return Finding(kind, lesion.id, sentence)

    if lesion.label is None:
        yield finding(Kind.UNLABELLED, "It has no label.")
    if lesion.label is Label.MALIGNANT and lesion.criterion is None:
        yield finding(Kind.NO_CRITERION, "It is malignant by no criterion.")
    against = criteria.against_label(lesion.criterion, lesion.label)
    if against is not None:
        yield finding(Kind.CRITERION, f"{against[0].upper()}{against[1:]}.")
    elif lesion.counted:
        lacking = criteria.missing(lesion, facts.criteria)
        if lacking:
            yield finding(Kind.EVIDENCE, f"{lesion.criterion}: {'; '.join(lacking)}.")
    for view, roi in lesion.rois.items():
        share = _share_outside(roi, scan, view, facts)
        # Contamination may lie on the clothes or the table.
        if share >= OUTSIDE and lesion.counted:
            yield finding(Kind.OUTSIDE, f"{share:.0%} of it on the {view} view lies outside the body.")
            return
    if not lesion.counted:
        return
    if lesion.region in SEEN_IN_BOTH and len(lesion.rois) < len(scan.views):
        (view,) = lesion.rois
        yield finding(Kind.ONE_VIEW, f"It is drawn on the {view} view only, though this region shows on both.")
    yield from _of_place(lesion, facts)


def _of_neighbours(reading: Reading, lesion: Lesion) -> Iterator[Finding]:
    """Overlaps with lesions that stand before it, so that each pair is told once; those with marks with the lesion."""
    ids = list(reading.lesions)
    for number, other in enumerate(reading.lesions.values(), 1):
        if other.id == lesion.id or not lesion.counted:
            continue
        share = _share_common(lesion, other)
        if share == 0:
            continue
        if not other.counted:
            kind = other.criterion or "something"
            yield Finding(Kind.NOT_BONE, lesion.id, f"{share:.0%} of the smaller lies in common with {kind}, no bone.")
        elif ids.index(other.id) < ids.index(lesion.id):
            yield Finding(Kind.OVERLAP, lesion.id, f"It overlaps lesion {number}: {share:.0%} of the smaller one.")


def _of_verdict(reading: Reading) -> Iterator[Finding]:
    verdict, malignant = reading.verdict, reading.count(Label.MALIGNANT)
    if verdict.grade is not None and verdict.grade < 2 and malignant:
        lesions = "a malignant lesion" if malignant == 1 else f"{malignant} malignant lesions"
        yield Finding(Kind.GRADE, None, f"Grade {verdict.grade} stands against {lesions}.")
    possible = malignant or reading.count(Label.UNCERTAIN) or reading.count(None) or verdict.diffuse
    if verdict.grade is not None and verdict.grade >= 2 and not possible:
        yield Finding(Kind.GRADE, None, f"Grade {verdict.grade} stands without a lesion that could be malignant.")
    done = verdict.progress in (Progress.DONE, Progress.REVIEWED)
    if done and not reading.lesions and verdict.grade is None and not verdict.diffuse:
        yield Finding(Kind.EMPTY, None, f"It is marked {verdict.progress} without a lesion or a grade.")


def _of_place(lesion: Lesion, facts: CheckFacts) -> Iterator[Finding]:
    """Region and side against where the lesion lies; one view that agrees is enough."""
    rois = {view: roi for view, roi in lesion.rois.items() if view in facts.bodies and roi.pixels}
    places = [place(roi, facts.bodies[view]) for view, roi in rois.items()]
    known = [one for one in places if one is not None]
    if not known:
        return
    lefts = [aside for _, aside in known]
    lies = "left" if min(lefts) > ACROSS else "right" if max(lefts) < -ACROSS else None
    if lesion.side in ("left", "right") and lies not in (None, lesion.side):
        yield Finding(Kind.SIDE, lesion.id, f"It is said to be {lesion.side}, but lies in the patient's {lies} half.")
    if lesion.region is not None:
        gaps = [gap(lesion.region, down, aside) for down, aside in known]
        if all(one is not None and one > ASTRAY for one in gaps):
            name = lesion.region.replace("_", " ")
            yield Finding(Kind.REGION, lesion.id, f"It is said to lie in the region {name}, but lies far from it.")


def place(roi: Roi, body: BodyFacts) -> tuple[float, float] | None:
    """(down, towards the patient's left) of an ROI's centre in shares of the body's height; None without a body."""
    if body.body is None:
        return None
    row, column = roi.centre
    height = max(body.last - body.first, 1)
    across = (column - body.midline(row)) / height
    return (row - body.first) / height, across if body.view is View.ANTERIOR else -across


def _share_outside(roi: Roi, scan: Scan, view: View, facts: CheckFacts) -> float:
    """The share of an ROI that lies outside the body, or the frame; 1 on a view that is not there, and if empty."""
    if view not in scan.frames:
        return 1.0
    rows, columns = np.nonzero(roi.box)
    if rows.size == 0:
        return 1.0
    rows, columns = rows + roi.top, columns + roi.left
    shape = scan.frames[view].counts.shape
    inside = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
    body = facts.bodies.get(view)
    if body is not None and body.body is not None:
        inside[inside] = body.body_mask[rows[inside], columns[inside]]
    return 1.0 - float(inside.sum()) / rows.size


def _share_common(one: Lesion, other: Lesion) -> float:
    """Pixels of both, as a share of the smaller, on the view where that is most."""
    shares = [
        common_pixels(roi, other.rois[view]) / max(min(roi.pixels, other.rois[view].pixels), 1)
        for view, roi in one.rois.items()
        if view in other.rois
    ]
    return max(shares, default=0.0)
