"""Reading with one hand: the next place that stands out, its ROI proposed on both views, one digit to keep it.

Nothing is stored until the digit: a draft is only shown. The digit stores the lesion with its label, region, side and
confidence as one step of undo, and goes on. What was passed over is remembered while the window is open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from workstation.app.ahead import Ahead
from workstation.app.case import Case
from workstation.app.drafting import Drafting
from workstation.app.editor import Editor
from workstation.app.viewer import Viewer
from workstation.app.viewport import Viewport, towards_left
from workstation.core import edits
from workstation.core.candidates import Candidate, is_marked
from workstation.core.ids import new_id
from workstation.core.isocontour import ContourSpec
from workstation.core.lesion import Label, Lesion, Origin, ReadingKey, Roi
from workstation.core.scan import View

ZOOM = 5.0  # screen pixels per pixel while a candidate is looked at
Place = tuple[View, tuple[float, float]]


@dataclass(frozen=True)
class Draft:
    """What would be stored with the next digit."""

    rois: Mapping[View, Roi]
    origin: Origin
    region: str | None
    side: str | None
    confidence: int | None = None


class OneHand(QObject):
    """`changed` when it begins, moves on or ends."""

    changed = Signal()
    told = Signal(str)

    def __init__(
        self, viewer: Viewer, editor: Editor, drafting: Drafting, ahead: Ahead, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._viewer, self._editor, self._ahead = viewer, editor, ahead
        self.draft: Draft | None = None
        self.active = False
        self.waiting = False  # for candidates that are being found
        self._ended = False  # it was said that nothing else stands out
        self._case: Case | None = None  # on which it goes on
        self._here: Place | None = None  # the candidate on screen
        # Candidates passed over, by reading: who reads the scan next, or in a later round, is shown them all.
        self._skipped: dict[ReadingKey, set[Place]] = {}
        drafting.draft = self._drawn
        viewer.case_changed.connect(self._other_case)
        viewer.selection_changed.connect(self._chosen)
        ahead.arrived.connect(self._go_on)
        ahead.failed.connect(self._give_up)

    def next(self) -> None:
        """Pass over what is shown, if anything, and go to the next candidate that is no lesion yet."""
        case, reading = self._viewer.case, self._editor.reading
        if case is None or reading is None:
            return
        skipped = self._skipped.setdefault(reading.key, set())
        if self.active and self._here is not None:
            skipped.add(self._here)
        self.active, self._case, self._here = True, case, None
        self.waiting = not self._ahead.ready(case)
        if self.waiting:
            self._clear()
            self.changed.emit()
            return
        for candidate in case.candidates:
            if _place(candidate) in skipped or is_marked(candidate, self._editor.lesions):
                continue
            if self._show(candidate):
                return
            skipped.add(_place(candidate))
        self._end(self.tr("Nothing else stands out on this scan. Click anywhere to draw what was missed."))

    def skip(self) -> None:
        """Pass over what is shown; without anything shown there is nothing to pass over."""
        if self.active and self.draft is not None:
            self.next()

    def keep(self, label: Label) -> bool:
        """Store the draft with its label as one step and go on. False where there is no draft."""
        draft = self.draft
        if not self.active or draft is None:
            return False
        lesion = Lesion(
            new_id("L"), draft.rois, label=label, region=draft.region, side=draft.side, confidence=draft.confidence,
            roi_origin=draft.origin,
        )  # fmt: skip
        case = self._viewer.case
        if label is Label.NOT_BONE and case is not None:
            lesion = replace(lesion, criterion=case.not_bone_kind(lesion))
        if self._editor.push(edits.add(self.tr("Add {0} lesion").format(label), lesion)):
            self._clear()
            self._here = None  # kept, not passed over: if it is taken back, it comes again
            self.next()
        return True

    def confidence(self, value: int) -> bool:
        """How sure the reader is of the draft; kept with it. False where there is no draft."""
        if not self.active or self.draft is None:
            return False
        self.draft = replace(self.draft, confidence=value)
        self.changed.emit()
        return True

    def leave(self) -> bool:
        """Back to reading as before; False where it was not under way."""
        was = self.active
        if was:
            self._clear()
            self.active, self.waiting, self._here = False, False, None
            self.changed.emit()
        return was

    def _go_on(self) -> None:
        """The candidates that were waited for are there."""
        if self.waiting:
            self.next()

    def _give_up(self) -> None:
        if self.waiting:
            self.waiting = False
            self._end(self.tr("No candidates could be found on this scan. Click anywhere to draw."))

    def _drawn(self, rois: Mapping[View, Roi], origin: Origin, region: str | None, side: str | None) -> bool:
        """What is drawn elsewhere is a draft too while this is under way; the candidate on screen stays for later."""
        if not self.active:
            return False
        self._here = None
        self._set(Draft(dict(rois), origin, region, side))
        return True

    def _show(self, candidate: Candidate) -> bool:
        """Look at a candidate from near and draft its ROIs; False where there is nothing to delineate."""
        case = self._viewer.case
        assert case is not None
        view = candidate.view
        at = candidate.places[view]
        contour = case.contour(view, at, ContourSpec())
        if contour is None:
            return False
        rois = {view: contour.roi}
        partner = case.clicked_partner(view, contour.roi)
        if partner is not None:
            rois[view.other] = partner
        region, side = case.region(view, contour.roi.centre)
        frame = case.scan.frames[view]
        across = towards_left(view) * (at[1] - (frame.columns - 1) / 2)
        self._viewer.select(None)
        self._viewer.set_viewport(Viewport(ZOOM, (at[0] + 0.5) / frame.rows, across))
        self._here = _place(candidate)
        self._set(Draft(rois, Origin.PROPOSED, region, side))
        return True

    def _set(self, draft: Draft) -> None:
        self.draft = draft
        self._viewer.preview = {}
        self._viewer.draft = dict(draft.rois)
        self._viewer.marked.emit()
        self.changed.emit()

    def _clear(self) -> None:
        if self.draft is not None:
            self.draft = None
            self._viewer.draft = {}
            self._viewer.marked.emit()

    def _end(self, words: str) -> None:
        self._clear()
        self._here = None
        case = self._viewer.case
        self._viewer.set_viewport(Viewport(row=0.5 if case is None else case.middle_row))
        self._ended = True
        self.told.emit(words)
        self.changed.emit()

    def _chosen(self) -> None:
        """A lesion was selected: the next digit is about it. The candidate comes again."""
        if self._viewer.selected is not None and self.draft is not None:
            self._clear()
            self._here = None
            self.changed.emit()

    def _other_case(self) -> None:
        """Drafts belong to the case they were made on: a scan that was turned is another. A prior beside it is not."""
        case = self._viewer.case
        if case is not None and case is self._case:
            self._viewer.draft = {} if self.draft is None else dict(self.draft.rois)
            return
        self.draft, self._here, self._case = None, None, None
        self.active = self.waiting = False
        if self._ended:  # of the scan before; of this one it would be wrong
            self._ended = False
            self.told.emit("")
        self.changed.emit()


def _place(candidate: Candidate) -> Place:
    """By which a candidate is known again, when its scan is opened anew."""
    return candidate.view, candidate.places[candidate.view]
