"""From a drawn region to a lesion: whose it becomes, and the proposed ROI on the other view."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Signal

from workstation.app import actions
from workstation.app.editor import Editor
from workstation.app.viewer import Proposal, Viewer
from workstation.core.lesion import Mask, Origin, Roi
from workstation.core.scan import View


class Drafting(QObject):
    """Turns regions into edits. A new lesion gets a proposed region, side and an ROI proposed on the other view."""

    told = Signal(str)  # a region is taken, but the reader should know something of it

    def __init__(self, viewer: Viewer, editor: Editor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._editor = editor
        # Where new lesions are drafts first, kept only with their label: takes ROIs, their origin, region, side;
        # False to go on.
        self.draft: Callable[[Mapping[View, Roi], Origin, str | None, str | None], bool] | None = None

    def take(self, view: View, roi: Roi, origin: Origin, to_selected: bool) -> None:
        """A finished region: it replaces the selected lesion's ROI on this view, or becomes a new lesion."""
        selected = self._viewer.selected
        if to_selected and selected is not None:
            self._editor.set_roi(selected, view, roi, self.tr("Outline again"), origin)
            self._propose(selected, view)
            return
        case = self._viewer.case
        if case is None:
            return
        region, side = case.region(view, roi.centre)
        if not case.in_body(view, roi):
            words = self.tr("This region lies outside the body. It is kept; {0} takes it back.")
            self.told.emit(words.format(actions.key("lesion.undo")))
        rois = {view: roi}
        if origin is Origin.ISOCONTOUR:  # the click found the spot in both views at once
            partner = case.clicked_partner(view, roi)
            rois |= {} if partner is None else {view.other: partner}
        if self.draft is not None and self.draft(rois, origin, region, side):
            return
        lesion = self._editor.add_lesion(rois, origin, region, side)
        if lesion is not None:
            self._viewer.select(lesion)
            self._propose(lesion, view)

    def widen(self, view: View, mask: Mask, lesion: str) -> None:
        """Add a full-frame mask to a lesion's ROI on this view."""
        before = self._editor.lesions[lesion].rois.get(view)
        whole = mask if before is None else mask | before.mask((mask.shape[0], mask.shape[1]))
        roi = Roi.from_mask(whole)
        if roi is not None and roi != before:
            self._editor.set_roi(lesion, view, roi, self.tr("Brush"), Origin.HAND)
            self._propose(lesion, view)

    def narrow(self, view: View, mask: Mask, lesion: str) -> None:
        """Take a full-frame mask away from a lesion's ROI on this view; nothing left takes the ROI away."""
        before = self._editor.lesions[lesion].rois.get(view)
        if before is None:
            return
        roi = Roi.from_mask(before.mask((mask.shape[0], mask.shape[1])) & ~mask)
        if roi == before:
            return
        self._editor.set_roi(lesion, view, roi, self.tr("Erase"), Origin.HAND)
        if lesion not in self._editor.lesions:
            words = self.tr("Nothing of this lesion was left, so it is gone. {0} brings it back.")
            self.told.emit(words.format(actions.key("lesion.undo")))

    def accept(self) -> bool:
        """Take the proposed ROI. False where there is none."""
        proposal = self._viewer.proposal
        if proposal is None:
            return False
        self._viewer.proposal = None
        self._editor.set_roi(proposal.lesion, proposal.view, proposal.roi, self.tr("Accept mirrored ROI"))
        self._viewer.marked.emit()
        return True

    def dismiss(self) -> bool:
        had = self._viewer.proposal is not None
        self._viewer.proposal = None
        self._viewer.marked.emit()
        return had

    def _propose(self, lesion: str, view: View) -> None:
        """Offer the ROI on the other view while the lesion has none there."""
        viewer, case = self._viewer, self._viewer.case
        viewer.proposal = None
        found = self._editor.lesions.get(lesion)
        if found is not None and case is not None and view in found.rois and view.other not in found.rois:
            roi = case.partner_roi(view, found.rois[view])
            if roi is not None:
                viewer.proposal = Proposal(lesion, view.other, roi)
        viewer.marked.emit()
