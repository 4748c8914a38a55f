"""`make bench`: all bars in one table. Parts: `python -m tests.bench start interaction import ... scale`."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.bench import annotator, freezing, importing, interaction, rows, scale, simulating, start
from tests.bench.rows import Row
from tests.made_scans import new_scan
from workstation.core.scan import View
from workstation.store.library import Library
from workstation.store.values import NewScan

PATIENTS = 12_222
WITH_PIXELS = 40


def big_library(folder: Path) -> Path:
    """12,222 patients, headers only but for the last one, which is the one the window opens on."""
    library = Library.create(folder)
    model = new_scan(0)
    batch = []
    for number in range(PATIENTS - 1):
        batch.append(
            NewScan(
                f"H{number:05d}", f"Q{number:05d}", model.frames, day=f"20{number % 24:02d}-03-{1 + number % 28:02d}",
                tumour=("lung", "prostate", "breast", "other")[number % 4], sex="MF"[number % 2], age=40 + number % 50,
            )
        )  # fmt: skip
        if len(batch) == 500:
            library.add_scans(batch, headers_only=True)
            batch.clear()
    library.add_scans(batch, headers_only=True)
    library.add_scans([model])
    library.close()
    return folder


def small_library(folder: Path) -> Path:
    """Scans with pixels, to step through."""
    library = Library.create(folder)
    for number in range(0, WITH_PIXELS, 8):
        library.add_scans([new_scan(n) for n in range(number, number + 8)])
    library.close()
    return folder


def main(parts: list[str]) -> int:
    wanted = parts or ["start", "interaction", "import", "simulate", "freeze", "annotator", "scale"]
    measured: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        os.environ["OSTEOSCOPE_HOME"] = str(scratch / "home")
        if "start" in wanted:
            picture = scratch / "pictures.npy"
            np.save(picture, np.stack([new_scan(0).frames[view].counts for view in View]))
            home = scratch / "start-home"
            home.mkdir()
            (home / "settings.json").write_text('{"last_scan": "S000"}')
            measured += start.measure(big_library(scratch / "big"), home, picture)
        if "interaction" in wanted:
            measured += interaction.measure(small_library(scratch / "small"), scratch / "interaction-home")
        if "import" in wanted:
            measured += importing.measure(scratch)
        if "simulate" in wanted:
            measured += simulating.measure(scratch)
        if "freeze" in wanted:
            measured += freezing.measure(scratch)
        if "annotator" in wanted:
            measured += annotator.measure(scratch)
        if "scale" in wanted:
            measured += scale.measure(scratch)
    if parts:
        print(rows.table(measured))
    else:
        rows.publish(measured)
    return 0 if all(row.ok is not False for row in measured) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
