"""One look at the trainings under a folder: the list, the curves of those chosen, and how those begun here fare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workstation.workflows import crossvals
from workstation.workflows.crossvals import Crossval
from workstation.workflows.learning import Learning
from workstation.workflows.metrics_tail import Curve, MetricsTail
from workstation.workflows.progress import Job, Progress
from workstation.workflows.trainings import Facts, Finder, Training, facts, line

REFUSED = 2  # exit codes of ml from here on are no end to be glad of


@dataclass(frozen=True)
class Seen:
    """runs: those begun last first. crossvals: what some of them are folds of. curves, facts: of the chosen ones.

    ended: of those begun here, what they say.
    """

    folder: Path | None = None
    runs: tuple[Training, ...] = ()
    curves: dict[Path, Curve] = field(default_factory=dict)
    facts: dict[Path, Facts] = field(default_factory=dict)
    ended: tuple[str, ...] = ()
    crossvals: tuple[Crossval, ...] = ()


class Watch:
    """Keeps what was read between two looks. A look is a job; no two at once."""

    def __init__(self) -> None:
        self.begun: list[Learning] = []
        self._finder = Finder()
        self._tails: dict[Path, MetricsTail] = {}

    def look(self, folder: Path | None, chosen: Sequence[Path], anew: bool) -> Job[Seen]:
        yield Progress(0, None, "")
        over = [learning for learning in self.begun if not learning.running()]
        ended = tuple(filter(None, map(_end, over)))
        self.begun = [learning for learning in self.begun if learning not in over]
        runs = self._finder.find(folder, anew or bool(ended)) if folder is not None else ()
        whole = crossvals.of(runs)
        told = {run: facts(run) for run in chosen}
        for each in whole:
            if each.folder in told:
                told[each.folder] = facts(each.one.folder)
        chosen = [run for run in chosen if all(run != each.folder for each in whole)]
        self._tails = {run: self._tails.get(run) or MetricsTail(run) for run in chosen}
        curves = {}
        for run, tail in self._tails.items():
            curves[run] = tail.read()
            while not curves[run].whole:
                yield Progress(0, None, "")
                curves[run] = tail.read()
        return Seen(folder, runs, curves, told, ended, whole)


def _end(learning: Learning) -> str:
    """What one that has ended against its will says; nothing where its folder tells."""
    outcome = learning.outcome()
    learning.let_go()
    return line(outcome.message, 400) if outcome.code >= REFUSED else ""
