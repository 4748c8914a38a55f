"""The registry of models as the window sees it: listed, brought in, given out, compared and only then used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from workstation.app.jobs import Job, Jobs
from workstation.app.training_words import task_name, tr
from workstation.app.workbench import Workbench
from workstation.workflows.progress import Job as Workflow
from workstation.workflows.progress import Progress

if TYPE_CHECKING:
    from workstation.workflows.model_files import Entry
    from workstation.workflows.model_use import Considered as Considered


@dataclass(frozen=True)
class Row:
    """One model as the list shows it. problem: why it cannot be used. words: its card in a line or two."""

    name: str
    hash: str
    problem: str
    used: bool
    cells: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class Opening:
    """What comparing a model needs: looking at sealed patients of a snapshot, which counts."""

    hash: str
    name: str
    current: str
    sealed: int
    openings: int


class Models(QObject):
    """One thing at a time. trouble: why the last could not be done; said: how it went."""

    changed = Signal()

    def __init__(self, workbench: Workbench, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench, self._jobs = workbench, jobs
        self.rows: tuple[Row, ...] = ()
        self.known = False
        self.step = ""
        self.trouble, self.said = "", ""
        self.opening: Opening | None = None  # waits for a yes
        self.considered: Considered | None = None  # waits for a yes, too
        self._snapshot: Path | None = None
        self._job: Job | None = None
        self._next: tuple[Any, Any, str, bool] | None = None  # asked for while another was under way

    @property
    def busy(self) -> bool:
        return self._job is not None

    def look(self) -> None:
        """Read the folder anew."""
        self._run(_listed, self._list, self.tr("Models"))

    def bring_in(self, source: Path) -> None:
        """A model file, or the folder of a finished training."""
        from workstation.workflows import model_files, models

        def done(brought: Any) -> None:
            words = self.tr("{0} is here already.") if brought.already else self.tr("{0} is in the registry now.")
            self.said = words.format(brought.entry.name)

        self._run(lambda: models.bring_in(source, model_files.folder()), done, self.tr("Taking in a model"), True)

    def give_out(self, name: str, out: Path) -> None:
        from workstation.workflows import model_files, models

        def done(given: Any) -> None:
            self.said = self.tr("{0} is written: {1:,.1f} MB.").format(given.file.name, given.bytes / 1e6)

        self._run(lambda: models.give_out(name, model_files.folder(), out), done, self.tr("Exporting a model"))

    def ask_use(self, hash_: str, snapshot: Path | None) -> None:
        """See what has to be shown before this model is taken: a comparison that there is, or one to be made."""

        def seeing() -> Workflow[Opening | Considered]:
            from workstation.workflows import model_files, model_history, model_use

            yield Progress(0, None, self.tr("reading models"))
            models = model_files.folder()
            entries, history = model_files.listed(models), model_history.read(models)
            new = model_files.find(entries, hash_)
            current = model_use.in_use(entries, history, new.task)
            if current is None or current.hash == new.hash or history.comparison(new.hash, current.hash):
                return (yield from model_use.consider(hash_, models))
            return _opening(new, current, snapshot)

        self.opening = self.considered = None
        self._snapshot = snapshot
        self._run(seeing, self._seen, self.tr("Models"))

    def compare(self) -> None:
        """Open the sealed patients for it, which is counted."""
        opening, snapshot, workbench = self.opening, self._snapshot, self._workbench
        if opening is None or snapshot is None:
            return

        def comparing() -> Workflow[Considered]:
            from workstation.workflows import model_files, model_use, sealing

            library = sealing.counting(snapshot, workbench.library)
            return (
                yield from model_use.consider(
                    opening.hash, model_files.folder(), snapshot, library, workbench.reader
                )
            )  # fmt: skip

        self.opening = None
        self._run(comparing, self._seen, self.tr("Comparing models"))

    def take(self) -> None:
        """Put the model that was shown in use."""
        considered, who = self.considered, self._workbench.reader
        if considered is None:
            return

        def taking() -> Workflow[Any]:
            from workstation.workflows import model_files, model_use

            yield Progress(0, None, "")
            return model_use.take(considered, model_files.folder(), who)

        def done(use: Any) -> None:
            self.said = self.tr("{0} is in use now.").format(use.name)

        self.considered = None
        self._run(taking, done, self.tr("Models"), True)

    def leave(self) -> None:
        """Think better of it: all stays as it is."""
        self.opening = self.considered = None
        self.changed.emit()

    def cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()

    # Under way

    def _run(
        self, make: Callable[[], Workflow[Any]], done: Callable[[Any], None], title: str, anew: bool = False
    ) -> None:
        """anew: what is listed has changed when it is done."""
        if self._job is not None:
            self._next = (make, done, title, anew)
            return
        self.trouble, self.said, self.step = "", "", ""
        self._job = job = self._jobs.start(make, title)
        job.progressed.connect(self._progressed)
        job.finished.connect(done)
        job.failed.connect(self._refused)
        job.ended.connect(lambda: self._ended(anew))
        self.changed.emit()

    def _progressed(self, progress: Progress, _seconds: Any) -> None:
        if progress.what != self.step:
            self.step = progress.what
            self.changed.emit()

    def _refused(self, words: str) -> None:
        from workstation.workflows.trainings import line

        self.trouble = line(words, 600)

    def _ended(self, anew: bool) -> None:
        self._job = None
        following, self._next = self._next, None
        if following is not None:
            self._run(*following)
        elif anew:
            said, trouble = self.said, self.trouble
            self.look()
            self.said, self.trouble = said, trouble
        self.changed.emit()

    def _list(self, rows: Any) -> None:
        self.rows, self.known = rows, True

    def _seen(self, found: Any) -> None:
        if isinstance(found, Opening):
            self.opening = found
        elif found.already:
            self.said = self.tr("{0} is in use already.").format(found.new.name)
        else:
            self.considered = found


def _listed() -> Workflow[tuple[Row, ...]]:
    from workstation.workflows import model_files, model_use

    yield Progress(0, None, "")
    models = model_files.folder()
    used = {entry.hash for entry in model_use.used(models).values()}
    return tuple(_row(entry, bool(entry.hash) and entry.hash in used) for entry in model_files.listed(models))


def _row(entry: Entry, used: bool) -> Row:
    from workstation.workflows import model_words

    if entry.problem:
        return Row(entry.name, "", entry.problem, False, (entry.name, "", "", "", "", ""), entry.problem)
    trained_on = {"simulated": tr("simulated scans"), "clinical": tr("clinical scans")}.get(entry.trained_on, "")
    cells = (
        entry.name, task_name(entry.task), entry.network, trained_on, model_words.headline(entry),
        tr("in use") if used else "",
    )  # fmt: skip
    begun = str(_under(entry, "training", "initialisation") or tr("initialisation not told"))
    words = tr("Trained on {0}, snapshot {1}; {2}. Hash {3}, {4:,.1f} MB.").format(
        trained_on, entry.snapshot[:12], begun, entry.hash[:16], entry.bytes / 1e6
    )
    if entry.shipped:
        words += " " + tr("It came with the program.")
    return Row(entry.name, entry.hash, "", used, cells, words)


def _under(entry: Entry, *keys: str) -> object:
    told: Any = entry.card
    for key in keys:
        told = told.get(key) if isinstance(told, dict) else None
    return told


def _opening(new: Entry, current: Entry, snapshot: Path | None) -> Opening:
    from workstation.workflows import predictions, sealing
    from workstation.workflows.errors import CallError

    if snapshot is None:
        raise CallError(
            f"{current.name} is in use, and {new.name} has not been compared with it. Choose a snapshot with sealed "
            "patients at the left: both are compared on those."
        )
    frozen = predictions.load(snapshot)
    sealed = len(frozenset(frozen.manifest.sealed) & frozenset(frozen.manifest.patients))
    if not sealed:
        raise CallError(
            f"No patients are sealed in {snapshot.name}, so there is nobody to compare on whom neither model knows. "
            "Choose a snapshot at the left that seals some."
        )
    return Opening(new.hash, new.name, current.name, sealed, sealing.openings(frozen.folder, frozen.manifest))
