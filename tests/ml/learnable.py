"""A small snapshot with something to learn: metastases are large and hot, in the middle; benign lesions small, aside.

64 rows x 32 columns, two views mirrored; patients of two tumours, half of them with metastases.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ml.config import Config
from ml.config import make as make_config
from ml.snapshot import FrozenLesion, FrozenScan, Snapshot, Writer, to_runs

ROWS, COLUMNS = 64, 32
TINY = (
    "width=0.0625", "rows=64", "columns=64", "batch=4", "epochs=2", "deterministic=yes", "inner=0.2",
    "rotation=0", "scaling=0", "gain=0",  # what is learnt here is where things are, and how large and hot
)  # fmt: skip


def config(*changes: str, preset: str = "small-a") -> Config:
    """The settings of a network of a few thousand parameters for these pictures."""
    return make_config(preset, [*TINY, *changes])


def make(
    folder: Path,
    patients: int = 20,
    sealed: tuple[str, ...] = (),
    flipped: frozenset[str] = frozenset(),
    origin: str = "hand",
    folds: int = 2,
    bare: frozenset[str] = frozenset(),
) -> Snapshot:
    """flipped: patients whose lesions are labelled the other way round. Pictures do not depend on labels.

    bare: patients without a lesion.
    """
    rng = np.random.default_rng(5)
    row, column = np.ogrid[:ROWS, :COLUMNS]
    body = 40.0 * ((np.abs(column - 15.5) < 9) & (row > 4) & (row < 60))
    strata = {}
    with Writer(folder) as writer:
        for number in range(patients):
            patient = f"P{number:02}"
            metastatic = number % 2 == 0
            strata[patient] = f"{('lung', 'breast')[number // 2 % 2]}/{'metastatic' if metastatic else 'clear'}"
            mean = np.stack([body, body]).copy()
            bladder = np.zeros(mean.shape, bool)
            bladder[:, 34:38, 14:18] = True
            mean[bladder] += 150
            frozen = []
            for lesion in range(0 if patient in bare else 2):
                mask = np.zeros(mean.shape, bool)
                down = int(rng.integers(8, 28)) + 26 * lesion
                if metastatic:
                    mask[:, down : down + 4, 14:18] = True
                else:
                    mask[0, down : down + 2, 9:11] = True
                    mask[1, down : down + 2, COLUMNS - 11 : COLUMNS - 9] = True
                mean[mask] += 90 if metastatic else 50
                malignant = metastatic != (patient in flipped)
                cells = {
                    "scan": f"S{number:02}", "patient": patient, "lesion": str(lesion + 1), "tumour": "lung",
                    "label": "malignant" if malignant else "benign", "region": "sternum", "side": "midline",
                    "origin": origin, "site6": (("spine", "femur")[number // 2 % 2], "rib")[lesion], "visible": "1",
                }  # fmt: skip
                frozen.append(FrozenLesion(cells, to_runs(mask)))
            counts = rng.poisson(mean).astype(np.uint16)
            told = {"scan": f"S{number:02}", "patient": patient, "tumour": "lung", "sex": "F", "age": 60}
            writer.add(FrozenScan(told, counts, to_runs(bladder), tuple(frozen)))
        writer.finish(strata, folds, 0, "hand", sealed)
    return Snapshot.load(folder)
