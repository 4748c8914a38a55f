"""Whether another process is at a run: two that write one folder would spoil both their work."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from ml import runfolder

SILENT = 120.0
"""Seconds after which a run that says it is training, on another machine, is taken for dead."""


def another_is_at(run: Path) -> bool:
    """Whether another process trains this run now: alive, on this machine; heard of lately, on others."""
    try:
        status = json.loads((run / "status.json").read_text("utf-8"))
        state, pid, at = status.get("state"), int(status.get("pid", 0)), float(status.get("at", 0))
    except (OSError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return False  # a status somebody damaged is nobody's
    if state not in ("preparing", "training", "testing") or pid == os.getpid():
        return False
    if status.get("machine") == runfolder.machine() and sys.platform != "win32":  # there signal 0 is Control-C
        return 0 < pid < 2**31 and _alive(pid, at)
    return time.time() - at < SILENT


def _alive(pid: int, at: float) -> bool:
    """Whether the process of this number, heard of at `at` (seconds since 1970), still runs.

    Where /proc tells: not if it has ended and nobody waited for it, nor if it began later, the number given anew.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    try:
        rest = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        up = float(Path("/proc/uptime").read_text("utf-8").split()[0])
        began = time.time() - up + int(rest[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return True
    return rest[0] not in "ZX" and began <= at + 2
