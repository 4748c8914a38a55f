"""What the functions here take, checked in one place: truth of two classes, finite scores, one cluster a case."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Booleans = NDArray[np.bool_]
Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]


def binary(values: ArrayLike, what: str = "the truth") -> Booleans:
    """1-D values of 0 and 1, or booleans, as booleans; ValueError otherwise."""
    given = np.asarray(values)
    if given.ndim != 1:
        raise ValueError(f"{what} is given in one row, got the shape {given.shape}")
    if given.dtype != bool and not (np.issubdtype(given.dtype, np.number) and np.all((given == 0) | (given == 1))):
        if given.size:
            raise ValueError(f"{what} is 0 or 1")
        given = np.zeros(0)
    return given.astype(bool)


def scores(values: ArrayLike, n: int) -> Floats:
    """n scores without nan (infinite ones have an order too), as floats; ValueError otherwise."""
    given = np.asarray(values, float)
    if given.shape != (n,):
        raise ValueError(f"every case has one score, got {n} cases and scores of the shape {given.shape}")
    if np.isnan(given).any():
        raise ValueError(f"{int(np.isnan(given).sum())} of {n} scores are no numbers")
    return given


def probabilities(values: ArrayLike, n: int) -> Floats:
    """n numbers from 0 to 1; ValueError otherwise."""
    given = scores(values, n)
    if given.size and (given.min() < 0 or given.max() > 1):
        raise ValueError(f"probabilities lie between 0 and 1, got {given.min()} to {given.max()}")
    return given


def numbered(clusters: ArrayLike, n: int) -> tuple[Numbers, int]:
    """Each case's cluster (its patient) as a number from 0, and how many there are; ValueError for unequal lengths."""
    given = np.asarray(clusters)
    if given.shape != (n,):
        raise ValueError(f"every case has one cluster, got {n} cases and clusters of the shape {given.shape}")
    names, number = np.unique(given, return_inverse=True)
    return np.asarray(number, np.intp), len(names)
