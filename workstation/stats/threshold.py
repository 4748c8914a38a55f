"""A threshold chosen on inner validation patients; the papers' is 0.5, and a table names any other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from workstation.stats.roc import roc_curve


@dataclass(frozen=True)
class Threshold:
    """Positive is what scores at least `value`; sensitivity and specificity on the cases it was chosen on."""

    value: float
    sensitivity: float
    specificity: float


def youden(truth: ArrayLike, score: ArrayLike) -> Threshold:
    """The threshold with the largest sum of sensitivity and specificity (Youden, Cancer 1950; 3: 32-35).

    It stands halfway to the next lower score, so that no score that was seen lies on it; of equally good ones, that
    with sensitivity and specificity nearest each other. ValueError where there is one class only.
    """
    curve = roc_curve(truth, score)
    true, false = curve.true_positive_rate, curve.false_positive_rate
    gain = true - false
    best = np.flatnonzero(gain >= gain.max() - 1e-12)
    at = int(best[np.argmin(np.abs(true[best] - (1 - false[best])))])
    value = float(curve.threshold[at])
    if at + 1 < len(true) and np.isfinite(curve.threshold[at : at + 2]).all():
        below = float(curve.threshold[at + 1])
        # Two neighbouring floats have no middle.
        value = below + (value - below) / 2 if below + (value - below) / 2 > below else value
    return Threshold(value, float(true[at]), float(1 - false[at]))
