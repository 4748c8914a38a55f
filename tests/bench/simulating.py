"""Two-view studies simulated, every effect on: body, flesh, camera, lesions, pitfalls, exact chances, masks, noise."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

from tests.bench.rows import Row
from workstation.phantom.cohorts import COHORTS
from workstation.phantom.patient import simulate
from workstation.workflows import simulate_snapshot
from workstation.workflows.progress import finish

STUDIES = 60
WRITTEN = 48
BAR = 5.0  # studies a second and core


def _seconds() -> float:
    """Processor time of this process, all its threads, s: a busy machine or a second thread changes nothing."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def per_core(cohort: str, studies: int = STUDIES) -> Row:
    """Studies a second of one core's time, after a first patient for the tables that are made once."""
    simulate(COHORTS[cohort], 1, 0)
    began, done, number = _seconds(), 0, 0
    while done < studies:
        number += 1
        done += len(simulate(COHORTS[cohort], 1, number))
    rate = done / (_seconds() - began)
    return Row(
        f"two-view studies simulated per second and core, {cohort}, every effect", rate, "/s", BAR, at_least=True
    )


def to_snapshot(scratch: Path) -> Row:
    """A cohort straight to a training snapshot on all cores, from the call to its last file."""
    began = time.perf_counter()
    result = finish(simulate_snapshot.run("lesions-3352", scratch / "snapshot", WRITTEN))
    rate = result.scans / (time.perf_counter() - began)
    return Row(f"{result.scans} studies simulated to a snapshot, {os.cpu_count()} cores", rate, "/s")


def measure(scratch: Path) -> list[Row]:
    return [per_core("patients-12222"), per_core("lesions-3352"), to_snapshot(scratch)]
