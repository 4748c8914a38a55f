"""The reading on screen and its edits. Every edit is on disk before it is on screen; undo is as long as the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from workstation.app.workbench import Workbench
from workstation.core import edits
from workstation.core.changes import Changes
from workstation.core.edits import Edit, LesionChange, Session, Step
from workstation.core.ids import new_id
from workstation.core.lesion import Label, Lesion, Origin, Progress, Reading, ReadingKey, Roi
from workstation.core.scan import View
from workstation.store.values import ADJUDICATED


class Editor(QObject):
    """Holds one session. Refused edits (read-only library, a lesion gone) are told through `refused`, never raised."""

    leaving = Signal()  # another reading will be opened: what is being typed belongs to this one
    edited = Signal()  # the reading on screen is another one now
    refused = Signal(str)

    def __init__(self, workbench: Workbench, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._session: Session | None = None
        self._readers: tuple[str, ...] = ()
        self._settle: Callable[[Edit], Edit] | None = None  # while adjudicating: what an edit decides
        workbench.changed.connect(self._catch_up)

    @property
    def workbench(self) -> Workbench:
        return self._workbench

    @property
    def session(self) -> Session | None:
        return self._session

    @property
    def reading(self) -> Reading | None:
        return None if self._session is None else self._session.reading

    @property
    def lesions(self) -> Mapping[str, Lesion]:
        return {} if self._session is None else self._session.reading.lesions

    @property
    def undo_text(self) -> str | None:
        """What undo would take back, or None."""
        return self._session.done[-1].what if self._session and self._session.done else None

    @property
    def redo_text(self) -> str | None:
        return self._session.undone[-1].what if self._session and self._session.undone else None

    @property
    def own(self) -> bool:
        """Whether the reading on screen is the reader's own or they adjudicate; others' can be looked at only."""
        if self.adjudicating:
            return True
        return self._session is not None and self._session.reading.key.reader == self._workbench.reader

    @property
    def readers(self) -> tuple[str, ...]:
        """Whose readings of this scan there are: the reader first, though nothing may be read yet."""
        return self._readers

    @property
    def adjudicating(self) -> bool:
        return self._settle is not None

    def adjudicate(self, settle: Callable[[Edit], Edit]) -> None:
        """Open the adjudicated reading of the scan on screen, to be changed. settle: says of each edit what it decides.

        The adjudicated reading is nobody's: its history tells who decided.
        """
        library = self._workbench.library
        if library is None or self._session is None:
            return
        self.leaving.emit()
        self._settle, self._readers = settle, ()
        self._session = library.session(ReadingKey(self._session.reading.key.scan, ADJUDICATED))
        self.edited.emit()

    def open(self, scan: str | None) -> None:
        """Open the reader's own reading of a scan; None closes. LibraryError leaves the last one open."""
        self.leaving.emit()
        library, own = self._workbench.library, self._workbench.reader
        session: Session | None = None
        readers: tuple[str, ...] = ()
        if scan is not None and library is not None:
            others = {key.reader for key in library.readings(scan)} - {own}
            readers, session = (own, *sorted(others)), library.session(self._workbench.key(scan))
        self._session, self._readers, self._settle = session, readers, None
        self.edited.emit()

    def _catch_up(self, changes: Changes) -> None:
        """Take over what was done to the reading elsewhere, such as an exclusion on the library page."""
        library, session = self._workbench.library, self._session
        if library is None or session is None or changes & Changes.LIBRARY or not changes & Changes.READING:
            return
        there = library.session(session.reading.key)
        if (len(there.done), len(there.undone)) != (len(session.done), len(session.undone)):
            self._session = there
            self.edited.emit()

    def show_reading_of(self, reader: str) -> None:
        """Look at another's reading of the same scan, or come back to one's own."""
        library = self._workbench.library
        if library is not None and self._session is not None and reader in self._readers:
            self.leaving.emit()
            scan = self._session.reading.key.scan
            own = reader == self._workbench.reader
            self._session = library.session(self._workbench.key(scan) if own else ReadingKey(scan, reader))
            self.edited.emit()

    def show_next_reading(self) -> None:
        """Step through the readings of this scan, one's own first."""
        if self._session is not None and len(self._readers) > 1:
            at = self._readers.index(self._session.reading.key.reader)
            self.show_reading_of(self._readers[(at + 1) % len(self._readers)])

    def push(self, edit: Edit) -> bool:
        """Keep an edit on disk, then show it. False where it was refused; the reason goes out by `refused`."""
        return self._step(Step("edit", edit if self._settle is None else self._settle(edit)))

    def undo(self) -> bool:
        if self._session is None or not self._session.done:
            return False
        return self._step(Step("undo", self._session.done[-1]))

    def redo(self) -> bool:
        if self._session is None or not self._session.undone:
            return False
        return self._step(Step("redo", self._session.undone[-1]))

    def _step(self, step: Step) -> bool:
        from workstation.store.errors import LibraryError

        library, session = self._workbench.library, self._session
        if library is None or session is None:
            return False
        if library.read_only:
            self.refused.emit(self._workbench.read_only_words)
            return False
        if not self.own:
            words = self.tr("This is the reading of {0}. Choose your own above the lesions to change it.")
            self.refused.emit(words.format(session.reading.key.reader))
            return False
        try:
            after = session.after(step)
            library.append(session.reading.key, step, self._workbench.reader)
        except (edits.EditError, LibraryError) as error:
            self.refused.emit(str(error))
            return False
        self._session = after
        self.edited.emit()
        self._workbench.changed.emit(Changes.READING)
        return True

    # The edits a reader can make, each one step of undo.

    def add_lesion(self, rois: Mapping[View, Roi], origin: Origin, region: str | None, side: str | None) -> str | None:
        """Add an unlabelled lesion; its id, or None where it was refused."""
        lesion = Lesion(new_id("L"), rois, region=region, side=side, roi_origin=origin)
        return lesion.id if self.push(edits.add(self.tr("Add lesion"), lesion)) else None

    def set_roi(self, lesion_id: str, view: View, roi: Roi | None, what: str, origin: Origin | None = None) -> bool:
        """Give the lesion another ROI on one view; None takes it away, and the last one takes the lesion away."""
        lesion = self.lesions[lesion_id]
        rois = dict(lesion.rois)
        if roi is None:
            rois.pop(view, None)
        else:
            rois[view] = roi
        if rois == dict(lesion.rois):
            return False
        if not rois:
            return self.push(edits.delete(what, lesion))
        return self.push(edits.change(what, lesion, rois=rois, roi_origin=origin or _touched(lesion.roi_origin)))

    def label(self, lesion_id: str, label: Label | None) -> bool:
        """Label a lesion; a criterion that belongs to the other label goes with the old label.

        The label it has already confirms one that was carried over.
        """
        return self.label_all((lesion_id,), label)

    def label_all(
        self, lesions: Sequence[str], label: Label | None, kinds: Mapping[str, str] | None = None
    ) -> bool:
        """Label several lesions in one step. kinds: of each, where the label is "not bone" (lesion id -> kind)."""
        changes = []
        for lesion in (self.lesions[lesion_id] for lesion_id in lesions):
            if lesion.label is not label:
                after = edits.relabelled(lesion, label, (kinds or {}).get(lesion.id))
            else:
                after = replace(lesion, label_origin=_touched(lesion.label_origin))
            if after != lesion:
                changes.append(LesionChange(lesion, after))
        if not changes:
            return False
        name = str(label) if label is not None else self.tr("no label")
        return self.push(Edit(self.tr("Label {0}").format(name), tuple(changes)))

    def describe(self, lesion_id: str, what: str, **fields: Any) -> bool:
        """Replace criterion, evidence and its date, region, side, confidence or comment."""
        lesion = self.lesions[lesion_id]
        if all(getattr(lesion, name) == value for name, value in fields.items()):
            return False
        return self.push(edits.change(what, lesion, label_origin=_touched(lesion.label_origin), **fields))

    def delete(self, *lesions: str) -> bool:
        what = self.tr("Delete lesion") if len(lesions) == 1 else self.tr("Delete {0} lesions").format(len(lesions))
        return self.push(edits.delete(what, *(self.lesions[lesion] for lesion in lesions)))

    def grade(self, grade: int | None) -> bool:
        if self.reading is None or self.reading.verdict.grade == grade:
            return False
        what = self.tr("No grade") if grade is None else self.tr("Grade {0}").format(grade)
        return self.push(edits.judge(what, self.reading.verdict, grade=grade))

    def diffuse(self, diffuse: bool) -> bool:
        if self.reading is None or self.reading.verdict.diffuse == diffuse:
            return False
        what = self.tr("Diffuse disease") if diffuse else self.tr("No diffuse disease")
        return self.push(edits.judge(what, self.reading.verdict, diffuse=diffuse))

    def progress(self, progress: Progress) -> bool:
        if self.reading is None or self.reading.verdict.progress is progress:
            return False
        return self.push(edits.judge(self.tr("Mark {0}").format(progress), self.reading.verdict, progress=progress))

    def exclude(self, reason: str | None) -> bool:
        """Leave the scan out for a reason; None, or the reason that stands, takes it in again."""
        if self.reading is None:
            return False
        verdict = self.reading.verdict
        stands = verdict.reason if verdict.progress is Progress.EXCLUDED else None
        if reason is None or reason == stands:
            if stands is None:
                return False
            return self.push(edits.judge(self.tr("Include again"), verdict, progress=Progress.NEW, reason=""))
        what = self.tr("Exclude: {0}").format(reason)
        return self.push(edits.judge(what, verdict, progress=Progress.EXCLUDED, reason=reason))

    def comment(self, text: str) -> bool:
        if self.reading is None or self.reading.verdict.comment == text:
            return False
        return self.push(edits.judge(self.tr("Comment on the scan"), self.reading.verdict, comment=text))


def _touched(origin: Origin) -> Origin:
    """What was carried over from an earlier scan is the reader's own from the first change on."""
    return Origin.HAND if origin is Origin.CARRIED_OVER else origin
