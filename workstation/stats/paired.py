"""Two readers or networks on the same independent cases: McNemar's exact test and the difference with its interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from workstation.stats.agreement import mcnemar_exact
from workstation.stats.proportion import Z
from workstation.stats.truth import binary


@dataclass(frozen=True)
class PairedDifference:
    """How much oftener the first is right than the second, of n cases. b, c: right by the first only, second only.

    low, high: Tango's 95 % score interval, which leaves out 0 where McNemar's test without correction finds a
    difference. p: McNemar's exact.
    """

    difference: float
    low: float
    high: float
    b: int
    c: int
    n: int
    p: float
    test: str = "exact McNemar"


def paired_difference(a: ArrayLike, b: ArrayLike) -> PairedDifference:
    """Compare who is right oftener, case by case. a, b: (n,) of 0 and 1, whether each is right, in one order."""
    one, other = binary(a, "a case's being right"), binary(b, "a case's being right")
    if one.shape != other.shape:
        raise ValueError(f"both are told of the same cases, got {len(one)} and {len(other)}")
    return from_counts(int(np.sum(one & ~other)), int(np.sum(other & ~one)), len(one))


def from_counts(b: int, c: int, n: int) -> PairedDifference:
    """The same from the counts of discordant pairs b, c of n; n 0 gives nan. ValueError for what is no such count."""
    if n < b + c:
        raise ValueError(f"{b} and {c} discordant pairs are more than {n} cases")
    exact = mcnemar_exact(b, c)
    if n == 0:
        return PairedDifference(math.nan, math.nan, math.nan, 0, 0, 0, exact.p)
    low, high = tango(b, c, n)
    return PairedDifference((b - c) / n, low, high, exact.b, exact.c, n, exact.p)


def tango(b: int, c: int, n: int) -> tuple[float, float]:
    """Tango's 95 % score interval of (b - c) / n, Statistics in Medicine 1998; 17: 891-908."""

    def score(d: float) -> float:
        """How many standard errors the data lie above a true difference d."""
        linear = -b - c + (2 * n - b + c) * d
        root = math.sqrt(max(linear**2 + 8 * n * c * d * (1 - d), 0.0))
        by_second_only = (root - linear) / (4 * n)
        variance = n * (2 * by_second_only + d * (1 - d))
        distance = b - c - n * d
        if variance <= 0:
            return math.copysign(math.inf, distance) if distance else 0.0
        return distance / math.sqrt(variance)

    value = (b - c) / n
    return _crossing(lambda d: score(d) - Z, -1.0, value), _crossing(lambda d: score(d) + Z, value, 1.0)


def _crossing(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function passes 0, by halving; the border where it passes nowhere between."""
    for _ in range(60):
        middle = (low + high) / 2
        if falling(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
