"""Looking over all lesions of a library: class by class, what stands out, what does not fit; and relabelling."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from workstation.app.case import open_case
from workstation.app.jobs import Job, Jobs
from workstation.app.lesion_sheet import LesionSheet, Remark
from workstation.app.workbench import Workbench
from workstation.core import edits
from workstation.core.changes import Changes
from workstation.core.checks import Kind
from workstation.core.edits import Edit, LesionChange, Step
from workstation.core.lesion import Label, ReadingKey
from workstation.store.lesion_lists import LesionQuery, Place
from workstation.workflows import check
from workstation.workflows.check import Found, Gathered
from workstation.workflows.progress import Job as Workflow
from workstation.workflows.progress import Progress

if TYPE_CHECKING:
    from workstation.store.library import Library

LABELS: tuple[Label | None, ...] = (Label.MALIGNANT, Label.BENIGN, Label.UNCERTAIN, None, Label.NOT_BONE)
AT_ONCE = 200  # readings that are checked without being asked to
_COUNT_AFTER_MS = 400

Counts = dict[tuple[str | None, str | None], int]  # by (label, region)
# The lesions asked for if any were, how many there are of each kind, who reads, and the number of readings.
Listed = tuple[list[Place] | None, Counts, list[str], int]


@dataclass(frozen=True)
class Wanted:
    """part: "sheet", "outliers" or "checks". label: of the sheet. kind: of the checks, None for all.

    region: None for all. reader: None for the reading that stands for each scan.
    """

    part: str = "sheet"
    label: Label | None = Label.MALIGNANT
    kind: Kind | None = None
    region: str | None = None
    reader: str | None = None


class Quality(QObject):
    """What is looked at (`wanted`, `sheet`), the numbers beside it, and the job that checks."""

    counted = Signal()
    checked = Signal()  # the findings are others now
    started = Signal(object)  # Job

    def __init__(self, workbench: Workbench, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.workbench, self._jobs = workbench, jobs
        self.sheet = LesionSheet(workbench, self)
        self.wanted = Wanted()
        self._shown: Wanted | None = None  # what the sheet shows, which the list on its way may not be yet
        self.counts: Counts = {}
        self.readers: list[str] = []
        self.found: Found | None = None
        self.outdated = False  # something was read since the check
        self.job: Job | None = None
        self._gathered = Gathered()
        self._listing: Job | None = None
        self._made: list[tuple[ReadingKey, Edit]] = []
        self._awake = self._stale = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_COUNT_AFTER_MS)
        self._timer.timeout.connect(lambda: self._list(places=False))
        workbench.changed.connect(self._changed)

    # What is looked at

    def look(self, awake: bool) -> None:
        """Somebody looks from now on, or nobody does."""
        self._awake = awake
        if awake and self._stale:
            self.ask()

    def want(self, wanted: Wanted) -> None:
        """Look at something else. Another reader's lesions have findings of their own."""
        if wanted == self.wanted:
            return
        if wanted.reader != self.wanted.reader:
            self._forget_findings()
        self.wanted = wanted
        self.ask()

    def ask(self) -> None:
        """List again what is wanted."""
        self._stale = False
        self._list(places=True)

    def number(self, label: Label | None) -> int:
        """How many lesions of a label there are in the region wanted."""
        name, region = None if label is None else str(label), self.wanted.region
        return sum(
            count for (of, where), count in self.counts.items() if of == name and region in (None, where or "")
        )

    def numbers_by_kind(self) -> Counter[Kind]:
        return Counter() if self.found is None else Counter(finding.kind for _, finding in self.found.findings)

    def _list(self, places: bool) -> None:
        library = self.workbench.library
        if self._listing is not None:
            self._listing.drop()
            self._listing = None
        if places and self.wanted.part != "sheet":
            self._show(self._remarks())
        if library is None:
            self.counts, self.readers = {}, []
            self.sheet.show(())
            self.counted.emit()
            return
        query = None
        if places and self.wanted.part == "sheet":
            label = None if self.wanted.label is None else str(self.wanted.label)
            query = LesionQuery(label, self.wanted.region, self.wanted.reader)
        reader = self.wanted.reader
        job = self._jobs.start(lambda: _listing(library, query, reader), self.tr("Listing lesions"))
        job.finished.connect(self._listed)
        job.failed.connect(self.workbench.note)
        self._listing = job

    def _listed(self, answer: Listed) -> None:
        if self.sender() is not self._listing:
            return
        self._listing = None
        places, self.counts, self.readers, readings = answer
        if places is not None:
            self._show(places)
        self.counted.emit()
        unchecked = places is not None and self.found is None and self.job is None
        if unchecked and self._awake and 0 < readings <= AT_ONCE:
            self.check()

    def _show(self, items: list[Place] | list[Remark]) -> None:
        self.sheet.show(items, anew=self._shown != self.wanted)
        self._shown = self.wanted

    def _remarks(self) -> list[Remark]:
        if self.found is None:
            return []
        if self.wanted.part == "outliers":
            return [Remark(one.key, one.lesion, one.measure.capitalize(), one.sentence) for one in self.found.outliers]
        return [
            Remark(key, finding.lesion, finding.kind.capitalize(), finding.sentence)
            for key, finding in self.found.findings
            if self.wanted.kind in (None, finding.kind)
        ]

    def _changed(self, changes: Changes) -> None:
        if changes & Changes.LIBRARY:
            self._forget_findings()
            self._made.clear()
            self.wanted, self._shown = Wanted(), None
            self.sheet.show(())
            self._stale = True
            if self._awake:
                self.ask()
        elif changes & (Changes.READING | Changes.SCANS):
            self.outdated = self.found is not None
            self._stale = True
            self.sheet.refresh()
            if self._awake:
                self.checked.emit()
                self._timer.start()

    # Checking

    def check(self) -> None:
        """Look through all readings wanted."""
        library, reader = self.workbench.library, self.wanted.reader
        if library is None or self.job is not None:
            return
        self._gathered = gathered = Gathered()
        self.outdated = False
        job = self._jobs.start(lambda: check.run(library, reader, gathered), self.tr("Checking lesions"))
        self.job = job
        job.finished.connect(self._take)
        job.stopped.connect(lambda: self._take(gathered.found()))
        job.failed.connect(self.workbench.note)
        job.ended.connect(lambda: self._ended(job))
        self.started.emit(job)

    def cancel(self) -> None:
        """Stop checking; what was found so far is shown."""
        if self.job is not None:
            self.job.cancel()

    def _take(self, found: Found) -> None:
        self.found = found
        if self.wanted.part != "sheet":
            self._show(self._remarks())
        self.checked.emit()

    def _ended(self, job: Job) -> None:
        if self.job is job:
            self.job = None
            self.checked.emit()

    def _forget_findings(self) -> None:
        if self.job is not None:
            self.job.drop()
            self.job = None
        self.found, self.outdated = None, False
        self.checked.emit()

    # Saying

    def relabel(self, number: int, label: Label | None) -> bool:
        """Give a lesion of the sheet another label: one edit of the reader's own reading. It keeps its place here."""
        from workstation.store.errors import LibraryError

        row, library = self.sheet.entry(number).row, self.workbench.library
        if row is None or library is None:
            return False
        if not self._may(row.key):
            return False
        try:
            before = library.session(row.key).reading.lesions.get(row.lesion.id)
            if before is None or before.label is label:
                return False
            kind = open_case(library, row.key.scan).not_bone_kind(before) if label is Label.NOT_BONE else None
            after = edits.relabelled(before, label, kind)
            words = self.tr("Label {0}").format(self.tr("no label") if label is None else str(label))
            edit = Edit(words, (LesionChange(before, after),))
            library.append(row.key, Step("edit", edit), self.workbench.reader)
        except (edits.EditError, LibraryError) as error:
            self.workbench.note(str(error))
            return False
        self._made.append((row.key, edit))
        self.workbench.changed.emit(Changes.READING)
        return True

    def undo(self) -> bool:
        """Take back the label given here last, unless something else was done to that reading since."""
        from workstation.store.errors import LibraryError

        library = self.workbench.library
        if library is None or not self._made:
            self.workbench.note(self.tr("Nothing was labelled here that could be taken back."))
            return False
        key, edit = self._made[-1]
        if not self._may(key):
            return False
        session = library.session(key)
        if not session.done or session.done[-1] != edit:
            self._made.pop()
            self.workbench.note(self.tr("That reading was changed since: open the scan to undo there."))
            return False
        try:
            library.append(key, Step("undo", edit), self.workbench.reader)
        except (edits.EditError, LibraryError) as error:
            self.workbench.note(str(error))
            return False
        self._made.pop()
        self.workbench.changed.emit(Changes.READING)
        return True

    def _may(self, key: ReadingKey) -> bool:
        if not self.workbench.writable:
            self.workbench.note(self.workbench.read_only_words)
        elif key != self.workbench.key(key.scan):
            words = self.tr("This lesion is {0}'s: only your own can be labelled here.")
            self.workbench.note(words.format(key.reader))
        else:
            return True
        return False


def _listing(library: Library, query: LesionQuery | None, reader: str | None) -> Workflow[Listed]:
    lists = library.lesions()
    yield Progress(0, 3, "Listing")
    places = None if query is None else lists.places(query)
    yield Progress(1, 3, "Listing")
    counts = lists.counts(reader)
    yield Progress(2, 3, "Listing")
    return places, counts, lists.readers(), lists.number(reader)
