"""An anterior picture with the places a nuclear physician would name in it: of the real scan or of a simulated one."""

from __future__ import annotations

import importlib
import pkgutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import workstation.phantom
from tests.simulator.places import PLACES, Place, posed
from workstation.phantom.acquisition import ROWS
from workstation.phantom.camera import CAMERAS
from workstation.phantom.cohorts import COHORTS
from workstation.phantom.patient import SimulatedScan, simulate

REAL_COUNTS = 3_596_452
REAL_SPACING_MM = 2.26
REAL_SPEED = 10.0  # cm/min
WINDOW_PERCENT = 20.0
DRAW = "draw_acquisition"
# The real scan's acquired window, rows and columns: the rest of its frame is empty.
REAL_ROWS, REAL_COLUMNS = (46, 887), (13, 243)


@dataclass(frozen=True, eq=False)
class Subject:
    """counts: anterior picture (rows, columns). places: name -> (row, column), fractional. name: whose it is.

    field: first and last row, first and last column that were acquired (half open).
    """

    name: str
    counts: NDArray[np.float64]
    spacing_mm: float
    places: dict[str, tuple[float, float]]
    field: tuple[int, int, int, int]

    def acquired(self) -> NDArray[np.float64]:
        top, bottom, left, right = self.field
        return self.counts[top:bottom, left:right]


@cache
def real() -> Subject:
    """The one real whole-body scan that may be redistributed: anterior, GE Millennium MG, 2.26 mm, 10 cm/min."""
    import pydicom
    from pydicom.data import get_testdata_file

    counts = pydicom.dcmread(str(get_testdata_file("JPEG-LL.dcm"))).pixel_array.astype(float)
    places = {name: place.real for name, place in PLACES.items()}
    return Subject("real", counts, REAL_SPACING_MM, places, (*REAL_ROWS, *REAL_COLUMNS))


def of_scan(scan: SimulatedScan) -> Subject:
    """The anterior view of a simulated scan; its places are where its own bones were posed."""
    grid, field = scan.acquisition.grid, scan.acquisition.field
    places = {}
    for name, (x, y) in posed(scan.body).items():
        places[name] = ((y - grid.top_mm) / grid.spacing_mm, (x - grid.left_mm) / grid.spacing_mm)
    window = (field.top, field.bottom, field.left, field.right)
    return Subject(scan.scan, scan.counts[0].astype(float), grid.spacing_mm, places, window)


@contextmanager
def acquired_like_the_real_scan(spread: float = 0.0) -> Iterator[None]:
    """Within, every simulated scan is taken with the real scan's camera, speed and total counts.

    spread: sigma of the logarithm of the counts. Only the acquisition is replaced; body, tracer and lesions stay.
    """
    replaced: list[tuple[Any, Callable[..., Any]]] = []

    def like(draw: Callable[..., Any]) -> Callable[..., Any]:
        def drawn(*arguments: Any, **named: Any) -> Any:
            acquisition = draw(*arguments, **named)
            chance = np.random.default_rng(zlib.crc32(repr(acquisition.counts).encode())).normal()
            factor = float(np.exp(np.clip(chance * spread, -0.35, 0.22)))
            camera = next(each for each in CAMERAS if each.make == "GE")
            finer = acquisition.camera.spacing_mm / camera.spacing_mm
            rows = tuple(min(round(row * finer), ROWS) for row in acquisition.rows)
            return replace(
                acquisition,
                camera=camera,
                speed=REAL_SPEED,
                counts=REAL_COUNTS * factor,
                rows=rows,
                window_percent=WINDOW_PERCENT,
            )

        return drawn

    for found in pkgutil.iter_modules(workstation.phantom.__path__):
        module = importlib.import_module(f"workstation.phantom.{found.name}")
        if hasattr(module, DRAW):
            replaced.append((module, getattr(module, DRAW)))
    for module, draw in replaced:
        setattr(module, DRAW, like(draw))
    try:
        yield
    finally:
        for module, draw in replaced:
            setattr(module, DRAW, draw)


def simulated(cohort: str, seed: int, numbers: range, spread: float = 0.0) -> list[Subject]:
    """Patients of a cohort, each as the real scan was acquired."""
    with acquired_like_the_real_scan(spread):
        return [of_scan(simulate(COHORTS[cohort], seed, number)[-1]) for number in numbers]


__all__ = ["PLACES", "Place", "Subject", "acquired_like_the_real_scan", "of_scan", "real", "simulated"]
