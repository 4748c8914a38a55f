"""What a snapshot holds, for whoever is about to learn from it: counted out of its manifest and its tables.

Hashes of the large files are not checked here: that takes a second for 1,000 scans, and the training does it.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import ml.snapshot
from workstation.workflows.errors import CallError

NEEDED = ("pictures.npy", "masks.npz", "scans.csv", "lesions.csv")
INNER = 0.1  # of a training fold's patients, by ml/presets.toml


@dataclass(frozen=True)
class SnapshotSeen:
    """folds: patients in each. metastatic: patients with metastases. lesions: visible ones, by label.

    simulated: whether any of its labels or scans are. hash: names the data.
    """

    folder: Path
    scans: int
    patients: int
    metastatic: int
    malignant: int
    benign: int
    uncertain: int
    folds: tuple[int, ...]
    sealed: int
    train_only: int
    simulated: bool
    hash: str

    def learnt(self, fold: int | None) -> float:
        """Patients learnt from, about, when this fold is tested; None: over all folds, one after the other."""
        if fold is None:
            return sum(self.learnt(number) for number in range(len(self.folds)))
        tested = self.folds[fold] if 0 <= fold < len(self.folds) else 0
        return (sum(self.folds) - tested) * (1 - INNER) + self.train_only


def seen(folder: Path) -> SnapshotSeen:
    """Raises CallError, in words, for a folder that is no snapshot or a damaged one."""
    try:
        manifest = ml.snapshot.read_manifest(folder)
    except ml.snapshot.SnapshotError as error:
        raise CallError(str(error)) from error
    if lacking := [name for name in NEEDED if not (folder / name).is_file()]:
        raise CallError(f"{folder.name} lacks {', '.join(lacking)}. Copy the snapshot anew, or make it again.")
    labels = _labels(folder / "lesions.csv")
    there = set(manifest.patients)
    dealt = Counter(manifest.folds.values())
    return SnapshotSeen(
        folder, len(manifest.scans), len(there),
        sum(stratum.endswith("/metastatic") for stratum in manifest.strata.values()),
        labels["malignant"], labels["benign"], labels["uncertain"],
        tuple(dealt[fold] for fold in sorted(dealt)), len(there & set(manifest.sealed)), len(manifest.train_only),
        manifest.simulated, manifest.hash,
    )  # fmt: skip


def _labels(file: Path) -> Counter[str]:
    """The labels of the lesions that count in tables."""
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            rows = csv.DictReader(stream, strict=True)
            if not {"label", "patient"} <= set(rows.fieldnames or ()):
                raise CallError(f"{file.name} has no column of labels. Make the snapshot again.")
            return Counter(row["label"] for row in rows if row.get("visible") != "0")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CallError(f"{file.name} of the snapshot cannot be read: {error}.") from error
