"""Opening cases one after the other: the worklist, the case on screen, its prior, corrections of its views."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from PySide6.QtCore import QObject, Signal

from workstation.app import corrections, pictures
from workstation.app.carrying import read_before
from workstation.app.case import Case, open_case
from workstation.app.editor import Editor
from workstation.app.viewer import Viewer
from workstation.app.workbench import Workbench
from workstation.core.changes import Changes
from workstation.store.values import ScanRow

log = logging.getLogger(__name__)


class Walk(Protocol):
    """What leads through the cases instead of the library page's list.

    total: how many there are. coming: the scan that a step forward would open, where it is known.
    """

    @property
    def total(self) -> int: ...

    @property
    def coming(self) -> str | None: ...

    def go(self, position: int) -> None: ...

    def step(self, by: int) -> None: ...

    def dress(self, start: int, rows: list[ScanRow]) -> list[ScanRow]: ...


class Reading(QObject):
    """Steps through scan ids in the order of the library page's list, or along a walk. at: the place in the list."""

    opening = Signal(object)  # Case: read, and not shown yet
    opened = Signal()
    worklist_changed = Signal()

    def __init__(self, workbench: Workbench, viewer: Viewer, editor: Editor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.workbench = workbench
        self._viewer, self._editor = viewer, editor
        self.scan: str | None = None
        self.worklist: tuple[str, ...] = ()
        self.at: int | None = None
        self.walk: Walk | None = None
        settings, colormaps = workbench.settings, pictures.colormaps()
        viewer.state = replace(
            viewer.state,
            colormap=settings.colormap if settings.colormap in colormaps else colormaps[0],
            inverted=settings.inverted,
            four_frames=settings.four_frames,
        )
        workbench.changed.connect(self._changed)

    @property
    def case(self) -> Case | None:
        return self._viewer.case

    @property
    def editor(self) -> Editor:
        return self._editor

    def set_worklist(self, scans: Sequence[str]) -> None:
        """The scans to step through, in order."""
        self.worklist = tuple(scans)
        self.at = self._place(self.scan)
        self.worklist_changed.emit()

    def choose(self, position: int) -> None:
        """Open the case at a place of the list."""
        if self.walk is not None:
            self.walk.go(position)
        else:
            self.open(self.worklist[position], position)

    def _place(self, scan: str | None) -> int | None:
        if self.at is not None and self.at < len(self.worklist) and self.worklist[self.at] == scan:
            return self.at
        try:
            return self.worklist.index(scan or "")  # once through the list: it may be of a hundred thousand
        except ValueError:
            return None

    def open(self, scan: str, at: int | None = None) -> None:
        """Show a scan and the reader's reading of it. A scan that cannot be shown leaves the last one on screen.

        at: its place in the list, where the list holds it more than once.
        """
        from workstation.store.errors import LibraryError

        library = self.workbench.library
        if library is None:
            return
        try:
            case = open_case(library, scan)
            self._editor.open(scan)
        except LibraryError as error:
            self.workbench.note(str(error))
            return
        self.opening.emit(case)
        self.scan = scan
        self.at = self._place(scan) if at is None else at
        self._viewer.show(case)
        self.workbench.remember(last_scan=scan)
        self.opened.emit()

    def close(self) -> None:
        self.scan = self.at = None
        self._editor.open(None)
        self._viewer.show(None)
        self.opened.emit()

    def step(self, by: int) -> None:
        """The next or previous scan of the worklist; says so at its end."""
        if self.walk is not None:
            self.walk.step(by)
            return
        if self.at is None:
            if self.worklist:
                self.open(self.worklist[0])
            return
        at = self.at + by
        if 0 <= at < len(self.worklist):
            self.open(self.worklist[at], at)
        else:
            self.workbench.note(self.tr("This is the last scan of the list.") if by > 0 else self.tr("First scan."))

    @property
    def coming(self) -> str | None:
        """The scan that a step forward would open; None where there is none."""
        if self.walk is not None:
            return self.walk.coming
        at = None if self.at is None else self.at + 1
        return self.worklist[at] if at is not None and at < len(self.worklist) else None

    def toggle_prior(self) -> None:
        """Show or hide the latest earlier scan of the same patient."""
        from workstation.store.errors import LibraryError

        library = self.workbench.library
        if library is None or self.scan is None:
            return
        if self._viewer.prior is not None:
            self._viewer.show_prior(None)
            return
        try:
            priors = library.priors(self.scan)
            prior = open_case(library, priors[0].scan) if priors else None
            lesions = read_before(self.workbench, prior.scan.id) if prior is not None else {}
        except LibraryError as error:
            self.workbench.note(str(error))
            return
        if prior is None:
            self.workbench.note(self.tr("This patient has no earlier scan in the library."))
            return
        self._viewer.show_prior(prior, lesions)

    def confirm_sides(self) -> None:
        """A person has checked right and left."""
        if self.scan is not None:
            corrections.confirm_sides(self.workbench, self.scan)

    def swap_views(self) -> None:
        """Views the wrong way round: anterior becomes posterior and the other way."""
        case = self.case
        if case is not None:
            corrections.swap_views(self.workbench, case.scan.id, case.scan.views)

    def turn(self) -> None:
        """The scan stands on its head: turn it by half a circle for good. Looking only, flip and rotate."""
        case = self.case
        if case is not None:
            corrections.turn(self.workbench, case.scan.id)

    def _changed(self, changes: Changes) -> None:
        if changes & Changes.LIBRARY:
            self.walk = None
            self.set_worklist(())
            self.close()
        elif changes & Changes.SCANS:
            self._catch_up()

    def _catch_up(self) -> None:
        """Show the scan anew where it was corrected or joined: what is drawn next belongs to its views as they are."""
        from workstation.store.errors import LibraryError

        library, case = self.workbench.library, self.case
        if library is None or case is None:
            return
        try:
            now = open_case(library, case.scan.id)
        except LibraryError as error:
            self.workbench.note(str(error))
            return
        if not _same(now, case):
            self.open(case.scan.id)


def _same(one: Case, other: Case) -> bool:
    """Whether the page would show the same; frames by their counts, for views swapped twice are told the same way."""
    frames, others = one.scan.frames, other.scan.frames
    return _told(one) == _told(other) and all(
        np.array_equal(frames[view].counts, others[view].counts) for view in one.scan.views
    )


def _told(case: Case) -> tuple[object, ...]:
    """What the page shows of a scan beside its reading."""
    row = case.row
    return row.patient, row.day, row.tumour, row.sex, row.age, row.views, row.how, case.scan.sides
