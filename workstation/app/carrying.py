""""Same as before": the lesions of the prior scan's reading carried over to this one, all or the one pointed at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QObject, Signal

from workstation.app.case import Case, open_case
from workstation.app.editor import Editor
from workstation.app.viewer import Viewer
from workstation.app.workbench import Workbench
from workstation.core import carry_over, parting
from workstation.core.edits import Edit, LesionChange
from workstation.core.lesion import Lesion
from workstation.store.values import ADJUDICATED


class Carrying(QObject):
    """Carries over in one step of undo. What is there already, in the same place, is not drawn a second time."""

    told = Signal(str)

    def __init__(self, workbench: Workbench, viewer: Viewer, editor: Editor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._viewer, self._editor = viewer, editor

    def all(self) -> bool:
        """Every lesion of the prior; without it on screen, of the latest earlier scan."""
        prior = self._viewer.prior or self._latest()
        if prior is None:
            return self._tell(self.tr("This patient has no earlier scan in the library."))
        lesions = self._viewer.prior_lesions or read_before(self._workbench, prior.scan.id)
        if not lesions:
            words = self.tr("You have read no lesion on the earlier scan, and no reading of it is adjudicated.")
            return self._tell(words)
        return self._carry(prior, list(lesions.values()))

    def one(self) -> bool:
        """The lesion under the cursor on the prior's pictures."""
        prior, lesion = self._viewer.prior, self._viewer.prior_lesion()
        if prior is None or lesion is None:
            return self._tell(self.tr("Show the prior scan (P) and point at one of its lesions."))
        return self._carry(prior, [self._viewer.prior_lesions[lesion]])

    def _carry(self, prior: Case, lesions: Sequence[Lesion]) -> bool:
        case = self._viewer.case
        if case is None:
            return False
        before, now = (
            {view: carry_over.seen(frame, of.bodies[view]) for view, frame in of.scan.frames.items()}
            for of in (prior, case)
        )
        there = list(self._editor.lesions.values())
        new: list[Lesion] = []
        if not any(lesion.counted for lesion in lesions):
            words = self.tr("Nothing to carry over: marks of what is no bone stay with the scan they were made on.")
            return self._tell(words)
        for _, lesion in carry_over.carried(lesions, before, now):
            if not any(parting.overlapping(lesion, other) for other in (*there, *new)):
                new.append(lesion)
        if not new:
            return self._tell(self.tr("Nothing to carry over: what was read before is drawn here already."))
        what = self.tr("Same as before") if len(new) == 1 else self.tr("Same as before: {0} lesions").format(len(new))
        if not self._editor.push(Edit(what, tuple(LesionChange(None, lesion) for lesion in new))):
            return False
        self._viewer.select(new[0].id)
        left = sum(lesion.counted for lesion in lesions) - len(new)
        words = self.tr("{0} carried over from {1}; each is marked = until you touch it.")
        if left:
            words += self.tr(" {0} left out: drawn here already, or outside this scan.").format(left)
        return self._tell(words.format(len(new), prior.scan.day or self.tr("the earlier scan"))) or True

    def _latest(self) -> Case | None:
        from workstation.store.errors import LibraryError

        library, case = self._workbench.library, self._viewer.case
        if library is None or case is None:
            return None
        try:
            priors = library.priors(case.scan.id)
            return open_case(library, priors[0].scan) if priors else None
        except LibraryError as error:
            self._tell(str(error))
            return None

    def _tell(self, words: str) -> bool:
        self.told.emit(words)
        return False


def read_before(workbench: Workbench, scan: str) -> Mapping[str, Lesion]:
    """The lesions the reader read on an earlier scan, else the adjudicated ones; never another reader's.

    Of several rounds the last one that holds lesions counts.
    """
    library = workbench.library
    if library is None:
        return {}
    keys = sorted(library.readings(scan), key=lambda key: -key.round)
    for reader in (workbench.reader, ADJUDICATED):
        for key in keys:
            lesions = library.session(key).reading.lesions if key.reader == reader else {}
            if lesions:
                return lesions
    return {}
