"""Tables of the simulator's own settings as Markdown, for its page.

`python -m tests.simulator.settings pitfalls`: what misleads, how often, in whom, of what size.
`python -m tests.simulator.settings sites`: where lesions sit, percent by tumour and for benign ones.
`python -m tests.simulator.settings laws`: how many, how large, how hot.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

import resources
from workstation.phantom.sites import TUMOURS

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


def pitfalls() -> str:
    lines = ["| what | of scans | in whom | how large, how strong |", "|---|---|---|---|"]
    for entry in resources.table("phantom/pitfalls")["pitfall"]:
        lines.append(f"| {entry['kind']} | {_chance(entry)} | {_who(entry)} | {_looks(entry)} |")
    return "\n".join(lines)


def sites() -> str:
    """Weights of places summed over regions, percent. Benign ones at the age of 50, rows of fractures apart."""
    sums: dict[str, np.ndarray] = {}
    for place in resources.table("phantom/lesions")["place"]:
        weights = np.array([*place["malignant"], place["benign"]])
        sums[place["region"]] = sums.get(place["region"], np.zeros(weights.size)) + weights
    total = np.sum(list(sums.values()), axis=0)
    lines = ["| region | " + " | ".join(TUMOURS) + " | benign |", "|---" * (len(TUMOURS) + 2) + "|"]
    for region, weights in sums.items():
        shares = " | ".join(f"{share:.1f}" for share in 100 * weights / total)
        lines.append(f"| {region.replace('_', ' ')} | {shares} |")
    return "\n".join(lines)


def laws() -> str:
    """Numbers, sizes and contrasts of lesions."""
    table = resources.table("phantom/lesions")
    counts, size, contrast = table["counts"], table["diameter"], table["contrast"]
    lines = ["| kind | mean number | diameter, mm | contrast over bone |", "|---|---|---|---|"]
    for kind in ("benign", *TUMOURS):
        if kind == "benign":
            alone, beside = counts["benign_only"]["mean"], counts["beside_malignant"]["mean"]
            number = f"{alone:g} before zeros go; {beside:g} beside metastases"
        else:
            number = f"{counts['malignant_mean'][kind]:g}"
        laws = " | ".join(f"{law[kind]['median']:g} (sigma {law[kind]['sigma']:g})" for law in (size, contrast))
        lines.append(f"| {kind if kind == 'benign' else f'metastases, {kind}'} | {number} | {laws} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print({"pitfalls": pitfalls, "sites": sites, "laws": laws}[sys.argv[1]]())
