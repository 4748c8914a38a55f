"""Scans made of numbers, for tests that need pictures but no anatomy: a body, a spine, hot spots, Poisson noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from workstation.core.scan import Frame, How, View
from workstation.store.library import Library
from workstation.store.values import NewScan

SHAPE = (1024, 256)
HOT = (400, 160)  # row, column of a hot spot in the anterior view; mirrored in the posterior one


def counts(seed: int, view: View) -> np.ndarray:
    """Expected counts of a crude body with one hot spot, with Poisson noise; (1024, 256) uint16."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    body = 20.0 * ((columns - 127.5) ** 2 / 70**2 + (rows - 480) ** 2 / 400**2 < 1)
    spine = 40.0 * ((abs(columns - 127.5) < 9) & (rows > 180) & (rows < 560))
    column = HOT[1] if view is View.ANTERIOR else SHAPE[1] - 1 - HOT[1]
    hot = 200.0 * np.exp(-((rows - HOT[0]) ** 2 + (columns - column) ** 2) / (2 * 5.0**2))
    bladder = 250.0 * np.exp(-((rows - 620) ** 2 + (columns - 127.5) ** 2) / (2 * 12.0**2))
    expected = body + spine + hot + bladder
    return np.random.default_rng([seed, view is View.ANTERIOR]).poisson(expected).astype(np.uint16)


def new_scan(number: int, how: How = How.VIEW_CODE, views: tuple[View, ...] = tuple(View)) -> NewScan:
    """Scan S<number>: two scans a patient, the second half a year later."""
    frames = {
        view: Frame(counts(number, view), view, how, place, (2.26, 2.26)) for place, view in enumerate(views, 1)
    }
    return NewScan(
        f"S{number:03d}",
        f"P{number // 2:03d}",
        frames,
        day=f"2020-0{1 + 6 * (number % 2)}-10",
        tumour=("lung", "prostate", "breast")[number // 2 % 3],
        sex="FM"[number // 2 % 2],
        age=60.0 + number,
        facts={"simulated": True},
    )


def make_library(folder: Path, scans: int = 4) -> Path:
    """A closed library of `scans` scans; its folder."""
    library = Library.create(folder)
    library.add_scans([new_scan(number) for number in range(scans)])
    library.close()
    return folder
