"""Rows of checks as they come: printed at once, and all to $GPU_JSON, so that a cut loses only what is undone."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from tests.bench.rows import Row

ROOT = Path(__file__).resolve().parents[2]


def failed(name: str, why: str) -> Row:
    """A check that could not be made: no value keeps any bar."""
    return Row(name, math.nan, "", 0.0, note=" ".join(why.split())[-300:])


def as_json(rows: Iterable[Row]) -> list[dict[str, object]]:
    """Rows as JSON's own types; what is no number is null."""
    told = [{**asdict(row), "ok": row.ok} for row in rows]
    return [
        {key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in row.items()}
        for row in told
    ]


def from_json(told: Iterable[dict[str, object]]) -> list[Row]:
    """The rows `as_json` gave."""
    found = []
    for each in told:
        value = each["value"]
        row = {key: each[key] for key in ("name", "unit", "bar", "at_least", "note")}
        found.append(Row(value=math.nan if value is None else value, **row))  # type: ignore[arg-type]
    return found


class Table:
    """Collects rows; say: where each is printed."""

    def __init__(self, say: Callable[[str], None] = print) -> None:
        self.rows: list[Row] = []
        self.say = say

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.rows.append(row)
            kept = {True: "ok", False: "FAILED", None: ""}[row.ok]
            note = f"  ({row.note})" if row.note else ""
            self.say(f"{kept:>6}  {row.name}: {row.value:.4g} {row.unit} {row.bar_words}{note}".rstrip())
        target = os.environ.get("GPU_JSON")
        if target:
            Path(target).write_text(json.dumps(as_json(self.rows), indent=1), encoding="utf-8")

    @property
    def good(self) -> bool:
        return all(row.ok is not False for row in self.rows)


def in_processes(jobs: Sequence[Sequence[str]], together: int, table: Table, seconds: float = 300) -> None:
    """Each job, the words behind `python -m tests.gpu`, in a process of its own, so many at once; their rows."""
    threads = max(1, (os.cpu_count() or 1) // max(together, 1))
    with ThreadPoolExecutor(max(together, 1)) as pool:
        for found in pool.map(lambda job: _one(job, threads, seconds), jobs):
            table.add(found)


def _one(job: Sequence[str], threads: int, seconds: float) -> list[Row]:
    environment = {**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(threads))}
    environment.pop("GPU_JSON", None)
    name = " ".join(job[:2])
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tests.gpu", *job, "--json"], cwd=ROOT, env=environment, capture_output=True,
            text=True, timeout=seconds,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return [failed(name, f"not done after {seconds:.0f} s")]
    if done.returncode:
        return [failed(name, done.stderr)]
    return from_json(json.loads(done.stdout.splitlines()[-1]))
