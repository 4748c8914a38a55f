"""Agreement of readers as the queue page shows it: computed in a job, told in words with n, interval and statistic."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QCoreApplication

from workstation.app.jobs import Job, Jobs
from workstation.app.workbench import Workbench
from workstation.stats.agreement import Kappa
from workstation.stats.clustered import Mean
from workstation.workflows.agreement import Agreement, AllAgreement

__all__ = ["HEADINGS", "AllAgreement", "foot", "lines", "start"]

HEADINGS = ("Readers", "Scans", "Lesions", "Dice of matched lesions", "Kappa of labels", "Kappa of grades")


def start(workbench: Workbench, jobs: Jobs) -> Job | None:
    """Compare all finished readings of the library; None where there is none open, or the reader is blinded."""
    from workstation.workflows import agreement

    library = workbench.library
    if library is None or workbench.blinded:
        return None
    return jobs.start(lambda: agreement.run(library), _tr("Comparing readings"))


def lines(found: AllAgreement) -> list[tuple[str, ...]]:
    """One line a pair, in the order of HEADINGS."""
    return [_line(pair) for pair in found.pairs]


def foot(found: AllAgreement) -> str:
    """What the statistics are, and Fleiss' kappa where three or more read."""
    words = _tr(
        "Dice: mean over both views of matched lesions, 95 % interval by bootstrap over patients. Labels: Cohen's "
        "kappa of matched lesions. Grades: Cohen's kappa, quadratic weights. Intervals of kappa: 95 %, standard error "
        "of Fleiss, Cohen and Everitt, cut at -1 and 1. Finished readings only; the adjudicated reading is left out."
    )
    if found.metastasis is not None:
        all_of_them = _tr("Metastasis (grade 2 or 3) by {0} people: Fleiss' kappa {1}, bootstrap over scans.")
        words += "\n" + all_of_them.format(len(found.readers), _kappa(found.metastasis))
    if any(pair.with_truth for pair in found.pairs):
        words += "\n" + _tr("The truth of simulated scans is no reader: it stands last, and in no kappa of all people.")
    return words


def _line(pair: Agreement) -> tuple[str, ...]:
    if pair.same_reader:
        who = _tr("{0}, round {1} and {2}").format(pair.one, *pair.rounds)
    elif pair.with_truth:
        who = _tr("{0} and the truth").format(pair.one)
    else:
        who = _tr("{0} and {1}").format(pair.one, pair.other)
    alone = _tr("{0} in both, {1} + {2} in one only").format(pair.matched, pair.only_one, pair.only_other)
    return who, str(pair.scans), alone, _mean(pair.dice), _kappa(pair.labels), _kappa(pair.grades)


def _mean(mean: Mean) -> str:
    return _interval(mean.value, mean.low, mean.high, mean.n)


def _kappa(kappa: Kappa) -> str:
    """Its interval is Wald's and can reach past 1, where no kappa lies: what is shown is cut there."""
    return _interval(kappa.value, max(kappa.low, -1.0), min(kappa.high, 1.0), int(kappa.n))


def _interval(value: float, low: float, high: float, n: int) -> str:
    if math.isnan(value):
        return _tr("none (n = {0})").format(n)
    numbers: list[Any] = [round(number, 2) + 0.0 for number in (value, low, high)]  # no "-0.00"
    return _tr("{0:.2f} ({1:.2f} to {2:.2f}), n = {3}").format(*numbers, n)


def _tr(text: str) -> str:
    return QCoreApplication.translate("agreeing", text)
