"""Working along a queue: made from the library's list, gone through case by case, taken up where it was left."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from workstation.app import actions
from workstation.app.reading import Reading
from workstation.app.viewer import Viewer
from workstation.app.viewport import LARGEST, SMALLEST, Viewport
from workstation.app.workbench import Workbench
from workstation.core.changes import Changes
from workstation.core.lesion import Progress
from workstation.core.pace import Pace
from workstation.core.people import Person, Role, is_name, spelt
from workstation.core.repeats import GAP, SHARE
from workstation.store.values import ADJUDICATED, TRUTH, ScanRow
from workstation.workflows import queueing
from workstation.workflows.names import meant
from workstation.workflows.queueing import ORDERS, Plan

if TYPE_CHECKING:
    from workstation.store.library import Library
    from workstation.store.queues import Queue

__all__ = ["GAP", "ORDERS", "SHARE", "Pace", "Plan", "Role", "WorkQueue"]

KEPT_AFTER_MS = 1500  # of rest, so that a turn of the wheel is not written click by click


class WorkQueue(QObject):
    """The signed-in reader's queue. walking: the reading page goes along it. changed: another queue or pace."""

    changed = Signal()

    def __init__(self, workbench: Workbench, reading: Reading, viewer: Viewer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench, self._reading, self._viewer = workbench, reading, viewer
        self.queue: Queue | None = None
        self.pace = Pace(0, 0, 0, 0.0)
        self._furthest = -1
        self._done: set[int] = set()
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(KEPT_AFTER_MS)
        self._rest.timeout.connect(self.keep_place)
        viewer.looked.connect(self._looked)
        viewer.selection_changed.connect(self._looked)
        workbench.changed.connect(self._changed)

    @property
    def walking(self) -> bool:
        return self._reading.walk is self

    @property
    def total(self) -> int:
        return self.pace.total + self.pace.excluded

    # Who

    def people(self) -> tuple[Person, ...]:
        library = self._workbench.library
        return () if library is None else library.people()

    def sign_in(self, name: str, role: Role | None = None) -> bool:
        """Read as this person, now and at the next start; with a role where one is given. False where refused."""
        from workstation.store.errors import LibraryError

        name = " ".join(name.split())
        if not name:
            return False
        if not is_name(name):
            self._workbench.note(self.tr("A name has at most 100 letters, and all of them show."))
            return False
        if name in (ADJUDICATED, TRUTH):
            self._workbench.note(self.tr("{0} is no person: readings of that name are made otherwise.").format(name))
            return False
        library = self._workbench.library
        name = spelt(name) if library is None else meant(library, name)
        if library is not None and role is not None and library.role(name) is not role:
            try:
                library.tell_role(Person(name, role), name)
            except LibraryError as error:
                self._workbench.note(str(error))
                return False
        if name != self._workbench.reader:
            self.keep_place()
            self._workbench.sign_in(name)
            self._workbench.change_settings(reader=name)
        self._read()
        return True

    # The queue

    def make(self, scans: Sequence[str], plan: Plan) -> bool:
        """Make a queue of these scans for the reader. False, and a note, where that cannot be."""
        from workstation.store.errors import LibraryError

        library, reader = self._workbench.library, self._workbench.reader
        if library is None:
            return False
        try:
            queueing.make(library, reader, scans, plan, reader)
        except LibraryError as error:
            self._workbench.note(str(error))
            return False
        self._workbench.see_anew()
        return True

    def end(self) -> bool:
        """End the queue: its readings stay; what others read can be seen again."""
        from workstation.store.errors import LibraryError

        library = self._workbench.library
        if library is None or self.queue is None:
            return False
        try:
            library.end_queue(self.queue.id, self._workbench.reader)
        except LibraryError as error:
            self._workbench.note(str(error))
            return False
        self._workbench.see_anew()
        return True

    @property
    def made(self) -> str:
        """The day the queue was made, here."""
        return "" if self.queue is None else queueing.made_on(self.queue)

    @property
    def words(self) -> str:
        """Whose queue, and how much of it is left."""
        left, total = self.pace.total - self.pace.done, self.pace.total
        return self.tr("Queue of {0}: {1:,} of {2:,} left").format(self._workbench.reader, left, total)

    @property
    def interrupted(self) -> bool:
        """Whether the last start ended in this queue: closed or killed, and not left for the library's list."""
        return self.queue is not None and self._workbench.settings.queue_walked == self.queue.id

    def resume(self) -> bool:
        """Go on where the reader was: the case, the lesion, where they looked. False where nothing is left."""
        library, queue = self._workbench.library, self.queue
        if library is None or queue is None:
            return False
        place = library.place_in(queue)
        if place is None:
            return False
        position, lesion, looked = place.position, place.lesion, None
        kept = _kept(self._workbench.settings.queue_place, queue.id)
        if kept is not None:
            items = library.queue_items(queue.id, kept.position, kept.position + 1)
            if items and items[0].left and kept.position <= max(position, kept.furthest):
                same = kept.position == position
                position, looked = kept.position, kept.viewport
                lesion = kept.lesion if kept.lesion is not None or not same else lesion
        self.go(position)
        if lesion is not None and lesion in self._viewer.editor.lesions:
            self._viewer.select(lesion)
        if looked is not None:
            self._viewer.set_viewport(looked)
        return self._reading.at == position

    def go(self, position: int) -> None:
        """Open the case at a position. Cases further on are not shown in a blinded queue."""
        library, queue = self._workbench.library, self.queue
        if library is None or queue is None:
            return
        items = library.queue_items(queue.id, position, position + 1)
        if not items:
            return
        if self._workbench.blind is not None:
            self._workbench.blind.reach(items[0].key)
        self._furthest = max(self._furthest, position, library.first_left(queue.id) or 0)
        self._show_cases(library, queue)
        self._reading.open(items[0].key.scan, position)
        self._workbench.change_settings(queue_walked=queue.id)  # at once: nothing else tells it after a kill
        self._looked()

    def _show_cases(self, library: Library, queue: Queue) -> None:
        """The list beside the pictures: in a blinded queue as far as the reader has come, else all of it."""
        reading, known = self._reading, len(self._reading.worklist) if self.walking else 0
        if not self.walking:
            self._done = set()
        wanted = self._furthest + 1 if queue.blinded else self.total
        more = library.queue_scans(queue.id, known, wanted) if known < wanted else []
        self._done.update(position for position, (_, done) in enumerate(more, known) if done)
        scans = (*(reading.worklist if self.walking else ()), *(scan for scan, _ in more))
        reading.walk = self
        if more:
            reading.set_worklist(scans)

    def step(self, by: int) -> None:
        """The next case along the queue; at its end the first that was left out."""
        library, queue, at = self._workbench.library, self.queue, self._reading.at
        if library is None or queue is None:
            return
        if at is None:
            self.resume()
            return
        beside = library.queue_beside(queue.id, at, by)
        if beside is not None:
            self.go(beside.position)
            return
        left = library.first_left(queue.id)
        if by < 0:
            self._workbench.note(self.tr("First case of the queue."))
        elif left is None:
            self._workbench.note(self.tr("Every case of this queue is done. It can be ended on the Queue page."))
        elif left == at:
            self._workbench.note(self.tr("This is the last case of the queue that is left."))
        else:
            self.go(left)

    @property
    def coming(self) -> str | None:
        """The next case along the queue."""
        library, queue, at = self._workbench.library, self.queue, self._reading.at
        if library is None or queue is None or at is None:
            return None
        beside = library.queue_beside(queue.id, at, 1)
        return None if beside is None else beside.key.scan

    def leave(self) -> None:
        """The reading page follows the library's list again, and says so where it did not."""
        if self.walking:
            self.keep_place()
            self._reading.walk = None
            said = self.tr("{0}. You have left it for the library's list; go on with it on the Queue page ({1}).")
            self._workbench.note(said.format(self.words, actions.key("page.queue")))
        self._workbench.change_settings(queue_walked="")

    def dress(self, start: int, rows: list[ScanRow]) -> list[ScanRow]:
        """In a blinded queue a case shows whether it is done or excluded, and nothing of what was found."""
        if self.queue is None or not self.queue.blinded:
            return rows
        blank: dict[str, Any] = dict.fromkeys(("lesions", "malignant", "benign", "uncertain"), 0)
        blank |= {"grade": None, "reason": "", "reader": None}
        return [
            replace(row, status=_shown(row.status, at in self._done), **blank)
            for at, row in enumerate(rows, start)
        ]

    # Where the reader is

    def _looked(self) -> None:
        if self.walking:
            self._rest.start()

    def keep_place(self) -> None:
        """Note the case, the lesion and the part looked at, for `resume`."""
        self._rest.stop()
        queue, at = self.queue, self._reading.at
        if queue is None or at is None or not self.walking:
            return
        looking = self._viewer.viewport
        place = {
            "queue": queue.id, "position": at, "lesion": self._viewer.selected, "furthest": self._furthest,
            "scale": looking.scale, "row": looking.row, "across": looking.across,
        }  # fmt: skip
        self._workbench.remember(queue_place=json.dumps(place))

    def _changed(self, changes: Changes) -> None:
        if changes & Changes.LIBRARY:
            self._rest.stop()
            self._furthest = -1
            self._read()
        elif changes & (Changes.READING | Changes.SCANS) and self.queue is not None:
            self._see_done()
            self.refresh()

    def _read(self) -> None:
        library = self._workbench.library
        self.queue = None if library is None else library.open_queue(self._workbench.reader)
        self.refresh()

    def _see_done(self) -> None:
        """Whether the case on screen is done now."""
        library, queue, at = self._workbench.library, self.queue, self._reading.at
        if library is not None and queue is not None and at is not None and self.walking:
            for item in library.queue_items(queue.id, at, at + 1):
                (self._done.add if item.done else self._done.discard)(at)

    def refresh(self) -> None:
        library, queue = self._workbench.library, self.queue
        self.pace = Pace(0, 0, 0, 0.0) if library is None or queue is None else library.pace(queue)
        self.changed.emit()


def _shown(status: Progress, done: bool) -> Progress:
    if done:
        return Progress.DONE
    return Progress.EXCLUDED if status is Progress.EXCLUDED else Progress.NEW


@dataclass(frozen=True)
class _Kept:
    position: int
    furthest: int
    lesion: str | None
    viewport: Viewport


def _kept(text: str, queue: str) -> _Kept | None:
    """What was kept of this queue; None where it is another's or makes no sense."""
    try:
        said = json.loads(text or "{}")
        if said.get("queue") != queue:
            return None
        scale = said["scale"]
        if scale is not None and not SMALLEST <= float(scale) <= LARGEST:
            return None
        viewport = Viewport(scale, float(said["row"]), float(said["across"]))
        if not (0 <= viewport.row <= 1 and math.isfinite(viewport.across)):
            return None
        lesion = said["lesion"]
        return _Kept(int(said["position"]), int(said["furthest"]), None if lesion is None else str(lesion), viewport)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
