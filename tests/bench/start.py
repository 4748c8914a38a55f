"""From starting the process to both views painted, with a library of 12,222 patients open."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.rows import Row

# The child is the program as users start it; it only notes when both canvases have been painted, then leaves.
CHILD = """
import sys, time
from workstation.ui import canvas, main_window
painted = set()
inner = canvas.Canvas.paintEvent
def paint(self, event):
    inner(self, event)
    painted.add(self.panel)
    if len(painted) == 2:
        print(time.time(), flush=True)
        from PySide6.QtCore import QTimer
        from PySide6.QtWidgets import QApplication
        QTimer.singleShot(0, QApplication.instance().closeAllWindows)
canvas.Canvas.paintEvent = paint
from pathlib import Path
sys.exit(main_window.run(Path(sys.argv[1]), None, False))
"""

NAPARI_CHILD = """
import sys, time
import numpy as np, napari
pictures = np.load(sys.argv[1])
viewer = napari.Viewer()
for picture in pictures:
    viewer.add_image(picture)
from qtpy.QtCore import QTimer
def done():
    print(time.time(), flush=True)
    viewer.close()
QTimer.singleShot(0, done)
napari.run()
"""


def _seconds(command: list[str], environment: dict[str, str]) -> float:
    began = time.time()
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    lines = [line for line in answer.stdout.splitlines() if line.strip()]
    if not lines:
        raise RuntimeError(f"the window did not open: {answer.stderr[-2000:]}")
    return float(lines[-1]) - began


def measure(library: Path, home: Path, picture: Path, runs: int = 7) -> list[Row]:
    """The median of `runs` starts after a first one; the ratio to napari where NAPARI_PYTHON names its Python."""
    environment = {**os.environ, "OSTEOSCOPE_HOME": str(home)}
    command = [sys.executable, "-c", CHILD, str(library)]
    _seconds(command, environment)
    ours = statistics.median(_seconds(command, environment) for _ in range(runs))
    rows = [Row("second start to both views painted, 12,222 patients", ours, "s", 1.0, note=f"median of {runs}")]
    napari = os.environ.get("NAPARI_PYTHON")
    if napari:
        theirs_command = [napari, "-c", NAPARI_CHILD, str(picture)]
        _seconds(theirs_command, environment)
        theirs = statistics.median(_seconds(theirs_command, environment) for _ in range(3))
        rows.append(Row("napari with the same two pictures", theirs, "s", note="median of 3"))
        rows.append(Row("our start over napari's", ours / theirs, "x"))
    return rows
