"""kill -9 at any moment of work at the window: nothing that showed as done is lost, and undo is still whole."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.made_scans import make_library
from workstation.core.edits import Step
from workstation.core.lesion import ReadingKey
from workstation.store.library import Library

ROOT = Path(__file__).resolve().parents[2]
SCANS = ("S000", "S001", "S002")

# A person who draws, labels, grades, reshapes, undoes, redoes and goes to other cases; after every key it tells how
# the reading on screen stands, and how many rows the history has.
WORK = """
import json, random, sys
from pathlib import Path
import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from tests.made_scans import SHAPE
from workstation.app.workbench import Workbench
from workstation.core.lesion import Origin, Roi
from workstation.core.scan import View
from workstation.ui import theme
from workstation.ui.main_window import MainWindow

application = QApplication([])
workbench = Workbench(Path(sys.argv[1]))
workbench.sign_in("anna")
theme.apply(application, "dark")
window = MainWindow(workbench)
assert workbench.open_library(Path(sys.argv[2]))
window.show()
window.activateWindow()
page, draw, key = window.read_page, random.Random(int(sys.argv[3])), Qt.Key
window.read("S000")
page.reading.set_worklist(["S000", "S001", "S002"])
shift, control = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
keys = [
    (key.Key_1,), (key.Key_2,), (key.Key_3,), (key.Key_2, Qt.KeyboardModifier.AltModifier), (key.Key_A,), (key.Key_Z,),
    (key.Key_A, shift), (key.Key_Delete,), (key.Key_D,), (key.Key_E, shift), (key.Key_Tab,),
    (key.Key_Z, control), (key.Key_Z, control), (key.Key_Z, control | shift), (key.Key_PageDown,), (key.Key_PageUp,),
]
while True:
    if draw.random() < 0.4:
        mask = np.zeros(SHAPE, bool)
        row, column, size = (draw.randrange(*of) for of in ((250, 500), (80, 170), (1, 9)))
        mask[row : row + size, column : column + size] = True
        page.tools.drafting.take(draw.choice(list(View)), Roi.from_mask(mask), Origin.HAND, False)
    else:
        QTest.keyClick(page, *draw.choice(keys))
    QApplication.processEvents()
    with workbench.library._connections.reading() as connection:
        rows, head = connection.execute("SELECT seq, hash FROM history ORDER BY seq DESC LIMIT 1").fetchone()
    session = page.editor.session
    lesions = [lesion.to_json() for lesion in session.reading.lesions.values()]
    stands = [session.reading.key.scan, lesions, session.reading.verdict.to_json()]
    print(json.dumps([rows, head, *stands, len(session.done), len(session.undone)]), flush=True)
"""


def stands(library: Library, scan: str) -> list[object]:
    session = library.session(ReadingKey(scan, "anna"))
    lesions = [lesion.to_json() for lesion in session.reading.lesions.values()]
    told = [lesions, session.reading.verdict.to_json(), len(session.done), len(session.undone)]
    read: list[object] = json.loads(json.dumps(told))
    return read


def undo_all_and_come_back(library: Library, scan: str) -> None:
    """Undo leads back to an unread scan and redo to where one was."""
    key = ReadingKey(scan, "anna")
    reading, steps = library.session(key).reading, len(library.session(key).done)
    for _ in range(steps):
        library.append(key, Step("undo", library.session(key).done[-1]), "anna")
    empty = library.session(key)
    assert not empty.done and not empty.reading.lesions and empty.reading.verdict == type(empty.reading.verdict)()
    for _ in range(steps):
        library.append(key, Step("redo", library.session(key).undone[-1]), "anna")
    assert library.session(key).reading == reading


def work_and_kill(home: Path, folder: Path, seed: int) -> None:
    before = Library.open(folder)
    known, begun = {scan: stands(before, scan) for scan in SCANS}, before.verify().rows
    before.close()
    process = subprocess.Popen(
        [sys.executable, "-c", WORK, str(home), str(folder), str(seed)],
        stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(random.Random(seed).uniform(0, 1.5))
    process.kill()
    rest = process.stdout.read()
    process.wait()
    process.stdout.close()
    assert first.endswith(b"\n")
    rows, head = begun, None
    for line in (first + rest).splitlines(keepends=True):
        if line.endswith(b"\n"):
            rows, head, scan, lesions, verdict, done, undone = json.loads(line)
            known[scan] = [lesions, verdict, done, undone]

    library = Library.open(folder)
    found = library.verify(head)
    assert found.problems == () and not library.read_only
    assert found.rows - rows in (0, 1), "at most the one step under way came in beyond what was answered"
    moved = [scan for scan in SCANS if stands(library, scan) != known[scan]]
    assert len(moved) <= found.rows - rows
    for scan in SCANS:
        undo_all_and_come_back(library, scan)
    assert library.verify().problems == ()
    library.close()


@pytest.mark.parametrize("times", [1, pytest.param(100, marks=pytest.mark.soak)])
def test_killed_while_working_at_the_window(tmp_path: Path, times: int) -> None:
    folder = make_library(tmp_path / "library", len(SCANS))
    for seed in range(times):
        work_and_kill(tmp_path / "home", folder, seed)
