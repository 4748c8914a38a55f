"""A library read by hand: small enough to count on one's fingers, with one scan for every fate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from workstation.core import edits
from workstation.core.edits import Step
from workstation.core.lesion import Label, Lesion, Origin, Progress, ReadingKey, Roi
from workstation.core.scan import Frame, How, View
from workstation.store.library import Library
from workstation.store.values import NewScan

SHAPE = (1024, 256)
SPOT = (300, 100)  # row and column of the first pixel of every lesion


def scan(
    name: str, patient: str, shape: tuple[int, int] = SHAPE, views: tuple[View, ...] = tuple(View), **fields: object
) -> NewScan:
    """Counts follow from the name; blocks of one value keep the file small and are quick to make."""
    rng = np.random.default_rng(list(name.encode()))
    counts = {view: np.kron(rng.integers(1, 200, (8, 4)), np.ones((shape[0] // 8, shape[1] // 4))) for view in views}
    spacing = fields.pop("spacing", (2.4, 2.4))
    frames = {
        view: Frame(counts[view].astype(np.uint16), view, How.VIEW_CODE, number, spacing)  # type: ignore[arg-type]
        for number, view in enumerate(views, start=1)
    }
    given = {"day": "2024-03-05", "tumour": "lung", "sex": "F", "age": 61.0, **fields}
    return NewScan(name, patient, frames, **given)  # type: ignore[arg-type]


def lesion(name: str, label: Label | None, origin: Origin = Origin.HAND, **fields: object) -> Lesion:
    """A square of 4 x 4 pixels in both views, one more to the right in the posterior one."""
    place = {View.ANTERIOR: Roi(*SPOT, 4, 4, b"\xff\xff"), View.POSTERIOR: Roi(SPOT[0], SPOT[1] + 1, 4, 4, b"\xff\xff")}
    made = Lesion(name, place, label, region="rib", side="left", roi_origin=origin, label_origin=origin)
    return replace(made, **fields)  # type: ignore[arg-type]


def read(
    library: Library, name: str, *lesions: Lesion, reader: str = "anna", grade: int | None = 1, done: bool = True
) -> None:
    key = ReadingKey(name, reader)
    if lesions:
        library.append(key, Step("edit", edits.add("Add lesions", *lesions)), reader)
    said = {"grade": grade, "progress": Progress.DONE if done else Progress.IN_PROGRESS}
    library.append(key, Step("edit", edits.judge("Judge", library.session(key).reading.verdict, **said)), reader)


def make(folder: Path, patients: int = 12, kind: str = "research") -> Library:
    """Patients P00, P01, ...: every second one with a malignant lesion and grade 3, by turns of lung and breast."""
    library = Library.create(folder, kind)
    names = [f"P{number:02d}" for number in range(patients)]
    library.add_scans(
        [scan(f"S-{name}", name, tumour=("lung", "breast")[number // 2 % 2]) for number, name in enumerate(names)]
    )
    for number, name in enumerate(names):
        malignant = number % 2 == 0
        read(library, f"S-{name}", lesion("L1", Label.MALIGNANT if malignant else Label.BENIGN), grade=3 * malignant)
    return library
