"""Trainings as processes of their own: `python -m ml`, started here, followed by its files, stopped to be resumed.

The process has a session of its own: it lives on when the window or the terminal it was started from is closed. torch
is loaded there and never here.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import ml.snapshot
from workstation.workflows import run_folders
from workstation.workflows.errors import CallError, WorkflowError
from workstation.workflows.progress import Progress
from workstation.workflows.run_folders import ASKED, Told, number

LOOK = 0.25  # seconds between looks at the files
PATIENCE = 60.0  # seconds a training that was asked to stop has for its step
STOPPED = 1  # exit code of ml: stopped before the end, resume it


@dataclass(frozen=True)
class Asked:
    """What `python -m ml` is asked for. presets: one for "train"; for "crossval" as many as wanted, "preset:network".

    changes: key=value. folds: "0,1", all by default. minutes: stop, resumably, after so long. threads: on the CPU.
    merge: runs made elsewhere. classifier: a run, for a segmentation.
    """

    kind: Literal["train", "crossval"]
    presets: tuple[str, ...]
    snapshot: Path
    out: Path
    changes: tuple[str, ...] = ()
    resume: bool = False
    minutes: float | None = None
    threads: int | None = None
    folds: str | None = None
    merge: tuple[Path, ...] = ()
    classifier: Path | None = None

    def arguments(self) -> list[str]:
        """Of `python -m ml`, but for --json."""
        words = [self.kind, *self.presets, "--snapshot", str(self.snapshot), "--out", str(self.out)]
        for change in self.changes:
            words += ["--set", change]
        if self.resume:
            words.append("--resume")
        for name, value in (("minutes", self.minutes), ("threads", self.threads), ("folds", self.folds)):
            if value is not None:
                words += [f"--{name}", f"{value:g}" if isinstance(value, float) else str(value)]
        for other in self.merge:
            words += ["--merge", str(other)]
        if self.classifier is not None:
            words += ["--classifier", str(self.classifier)]
        return words

    def command(self) -> str:
        """As it would be typed, with names instead of whole paths."""
        plain = Asked(
            self.kind, self.presets, Path(self.snapshot.name), Path(self.out.name), self.changes, self.resume,
            self.minutes, self.threads, self.folds, tuple(Path(other.name) for other in self.merge),
            None if self.classifier is None else Path(self.classifier.name),
        )  # fmt: skip
        return shlex.join(["osteoscope", *plain.arguments()])


@dataclass(frozen=True)
class Outcome:
    """code: as contract: 0 done, 1 stopped (resume it), 2 called wrongly, 3 failed. told: what it gave as JSON.

    message: the last line it said where it failed.
    """

    code: int
    told: Any
    message: str


def start(arguments: Sequence[str], said: IO[bytes], gave: IO[bytes]) -> subprocess.Popen[bytes]:
    """`python -m ml` in a session of its own, its two streams into files. WorkflowError where that cannot be."""
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "ml", *arguments, "--json"],
            stdin=subprocess.DEVNULL, stdout=gave, stderr=said, env=environment(), start_new_session=os.name != "nt",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )  # fmt: skip
    except OSError as error:
        raise WorkflowError(f"The training cannot be started: {error.strerror}.") from error


class Learning:
    """A training that was started here. What it says goes to files nobody has to read: it never waits for a reader."""

    def __init__(self, asked: Asked) -> None:
        """Start it. CallError where there is no such snapshot; WorkflowError where no process can be started."""
        self.asked = asked
        try:
            ml.snapshot.read_manifest(asked.snapshot)
        except ml.snapshot.SnapshotError as error:
            raise CallError(str(error)) from error
        if asked.kind == "crossval":
            (asked.out / "stop").unlink(missing_ok=True)
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._gave: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        weakref.finalize(self, _close, self._said, self._gave)
        self._read = 0
        self._noted = False
        self._since = time.time()
        self.process = start(asked.arguments(), self._said, self._gave)

    def running(self) -> bool:
        """Whether it is at work; what was asked is noted in its folder as soon as that was accepted."""
        ended = self.process.poll() is not None
        gave = ended and os.fstat(self._gave.fileno()).st_size > 0
        if not self._noted and (self.begun() or gave and self.process.returncode in (0, STOPPED)):
            self._noted = True
            note(self.asked)
        return not ended

    def begun(self) -> bool:
        """Whether it has accepted what was asked: since it was started it has said how far it is."""
        now = status(self.asked.out)
        if os.name == "nt":  # where the interpreter of an environment starts another one, with another number
            return number(now, "at") > self._since
        return now.get("pid") == self.process.pid

    def lines(self) -> list[str]:
        """What it has said since last asked."""
        data = os.pread(self._said.fileno(), 1 << 20, self._read) if hasattr(os, "pread") else self._rest()
        whole = data[: data.rfind(b"\n") + 1] if self.process.poll() is None else data
        self._read += len(whole)
        return whole.decode("utf-8", "replace").splitlines()

    def stop(self, hard: bool = False) -> None:
        """Ask it to stop after its step, to be resumed; hard: at once, losing what came since its last checkpoint."""
        with contextlib.suppress(ProcessLookupError):
            if hard:
                self.process.kill()
            elif os.name == "nt":
                ask_to_stop(self.asked.out)
            else:
                self.process.send_signal(signal.SIGTERM)

    def let_go(self) -> None:
        """It goes on by itself: whoever waits for processes of ours need not wait for it."""
        self.process.returncode = self.process.returncode or 0
        self._said.close()
        self._gave.close()

    def outcome(self) -> Outcome:
        """Once it has ended."""
        self._gave.seek(0)
        given = self._gave.read()
        said = self._all_said()
        try:
            told = json.loads(given)
        except ValueError:
            told = None
        code = self.process.returncode
        if code < 0:
            return Outcome(3, told, f"The training was ended by signal {-code}. Its checkpoint is kept: resume it.")
        if code == STOPPED and told is None:  # a mistake of ours: Python's own exit code is the same
            code = 3
        if code not in (0, STOPPED, 2):
            code = 3
        return Outcome(code, told, said[-1] if said else "")

    def _all_said(self) -> list[str]:
        self._said.seek(0)
        return self._said.read().decode("utf-8", "replace").splitlines()

    def _rest(self) -> bytes:
        self._said.seek(self._read)
        return self._said.read()


def _close(*files: IO[bytes]) -> None:
    for file in files:
        file.close()


def note(asked: Asked) -> None:
    """Put into a run's folder the command, after earlier ones, and where the snapshot is from there, for `evaluate`.

    One that cannot be written is no reason to stop.
    """
    out = asked.out
    before = run_folders.asked(out).get("commands")
    commands = [each for each in before if isinstance(each, str)] if isinstance(before, list) else []
    if asked.command() not in commands:
        commands.append(asked.command())
    try:
        place = os.path.relpath(asked.snapshot.resolve(), out.resolve())
    except ValueError:  # another drive
        place = str(asked.snapshot.resolve())
    part = out / f"{ASKED}.part"
    with contextlib.suppress(OSError):
        part.write_text(json.dumps({"commands": commands, "snapshot": place}, indent=1) + "\n", "utf-8")
        os.replace(part, out / ASKED)


def run(learning: Learning, hear: Callable[[str], None]) -> Generator[Progress, None, Outcome]:
    """Follow a training to its end. Closed before that (as Ctrl+C does), it is asked to stop and waited for.

    hear: gets each line it says.
    """
    try:
        while learning.running():
            for line in learning.lines():
                hear(line)
            yield progress(learning.asked.out)
            time.sleep(LOOK)
    except (GeneratorExit, KeyboardInterrupt):
        _stopped(learning, hear)
        raise
    for line in learning.lines():
        hear(line)
    return learning.outcome()


def _stopped(learning: Learning, hear: Callable[[str], None]) -> None:
    """Wait for the step it is at; a second Ctrl+C ends it where it is. What it said since the last look is heard."""
    for line in learning.lines():
        hear(line)
    learning.stop()
    hear("Stopping after this step; Ctrl+C again ends it at once.")
    try:
        learning.process.wait(PATIENCE)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        learning.stop(hard=True)
        learning.process.wait()
    for line in learning.lines():
        hear(line)
    learning.running()


def progress(out: Path) -> Progress:
    """How far a run, or the run at work in a cross-validation, is: steps of all its epochs."""
    run = at_work(out)
    now = run_folders.status(run)
    name = f"{run.parent.name}, {run.name}" if run != out else out.name
    state = str(now.get("state") or "preparing")
    if state != "training":
        return Progress(0, None, f"{name}: {state}")
    epoch, epochs, step, steps = (number(now, key) for key in ("epoch", "epochs", "step", "steps"))
    if not steps > 0 or not epochs > 0:
        return Progress(0, None, f"{name}: training")
    return Progress(round((epoch - 1) * steps + (step if step >= 0 else 0)), round(epochs * steps), name)


def at_work(out: Path) -> Path:
    """The run a folder's newest status is of: itself, or a fold of a cross-validation."""
    found = sorted(out.glob("*/fold-*/status.json"), key=_when)
    return found[-1].parent if found else out


def ask_to_stop(out: Path) -> None:
    """Stop a training by its folder, from any process: after its step, resumably. Raises OSError."""
    if (out / "crossval.json").exists():
        (out / "stop").touch()
    (at_work(out) / "stop").touch()


def status(out: Path) -> Told:
    """How the run at work is, see `ml.runfolder`."""
    return run_folders.status(at_work(out))


def _when(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def environment() -> dict[str, str]:
    """Ours, with this program's own folder first: a folder `ml` where one happens to be must not be taken for it."""
    assert ml.snapshot.__file__ is not None
    root = str(Path(ml.snapshot.__file__).resolve().parent.parent)
    paths: Sequence[str] = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
