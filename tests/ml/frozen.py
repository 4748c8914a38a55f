"""A small snapshot of made-up scans, for tests of whatever reads one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.snapshot import FrozenLesion, FrozenScan, Writer, to_runs

ROWS, COLUMNS = 24, 10


@dataclass(frozen=True, eq=False)
class Made:
    """What was put in. counts, bladders: per scan; masks: per lesion, scan by scan."""

    folder: Path
    scans: list[str]
    patients: list[str]
    counts: list[NDArray[np.uint16]]
    bladders: list[NDArray[np.bool_]]
    masks: list[NDArray[np.bool_]]


def make(folder: Path, patients: int = 12, folds: int = 3, sealed: tuple[str, ...] = (), seed: int = 0) -> Made:
    """Every third patient has a second scan; scan n has n % 3 lesions."""
    rng = np.random.default_rng(seed)
    made = Made(folder, [], [], [], [], [])
    strata = {f"P{number}": ("lung/metastatic", "breast/clear")[number % 2] for number in range(patients)}
    names = [(f"P{n}-{again}", f"P{n}") for n in range(patients) for again in range(2 if n % 3 == 0 else 1)]
    with Writer(folder) as writer:
        for number, (scan, patient) in enumerate(names):
            counts = rng.integers(0, 2**16, (2, ROWS, COLUMNS)).astype(np.uint16)
            bladder, *lesions = rng.random((1 + number % 3, 2, ROWS, COLUMNS)) < 0.3
            frozen = tuple(
                FrozenLesion(
                    {"scan": scan, "patient": patient, "lesion": str(each), "label": "benign", "tumour": "lung",
                     "region": "sternum", "side": "midline", "origin": "truth"},
                    to_runs(mask),
                )
                for each, mask in enumerate(lesions)
            )  # fmt: skip
            row = {"scan": scan, "patient": patient, "tumour": "lung", "sex": "F", "age": 60, "grade": 0}
            writer.add(FrozenScan(row, counts, to_runs(bladder), frozen))
            made.scans.append(scan)
            made.patients.append(patient)
            made.counts.append(counts)
            made.bladders.append(bladder)
            made.masks.extend(lesions)
        writer.add_text("cohort.json", "{}\n")
        writer.finish(strata, folds, seed, "truth", sealed)
    return made
