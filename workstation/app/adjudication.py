"""Adjudication: a further person decides where readers differ, one disagreement after the other.

A state machine over the pure functions of `core.disagreement` and `core.decision`. What has been decided stands in the
adjudicated reading's own history; here is only which question is on screen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from workstation.app import actions
from workstation.app.editor import Editor
from workstation.app.reading import Reading
from workstation.app.viewer import Compared, Viewer
from workstation.app.viewport import Viewport, towards_left
from workstation.app.workbench import Workbench
from workstation.core import decision
from workstation.core.decision import AGREED
from workstation.core.disagreement import Comparison, Difference, Disagreement, compare, medoid
from workstation.core.edits import Edit, Session
from workstation.core.lesion import Label, Progress
from workstation.core.lesion import Reading as Read
from workstation.core.people import Task
from workstation.core.scan import Frame
from workstation.store.values import ADJUDICATED, TRUTH, ScanQuery

if TYPE_CHECKING:
    from workstation.store.library import Library

ZOOM = 4.0  # screen pixels per pixel while a lesion is in question
LETTERS = "ABCDEFGH"


def readings_of(library: Library, scan: str) -> list[Read]:
    """What people have read of a scan in their first round, the first begun first; empty ones not.

    Who excludes the scan counts where somebody else has finished it.
    """
    from workstation.store.readings import status

    keys = [key for key in library.readings(scan) if key.round == 1 and key.reader not in (ADJUDICATED, TRUTH)]
    read = [library.session(key).reading for key in keys]
    begun = [one for one in read if status(one) is not Progress.NEW]
    finished = any(status(one) in (Progress.DONE, Progress.REVIEWED) for one in begun)
    return begun if finished else [one for one in begun if status(one) is not Progress.EXCLUDED]


def hidden_order(read: Read) -> str:
    """Sorts readers so that the letter tells nothing: another order on every scan, the same one every time."""
    return hashlib.sha256(f"{read.key.scan}\0{read.key.reader}".encode()).hexdigest()


class Adjudication(QObject):
    """`changed` when it begins or ends, another question is on screen, or one was decided.

    at: number of the question on screen. scans_left: scans of the library that were to be adjudicated when this
    scan came on screen, or after the last of the list.
    """

    changed = Signal()
    told = Signal(str)

    def __init__(
        self, workbench: Workbench, viewer: Viewer, editor: Editor, reading: Reading, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._workbench, self._viewer, self._editor, self._reading = workbench, viewer, editor, reading
        self.comparison: Comparison | None = None
        self.at = 0
        self.scans_left = 0
        self._held: frozenset[str] = frozenset()  # what was decided at the last look, to see what undo opened again
        self._goes_on = False
        self._passed = 0  # scans taken over on the way to the next that asks something
        self._turn = QTimer(self, singleShot=True, interval=0)
        self._turn.timeout.connect(self._pass_by)
        editor.edited.connect(self._edited)
        reading.opened.connect(self._opened)

    # What there is

    @property
    def active(self) -> bool:
        return self.comparison is not None

    @property
    def session(self) -> Session:
        session = self._editor.session
        assert session is not None
        return session

    @property
    def questions(self) -> tuple[Disagreement, ...]:
        return () if self.comparison is None else self.comparison.disagreements

    @property
    def left(self) -> tuple[Disagreement, ...]:
        """The questions still open."""
        return () if self.comparison is None else decision.still_open(self.comparison, self.session)

    @property
    def current(self) -> Disagreement | None:
        return self.questions[self.at] if self.at < len(self.questions) else None

    @property
    def decided(self) -> str | None:
        """How the question on screen was decided, None while it is open."""
        about = self.current
        if about is None or not decision.holds(about, self.session):
            return None
        return next((edit.what for edit in reversed(self.session.done) if edit.decides == about.key), None)

    @property
    def unlabelled(self) -> bool:
        """Whether what stands for the question on screen has no label yet: joined readers whose labels differ."""
        about, comparison = self.current, self.comparison
        if about is None or comparison is None or self.decided is None:
            return False
        return any(lesion.label is None for lesion in decision.standing(comparison, self.session, about))

    @property
    def finished(self) -> bool:
        """Whether nothing is open, and what is agreed on has been taken over."""
        if self.comparison is None or self.left:
            return False
        return bool(self.questions) or AGREED in decision.settled(self.session)

    @property
    def passing(self) -> bool:
        """Whether the scan on screen, on which all agree, is about to be taken over and left for the next."""
        return self._turn.isActive()

    def name(self, reader: int) -> str:
        """ "A", or "A: anna" where the adjudicator may know."""
        assert self.comparison is not None
        letter = LETTERS[reader]
        if not self._workbench.settings.adjudicate_names:
            return letter
        return f"{letter}: {self.comparison.readings[reader].key.reader}"

    @property
    def reopened(self) -> bool:
        """Whether the question on screen was decided, and a reader has changed something there since."""
        about = self.current
        return about is not None and decision.reopened(about, self.session)

    def unfinished(self) -> tuple[int, ...]:
        """The readers who have not marked their reading done."""
        read = () if self.comparison is None else self.comparison.readings
        return tuple(n for n, one in enumerate(read) if one.verdict.progress in (Progress.NEW, Progress.IN_PROGRESS))

    def refusal(self, read: Sequence[Read]) -> str | None:
        """Why these readings cannot be adjudicated here and now; None where they can."""
        library, settings = self._workbench.library, self._workbench.settings
        if library is None or self._reading.scan is None:
            return self.tr("Open a scan first: adjudication decides where the readings of a scan differ.")
        if self._workbench.blinded:
            return self.tr("You read blinded: others' readings are shown once your queue is ended.")
        if library.read_only:
            return self._workbench.read_only_words
        not_theirs = self._workbench.refusal(Task.ADJUDICATE)
        if not_theirs is not None:
            return not_theirs
        if len(read) < 2:
            words = self.tr("There is nothing to adjudicate: this scan has {0}; two people must have read it.")
            return words.format([self.tr("no reading"), self.tr("one reading")][len(read)])
        if all(one.verdict.progress is Progress.EXCLUDED for one in read):
            return self.tr("There is nothing to adjudicate: everybody excludes this scan.")
        if len(read) > len(LETTERS):
            return self.tr("Only {0} readings can be adjudicated at once.").format(len(LETTERS))
        if self._workbench.reader in (one.key.reader for one in read) and not settings.adjudicate_own:
            words = self.tr("{0} has read this scan. Somebody who has not must adjudicate it (or change the settings).")
            return words.format(self._workbench.reader)
        return None

    # Coming and going

    def toggle(self) -> None:
        """Adjudicate the scan on screen, or go back to one's own reading of it."""
        if self.active:
            self._leave()
            self._editor.open(self._reading.scan)
        else:
            self.begin()

    def begin(self) -> bool:
        """Adjudicate the scan on screen, from the first question that is open. False where it cannot be."""
        library, scan = self._workbench.library, self._reading.scan
        read = readings_of(library, scan) if library is not None and scan is not None else []
        refused = self.refusal(read)
        if refused is not None:
            self.told.emit(refused)
            return False
        assert library is not None
        settings = self._workbench.settings
        if not settings.adjudicate_names:
            read = sorted(read, key=hidden_order)
        self._editor.adjudicate(self._settle)
        compared = compare(read, min(settings.adjudicate_dice, 1.0), self._frame().spacing_mm)
        self.comparison = decision.reconsidered(compared, self.session)
        self._count_left()
        left, self._held = self.left, self._holding()
        self._go(self.questions.index(left[0]) if left else 0)
        return True

    def _count_left(self) -> None:
        library = self._workbench.library
        self.scans_left = 0 if library is None else len(library.ids(ScanQuery(to_adjudicate=True)))

    def next(self) -> None:
        """The next open question; after the last, the next scan."""
        if self.passing:
            return
        left = self.left
        if not left:
            if self._take_over():
                self._next_scan()
            return
        later = [one for one in left if self.questions.index(one) > self.at]
        about = (later or left)[0]
        if about is self.current:
            self.told.emit(self.tr("Only this disagreement is still open on this scan."))
        self._go(self.questions.index(about))

    def previous(self) -> None:
        """The disagreement before, decided or not."""
        if self.questions:
            self._go((self.at - 1) % len(self.questions))

    # Deciding: each is one step of undo

    def take(self, *readers: int) -> None:
        """Take what these readers have; of no reader, nothing."""
        about, comparison = self.current, self.comparison
        if about is None or comparison is None:
            return
        if any(reader >= len(comparison.readings) for reader in readers):
            self.told.emit(self.tr("There is no reader {0}.").format(LETTERS[max(readers)]))
            return
        if about.abandoned is not None:
            if readers and readers != self.everybody:
                words = self.tr("No reader has it any more: keep it ({0}) or take it away ({1}).")
                self.told.emit(words.format(actions.key("adjudicate.all"), actions.key("hand.skip")))
                return
            self._push(decision.take(self.keeping(bool(readers)), comparison, self.session, about, readers))
            return
        if about.group is None and len(readers) != 1:
            words = self.tr("Take one reader's verdict, or give your own ({0} to {1}, {2}).")
            self.told.emit(words.format(*map(actions.key, ("case.grade_0", "case.grade_3", "case.diffuse"))))
            return
        outside = [reader for reader in readers if reader in comparison.excluding]
        if outside and about.key != Difference.EXCLUDED:
            words = self.tr("Reader {0} excludes the scan, and says nothing of what is in question.")
            self.told.emit(words.format(LETTERS[outside[0]]))
            return
        self._push(decision.take(self.taking(*readers), comparison, self.session, about, readers))

    def taking(self, *readers: int) -> str:
        """The name of that decision in the history."""
        letters = ", ".join(LETTERS[reader] for reader in readers)
        return self.tr("Take reader {0}").format(letters) if readers else self.tr("Take no reader")

    def keeping(self, kept: bool) -> str:
        """The name in the history of what becomes of a lesion that nobody marks any more."""
        return self.tr("Keep what nobody marks") if kept else self.tr("Take away what nobody marks")

    def take_all(self) -> None:
        self.take(*self.everybody)

    @property
    def everybody(self) -> tuple[int, ...]:
        """The readers whose lesions are compared."""
        return () if self.comparison is None else self.comparison.asked

    def call(self, label: Label) -> bool:
        """A label decides what is open, with the outline most like the others'. False where it is an ordinary label."""
        about, comparison = self.current, self.comparison
        if comparison is None or about is None or about.group is None or self._viewer.selected is not None:
            return False
        if decision.holds(about, self.session):
            return False
        what = self.tr("Decide for {0}").format(label)
        self._push(decision.call(what, comparison, self.session, about, label))
        return True

    def _push(self, edit: Edit) -> None:
        about = self.current
        new = about is None or not decision.holds(about, self.session)
        if edit.lesions or edit.verdict is not None or new:
            self._editor.push(edit)
        self._select()

    def _settle(self, edit: Edit) -> Edit:
        """What an edit made with the usual tools decides."""
        if self.comparison is None or edit.decides:
            return edit
        about = self.current
        if edit.verdict is not None:
            before, after = edit.verdict
            for key in (str(Difference.GRADE), str(Difference.DIFFUSE)):
                if getattr(before, key) != getattr(after, key):
                    about = self.comparison.find(key)
            if Progress.EXCLUDED in (before.progress, after.progress):
                about = self.comparison.find(str(Difference.EXCLUDED))
        if about is None:
            return edit
        return decision.own(edit, self.comparison, self.session, about, self._frame().spacing_mm)

    def _take_over(self) -> bool:
        """Take over what is agreed, where that is still to be done. False where it cannot be kept."""
        if self.comparison is None:
            return True
        edit = decision.take_over(self.tr("Take over what is agreed"), self.comparison, self.session)
        if edit is None and self._asked_again():
            edit = decision.look_again(self.tr("Nothing new to decide"), self.comparison, self.session)
        return edit is None or self._editor.push(edit)

    def _asked_again(self) -> bool:
        """Whether the scan is still listed: a reader has changed something since the last decision."""
        library = self._workbench.library
        return library is not None and self._reading.scan in library.ids(ScanQuery(to_adjudicate=True))

    # Showing

    def _next_scan(self) -> None:
        """The next scan that asks something; those on which all agree are taken over on the way."""
        self._passed = 0
        self._step_on()

    def _step_on(self) -> None:
        """One scan a turn of the event loop: thousands may agree, and the window lives on and can be left meanwhile."""
        scan = self._reading.scan
        self._reading.step(1)
        if self._reading.scan != scan and self.active and not self.questions:
            self._turn.start()
            return
        if self.active and self._reading.scan == scan:  # the last of the list
            self._count_left()
            self._show()
            if not self.scans_left:
                self.told.emit(self.tr("No scan is left to adjudicate: what was decided is the adjudicated reading."))
        if self._passed:
            words = self.tr("Readers agreed on {0} scans on the way; they were taken over.")
            self.told.emit(words.format(self._passed))

    def _pass_by(self) -> None:
        if self.active and not self.questions and self._take_over():  # else the reason has been told
            self._passed += 1
            self._step_on()

    def _frame(self) -> Frame:
        case = self._viewer.case
        assert case is not None
        return case.scan.frames[case.scan.views[0]]

    def _go(self, at: int) -> None:
        self.at = at
        about, case = self.current, self._viewer.case
        assert case is not None
        lesion = None if about is None else about.abandoned
        if about is not None and about.group is not None:
            lesion = medoid(about.group)[1]
        if lesion is None:
            self._viewer.set_viewport(Viewport(row=case.middle_row))
        else:
            view, roi = next(iter(lesion.rois.items()))
            frame = case.scan.frames.get(view)
            if frame is not None:
                row, column = roi.centre
                across = towards_left(view) * (column - (frame.columns - 1) / 2)
                self._viewer.set_viewport(Viewport(ZOOM, (row + 0.5) / frame.rows, across))
        self._select()

    def _select(self) -> None:
        """Select what stands for the question, so that the usual tools change it."""
        about, comparison = self.current, self.comparison
        lesions = () if about is None or comparison is None else decision.standing(comparison, self.session, about)
        self._viewer.select_all([lesion.id for lesion in lesions])
        self._show()

    def _show(self) -> None:
        """The readers' outlines of the question on screen, and faintly those of the other open ones."""
        marks: list[Compared] = []
        if self.comparison is not None:
            decided = self.decided is not None
            for about in self.questions:
                here = about is self.current
                if about.group is not None and (here or about in self.left):
                    marks += [
                        Compared(n, LETTERS[n], lesion, here and not decided, here)
                        for n, lesion in enumerate(about.group.lesions)
                        if lesion is not None
                    ]
        self._viewer.compared = tuple(marks)
        self._viewer.marked.emit()
        self.changed.emit()

    def _edited(self) -> None:
        if not self.active:
            return
        if not self._editor.adjudicating:
            self._leave(goes_on=True)  # another scan is being opened
            return
        holding = self._holding()
        moved, self._held = holding ^ self._held, holding
        again = next((n for n, about in enumerate(self.questions) if about.key in moved and n != self.at), None)
        if again is not None:
            self._go(again)  # undone or decided again: look at it
        else:
            self._show()

    def _holding(self) -> frozenset[str]:
        return frozenset(about.key for about in self.questions if decision.holds(about, self.session))

    def _opened(self) -> None:
        """Another scan: go on adjudicating where that one can be adjudicated."""
        goes_on, self._goes_on = self._goes_on, False
        if goes_on and self._reading.scan is not None:
            self.begin()

    def _leave(self, goes_on: bool = False) -> None:
        self._goes_on = goes_on
        self._turn.stop()
        self.comparison, self.at = None, 0
        self._show()
