"""A library frozen into a snapshot and opened again: seconds for 3,000 scans, from what some of them take."""

from __future__ import annotations

import time
from pathlib import Path

from ml.snapshot import Snapshot
from tests.bench.rows import Row
from tests.workflows.read_library import make
from workstation.workflows import snapshot
from workstation.workflows.progress import finish

SCANS = 150
OF = 3_000
BAR = 120.0  # seconds for as many


def measure(scratch: Path) -> list[Row]:
    library = make(scratch / "to-freeze", SCANS)
    began, worked = time.perf_counter(), time.process_time()
    finish(snapshot.run(library, scratch / "frozen"))
    wall, processor = time.perf_counter() - began, time.process_time() - worked
    library.close()
    began = time.perf_counter()
    Snapshot.load(scratch / "frozen")
    opened = time.perf_counter() - began
    many = OF / SCANS
    note = f"{processor * many:.0f} s of processor time; from {SCANS} scans"
    return [
        Row(f"{OF:,} scans of a library frozen into a snapshot", wall * many, "s", BAR, note=note),
        Row("such a snapshot opened, every hash and cell checked", opened * many, "s", note=f"from {SCANS} scans"),
    ]
