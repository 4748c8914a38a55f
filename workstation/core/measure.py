"""Numbers under the hand: counts at the cursor, statistics of an ROI, lengths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workstation.core.lesion import Mask, Roi

Spacing = tuple[float, float]


@dataclass(frozen=True)
class Length:
    """A straight line's length. pixels: in frame pixels; mm: in millimetres, None without pixel spacing."""

    pixels: float
    mm: float | None

    @property
    def words(self) -> str:
        """As shown beside the line: "34.5 mm", "12.8 cm" from 10 cm on, "15.2 px" without pixel spacing."""
        if self.mm is None:
            return f"{self.pixels:.1f} px"
        return f"{self.mm:.1f} mm" if self.mm < 100 else f"{self.mm / 10:.1f} cm"


def ruler(start: tuple[float, float], end: tuple[float, float], spacing_mm: Spacing | None = None) -> Length:
    """The length between two (row, column) points; spacing_mm: (row, column) pixel spacing."""
    down, across = end[0] - start[0], end[1] - start[1]
    mm = None if spacing_mm is None else float(np.hypot(down * spacing_mm[0], across * spacing_mm[1]))
    return Length(float(np.hypot(down, across)), mm)


def counts_at(counts: NDArray[np.generic], row: float, column: float) -> float | None:
    """The counts of the pixel under a point, None outside the frame."""
    r, c = round(row), round(column)
    if not (0 <= r < counts.shape[0] and 0 <= c < counts.shape[1]):
        return None
    return float(counts[r, c])


@dataclass(frozen=True)
class RoiStatistics:
    """Counts inside an ROI. area_cm2: None without pixel spacing. Outside the frame: 0 pixels, nan means."""

    pixels: int
    area_cm2: float | None
    sum: float
    mean: float
    max: float

    def ratio(self, reference: float) -> float:
        """Mean counts against a reference (local background, or the mirrored ROI's mean); 0/0 is nan."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.float64(self.mean) / np.float64(reference))


def roi_statistics(counts: NDArray[np.generic], roi: Roi | Mask, spacing_mm: Spacing | None = None) -> RoiStatistics:
    """Statistics of the counts (rows, columns) inside an ROI or a mask of the same shape, inside the frame."""
    if isinstance(roi, Roi):
        top, left = max(roi.top, 0), max(roi.left, 0)
        part = counts[top : max(roi.top + roi.height, 0), left : max(roi.left + roi.width, 0)]
        box = roi.box[top - roi.top :, left - roi.left :][: part.shape[0], : part.shape[1]]
        values = part[box].astype(np.float64)
    else:
        values = counts[roi].astype(np.float64)
    area = None if spacing_mm is None else values.size * spacing_mm[0] * spacing_mm[1] / 100.0
    if values.size == 0:
        return RoiStatistics(0, area, 0.0, float("nan"), float("nan"))
    return RoiStatistics(values.size, area, float(values.sum()), float(values.mean()), float(values.max()))


def mirror_ratio(counts: NDArray[np.generic], roi: Roi, midline: NDArray[np.float64]) -> float:
    """Mean counts of an ROI over those of the same ROI mirrored about the patient's midline in the same view.

    midline: column of the midline for each row. nan where the mirrored ROI lies outside the frame.
    """
    rows, columns = np.nonzero(roi.box)
    rows, columns = rows + roi.top, columns + roi.left
    inside = (rows >= 0) & (rows < counts.shape[0])
    rows, columns = rows[inside], columns[inside]
    mirrored = np.rint(2.0 * midline[rows] - columns).astype(int)
    good = (mirrored >= 0) & (mirrored < counts.shape[1])
    if not good.any():
        return float("nan")
    return roi_statistics(counts, roi).ratio(float(counts[rows[good], mirrored[good]].mean(dtype=np.float64)))
