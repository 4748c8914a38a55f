"""Lesions that stand out from their like: robust z-scores of size, uptake, shape and place within label and region.

z = 0.6745 (x - median) / MAD, and 3.5 is far (B. Iglewicz, D. C. Hoaglin, How to Detect and Handle Outliers, 1993).
Sizes and ratios are compared as logarithms, so that twice and half are equally far.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workstation.core.body import BodyFacts
from workstation.core.checks import ACROSS, place
from workstation.core.lesion import Label, Lesion, ReadingKey, Roi
from workstation.core.regions import gap
from workstation.core.scan import Frame, Scan, View

FAR = 3.5
FEWEST = 8  # lesions by which a group is judged; a smaller one is judged among all of its label
_RING = (2, 5)  # the background: pixels beyond the ROI's box, from and to


@dataclass(frozen=True)
class Measured:
    """One lesion in numbers, each of the view that shows it larger.

    mm2: area in mm2, or in pixels where the spacing is not known (`in_mm` False). uptake: mean counts over those
    around. elongation: longest over shortest axis, 1 for a disc. astray: distance from its region in shares of the
    body's height, below 0 inside. across: how far over the midline on the side it is not said to be, else 0.
    None for what cannot be told.
    """

    key: ReadingKey
    lesion: str
    label: Label
    region: str | None
    side: str | None
    mm2: float
    in_mm: bool
    uptake: float | None
    elongation: float
    astray: float | None
    across: float | None


@dataclass(frozen=True)
class Outlier:
    """measure: "size", "uptake", "elongation", "side" or "region". z: how far, robust, signed. sentence: why."""

    key: ReadingKey
    lesion: str
    label: Label
    measure: str
    z: float
    sentence: str


def measure(scan: Scan, key: ReadingKey, lesion: Lesion, bodies: Mapping[View, BodyFacts]) -> Measured | None:
    """The numbers of a lesion; None for one without a label, for a mark "not bone", and outside all views."""
    rois = {view: roi for view, roi in lesion.rois.items() if view in scan.frames and roi.pixels}
    if lesion.label is None or not lesion.counted or not rois:
        return None
    view, roi = max(rois.items(), key=lambda item: item[1].pixels)
    frame = scan.frames[view]
    spacing = frame.spacing_mm
    area = roi.pixels * (spacing[0] * spacing[1] if spacing else 1.0)
    where = place(roi, bodies[view]) if view in bodies else None
    astray = across = None
    if where is not None:
        astray = None if lesion.region is None else gap(lesion.region, *where)
        if lesion.side in ("left", "right"):
            across = max(-where[1] if lesion.side == "left" else where[1], 0.0)
    return Measured(
        key, lesion.id, lesion.label, lesion.region, lesion.side, area, spacing is not None,
        _uptake(frame, roi), _elongation(roi, spacing or (1.0, 1.0)), astray, across,
    )  # fmt: skip


def outliers(lesions: Iterable[Measured], far: float = FAR) -> tuple[Outlier, ...]:
    """Lesions that stand out, the farthest first; one that stands out in several ways is listed by the worst."""
    groups: dict[tuple[Label, str | None], list[Measured]] = defaultdict(list)
    labels: dict[Label, list[Measured]] = defaultdict(list)
    for lesion in lesions:
        groups[lesion.label, lesion.region].append(lesion)
        labels[lesion.label].append(lesion)
    all_found = [found for group in groups.values() for one in group if (found := _beyond(one)) is not None]
    for (label, region), group in groups.items():
        enough = len(group) >= FEWEST
        like = f"{label} lesions" + (f" of the region {region.replace('_', ' ')}" if enough and region else "")
        all_found += _of_group(group, group if enough else labels[label], like, far)
    worst: dict[tuple[ReadingKey, str], Outlier] = {}
    for found in all_found:
        at = found.key, found.lesion
        if at not in worst or abs(found.z) > abs(worst[at].z):
            worst[at] = found
    return tuple(sorted(worst.values(), key=lambda one: (-abs(one.z), one.key, one.lesion)))


@dataclass(frozen=True)
class _Measure:
    """value: of a lesion, None where it has none. words: of (value, usual value, name of its like).

    least: the smallest median absolute deviation taken for true: lesions that happen to be alike make no outliers.
    from_: values up to this are never far.
    """

    name: str
    value: Callable[[Measured], float | None]
    words: Callable[[float, float, str], str]
    least: float
    from_: float = -np.inf


def _size(in_mm: bool) -> _Measure:
    """A size in pixels says nothing beside sizes in mm2."""

    def words(value: float, usual: float, like: str) -> str:
        return f"{_area(np.exp(value), in_mm)}, where {like} usually have {_area(np.exp(usual), in_mm)}."

    return _Measure("size", lambda one: float(np.log(one.mm2)) if one.in_mm is in_mm else None, words, 0.20)


_MEASURES = (
    _size(True),
    _size(False),
    _Measure(
        "uptake",
        lambda one: float(np.log(one.uptake)) if one.uptake else None,
        lambda value, usual, like: (
            f"{np.exp(value):.1f} x the counts around it, where {like} usually have {np.exp(usual):.1f} x."
        ),
        0.15,
    ),
    _Measure(
        "elongation",
        lambda one: float(np.log(one.elongation)),
        lambda value, usual, like: (
            f"{np.exp(value):.1f} x as long as wide, where {like} are usually {np.exp(usual):.1f} x."
        ),
        0.15,
    ),
    _Measure(
        "region",
        lambda one: one.astray,
        lambda value, usual, like: f"It lies {value:.0%} of the body's height away from where its region is.",
        0.01,
        0.04,
    ),
)


def _of_group(group: Sequence[Measured], among: Sequence[Measured], like: str, far: float) -> Iterator[Outlier]:
    """The lesions of `group` that lie far from the medians of `among`."""
    for measure in _MEASURES:
        values = np.array([value for one in among if (value := measure.value(one)) is not None])
        if values.size < FEWEST:
            continue
        usual = float(np.median(values))
        spread = max(float(np.median(np.abs(values - usual))), measure.least)
        for one in group:
            here = measure.value(one)
            z = 0.0 if here is None else 0.6745 * (here - usual) / spread
            if here is not None and here > measure.from_ and abs(z) > far:
                yield Outlier(one.key, one.lesion, one.label, measure.name, z, measure.words(here, usual, like))


def _beyond(one: Measured) -> Outlier | None:
    """On the wrong side: by a share of the body's height, for no group of lesions usually lies there."""
    if one.across is None or one.across <= ACROSS:
        return None
    words = f"It is said to be {one.side}, but lies {one.across:.0%} of the body's height beyond the midline."
    return Outlier(one.key, one.lesion, one.label, "side", FAR * (1.0 + one.across / ACROSS), words)


def _area(value: float, in_mm: bool) -> str:
    return f"{value / 100:.1f} cm\u00b2" if in_mm else f"{value:.0f} px"


def _uptake(frame: Frame, roi: Roi) -> float | None:
    """Mean counts inside over the mean of a frame of pixels around the box; None where there is nothing around."""
    near, wide = _RING
    top, left = max(roi.top - wide, 0), max(roi.left - wide, 0)
    part = frame.counts[top : max(roi.top + roi.height + wide, 0), left : max(roi.left + roi.width + wide, 0)]
    if part.size == 0:
        return None
    rows, columns = np.arange(part.shape[0]) + top, np.arange(part.shape[1]) + left
    in_rows = (rows >= roi.top - near) & (rows < roi.top + roi.height + near)
    in_columns = (columns >= roi.left - near) & (columns < roi.left + roi.width + near)
    around = ~(in_rows[:, None] & in_columns[None, :])
    mask = roi.mask((frame.rows, frame.columns))[top : top + part.shape[0], left : left + part.shape[1]]
    if not around.any() or not mask.any():
        return None
    background = float(part[around].mean())
    return float(part[mask].mean()) / background if background > 0 else None


def _elongation(roi: Roi, spacing: tuple[float, float]) -> float:
    """Longest over shortest axis of the ellipse with its second moments; a pixel has those of a square."""
    rows, columns = np.nonzero(roi.box)
    points = np.stack((rows * spacing[0], columns * spacing[1])).astype(float)
    centred: NDArray[np.float64] = points - points.mean(axis=1, keepdims=True)
    moments = centred @ centred.T / rows.size + np.diag(np.square(spacing)) / 12
    short, long = np.linalg.eigvalsh(moments)
    return float(np.sqrt(long / short))
