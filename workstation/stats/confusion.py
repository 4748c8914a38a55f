"""The confusion matrix of a yes-or-no call and what is read from it. Positive always means malignant or metastasis."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from workstation.stats.proportion import NOTHING, Estimate, Proportion
from workstation.stats.truth import binary

METRICS = ("sensitivity", "specificity", "accuracy", "ppv", "npv")


@dataclass(frozen=True)
class Confusion:
    """How many calls were right and wrong. Every metric has value, count, total, low and high (95 %, Wilson).

    0/0 gives nan, never an exception. ValueError for what is no count.
    """

    tp: int
    fn: int
    tn: int
    fp: int

    def __post_init__(self) -> None:
        for name in ("tp", "fn", "tn", "fp"):
            number = getattr(self, name)
            if not (0 <= number < math.inf) or number != int(number):
                raise ValueError(f"{name} is a count, got {number}")

    @property
    def sensitivity(self) -> Proportion:
        """Of the positives, those called positive."""
        return Proportion(self.tp, self.tp + self.fn)

    @property
    def specificity(self) -> Proportion:
        """Of the negatives, those called negative."""
        return Proportion(self.tn, self.tn + self.fp)

    @property
    def accuracy(self) -> Proportion:
        """Of all, those called right."""
        return Proportion(self.tp + self.tn, self.tp + self.fn + self.tn + self.fp)

    @property
    def ppv(self) -> Proportion:
        """Positive predictive value: of those called positive, the positives; true only at this set's prevalence."""
        return Proportion(self.tp, self.tp + self.fp)

    @property
    def npv(self) -> Proportion:
        """Negative predictive value: of those called negative, the negatives; true only at this set's prevalence."""
        return Proportion(self.tn, self.tn + self.fn)

    def ppv_at(self, prevalence: float) -> Estimate:
        """The positive predictive value where this share of patients is positive, by Bayes' rule."""
        of_ill, of_well = self.sensitivity, Proportion(self.fp, self.tn + self.fp)
        return _posterior(prevalence, _ratio(of_ill, of_well))

    def npv_at(self, prevalence: float) -> Estimate:
        """The negative predictive value where this share of patients is positive, by Bayes' rule."""
        of_well, of_ill = self.specificity, Proportion(self.fn, self.tp + self.fn)
        return _posterior(1 - prevalence, _ratio(of_well, of_ill))

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(self.tp + other.tp, self.fn + other.fn, self.tn + other.tn, self.fp + other.fp)


def confusion(truth: ArrayLike, called: ArrayLike) -> Confusion:
    """Count calls against the truth; both 1-D of 0 and 1 (or booleans), of one length, else ValueError."""
    positive, yes = binary(truth), binary(called, "a call")
    if positive.shape != yes.shape:
        raise ValueError(f"every case has one call, got {len(positive)} cases and {len(yes)} calls")
    tp, fp = int(np.sum(positive & yes)), int(np.sum(~positive & yes))
    return Confusion(tp, int(positive.sum()) - tp, int((~positive).sum()) - fp, fp)


def pooled(parts: Iterable[Confusion]) -> Confusion:
    """All parts' counts in one table."""
    return sum(parts, Confusion(0, 0, 0, 0))


def _ratio(one: Proportion, other: Proportion) -> Estimate:
    """One proportion over another of independent cases: the likelihood ratio of a call, which no prevalence changes.

    The interval is put together from both Wilson intervals (Donner and Zou, Statistical Methods in Medical Research
    2012; 21: 347-359), so it stands where a cell is empty too; the other's 0 gives infinity.
    """
    p, q = one.value, other.value
    if math.isnan(p) or math.isnan(q):
        return NOTHING
    square = (p * q) ** 2
    down, up = one.low * (2 * p - one.low), one.high * (2 * p - one.high)
    below, above = other.high * (2 * q - other.high), other.low * (2 * q - other.low)
    # Theirs is (p q - root) / below; written so it holds where below is 0 as well. Only rounding makes a root negative.
    low = down / (p * q + math.sqrt(max(square - down * below, 0.0))) if p else 0.0
    high = (p * q + math.sqrt(max(square - up * above, 0.0))) / above if above > 0 else math.inf
    if q == 0:
        return Estimate(math.inf if p else math.nan, low, high)
    return Estimate(p / q, low, high)


def _posterior(before: float, ratio: Estimate) -> Estimate:
    """The probability after a call of this likelihood ratio, from that before it."""
    if not 0 < before < 1:
        raise ValueError(f"a prevalence lies between 0 and 1, got {before}")
    odds = before / (1 - before)

    def after(likelihood: float) -> float:
        return 1.0 if likelihood == math.inf else odds * likelihood / (1 + odds * likelihood)

    return Estimate(after(ratio.value), after(ratio.low), after(ratio.high))
