"""Trainings as the window sees them: begun as processes of their own, followed by their files, stopped and resumed.

Everything is read in a thread, and only while somebody looks: a page that is not on screen costs nothing. A training
goes on when the window closes; its files tell all there is to know when it is opened again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from workstation.app.jobs import Job, Jobs
from workstation.app.workbench import Workbench
from workstation.core.changes import Changes
from workstation.workflows.progress import Job as Workflow
from workstation.workflows.progress import Progress

if TYPE_CHECKING:
    from workstation.workflows.crossvals import Crossval as Crossval
    from workstation.workflows.learning import Asked, Learning
    from workstation.workflows.metrics_tail import Curve
    from workstation.workflows.presets import Preset
    from workstation.workflows.snapshot_seen import SnapshotSeen
    from workstation.workflows.starting import Wanted
    from workstation.workflows.trainings import Facts
    from workstation.workflows.trainings import Training as Training
    from workstation.workflows.watching import Watch

LOOK_MS = 1000
MOST_COMPARED = 6
RUNS = "runs"  # the folder of trainings in a library's


@dataclass(frozen=True)
class Judged:
    """A folder that can be evaluated, any of its runs, and how many of all are finished."""

    folder: Path
    run: Training
    finished: int
    total: int


class Trainings(QObject):
    """changed: runs, curves or facts did. snapshot_changed: another one was chosen, or is read now.

    trouble_changed: what was asked for was refused, or is asked anew. place_known: one of `places` is.
    """

    changed = Signal()
    place_known = Signal()
    snapshot_changed = Signal()
    trouble_changed = Signal()

    def __init__(self, workbench: Workbench, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench, self._jobs = workbench, jobs
        self.runs: tuple[Training, ...] = ()
        self.crossvals: tuple[Crossval, ...] = ()
        self.chosen: tuple[Path, ...] = ()
        self.curves: dict[Path, Curve] = {}
        self.facts: dict[Path, Facts] = {}
        self.known = False  # whether the folder has been looked into
        self.snapshot: SnapshotSeen | None = None
        self.snapshot_problem = ""
        self.places: dict[str, str] = {}  # device asked for -> where that runs on this machine, or why it cannot
        self.trouble = ""
        self.starting = False
        self._watch: Watch | None = None
        self._job: Job | None = None
        self._reading: Job | None = None
        self._anew = False
        self._awaited: Path | None = None  # begun, and not among the runs yet
        self._followed: Path | None = None  # a cross-validation whose fold at work is chosen, until another is
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        workbench.changed.connect(self._changed)

    @property
    def folder(self) -> Path | None:
        """Where trainings are kept: the folder chosen, else the library's own; None where there is neither."""
        if self._workbench.settings.training_folder:
            return Path(self._workbench.settings.training_folder)
        library = self._workbench.library
        return None if library is None else library.folder / RUNS

    @property
    def looking(self) -> bool:
        return self._timer.isActive()

    @property
    def busy(self) -> bool:
        """Whether something is being read or begun."""
        return self.starting or self._job is not None or self._reading is not None

    def presets(self) -> tuple[Preset, ...]:
        from workstation.workflows import presets

        return presets.every()

    # Looking

    def look(self, on: bool) -> None:
        """Follow the files, or rest: while the page is not on screen."""
        if not on:
            self._timer.stop()
            return
        self._anew = True
        self._timer.start()
        self._look()
        kept = self._workbench.settings.training_snapshot
        if self.snapshot is None and not self.snapshot_problem and kept:
            self.choose_snapshot(Path(kept))

    def _look(self) -> None:
        from workstation.workflows.watching import Watch

        if self._job is not None or self.folder is None:
            return  # the last look is not done: a folder far away
        self._watch = watch = self._watch or Watch()
        folder, chosen, anew = self.folder, self.chosen, self._anew
        self._anew = False
        self._job = self._jobs.start(lambda: watch.look(folder, chosen, anew), "trainings")
        self._job.finished.connect(self._show)
        self._job.failed.connect(self._refuse)
        self._job.ended.connect(self._looked)

    def _looked(self) -> None:
        self._job = None
        if self._anew and self.looking:
            self._look()

    def _show(self, seen: Any) -> None:
        for words in seen.ended:
            self._refuse(words)
        if seen.folder != self.folder:
            return
        curves = {run: curve for run, curve in seen.curves.items() if run in self.chosen}
        facts = {run: fact for run, fact in seen.facts.items() if run in self.chosen}
        new = (seen.runs, seen.crossvals, curves, facts)
        if new != (self.runs, self.crossvals, self.curves, self.facts) or not self.known:
            self.runs, self.crossvals, self.curves, self.facts = new
            there = {run.folder for run in self.runs} | {whole.folder for whole in self.crossvals}
            self.chosen = tuple(run for run in self.chosen if run in there)
            self.known = True
            self.changed.emit()
        self._follow()

    def _follow(self) -> None:
        """Choose what was begun here when it comes; of a cross-validation always the fold that is at work."""
        come = [run for run in self.runs if self._awaited in (run.folder, run.crossval or run.folder)]
        come = [run for run in come if run.state.at_work] or come
        if come:
            self._awaited, self._followed = None, come[0].crossval
            self._choose((come[0].folder,))
            return
        whole = None if self._followed is None else self.whole(self._followed)
        one = self.one
        if whole is None or one is None or one.state.at_work or one.crossval != whole.folder:
            return
        if whole.at_work:
            self._choose((whole.at_work[0].folder,))

    def choose(self, runs: Sequence[Path]) -> None:
        """Show these runs' curves, over each other where there are several; or one cross-validation as a whole."""
        self._followed = None
        self._choose(runs)

    def _choose(self, runs: Sequence[Path]) -> None:
        runs = tuple(runs)[:MOST_COMPARED]
        if runs == self.chosen:
            return
        self.chosen = runs
        self.curves = {run: curve for run, curve in self.curves.items() if run in runs}
        self.changed.emit()
        self._soon()

    def _soon(self) -> None:
        self._anew = True
        if self.looking:
            self._look()

    def find(self, run: Path) -> Training | None:
        return next((each for each in self.runs if each.folder == run), None)

    def whole(self, folder: Path) -> Crossval | None:
        return next((each for each in self.crossvals if each.folder == folder), None)

    @property
    def crossval(self) -> Crossval | None:
        """The cross-validation chosen as a whole."""
        return self.whole(self.chosen[0]) if len(self.chosen) == 1 else None

    @property
    def one(self) -> Training | None:
        """The run chosen, where it is one."""
        return self.find(self.chosen[0]) if len(self.chosen) == 1 else None

    @property
    def judged(self) -> Judged | None:
        """What tables can be made of: the one run chosen, or the cross-validation all that is chosen belongs to."""
        runs = [run for path in self.chosen if (run := self.find(path)) is not None]
        whole = self.crossval or (self.whole(runs[0].crossval) if runs and runs[0].crossval else None)
        if whole is not None:
            same = all(run.crossval == whole.folder for run in runs)
            return Judged(whole.folder, whole.one, whole.done, whole.total) if same else None
        one = self.one
        return None if one is None else Judged(one.folder, one, int(one.state == "finished"), 1)

    @property
    def simulated(self) -> bool:
        """Whether any of what is chosen learns from simulated scans, as far as its folder says."""
        return any(fact.trained_on == "simulated" for fact in self.facts.values())

    # Choosing

    def choose_folder(self, folder: Path) -> None:
        """Keep trainings there from now on."""
        library = self._workbench.library
        own = library is not None and folder == library.folder / RUNS
        self._forget_runs()
        self._workbench.change_settings(training_folder="" if own else str(folder))
        self._soon()

    def choose_snapshot(self, folder: Path) -> None:
        """Learn from this one: it is read in a thread, then said in words."""
        from workstation.workflows import snapshot_seen

        def reading() -> Workflow[SnapshotSeen]:
            yield Progress(0, None, "")
            return snapshot_seen.seen(folder)

        if self._reading is not None:
            self._reading.drop()
        self.snapshot, self.snapshot_problem = None, ""
        self._workbench.change_settings(training_snapshot=str(folder))
        self._reading = job = self._jobs.start(reading, "snapshot")
        job.finished.connect(self._have_snapshot)
        job.failed.connect(self._have_no_snapshot)
        job.ended.connect(lambda: self._read(job))
        self.snapshot_changed.emit()

    def ask_place(self, preset: str, device: str) -> None:
        """Learn where that would run, once a device; `place_known` tells when it is known."""
        from workstation.workflows import places
        from workstation.workflows.trainings import line

        if device in self.places:
            return
        self.places[device] = ""

        def known(words: str) -> None:
            self.places[device] = line(words, 200)
            self.place_known.emit()

        job = self._jobs.start(lambda: places.place(preset, device), "devices")
        job.finished.connect(known)
        job.failed.connect(known)

    @property
    def reading_snapshot(self) -> bool:
        return self._reading is not None

    def _have_snapshot(self, snapshot: Any) -> None:
        self.snapshot, self._reading = snapshot, None
        self.snapshot_changed.emit()

    def _have_no_snapshot(self, words: str) -> None:
        from workstation.workflows.trainings import line

        self.snapshot_problem, self._reading = line(words, 500), None
        self.snapshot_changed.emit()

    def _read(self, job: Job) -> None:
        if self._reading is job:
            self._reading = None

    def joinable(self, preset: Preset, networks: Sequence[str]) -> tuple[Crossval, ...]:
        """Cross-validations of this snapshot and paper that lack one of these networks: one table can compare them.

        Where the preset is another one than theirs, only those with their preset's own settings.
        """
        from workstation.workflows import starting

        if self.snapshot is None:
            return ()
        hash_ = self.snapshot.hash
        return tuple(each for each in self.crossvals if starting.may_join(each, preset, networks, hash_))

    # Doing

    def start(self, wanted: Wanted) -> None:
        """Begin a training, as a process of its own."""
        from workstation.workflows import starting

        folder = self.folder
        if folder is not None:
            self._begin(lambda: starting.asked(wanted, folder))

    def resume(self, run: Training) -> None:
        """Go on with one that stopped; a fold with its cross-validation."""
        from workstation.workflows import starting

        otherwise = None if self.snapshot is None else self.snapshot.folder
        self._begin(lambda: starting.again(run, otherwise))

    def stop(self, run: Training) -> None:
        """Ask it to stop after its step, to be resumed; a fold's whole cross-validation."""
        from workstation.workflows import learning

        try:
            learning.ask_to_stop(run.crossval or run.folder)
            (run.folder / "stop").touch()
        except OSError as error:
            self._refuse(self.tr("It cannot be asked to stop: {0}.").format(error.strerror))
        self._soon()

    def _begin(self, make: Callable[[], Asked]) -> None:
        from workstation.workflows.learning import Learning

        def beginning() -> Workflow[Learning]:
            yield Progress(0, None, "")
            asked = make()
            asked.out.parent.mkdir(parents=True, exist_ok=True)
            return Learning(asked)

        if self.starting:
            return
        self.trouble, self.starting = "", True
        self.trouble_changed.emit()
        job = self._jobs.start(beginning, "training")
        job.finished.connect(self._begun)
        job.failed.connect(self._refuse)
        job.ended.connect(self._started)

    def _begun(self, learning: Learning) -> None:
        from workstation.workflows.watching import Watch

        self._watch = self._watch or Watch()
        self._watch.begun = [*self._watch.begun, learning]
        self._awaited = learning.asked.out
        self._workbench.note(self.tr("{0} has begun. It goes on when the window is closed.").format(
            learning.asked.out.name
        ))  # fmt: skip
        self._soon()

    def _started(self) -> None:
        self.starting = False
        self.trouble_changed.emit()

    def _refuse(self, words: str) -> None:
        from workstation.workflows.trainings import line

        self.trouble = line(words, 500)
        self.trouble_changed.emit()

    def close(self) -> None:
        """The window closes: what was begun goes on by itself."""
        self._timer.stop()
        for learning in self._watch.begun if self._watch is not None else ():
            learning.let_go()

    def _forget_runs(self) -> None:
        self.runs, self.crossvals, self.chosen, self.curves, self.facts, self.known = (), (), (), {}, {}, False
        self.changed.emit()

    def _changed(self, changes: Changes) -> None:
        if changes & Changes.LIBRARY and not self._workbench.settings.training_folder:
            self._forget_runs()
            self._soon()


def wanted(
    preset: str, network: str, snapshot: Path, fold: int | None, epochs: int, seed: int, device: str,
    beside: Training | None = None,
) -> Wanted:  # fmt: skip
    """What `Trainings.start` takes."""
    from workstation.workflows.starting import Wanted

    return Wanted(preset, network, snapshot, fold, epochs, seed, device, beside)
