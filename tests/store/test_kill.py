"""A writer killed at any moment: the library opens, verifies, and lacks at most what was not answered yet."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workstation.core.lesion import ReadingKey
from workstation.store.library import Library

ROOT = Path(__file__).resolve().parents[2]
KEY = ReadingKey("S1", "anna")

DRAW = """
import random, sys
from pathlib import Path
import numpy as np
from workstation.core import edits
from workstation.core.edits import Step
from workstation.core.lesion import Lesion, ReadingKey, Roi
from workstation.core.scan import View
from workstation.store.library import Library
library = Library.open(Path(sys.argv[1]))
draw = random.Random(int(sys.argv[2]))
key = ReadingKey("S1", "anna")
for n in range(100_000):
    session = library.session(key)
    if session.done and draw.random() < 0.3:
        step = Step("undo", session.done[-1])
    elif session.undone and draw.random() < 0.5:
        step = Step("redo", session.undone[-1])
    else:
        roi = Roi.from_mask(np.ones((draw.randint(1, 40), 9), bool), 1, 1)
        step = Step("edit", edits.add("Add", Lesion(f"L{sys.argv[2]}-{n}", {View.ANTERIOR: roi})))
    print(library.append(key, step, "anna"), flush=True)
"""
IMPORT = """
import sys
from pathlib import Path
import numpy as np
from workstation.core.scan import Frame, View
from workstation.store.library import KeptObject, Library, NewScan
library = Library.open(Path(sys.argv[1]))
rng = np.random.default_rng(int(sys.argv[2]))
for n in range(100_000):
    batch = []
    for name in (f"T{sys.argv[2]}-{n}", f"U{sys.argv[2]}-{n}"):
        frame = Frame(rng.poisson(3, (60, 20)).astype(np.uint16), View.ANTERIOR, None)
        kept = KeptObject(rng.bytes(3000), name, name, (View.ANTERIOR,))
        batch.append(NewScan(name, "P", {View.ANTERIOR: frame}, (kept,)))
    print(*library.add_scans(batch), flush=True)
"""


def run_and_kill(script: str, folder: Path, seed: int, seconds: float) -> list[str]:
    """What the writer answered before it was killed, `seconds` after its first answer."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(folder), str(seed)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(seconds)
    process.kill()
    rest = process.stdout.read()
    process.wait()
    process.stdout.close()
    assert first
    return [line for line in (first + rest).split("\n") if line]


def kill_while_drawing(folder: Path, seed: int) -> None:
    draw = random.Random(seed)
    with_before = Library.open(folder)
    before = with_before.verify().rows
    with_before.close()
    answers = run_and_kill(DRAW, folder, seed, draw.uniform(0, 0.08))
    torn = folder.with_name("torn")
    shutil.copytree(folder, torn)
    library = Library.open(folder)
    found = library.verify(answers[-1])
    assert found.problems == () and not library.read_only
    assert found.rows - before - len(answers) in (0, 1)
    session = library.session(KEY)
    library.close()

    log = torn / "library.db-wal"  # and now the disk, too, has lost the end of what was written
    with open(log, "rb+") as stream:
        stream.truncate(draw.randrange(log.stat().st_size + 1))
    library = Library.open(torn)
    cut = library.verify()
    assert cut.problems == () and before <= cut.rows <= found.rows
    if cut.rows - before > 0 and cut.rows < found.rows:
        assert cut.head in answers  # a state there was, nothing half-way
    if cut.rows == found.rows:
        assert library.session(KEY) == session
    library.session(KEY)
    library.close()
    shutil.rmtree(torn)


def kill_while_importing(folder: Path, seed: int) -> None:
    draw = random.Random(seed)
    with_before = Library.open(folder)
    before = set(with_before.ids())
    with_before.close()
    answered = " ".join(run_and_kill(IMPORT, folder, seed, draw.uniform(0, 0.08))).split()
    torn = folder.with_name("torn")
    shutil.copytree(folder, torn)

    watching = Library.open(folder, read_only=True)
    assert watching.verify().problems == ()
    watching.close()
    library = Library.open(folder)
    there = set(library.ids())
    assert before | set(answered) <= there and len(there - before) - len(answered) in (0, 2)
    found = library.verify()
    assert found.problems == () and found.notes == ()  # what the dead one left half-way is gone
    for scan in there:
        assert library.load(scan).views
    library.close()

    log = torn / "library.db-wal"
    with open(log, "rb+") as stream:
        stream.truncate(draw.randrange(log.stat().st_size + 1))
    library = Library.open(torn)
    assert library.verify().problems == ()
    assert before <= set(library.ids()) <= there and len(set(library.ids()) - before) % 2 == 0
    library.close()
    shutil.rmtree(torn)


@pytest.mark.parametrize("times", [3, pytest.param(60, marks=pytest.mark.soak)])
def test_killed_while_drawing(library, make_scan, times):
    library.add_scans([make_scan("S1")])
    library.close()
    for seed in range(times):
        kill_while_drawing(library.folder, seed)


@pytest.mark.parametrize("times", [2, pytest.param(40, marks=pytest.mark.soak)])
def test_killed_while_importing(library, make_scan, times):
    library.add_scans([make_scan("S1")])
    library.close()
    for seed in range(times):
        kill_while_importing(library.folder, seed)
