"""The pitfalls' table as Markdown, from the simulator's own settings: what, how often, in whom, of what size.

`python -m tests.simulator.misleading`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import resources

# In words what the table's keys say; keys left out are details of the drawing.
_SIZES = {
    "diameter_mm": "{} mm",
    "size_mm": "{} mm",
    "width_mm": "{} mm wide",
    "bag_mm": "bag {} mm",
    "leak_mm": "leak {} mm",
}
_STRENGTHS = {
    "bladders": "{} x the bladder",
    "factor": "{} x the bone there",
    "rim": "rim {} x",
    "excess": "+ {} x soft tissue",
    "transmission": "lets {} through",
    "limits": "{} x soft tissue",
}


def _span(value: Any) -> str:
    return f"{value[0]:g}-{value[-1]:g}" if isinstance(value, list) else f"{value:g}"


def _percent(value: float) -> str:
    return f"{100 * value:.2g}"


def _chance(entry: Mapping[str, Any]) -> str:
    chance = entry["chance"]
    if not isinstance(chance, list):
        return f"{_percent(chance)} %"
    return f"{_percent(min(chance))}-{_percent(max(chance))} % with age"


def _who(entry: Mapping[str, Any]) -> str:
    words = [{"M": "men", "F": "women"}[entry["sex"]]] if "sex" in entry else []
    words += [f"{entry['tumour']} cancer"] if "tumour" in entry else []
    words += ["lasting"] if entry.get("lasting") else []
    return ", ".join(words)


def _looks(entry: Mapping[str, Any]) -> str:
    words = [form.format(_span(entry[key])) for key, form in {**_SIZES, **_STRENGTHS}.items() if key in entry]
    return "; ".join(words)


def table() -> str:
    lines = ["| what | of scans | in whom | how large, how strong |", "|---|---|---|---|"]
    for entry in resources.table("phantom/pitfalls")["pitfall"]:
        lines.append(f"| {entry['kind']} | {_chance(entry)} | {_who(entry)} | {_looks(entry)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
