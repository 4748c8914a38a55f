"""Random streams of a cohort, one for each use and patient.

A stream follows from cohort, seed and key alone; so a patient is the same whatever else is simulated, in whichever
process, in whichever order.
"""

from __future__ import annotations

import zlib

import numpy as np


def stream(cohort: str, seed: int, *key: int | str) -> np.random.Generator:
    """The stream of a cohort and seed that belongs to a key."""
    words = [zlib.crc32(each.encode()) if isinstance(each, str) else each for each in (cohort, *key)]
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=words))
