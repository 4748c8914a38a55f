"""Who is sealed: a share of the patients, equally many of every stratum, kept for one final evaluation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def number_of(asked: str, patients: int) -> int | None:
    """How many of so many patients are meant by "40", "0.1" or "10%"; None for what is no number of patients.

    A share is rounded to the nearest whole patient, at least one.
    """
    text = asked.strip()
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        return None
    if text.endswith("%") or "." in text:
        return max(round(value * patients), 1) if 0 < value < 1 else None
    return int(value) if np.isfinite(value) and value >= 1 and value == int(value) else None


def drawn(strata: Mapping[str, str], number: int, seed: int = 0) -> tuple[str, ...]:
    """So many patients, sorted: of each stratum its share within one. strata: patient -> stratum.

    The patients are sorted, shuffled by `seed`, gathered by stratum, and taken at equal steps along that row, so the
    order given does not matter. Raises ValueError for fewer patients than asked for.
    """
    if not 0 <= number <= len(strata):
        raise ValueError(f"{number} of {len(strata)} patients cannot be sealed")
    if not number:
        return ()
    rng = np.random.default_rng(seed)
    ordered = sorted(strata)
    shuffled = [ordered[index] for index in rng.permutation(len(ordered))]
    row = sorted(shuffled, key=lambda patient: strata[patient])  # stable: shuffled within a stratum
    step = len(row) / number
    start = rng.random() * step
    return tuple(sorted(row[min(int(start + place * step), len(row) - 1)] for place in range(number)))
