"""How far the readings in a library agree: between readers, and of one reader with their own second round."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from workstation.core.lesion import Label, Lesion, Progress, Reading
from workstation.core.matching import match
from workstation.stats.agreement import Kappa, cohens_kappa, fleiss_kappa
from workstation.stats.clustered import Mean, clustered_mean
from workstation.store.values import ADJUDICATED, TRUTH
from workstation.workflows.progress import Job
from workstation.workflows.progress import Progress as Step

if TYPE_CHECKING:
    from workstation.store.library import Library

LABELS = (Label.MALIGNANT, Label.BENIGN, Label.UNCERTAIN)
GRADES = 4
FINISHED = (Progress.DONE, Progress.REVIEWED)


@dataclass(frozen=True)
class Agreement:
    """Two readers, or one reader's two rounds, over the scans both have finished.

    one, other: readers; rounds: which of theirs. matched: lesions both have; only_one, only_other: of one alone.
    dice: of matched lesions over both views, mean with a patient-clustered bootstrap interval.
    labels: Cohen's kappa of matched and labelled lesions. grades: Cohen's kappa of scans, quadratic weights.
    """

    one: str
    other: str
    rounds: tuple[int, int]
    scans: int
    matched: int
    only_one: int
    only_other: int
    dice: Mean
    labels: Kappa
    grades: Kappa

    @property
    def with_truth(self) -> bool:
        return self.other == TRUTH

    @property
    def same_reader(self) -> bool:
        return self.one == self.other


@dataclass(frozen=True)
class AllAgreement:
    """Agreement by pairs, and Fleiss' kappa of "metastasis" (grade 2 or 3) where three or more people graded.

    pairs: of people first, then of one person's rounds, then of people with a simulated scan's truth, which is none of
    the `readers`.
    """

    pairs: tuple[Agreement, ...]
    readers: tuple[str, ...] = ()
    metastasis: Kappa | None = None


@dataclass
class _Tally:
    scans: int = 0
    only_one: int = 0
    only_other: int = 0
    dice: list[float] = field(default_factory=list)
    patients: list[str] = field(default_factory=list)
    labels: np.ndarray = field(default_factory=lambda: np.zeros((len(LABELS), len(LABELS))))
    grades: np.ndarray = field(default_factory=lambda: np.zeros((GRADES, GRADES)))

    def add(self, one: Reading, other: Reading, patient: str, spacing_mm: tuple[float, float] | None) -> None:
        self.scans += 1
        for pair in match(one, other, spacing_mm):
            if pair.one is None:
                self.only_other += 1
            elif pair.other is None:
                self.only_one += 1
            else:
                self.dice.append(pair.dice)
                self.patients.append(patient)
                self._label(pair.one, pair.other)
        grades = one.verdict.grade, other.verdict.grade
        if grades[0] is not None and grades[1] is not None:
            self.grades[grades[0], grades[1]] += 1

    def _label(self, one: Lesion, other: Lesion) -> None:
        if one.label in LABELS and other.label in LABELS:
            self.labels[LABELS.index(one.label), LABELS.index(other.label)] += 1


def run(library: Library) -> Job[AllAgreement]:
    """Compare all finished readings; the same readers always in the same order."""
    scans = library.several_readings()
    tallies: defaultdict[tuple[str, int, str, int], _Tally] = defaultdict(_Tally)
    called: dict[str, dict[str, bool]] = {}
    for done, scan in enumerate(scans):
        yield Step(done, len(scans), "Comparing readings")
        finished = _finished(library, scan)
        if len(finished) < 2:
            continue
        rows = library.rows([scan])
        spacing = library.spacing(scan)
        for one, other in combinations(finished, 2):
            a, b = one.key, other.key
            if a.reader != b.reader and (a.round, b.round) != (1, 1):
                continue
            tallies[a.reader, a.round, b.reader, b.round].add(one, other, rows[0].patient, spacing)
        called[scan] = {
            reading.key.reader: reading.verdict.grade >= 2
            for reading in finished
            if reading.key.round == 1 and reading.key.reader != TRUTH and reading.verdict.grade is not None
        }
    pairs = tuple(_agreement(key, tally) for key, tally in sorted(tallies.items(), key=_order))
    readers, kappa = _of_all(called)
    return AllAgreement(pairs, readers, kappa)


def _finished(library: Library, scan: str) -> list[Reading]:
    """The finished readings of people, by reader and round, and the truth after them.

    The adjudicated reading is made out of the others, so it agrees with them by design.
    """
    keys = sorted(
        (key for key in library.readings(scan) if key.reader != ADJUDICATED), key=lambda key: (key.reader == TRUTH, key)
    )
    if len(keys) < 2:
        return []
    found = [library.session(key).reading for key in keys]
    return [reading for reading in found if reading.verdict.progress in FINISHED]


def _order(item: tuple[tuple[str, int, str, int], _Tally]) -> tuple[object, ...]:
    one, _, other, _ = item[0]
    return (other == TRUTH, one == other, item[0])


def _agreement(key: tuple[str, int, str, int], tally: _Tally) -> Agreement:
    one, first, other, second = key
    return Agreement(
        one, other, (first, second), tally.scans, len(tally.dice), tally.only_one, tally.only_other,
        clustered_mean(tally.dice, tally.patients), cohens_kappa(tally.labels), cohens_kappa(tally.grades, "quadratic"),
    )  # fmt: skip


def _of_all(called: dict[str, dict[str, bool]]) -> tuple[tuple[str, ...], Kappa | None]:
    """Fleiss' kappa over the scans that all people graded; None for fewer than three."""
    readers = tuple(sorted({reader for verdicts in called.values() for reader in verdicts}))
    if len(readers) < 3:
        return readers, None
    whole = [verdicts for verdicts in called.values() if len(verdicts) == len(readers)]
    counts = np.array([[len(readers) - sum(v.values()), sum(v.values())] for v in whole], float).reshape(-1, 2)
    return readers, fleiss_kappa(counts)
