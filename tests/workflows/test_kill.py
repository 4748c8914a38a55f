"""kill -9 at any moment: what was answered is there, the history is whole, and the work can go on.

Also with the database's log cut at a random byte, as a power failure may leave it: then the last edits may be missing,
but never one in the middle.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.workflows.studies import bring, write_study
from workstation.core.lesion import ReadingKey
from workstation.core.scan import VIEWS
from workstation.store.library import Library
from workstation.workflows import annotate

ROUNDS = [*range(5), *(pytest.param(n, marks=pytest.mark.soak) for n in range(5, 100))]
READER = "anna"


def start(*arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "workstation", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(os.environ),
    )


def edits(number: int) -> list[bytes]:
    chance = random.Random(number)
    lines: list[dict[str, object]] = []
    for n in range(400):
        top, left = chance.randrange(50), chance.randrange(20)
        polygon = [[top, left], [top, left + 6], [top + 6, left + 3]]
        view = chance.choice(VIEWS)
        lines.append({"do": "add", "view": view, "polygon": polygon, "label": "benign", "comment": str(n)})
        if chance.random() < 0.3:
            lines.append({"do": chance.choice(["undo", "redo"])})
    return [json.dumps(line).encode() + b"\n" for line in lines]


def state(library: Library, scan: str) -> tuple[list[str], int, int]:
    session = library.session(ReadingKey(scan, READER))
    return [lesion.comment for lesion in session.reading.lesions.values()], len(session.done), len(session.undone)


@pytest.mark.parametrize("number", ROUNDS)
def test_nothing_answered_is_lost(library: Library, tmp_path: Path, number: int) -> None:
    write_study(tmp_path / "in")
    bring(library, tmp_path / "in")
    scan = library.ids()[0]
    library.close()
    lines = edits(number)
    process = start("annotate", "--library", library.folder, "--scan", scan, "--reader", READER)
    assert process.stdin is not None and process.stdout is not None
    answered: list[bool] = []
    try:
        process.stdin.write(b"".join(lines))
        process.stdin.flush()
        for _ in range(random.Random(number).randrange(1, 60)):
            answered.append(json.loads(process.stdout.readline())["ok"])
        if number % 2:
            time.sleep(random.Random(number).random() * 0.02)
    finally:
        process.kill()
        rest = process.stdout.read()  # communicate() would pass over what readline() has read ahead
        process.communicate()
    answered += [json.loads(line)["ok"] for line in rest.splitlines(keepends=True) if line.endswith(b"\n")]

    # The same edits on another library, undisturbed: the killed one stands where it stood after some number of them.
    write_study(tmp_path / "in2")
    twin = Library.create(tmp_path / "twin")
    bring(twin, tmp_path / "in2")
    stands = []
    for answer in annotate.run(twin, twin.ids()[0], READER, lines[: len(answered) + 1]):
        stands.append((state(twin, twin.ids()[0]), answer.ok))
    assert [ok for _, ok in stands[: len(answered)]] == answered
    twin.close()

    back = Library.open(library.folder)
    assert back.verify().ok, back.verify().problems
    # At most the one edit under way came in beyond those answered.
    assert state(back, scan) in [stand for stand, _ in stands[len(answered) - 1 :]]
    back.close()

    log = library.folder / "library.db-wal"
    cut = tmp_path / "cut"
    process = start("annotate", "--library", library.folder, "--scan", scan, "--reader", READER)
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(edits(number + 1000)[0])
    process.stdin.flush()
    process.stdout.readline()
    process.kill()
    process.communicate()
    shutil.copytree(library.folder, cut)
    if log.exists():
        size = random.Random(number).randrange(log.stat().st_size)
        os.truncate(cut / log.name, size)
        (cut / "library.db-shm").unlink(missing_ok=True)
    torn = Library.open(cut)
    assert torn.verify().ok, torn.verify().problems
    torn.close()


@pytest.mark.parametrize("number", ROUNDS)
def test_an_import_killed_at_any_moment_goes_on(tmp_path: Path, tmp_library_home: Path, number: int) -> None:
    for n in range(40):
        write_study(tmp_path / "in" / f"{n:02}", f"study{n}", "one-per-view" if n % 2 else "view-codes")
    folder = tmp_path / "library"
    process = start("import", tmp_path / "in", "--library", folder)
    deadline = time.monotonic() + 30
    # From the first sign of the library on, some way into the import.
    while not (folder / "library.db").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(random.Random(number).random() * 1.2)
    process.kill()
    process.communicate()
    library = Library.open(folder)
    assert library.verify().ok, library.verify().problems
    before = {row.scan for row in library.rows(library.ids())}
    bring(library, tmp_path / "in", processes=0)
    rows = library.rows(library.ids())
    assert [row.views for row in rows] == [VIEWS] * 40
    assert before <= {row.scan for row in rows}
    assert library.verify().ok and library.verify().notes == ()
    library.close()
