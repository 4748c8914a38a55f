"""One scan made ready to be read: its row, its counts, what is known of the body, and its delineation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QCoreApplication

from workstation.app.lazy import lazy
from workstation.core import body, click, not_bone, region_grow
from workstation.core.body import BodyFacts
from workstation.core.candidates import Candidate, candidates
from workstation.core.delineate import Contour, ContourSpec, propose_partner
from workstation.core.display import PictureFacts, bone_window
from workstation.core.lesion import Lesion, Mask, Roi
from workstation.core.measure import counts_at, mirror_ratio, roi_statistics
from workstation.core.scan import Scan, View
from workstation.store.values import ScanRow
from workstation.workflows import click_weights

if TYPE_CHECKING:
    from workstation.store.library import Library


@dataclass(frozen=True, eq=False)
class Case:
    """Everything the reading page asks of a scan; computed once, when it is first asked for."""

    row: ScanRow
    scan: Scan

    @property
    def simulated(self) -> bool:
        return bool(self.scan.facts.get("simulated"))

    @lazy
    def bodies(self) -> dict[View, BodyFacts]:
        return body.bodies(self.scan.frames)

    @lazy
    def excluded(self) -> dict[View, Mask]:
        """Bladder and injection site of each view."""
        return {view: facts.excluded_mask for view, facts in self.bodies.items()}

    @lazy
    def facts(self) -> PictureFacts:
        """What window presets need: bladder and injection site do not set the bone window."""
        counts = {view: frame.counts for view, frame in self.scan.frames.items()}
        masks = {view: facts.body_mask for view, facts in self.bodies.items()}
        highest = max(float(frame.counts.max()) for frame in self.scan.frames.values())
        return PictureFacts(bone_window(counts, masks, self.excluded), highest, views=self.scan.views)

    def facts_without(self, marks: Mapping[View, Sequence[Roi]]) -> PictureFacts:
        """The same where a reader marked more uptake as no bone: it does not set the bone window either."""
        if not any(marks.get(view) for view in self.scan.frames):
            return self.facts
        key = tuple((view, *marks.get(view, ())) for view in self.scan.frames)
        if self._without.get("key") != key:
            excluded = {}
            for view, mask in self.excluded.items():
                excluded[view] = mask.copy()
                for roi in marks.get(view, ()):
                    excluded[view] |= roi.mask((mask.shape[0], mask.shape[1]))
            counts = {view: frame.counts for view, frame in self.scan.frames.items()}
            masks = {view: facts.body_mask for view, facts in self.bodies.items()}
            self._without.update(key=key, facts=replace(self.facts, bone=bone_window(counts, masks, excluded)))
        facts: PictureFacts = self._without["facts"]
        return facts

    @lazy
    def _without(self) -> dict[str, Any]:
        """The last answer of `facts_without`, which is asked for every time a picture is drawn."""
        return {}

    def facts_with_reference(self, lesion: Lesion) -> PictureFacts:
        """The same with the mean counts of the lesion's ROIs as the reference region."""
        means = [roi_statistics(self.scan.frames[view].counts, roi).mean for view, roi in lesion.rois.items()]
        return replace(self.facts, reference=float(np.mean(means)))

    @lazy
    def _rows(self) -> tuple[int, int]:
        """First and last row with counts in any view: the acquired part of the frames."""
        first, last = [], []
        for frame in self.scan.frames.values():
            rows = np.flatnonzero(frame.counts.sum(axis=1) > 0)
            first.append(int(rows[0]) if rows.size else 0)
            last.append(int(rows[-1]) if rows.size else frame.rows - 1)
        return min(first), max(last)

    @property
    def extent(self) -> tuple[float, float]:
        """Rows and columns that "fit" shows."""
        first, last = self._rows
        columns = max(frame.columns for frame in self.scan.frames.values())
        return float(last - first + 1), float(columns)

    @property
    def middle_row(self) -> float:
        """The middle of the acquired part, as a share of the rows."""
        first, last = self._rows
        return ((first + last) / 2 + 0.5) / self.scan.frames[self.scan.views[0]].rows

    def contour(self, view: View, at: tuple[float, float], spec: ContourSpec) -> Contour | None:
        """The isocontour at a place of a view; None where there is nothing to delineate."""
        frame = self.scan.frames[view]
        if not (0 <= at[0] < frame.rows and 0 <= at[1] < frame.columns):
            return None
        found = click.delineate(self.scan.frames, self.bodies, view, at, click_weights.estimator(), spec)
        own = found.get(view)
        self._clicked.clear()
        if own is not None and view.other in found:
            other = found[view.other]
            self._clicked[view, own.roi] = None if other is None else other.roi
        return own

    @lazy
    def _clicked(self) -> dict[tuple[View, Roi], Roi | None]:
        """The last contour and what the same click delineates on the other view."""
        return {}

    def clicked_partner(self, view: View, roi: Roi) -> Roi | None:
        """What the click that made this ROI delineates on the other view; None where it was not that click."""
        return self._clicked.get((view, roi))

    @lazy
    def candidates(self) -> tuple[Candidate, ...]:
        """Places where uptake stands out, the most striking first. Not at once: see `app.ahead`."""
        return candidates(self.scan.frames, self.bodies)

    @property
    def searched(self) -> bool:
        """Whether the candidates are there."""
        return "candidates" in self.__dict__

    def adopt(self, other: Case) -> None:
        """Take over what was computed of the same counts; of other counts, nothing."""
        mine, frames = self.scan.frames, other.scan.frames
        if mine.keys() == frames.keys() and all(
            mine[view].spacing_mm == frames[view].spacing_mm and np.array_equal(mine[view].counts, frames[view].counts)
            for view in mine
        ):
            for name in ("bodies", "candidates"):
                if name in other.__dict__:
                    self.__dict__.setdefault(name, other.__dict__[name])

    def region_grown(self, view: View, at: tuple[float, float], share: float) -> Contour | None:
        """All that is joined to a place and nearly as hot."""
        return region_grow.grow(self.scan.frames[view].counts, at, share, self.excluded[view])

    def organ_at(self, view: View, at: tuple[float, float]) -> Contour | None:
        """Bladder or injection site where the place lies in one, to be taken as a mark "not bone"."""
        roi = not_bone.organ_at(self.bodies[view], at)
        if roi is None:
            return None
        counts = self.scan.frames[view].counts
        inside = counts[roi.mask((counts.shape[0], counts.shape[1]))]
        return Contour(roi, float(inside.min()), float(inside.max()), self.bodies[view].level, "organ")

    def not_bone_kind(self, lesion: Lesion) -> str:
        """The kind proposed where a lesion is called "not bone"."""
        kinds = [not_bone.guess_kind(roi, self.bodies[view]) for view, roi in lesion.rois.items()]
        return next((kind for kind in kinds if kind != not_bone.CONTAMINATION), not_bone.CONTAMINATION)

    def in_body(self, view: View, roi: Roi) -> bool:
        """Whether any pixel of an ROI lies on the patient."""
        body = self.bodies[view].body_mask
        return bool((roi.mask((body.shape[0], body.shape[1])) & body).any())

    def partner_point(self, view: View, row: float, column: float) -> tuple[float, float] | None:
        """Where a point of one view lies on the other; None where there is no other view."""
        if view.other not in self.scan.frames:
            return None
        return row, self.bodies[view].mirrored_column(row, column, self.bodies[view.other])

    def partner_roi(self, view: View, roi: Roi) -> Roi | None:
        """The ROI proposed on the other view, snapped to its uptake."""
        if view.other not in self.scan.frames:
            return None
        if (view, roi) in self._clicked:
            return self._clicked[view, roi]
        frames, bodies = self.scan.frames, self.bodies
        return propose_partner(roi, frames[view], frames[view.other], bodies[view], bodies[view.other])

    def region(self, view: View, at: tuple[float, float]) -> tuple[str | None, str | None]:
        """Region and side proposed for a place."""
        return self.bodies[view].guess_region(at)

    def smoothed_at(self, view: View, row: float, column: float) -> float:
        """Mean counts of the 3 x 3 pixels around a place: one pixel alone is mostly noise."""
        counts = self.scan.frames[view].counts
        r, c = round(row), round(column)
        around = counts[max(r - 1, 0) : r + 2, max(c - 1, 0) : c + 2]
        return float(around.mean()) if around.size else 0.0

    def cursor_words(self, view: View, row: float, column: float) -> str:
        """View, pixel and counts under the cursor."""
        counts = counts_at(self.scan.frames[view].counts, row, column)
        if counts is None:
            return str(view)
        words = _tr("{0}   row {1}, column {2}   {3:.0f} counts")
        return words.format(view, round(row), round(column), counts)

    def uptake_words(self, view: View, roi: Roi) -> str:
        """Size and counts of an ROI in one line."""
        frame = self.scan.frames[view]
        found = roi_statistics(frame.counts, roi, frame.spacing_mm)
        size = f"{found.pixels} px" if found.area_cm2 is None else f"{found.area_cm2:.1f} cm\u00b2"
        words = _tr("{0}: {1}, mean {2:.0f}, maximum {3:.0f}")
        words = words.format(str(view).capitalize(), size, found.mean, found.max)
        middle = self.bodies[view].midline.columns(np.arange(frame.rows))
        beside = abs(roi.centre[1] - middle[min(max(round(roi.centre[0]), 0), frame.rows - 1)]) > roi.width
        ratio = mirror_ratio(frame.counts, roi, middle)
        if not beside or not np.isfinite(ratio):
            return words
        return words + _tr(", {0:.1f} x the other side").format(ratio).replace(" ", "\u00a0").replace(",\u00a0", ", ")


def open_case(library: Library, scan: str) -> Case:
    """Load a scan of the library. LibraryError where it cannot be read."""
    loaded = library.load(scan)  # first: it knows the words for a scan that is not there
    return Case(library.rows([scan])[0], loaded)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Case", text)
