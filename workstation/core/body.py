"""What is known of the patient in one view: outline, midline, ends, bladder, injection site, and where a point lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from workstation.core.counts import Counts, Picture, counted, percentile
from workstation.core.geometry import mirrored_column
from workstation.core.lesion import Mask, Roi
from workstation.core.organs import find_bladder, find_injection_site, seen_from_both_sides
from workstation.core.regions import region_at
from workstation.core.scan import Frame, View
from workstation.core.silhouette import BIN, Midline, binned, body_mask, extent, midline, view_shift

__all__ = [
    "BodyFacts", "bodies", "body_mask", "facts", "find_bladder", "find_injection_site", "guess_region", "midline",
]  # fmt: skip


@dataclass(frozen=True)
class BodyFacts:
    """The body in one view of `shape` (rows, columns).

    body: its outline, None where the frame is empty. first, last: rows of the vertex and the toes. level: the body's
    median counts per pixel. bladder, injection: what is hot and no bone, or None. upside_down: head and feet seem
    to be the other way round.
    """

    view: View
    shape: tuple[int, int]
    body: Roi | None
    first: int
    last: int
    midline: Midline
    level: float
    bladder: Roi | None = None
    injection: Roi | None = None
    upside_down: bool = False

    @cached_property
    def body_mask(self) -> Mask:
        return np.zeros(self.shape, bool) if self.body is None else self.body.mask(self.shape)

    @cached_property
    def excluded_mask(self) -> Mask:
        """Bladder and injection site: neither window nor isocontour should follow them."""
        mask = np.zeros(self.shape, bool)
        for roi in (self.bladder, self.injection):
            if roi is not None:
                mask |= roi.mask(self.shape)
        return mask

    def mirrored_column(self, row: float, column: float, other: BodyFacts) -> float:
        """The column on the other view of what lies at (row, column) on this one."""
        shift = 0.0
        if self.body is not None and other.body is not None:
            shift = view_shift(self.body, other.body, self.shape[1])
        return mirrored_column(column, self.shape[1], shift)

    def guess_region(self, at: tuple[float, float]) -> tuple[str | None, str | None]:
        """Region (a key of the vocabulary) and side of the patient proposed for a (row, column) point."""
        return guess_region(at, self.view, self)


def bodies(frames: Mapping[View, Frame]) -> dict[View, BodyFacts]:
    """The body in each view of a scan, and what only both together tell: whether it is the bladder."""
    found = {view: facts(frame.counts, view, frame.spacing_mm) for view, frame in frames.items()}
    behind = found.get(View.POSTERIOR)
    if behind is not None and behind.bladder is not None and View.ANTERIOR in found:
        before = found[View.ANTERIOR]
        columns = np.arange(behind.shape[1])
        mirrored = np.rint(behind.mirrored_column(0.0, 0.0, before) - columns).astype(np.intp)
        seen = seen_from_both_sides(behind.bladder, before.bladder, mirrored)
        found[View.POSTERIOR] = replace(behind, bladder=seen)
    return found


def facts(counts: Counts, view: View, spacing_mm: tuple[float, float] | None = None) -> BodyFacts:
    """Find the body in one frame (rows, columns). An empty frame has no body and its midline in the middle.

    Values that are no counts (NaN, infinite) are nought. See `bodies` for a scan of both views.
    """
    rows, columns = counts.shape
    counts = counted(counts)
    blocks = binned(counts)
    mask = body_mask(counts, blocks)
    line = midline(counts, mask, blocks)
    ends = extent(mask)
    if ends is None:
        return BodyFacts(view, (rows, columns), None, 0, rows - 1, line, 0.0)
    level = percentile([counts[mask]], 50.0)
    return BodyFacts(
        view=view,
        shape=(rows, columns),
        body=Roi.from_mask(mask),
        first=ends[0],
        last=ends[1],
        midline=line,
        level=level,
        bladder=find_bladder(counts, mask, ends, line, level),
        injection=find_injection_site(counts, mask, ends, line, level),
        upside_down=_upside_down(blocks, ends),
    )


def _upside_down(blocks: Picture, ends: tuple[int, int]) -> bool:
    """Head and trunk hold about two thirds of the counts: more in the lower half means that the feet are up."""
    by_row = np.sqrt(np.maximum(blocks, 0)).sum(axis=1)
    first, middle, last = ends[0] // BIN, (ends[0] + ends[1]) // 2 // BIN, ends[1] // BIN
    return float(by_row[first:middle].sum()) < 0.8 * float(by_row[middle : last + 1].sum())


def guess_region(at: tuple[float, float], view: View, body: BodyFacts) -> tuple[str | None, str | None]:
    """Region and side proposed for a (row, column) point of a view; (None, None) where there is no body.

    Sides are the patient's: the anterior view has the patient's right at its left, the posterior view the left.
    """
    if body.body is None:
        return None, None
    height = max(body.last - body.first, 1)
    across = (at[1] - body.midline(at[0])) / height
    towards_left = across if view is View.ANTERIOR else -across
    return region_at((at[0] - body.first) / height, towards_left, view)
