"""Two-view studies into a research library: decoded, de-identified, hashed, thumbnailed, durable."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import numpy as np

from tests.bench.rows import Row
from workstation.dicom.write import STYLES, NmStudy, write_nm
from workstation.store.library import Library
from workstation.workflows import import_scans
from workstation.workflows.progress import finish

STUDIES = 600


def write_studies(folder: Path, count: int = STUDIES) -> None:
    """`count` different two-view objects of 1024 x 256 with Poisson counts, all of one ordinary header style."""
    random = np.random.default_rng(3)
    rows, columns = np.mgrid[:1024, :256]
    body = 30.0 * ((columns - 128) ** 2 / 75**2 + (rows - 500) ** 2 / 420**2 < 1)
    for number in range(count):
        views = [random.poisson(body).astype(np.uint16) for _ in range(2)]
        patient = f"BENCH{number:05d}"
        study = NmStudy(f"bench-{number}", views[0], views[1], patient, "", "M", datetime(2020, 1, 1, 9))
        write_nm(folder / f"{number:04d}", study, STYLES[0])


def measure(scratch: Path) -> list[Row]:
    source = scratch / "studies"
    write_studies(source)
    library = Library.create(scratch / "imported")
    began = time.perf_counter()
    result = finish(import_scans.run([source], library))
    seconds = time.perf_counter() - began
    library.close()
    if result.scans != STUDIES:
        raise RuntimeError(f"{result.scans} of {STUDIES} studies came in: {result.refused[:3]}")
    return [Row(f"import of {STUDIES} two-view studies", STUDIES / seconds, "/s", 60, at_least=True)]
