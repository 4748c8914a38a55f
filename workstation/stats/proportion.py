"""A proportion with its counts and its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

Z = 1.959963984540054  # of a two-sided 95 % interval


@dataclass(frozen=True)
class Proportion:
    """count of total; value nan where total is 0. low, high: 95 % Wilson score interval, then nan as well.

    Wilson, JASA 1927; 22: 209-212. ValueError where the two are no counts.
    """

    count: float
    total: float

    def __post_init__(self) -> None:
        if not (0 <= self.count <= self.total < math.inf):
            raise ValueError(f"a proportion is a count of a total, got {self.count} of {self.total}")

    @property
    def value(self) -> float:
        return self.count / self.total if self.total else math.nan

    @property
    def low(self) -> float:
        return wilson(self.value, self.total)[0]

    @property
    def high(self) -> float:
        return wilson(self.value, self.total)[1]


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval; nan throughout where there is nothing to go by."""

    value: float
    low: float
    high: float


NOTHING = Estimate(math.nan, math.nan, math.nan)


def wilson(value: float, n: float) -> tuple[float, float]:
    """The 95 % Wilson score interval of a proportion seen in n cases; n need not be whole (an effective number)."""
    if not n > 0:
        return math.nan, math.nan
    square = Z * Z / n
    middle = (value + square / 2) / (1 + square)
    half = Z * math.sqrt(max(value * (1 - value), 0.0) / n + square / (4 * n)) / (1 + square)
    # Rounding alone would leave -1e-17 at 0 and 0.9999999 at 1.
    return (0.0 if value == 0 else middle - half), (1.0 if value == 1 else middle + half)
