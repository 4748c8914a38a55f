"""An evaluation as one value: tables, what the figures are drawn from, and what it all came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workstation.stats.evaluation import Table
from workstation.stats.predictions import Predictions
from workstation.stats.truth import Floats


@dataclass(frozen=True, eq=False)
class Chart:
    """What the figures of one target are drawn from. networks: the first is ours; calibrated: of each, as many.

    bounds: scores no network can reach, drawn as thin lines.
    """

    target: str
    networks: tuple[Predictions, ...]
    calibrated: tuple[Floats, ...] = ()
    bounds: tuple[Predictions, ...] = ()


@dataclass(frozen=True, eq=False)
class Study:
    """The tables and figures after one of the papers, "a", "b" or "c". network: the one called ours."""

    paper: str
    network: str
    tables: tuple[Table, ...]
    charts: tuple[Chart, ...] = ()


@dataclass(frozen=True)
class Training:
    """One network's folds. name: of its row, "small-a-resnet50"; network: as tables call it.

    epochs, best, seconds: of each fold that is done, in the order of `folds` (0-based). absent: folds that are not,
    and why. settings: what it was told, but for the fold.
    """

    name: str
    network: str
    task: str
    initialisation: str
    folds: tuple[int, ...]
    epochs: tuple[float, ...]
    best: tuple[float, ...]
    seconds: tuple[float, ...]
    parameters: float
    device: str
    settings: Mapping[str, object] = field(default_factory=dict)
    temperatures: tuple[float, ...] = ()
    absent: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Data:
    """The set: its hash, whose labels, how many. simulated: scans that are; simulator: "2.0", "" where nobody noted it.

    best_auc, alone_auc: of a simulated set's bounds over all its lesions; nan where there are none. strata: patients by
    "tumour/status". flow: who was left out for which reason, in words, "" where nobody counted. sealed: patients nobody
    learns from and no fold tests. touched: lesions an AI had a part in.
    """

    hash: str
    labels_from: str
    scans: int
    patients: int
    lesions: int
    folds: int
    sealed: int
    sealed_scans: int
    simulator: str
    cohort: str
    seed: str
    best_auc: float
    alone_auc: float
    strata: Mapping[str, int]
    touched: int = 0
    simulated: int = 0
    flow: str = ""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All there is to say. name: of the folder. made: the day. commands: how it can be done again.

    openings: how often the sealed patients were opened so far; final: this is one of them, and the tables are of those
    patients. threshold: "paper" (0.5) or "inner" (chosen on inner validation patients). versions: of programs and
    libraries, by name.
    """

    name: str
    made: str
    studies: tuple[Study, ...]
    trainings: tuple[Training, ...]
    data: Data
    threshold: str
    versions: Mapping[str, str]
    commands: tuple[str, ...]
    openings: int = 0
    final: bool = False

    @property
    def absent(self) -> tuple[str, ...]:
        """What is missing and why, a line for the folds of a network that share a reason."""
        lines = []
        for each in self.trainings:
            by_reason: dict[str, list[int]] = {}
            for fold, why in each.absent.items():
                by_reason.setdefault(why, []).append(fold)
            for why, folds in by_reason.items():
                word = "fold" if len(folds) == 1 else "folds"
                lines.append(f"{each.name}, {word} {', '.join(map(str, sorted(folds)))}: {why}")
        return tuple(lines)
