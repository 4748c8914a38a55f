"""Keys that change the selected lesions' regions: split, merge, grow, shrink, smooth, fill. Each is one step of undo.

What cannot be done is told in a line through the editor's `refused` and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from workstation.app.editor import Editor
from workstation.app.viewer import Viewer
from workstation.core import parting, reshape
from workstation.core.edits import Edit, LesionChange
from workstation.core.ids import new_id
from workstation.core.lesion import Lesion, Origin, Roi
from workstation.core.scan import View

LARGEST = 20_000  # pixels of a region that is split, in one view: a twelfth of a picture; no lesion has as many
NEAR = 3.0  # pixels: a lesion this close to the one selected is its neighbour
Change = Callable[[Roi, tuple[int, int]], Roi | None]


class Reshaping(QObject):
    """Acts on the viewer's selection, on both views at once."""

    told = Signal(str)  # something was done that the reader should know of

    def __init__(self, viewer: Viewer, editor: Editor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._editor = editor

    @property
    def _selected(self) -> list[Lesion]:
        return [self._editor.lesions[lesion] for lesion in self._viewer.selection]

    def grow(self, steps: int = 1) -> bool:
        what = self.tr("Grow") if steps == 1 else self.tr("Grow by {0}").format(steps)
        none = self.tr("The region fills the picture already.")
        return self._each(what, none, lambda roi, shape: reshape.grown(roi, steps, shape))

    def shrink(self, steps: int = 1) -> bool:
        what = self.tr("Shrink") if steps == 1 else self.tr("Shrink by {0}").format(steps)
        none = self.tr("Nothing would be left of the region; it stays as it is. Del deletes the lesion.")
        return self._each(what, none, lambda roi, shape: reshape.shrunk(roi, steps, shape))

    def smooth(self) -> bool:
        return self._each(self.tr("Smooth"), self.tr("The region is as smooth as it gets."), reshape.smooth)

    def fill(self) -> bool:
        none = self.tr("The region has no hole.")
        return self._each(self.tr("Fill holes"), none, lambda roi, _: reshape.filled(roi))

    def split(self) -> bool:
        """Each selected lesion in parts, one for each maximum of its counts; they keep what was said of it."""
        lesions, case = self._chosen(), self._viewer.case
        if not lesions or case is None:
            return False
        if any(roi.pixels > LARGEST for lesion in lesions for roi in lesion.rois.values()):
            return self._refuse(self._too_large())
        changes: list[LesionChange] = []
        chosen: list[str] = []
        for lesion in lesions:
            parts = parting.parts(lesion, case.scan.frames, case.bodies)
            chosen.append(lesion.id)
            if len(parts) < 2:
                continue
            changes.append(LesionChange(lesion, self._changed(lesion, parts[0])))
            for rois in parts[1:]:
                view = next(iter(rois))
                region, side = case.region(view, rois[view].centre)
                new = replace(
                    self._changed(lesion, rois), id=new_id("L"), region=region or lesion.region, side=side, comment=""
                )
                changes.append(LesionChange(None, new))
                chosen.append(new.id)
        if not changes:
            return self._refuse(self.tr("The counts in this region have one maximum only; there is nothing to split."))
        return self._push(Edit(self.tr("Split"), tuple(changes)), chosen)

    def split_neighbours(self) -> bool:
        """Pixels that the selected lesion shares with others go to the one whose maximum they belong to."""
        lesions, case = self._chosen(), self._viewer.case
        if not lesions or case is None:
            return False
        others = [
            other
            for other in self._editor.lesions.values()
            if other not in lesions and any(parting.overlapping(lesion, other) for lesion in lesions)
        ]
        if any(roi.pixels > LARGEST for lesion in (*lesions, *others) for roi in lesion.rois.values()):
            return self._refuse(self._too_large())
        changed = parting.neighbours_apart([*lesions, *others], case.scan.frames)
        if not changed:
            return self._refuse(self.tr("This region overlaps no other lesion. D splits it between its own maxima."))
        changes = [
            LesionChange(lesion, self._changed(lesion, changed[lesion.id]))
            for lesion in (*lesions, *others)
            if lesion.id in changed
        ]
        return self._push(Edit(self.tr("Split from neighbours"), tuple(changes)), self._viewer.selection)

    def _too_large(self) -> str:
        words = self.tr("No lesion has more than {0:,} pixels: regions as large are not split. Erase some of it first.")
        return words.format(LARGEST)

    def merge(self) -> bool:
        """One lesion of the selected ones, or of the selected one and its neighbours; the first keeps its label."""
        lesions = self._chosen()
        if not lesions:
            return False
        first = lesions[0]
        if len(lesions) == 1:
            lesions += [other for other in self._editor.lesions.values() if other is not first and _near(first, other)]
        if len(lesions) == 1:
            return self._refuse(self.tr("No other lesion lies beside this one. Ctrl+click selects a second one."))
        rois = {
            view: reshape.merged([lesion.rois[view] for lesion in lesions if view in lesion.rois])
            for view in View
            if any(view in lesion.rois for lesion in lesions)
        }
        after = self._changed(first, rois)
        given = next((lesion for lesion in lesions if lesion.label is not None), None)
        if after.label is None and given is not None:
            after = replace(
                after, label=given.label, criterion=given.criterion, confidence=given.confidence,
                evidence=given.evidence, evidence_date=given.evidence_date, label_origin=given.label_origin,
            )  # fmt: skip
        changes = (LesionChange(first, after), *(LesionChange(lesion, None) for lesion in lesions[1:]))
        what = self.tr("Merge {0} lesions").format(len(lesions))
        if not self._push(Edit(what, changes), (first.id,)):
            return False
        if len({lesion.label for lesion in lesions if lesion.label is not None}) > 1:
            words = self.tr("The labels differed: {0} is kept. A digit changes it.")
            self.told.emit(words.format(after.label))
        return True

    # What they share

    def _chosen(self) -> list[Lesion]:
        if not self._selected:
            self._refuse(self.tr("Select a lesion first: click it, or press Tab."))
        return self._selected

    def _each(self, what: str, none: str, change: Change) -> bool:
        """Change every ROI of every selected lesion; all or nothing, and nothing where any would be left empty."""
        case = self._viewer.case
        changes = []
        for lesion in self._chosen():
            rois = {}
            for view, roi in lesion.rois.items():
                frame = case.scan.frames.get(view) if case is not None else None
                made = roi if frame is None else change(roi, (frame.rows, frame.columns))
                if made is None:
                    return self._refuse(none)
                rois[view] = made
            if rois != dict(lesion.rois):
                changes.append(LesionChange(lesion, self._changed(lesion, rois)))
        if not changes:
            return self._refuse(none) if self._selected else False
        return self._push(Edit(what, tuple(changes)), self._viewer.selection)

    def _changed(self, lesion: Lesion, rois: Mapping[View, Roi]) -> Lesion:
        return replace(lesion, rois=rois, roi_origin=Origin.HAND)

    def _push(self, edit: Edit, chosen: Sequence[str]) -> bool:
        if not self._editor.push(edit):
            return False
        self._viewer.select_all(tuple(chosen))
        return True

    def _refuse(self, words: str) -> bool:
        self._editor.refused.emit(words)
        return False


def _near(one: Lesion, other: Lesion) -> bool:
    """Whether two lesions lie side by side on any view; marks "not bone" are no neighbours of lesions."""
    if one.counted is not other.counted:
        return False
    return any(reshape.gap(one.rois[view], other.rois[view]) <= NEAR for view in one.rois.keys() & other.rois.keys())
