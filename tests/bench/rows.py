"""A measured figure, its bar, and the page they are written to."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
MARK = "<!-- measured below -->"


@dataclass(frozen=True)
class Row:
    """name: what was done. value in unit. bar: the limit; at_least: the value must reach it instead of stay under."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def ok(self) -> bool | None:
        if self.bar is None:
            return None
        return self.value >= self.bar if self.at_least else self.value <= self.bar

    @property
    def bar_words(self) -> str:
        return "" if self.bar is None else f"{'>=' if self.at_least else '<='} {self.bar:g} {self.unit}"


def p95(values: Sequence[float]) -> float:
    """The value that 95 of 100 do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)]


def machine() -> str:
    model = ""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        model = platform.processor()
    python = f"Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {model or platform.machine()}, {platform.system()}, {python}"


def table(rows: Iterable[Row]) -> str:
    lines = ["| what | measured | bar | kept |", "|---|---|---|---|"]
    for row in rows:
        kept = {True: "yes", False: "**no**", None: ""}[row.ok]
        name = f"{row.name} ({row.note})" if row.note else row.name
        lines.append(f"| {name} | {row.value:.3g} {row.unit} | {row.bar_words} | {kept} |")
    return "\n".join(lines)


def load() -> str:
    """How many processes wanted a core of this machine in the last minute."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def put_between(name: str, words: str, rows: Sequence[Row]) -> None:
    """Print the table and write it, below `words`, between the marks of that name in docs/benchmarks.md."""
    text = table(rows)
    print(f"{words}\n\n{text}")
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, rest = PAGE.read_text(encoding="utf-8").split(begin)
    after = rest.split(end)[1]
    PAGE.write_text(f"{before}{begin}\n\n{words}\n\n{text}\n\n{end}{after}", encoding="utf-8")


def publish(rows: Sequence[Row]) -> None:
    """Print the table, write it under the mark of docs/benchmarks.md, and to BENCH_JSON where that is set."""
    text = table(rows)
    print(text)
    above = PAGE.read_text(encoding="utf-8").split(MARK)[0] if PAGE.exists() else "# Benchmarks\n\n"
    PAGE.write_text(f"{above}{MARK}\n\n{date.today().isoformat()}, {machine()}\n\n{text}\n", encoding="utf-8")
    target = os.environ.get("BENCH_JSON")
    if target:
        facts = [{"name": r.name, "value": r.value, "unit": r.unit, "bar": r.bar, "ok": r.ok} for r in rows]
        Path(target).write_text(json.dumps(facts, indent=1))
