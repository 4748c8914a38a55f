"""Which patients are held out together."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

import numpy as np

P = TypeVar("P", bound=Hashable)


def assign_folds(patients: Sequence[P], strata: Sequence[Hashable], folds: int = 5, seed: int = 0) -> dict[P, int]:
    """The fold, from 0, of every patient; a patient is in one fold, so that nobody is both learnt from and tested on.

    patients: unique; strata: the stratum of each, such as "prostate/metastatic". The folds hold equally many of every
    stratum within 1, and equally many in all within 1: patients are sorted, shuffled by `seed`, gathered by stratum
    and dealt like cards, the deal going on from stratum to stratum. So the order given does not matter.
    Raises ValueError if the two differ in length, a patient comes twice, or there is no fold.
    """
    if len(patients) != len(strata):
        raise ValueError(f"{len(patients)} patients but {len(strata)} strata: one stratum for each patient is needed")
    if folds < 1:
        raise ValueError(f"at least one fold is needed, got {folds}")
    stratum = dict(zip(patients, strata, strict=True))
    if len(stratum) != len(patients):
        raise ValueError("a patient comes twice; every patient is in one fold")
    ordered = sorted(stratum)  # type: ignore[type-var]  # names are strings, but any that sort will do
    shuffled = [ordered[index] for index in np.random.default_rng(seed).permutation(len(ordered))]
    gathered: dict[Hashable, list[P]] = {}
    for patient in shuffled:
        gathered.setdefault(stratum[patient], []).append(patient)
    dealt = (patient for members in gathered.values() for patient in members)
    return {patient: card % folds for card, patient in enumerate(dealt)}
