"""Work for other processes; they find it by the name of this module."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path


def squared(number: int) -> int:
    return number * number


def slowly_squared(number: int) -> int:
    """The later the order the sooner it is done."""
    time.sleep(0.02 * (number % 3 == 0))
    return number * number


def refused(number: int) -> int:
    if number == 3:
        raise OSError(28, "No space left on device")
    return number


def killed_once(order: tuple[int, Path]) -> int:
    """Order 5 kills its process, the first time it is carried out."""
    number, folder = order
    if number == 5 and not (folder / "killed").exists():
        (folder / "killed").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def told(number: int) -> tuple[int, str | None, bool]:
    """Its process, how many threads a number library may start there, and whether one was loaded too early."""
    early = "numpy" in sys.modules
    time.sleep(0.05)
    return os.getpid(), os.environ.get("OMP_NUM_THREADS"), early


def busy(order: tuple[int, Path]) -> int:
    """Leave a mark with this process's number, then compute for long; order 0 is done at once."""
    number, folder = order
    (folder / str(os.getpid())).touch()
    if number == 0:
        return number
    until = time.monotonic() + 60
    while time.monotonic() < until:
        sum(range(1000))
    return number
