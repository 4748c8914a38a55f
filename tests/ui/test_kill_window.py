"""kill -9 at any moment of work at the window: nothing that showed as done is lost, and undo is still whole.

The person is here, outside the process that is killed: acts are chosen here, and what the window showed after each is
written to a log and forced to disk here before the next act is asked for. After the kill the library is held to it.

python -m tests.ui.test_kill_window FIRST_SEED KILLS: more of them, one line each.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ui import at_work
from tests.ui.killed_at_work import Stands, of_library, of_session
from workstation.core.clinical import Clinical
from workstation.core.edits import Step
from workstation.core.lesion import Reading, ReadingKey
from workstation.store.library import Library

ROOT = Path(__file__).resolve().parents[2]
SAME_LIBRARY = 5  # kills, before work begins on a new one


class Log:
    """What was shown, on disk. stands: how everything stood last. depths: of each reading, its states by steps done."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("ab")
        self.stands: Stands = {}
        self.depths: dict[str, dict[int, Any]] = {}
        self.rows, self.head = 0, None
        self.asked = ""  # the act under way
        self.acts: Counter[str] = Counter()

    def write(self, line: bytes) -> None:
        self._file.write(line)
        self._file.flush()
        os.fsync(self._file.fileno())

    def ask(self, act: str, seed: int) -> bytes:
        line = json.dumps([act, seed]).encode() + b"\n"
        self.asked = act
        self.write(line)
        return line

    def take(self, line: bytes) -> bool:
        """Take in what the window told; whether that ended the act."""
        self.write(line)
        told = json.loads(line)
        if "answered" in told:
            self.asked = ""
            self.acts[told["answered"]] += 1
            return True
        self.rows, self.head = told["rows"], told["head"]
        for name, stands in told["stands"].items():
            self.see(name, stands)
        return False

    def see(self, name: str, stands: Any) -> None:
        self.stands[name] = stands
        if name.startswith("reading"):
            content, done, undone = stands
            known = self.depths.setdefault(name, {})
            for depth in [depth for depth in known if depth > done + undone]:
                del known[depth]
            if not undone:  # a new step: what stood further up is gone
                for depth in [depth for depth in known if depth > done]:
                    del known[depth]
            known[done] = content

    def close(self) -> None:
        self._file.close()


def work_until_killed(home: Path, folder: Path, log: Log, seed: int) -> None:
    """A session of some acts, killed while the next is under way, while it waits, or while the window opens."""
    draw = random.Random(seed)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.ui.killed_at_work", str(home), str(folder)], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, bufsize=0,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    if draw.random() < 0.05:
        threading.Timer(draw.uniform(0.5, 4.0), process.kill).start()
    acts, taken = draw.randrange(1, 40), [0.2]
    with process.stdin, process.stdout:
        began = None
        for line in iter(process.stdout.readline, b""):
            if not line.endswith(b"\n"):
                break  # cut off by the kill: it never showed
            if not log.take(line):
                continue
            if began is not None:
                taken.append(time.monotonic() - began)
            if acts == 0 and draw.random() < 0.2:
                process.kill()  # while it waits
                continue
            began = time.monotonic()
            try:
                process.stdin.write(log.ask(at_work.draw_act(draw), draw.randrange(2**32)))
            except BrokenPipeError:
                continue
            if acts == 0:
                usual = sorted(taken)[len(taken) // 2]
                threading.Timer(draw.uniform(0, 1.5 * usual), process.kill).start()
            acts -= 1
    assert process.wait() == -9, f"seed {seed}: the window ended by itself"


def held_to(log: Log, folder: Path, scratch: Path) -> None:
    """Everything the log saw is in the library; at most the one step under way came in beyond it."""
    library = Library.open(folder)
    found = library.verify(log.head)
    assert found.problems == (), found.problems
    assert not library.read_only
    with library._connections.reading() as connection:
        # A clinical fact is one step, with a row for each scan that takes it on.
        steps = "SELECT count(*) FROM history WHERE seq > ? AND do <> 'correct'"
        (beyond,) = connection.execute(steps, (log.rows,)).fetchone()
    assert beyond in (0, 1) and (log.asked or not beyond), f"{beyond} steps beyond what was told, in {log.asked!r}"
    assert beyond or found.rows == log.rows
    stands: Stands = json.loads(json.dumps(of_library(library)))
    moved = [name for name in log.stands | stands if stands.get(name) != log.stands.get(name)]
    library.close()
    if not beyond:
        assert not moved, {name: (log.stands.get(name), stands.get(name)) for name in moved}
    readings = [name for name in moved if name.startswith("reading")]
    assert len(readings) <= beyond and len([name for name in moved if name.startswith("clinical")]) <= beyond
    for name in moved:
        log.see(name, stands[name])
    _undo_is_whole(log, folder, scratch)
    log.rows, log.head = found.rows, None


def _undo_is_whole(log: Log, folder: Path, scratch: Path) -> None:
    """Undo goes back through every state that showed, to nothing, and redo forth again; in a copy."""
    shutil.copytree(folder, scratch)
    library = Library.open(scratch)
    for name, stands in log.stands.items():
        if name.startswith("reading"):
            _, done, undone = stands
            _, scan, reader, of_round = name.split()
            key = ReadingKey(scan, reader, int(of_round))
            known = log.depths[name]
            session = library.session(key)
            for _ in range(undone):
                library.append(key, Step("redo", library.session(key).undone[-1]), reader)
            whole = library.session(key).reading
            for depth in range(done + undone, -1, -1):
                now = library.session(key)
                assert len(now.done) == depth
                if depth in known:
                    shown = json.loads(json.dumps(of_session(now)[0]))
                    assert shown == known[depth], f"{name}, {depth} steps done"
                if depth:
                    library.append(key, Step("undo", now.done[-1]), reader)
            assert library.session(key).reading == Reading(key)
            for _ in range(done + undone):
                library.append(key, Step("redo", library.session(key).undone[-1]), reader)
            assert library.session(key).reading == whole and len(session.done) == done
        elif name.startswith("clinical"):
            patient = name.split()[1]
            while library.undo_clinical(patient, "anna"):
                pass
            assert library.clinical(patient) == Clinical()
    assert library.verify().problems == ()
    library.close()
    shutil.rmtree(scratch)


def kills(seeds: range, work: Path) -> Iterator[tuple[int, Log]]:
    """Kill once a seed; AssertionError where anything is lost."""
    for seed in seeds:
        folder, home = work / "library", work / "home"
        if (seed - seeds.start) % SAME_LIBRARY == 0:
            shutil.rmtree(folder, ignore_errors=True)
            at_work.make_library_to_work_in(folder)
            log = Log(work / "log.jsonl")
            library = Library.open(folder)
            for name, stands in json.loads(json.dumps(of_library(library))).items():
                log.see(name, stands)
            log.rows = library.verify().rows
            library.close()
        log.acts.clear()
        log.asked = "open"
        work_until_killed(home, folder, log, seed)
        held_to(log, folder, work / "copy")
        yield seed, log
        if seed == seeds[-1] or (seed - seeds.start) % SAME_LIBRARY == SAME_LIBRARY - 1:
            log.close()


@pytest.mark.parametrize("times", [1, pytest.param(100, marks=pytest.mark.soak)])
def test_killed_while_working_at_the_window(tmp_path: Path, times: int) -> None:
    for _ in kills(range(times), tmp_path):
        pass


if __name__ == "__main__":
    first, count = int(sys.argv[1]), int(sys.argv[2])
    all_acts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as made:
        for seed, log in kills(range(first, first + count), Path(made)):
            all_acts += log.acts
            under_way = log.asked or "nothing"
            done = sum(log.acts.values())
            print(f"seed {seed}: {done} acts, killed in {under_way}, {log.rows} rows, nothing lost", flush=True)
    print("acts answered:", dict(all_acts.most_common()))
