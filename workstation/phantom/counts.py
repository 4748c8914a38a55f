"""How many lesions a patient has: the fitted laws of the papers, as exact tables."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy.special import gammaln

import resources
from workstation.phantom.sites import TABLE
from workstation.phantom.skeleton import Floats


def negative_binomial(mean: float, r: float, most: int, zero: bool) -> Floats:
    """Chances of 0..most, renormalised; without zero if asked."""
    k = np.arange(most + 1)
    ways = gammaln(k + r) - gammaln(r) - gammaln(k + 1)
    chances: Floats = np.exp(ways + r * np.log(r / (r + mean)) + k * np.log(mean / (r + mean)))
    if not zero:
        chances[0] = 0
    return chances / chances.sum()


def _mean_before_zeros(wanted: float, r: float, most: int) -> float:
    """The mean parameter whose zero-truncated law has the wanted mean."""
    numbers = np.arange(most + 1)
    low, high = 1e-3, 60.0
    while high - low > 1e-10:
        middle = (low + high) / 2
        if negative_binomial(middle, r, most, False) @ numbers < wanted:
            low = middle
        else:
            high = middle
    return low


@cache
def numbers(law: str, tumour: str, metastatic: bool) -> Floats:
    """Chances of (malignant, benign) lesions in a patient: (most_malignant + 1, most_benign + 1), summing to 1.

    law: a key of `law` in the table: "lesions", "patients" or "burden".
    """
    table = resources.table(TABLE)["counts"]
    own: dict[str, Any] = resources.table(TABLE)["law"][law]
    most, few = int(table["most_malignant"]), int(table["most_benign"])
    more = float(table["benign"][tumour])
    out = np.zeros((most + 1, few + 1))
    if not metastatic:
        r = float(table["benign_only"]["r"])
        wanted = more * float(negative_binomial(**table["benign_only"], most=few, zero=False) @ np.arange(few + 1))
        benign = negative_binomial(_mean_before_zeros(wanted, r, few), r, few, False)
        out[0] = (1 - own["none"]) * benign
        out[0, 0] += own["none"]
    else:
        r = float(own.get("malignant_r", table["malignant_r"]))
        wanted = float(own.get("malignant_mean", table["malignant_mean"][tumour]))
        malignant = negative_binomial(_mean_before_zeros(wanted, r, most), r, most, False)
        beside = table["beside_malignant"]
        out = np.outer(malignant, negative_binomial(more * beside["mean"], beside["r"], few, True))
    out.flags.writeable = False  # shared by all callers
    return out


def kept() -> float:
    """The chance that a malignant lesion of today was already there in a prior scan; benign ones all were."""
    return float(resources.table(TABLE)["counts"]["kept"])
