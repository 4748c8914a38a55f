"""The folder of a run: what it was told to do, how far it is, what came out. Others only read it.

config.json     the settings, ml.config.Config
origin.json     snapshot (folder, hash, from where, simulator), split counts, code version, environment, seed
status.json     state, epoch, epochs, step, steps, loss, samples_per_second, seconds_left, memory_mb, message, at,
                pid, machine; rewritten about once a second while it learns, every 20 s whatever else it is at. state:
                preparing, training, testing, done, stopped (resume it), failed (message says why). at: seconds since
                1970; a run that says training but whose `at` is old was killed.
metrics.jsonl   a line an epoch: epoch (from 1), train_loss, inner_loss, inner_auc or inner_dice, lr, best (whether
                it is the best so far), and `took`: seconds, samples_per_second, memory_mb
log.txt         what was said, a line each
last.safetensors       everything to go on from, see ml.train
best-<epoch>.safetensors   the weights that will be used
card.json       the model card, once training has ended
predictions.csv, inner.csv   once it has ended; see ml.predictions
stop            put there by who wants it stopped: it stops after the step, and can be resumed
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from ml.checkpoint import CheckpointError, write_json, write_whole
from ml.config import Config, ConfigError, from_told

BEAT = 20.0
"""Seconds between two signs of life at most, well within what `ml.crossval` waits for."""


def to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@dataclass
class RunFolder:
    """Writes the folder of one run; with `writes` False (other processes than the first) it writes nothing."""

    path: Path
    writes: bool = True
    hear: Callable[[str], None] = to_stderr
    _status: dict[str, Any] = field(default_factory=dict)
    _told: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def say(self, line: str) -> None:
        """A line for people: to the log and to whoever listens."""
        if not self.writes:
            return
        self.hear(line)
        with contextlib.suppress(OSError), (self.path / "log.txt").open("a", encoding="utf-8") as file:
            file.write(time.strftime("%Y-%m-%d %H:%M:%S ") + line + "\n")

    def json(self, name: str, told: Mapping[str, Any]) -> None:
        if self.writes:
            write_json(self.path / name, told)

    def due(self) -> bool:
        """Whether the status is older than a second."""
        return self.writes and time.monotonic() - self._told > 1

    def status(self, **told: Any) -> None:
        """What a page shows; the rest stays as it was."""
        if not self.writes:
            return
        with self._lock:
            self._told = time.monotonic()
            self._status |= {**told, "at": round(time.time(), 1), "pid": os.getpid(), "machine": machine()}
            with contextlib.suppress(CheckpointError):  # a full disk is told by what has to be kept
                write_json(self.path / "status.json", self._status)

    @contextlib.contextmanager
    def beating(self) -> Iterator[None]:
        """Keep `at` fresh meanwhile: preparing, validating and testing may say nothing for longer than others wait."""
        over = threading.Event()

        def beat() -> None:
            while not over.wait(BEAT):
                if time.monotonic() - self._told > BEAT:
                    self.status()

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def metrics(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """All epochs so far, whole."""
        if self.writes:
            text = "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows)
            write_whole(self.path / "metrics.jsonl", text.encode())

    def stop_asked(self) -> bool:
        return (self.path / "stop").exists()

    def stop_heard(self) -> None:
        if self.writes:
            (self.path / "stop").unlink(missing_ok=True)

    def clear(self) -> None:
        """Take away what a process that was killed had half written."""
        if self.writes:
            for part in self.path.glob("*.part"):
                part.unlink(missing_ok=True)

    def keep_only(self, best: str) -> None:
        """Take away the weights that were best before."""
        if self.writes:
            for old in self.path.glob("best-*.safetensors*"):
                if old.name != best:
                    old.unlink(missing_ok=True)


def read_config(run: Path) -> tuple[Config, str]:
    """The settings of a run, and the hash of its snapshot. Raises ConfigError."""
    try:
        told = json.loads((run / "config.json").read_text("utf-8"))
        data = told.pop("snapshot")
    except (OSError, ValueError, RecursionError, AttributeError, KeyError, TypeError) as error:
        raise ConfigError(f"{run / 'config.json'} cannot be read: {error}.") from error
    return from_told(told), str(data)


def dealt(run: Path) -> str | None:
    """How the snapshot of a run was dealt, as `Manifest.dealt`; None of a run of before that was kept."""
    try:
        found = json.loads((run / "origin.json").read_text("utf-8"))["snapshot"].get("dealt")
    except (OSError, ValueError, RecursionError, AttributeError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


def read_metrics(run: Path) -> list[dict[str, Any]]:
    """The rows of metrics.jsonl; none if there is no such file yet. Raises ConfigError where somebody damaged it."""
    file = run / "metrics.jsonl"
    try:
        rows = [json.loads(line, parse_constant=_no_number) for line in file.read_text("utf-8").splitlines()]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{file} cannot be read: {error}.") from error
    if not all(isinstance(row, dict) for row in rows):
        raise ConfigError(f"{file} is damaged: a line of it is not the figures of an epoch.")
    return rows


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number JSON knows")


@cache
def machine() -> str:
    """Tells machines apart without naming them."""
    return hashlib.sha256(f"machine {platform.node()}".encode()).hexdigest()[:12]


def memory_mb() -> int:
    """The most memory this process has had, in MiB; 0 where nobody tells (Windows)."""
    try:
        import resource
    except ImportError:
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (2**20 if sys.platform == "darwin" else 2**10))
