"""Whether the process that trains a run still lives, by what the run's status.json says.

`ml.crossval` has the same rule for itself, as neither may import the other.
"""

from __future__ import annotations

import hashlib
import os
import platform
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

SILENT = 120.0
"""Seconds after which a run that says it is at work, on another machine, is taken for dead."""


def alive(told: Mapping[str, Any]) -> bool:
    """Whether the process that wrote a status still runs; of another machine: whether it was heard of lately."""
    at, pid = told.get("at"), told.get("pid")
    heard = float(at) if isinstance(at, int | float) and 0 <= at <= 1e11 else None
    lately = heard is not None and abs(time.time() - heard) < SILENT
    if told.get("machine") != machine() or os.name == "nt" or type(pid) is not int or not 2 <= pid < 2**31:
        return lately
    try:
        os.kill(pid, 0)
    except PermissionError:
        pass
    except OSError:
        return False
    return not _another(pid, heard)


def _another(pid: int, heard: float | None) -> bool:
    """Whether the process of this number ended, or began after that: numbers are given anew. Where /proc tells."""
    try:
        rest = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        uptime = float(Path("/proc/uptime").read_text("utf-8").split()[0])
        began = time.time() - uptime + int(rest[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return False
    return rest[0] in "ZX" or heard is not None and began > heard + 2


@cache
def machine() -> str:
    """Tells machines apart without naming them, as `ml.runfolder` does."""
    return hashlib.sha256(f"machine {platform.node()}".encode()).hexdigest()[:12]
