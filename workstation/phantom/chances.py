"""How often something happens and how large it is: reading and drawing the figures of a settings table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workstation.phantom.pose import Sex
from workstation.phantom.skeleton import Floats

Row = Mapping[str, Any]


def chance(row: Row, sex: Sex, age: float, tumour: str) -> float:
    """How likely a row of `pitfalls.toml` is for this patient.

    chance: one number, or one per age of `ages` (years) with straight lines between; sex, tumour: those who can have
    it at all, absent for everyone.
    """
    if row.get("sex", sex) != sex or row.get("tumour", tumour) != tumour:
        return 0.0
    value = row["chance"]
    return float(np.interp(age, row["ages"], value)) if isinstance(value, list) else float(value)


def between(rng: np.random.Generator, ends: Sequence[float]) -> float:
    """Any number of a range, all equally likely."""
    return float(rng.uniform(ends[0], ends[1]))


def several(rng: np.random.Generator, ends: Sequence[float], count: int) -> Floats:
    """`count` numbers of a range, (count,)."""
    return rng.uniform(float(ends[0]), float(ends[1]), count)


def times(rng: np.random.Generator, ends: Sequence[float]) -> float:
    """Any factor of a range, every doubling equally likely."""
    return float(np.exp(rng.uniform(np.log(ends[0]), np.log(ends[1]))))


def number(rng: np.random.Generator, ends: Sequence[int]) -> int:
    """A count from the first to the last of a range; each further one is half as likely as the one before."""
    weights = 0.5 ** np.arange(ends[1] - ends[0] + 1)
    return int(ends[0] + rng.choice(len(weights), p=weights / weights.sum()))


def side(rng: np.random.Generator, left: float = 0.5) -> int:
    """+1 left or -1 right."""
    return 1 if rng.uniform() < left else -1
