"""Each simulated cohort's tables beside the papers' that it follows, in Markdown.

`python -m tests.simulator.tables [--cohort NAME ...] [--truth DIR ...]`. Patients and numbers of lesions come from the
cohort's plan, without a picture; sites, best_auc and alone_auc from simulated cohorts' folders given by --truth.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.simulator.papers import PAPERS
from workstation.phantom.cohorts import COHORTS, Cohort
from workstation.phantom.plan import Enrolled, plan
from workstation.phantom.sites import TUMOURS

GROUPS = (("1-3 lesions", 1, 3), ("4-6 lesions", 4, 6), ("> 6 lesions", 7, 10_000))
ALLOWED_PERCENT = 2.0


@dataclass(frozen=True)
class Line:
    """One quantity: the paper's figure, None where it gives none, and the cohort's."""

    name: str
    paper: float | None
    ours: float

    @property
    def percent(self) -> float | None:
        """How far ours is from the paper's."""
        return None if self.paper is None else 100 * (self.ours - self.paper) / self.paper


def of_plan(patients: Sequence[Enrolled]) -> Iterator[tuple[str, float]]:
    """Everything countable of a plan, under the names of `papers.py`."""
    for tumour in ("", *TUMOURS):
        these = [each for each in patients if not tumour or each.tumour == tumour]
        if not these:
            continue
        end = f" {tumour}" if tumour else ""
        age = np.array([each.age for each in these])
        yield f"patients{end}", len(these)
        yield f"metastatic{end}", sum(each.metastatic for each in these)
        yield f"diffuse{end}", sum(each.diffuse for each in these)
        yield f"men{end}", sum(each.sex == "M" for each in these)
        yield f"under 60{end}", int((age < 60).sum())
        yield f"age mean{end}", float(age.mean())
        yield f"age SD{end}", float(age.std(ddof=1))
        malignant, benign = (np.array([getattr(each, kind) for each in these]) for kind in ("malignant", "benign"))
        yield f"lesions{end}", int(malignant.sum() + benign.sum())
        yield f"malignant{end}", int(malignant.sum())
        yield f"benign{end}", int(benign.sum())
        if tumour:
            continue
        many = malignant + benign
        yield "clean", int(((many == 0) & ~np.array([each.metastatic for each in these])).sum())
        for name, low, high in GROUPS:
            chosen = (many >= low) & (many <= high)
            yield f"malignant, {name}", int(malignant[chosen].sum())
            yield f"benign, {name}", int(benign[chosen].sum())


def lines(cohort: Cohort, seed: int = 0) -> list[Line]:
    """The paper's quantities and, without a paper's figure, the cohort's other totals."""
    printed = PAPERS.get(cohort.name, {})
    found = dict(of_plan(plan(cohort, seed)))
    wanted = [name for name in printed if name in found]
    more = ("patients", "metastatic", "diffuse", "men", "age mean", "lesions", "malignant", "benign")
    wanted += [name for name in more if name not in printed]
    return [Line(name, printed.get(name), found[name]) for name in wanted]


def of_truth(folder: Path) -> list[Line]:
    """What only a simulated cohort's own folder tells: its version, the two bounds, visible lesions, sites."""
    facts = json.loads((folder / "truth" / "cohort.json").read_text(encoding="utf-8"))
    with (folder / "truth" / "lesions.csv").open(encoding="utf-8", newline="") as file:
        lesions = list(csv.DictReader(file))
    with (folder / "truth" / "scans.csv").open(encoding="utf-8", newline="") as file:
        patient = {row["scan"]: row["patient"] for row in csv.DictReader(file)}
    printed = PAPERS.get(facts["name"], {})
    out = [Line("scans", None, len(patient)), Line("lesions in scans", None, len(lesions))]
    out += [Line(name, None, facts[name]) for name in ("best_auc", "alone_auc") if facts.get(name) is not None]
    if lesions:
        visible = np.mean([row["visible"].lower() in ("1", "true", "yes") for row in lesions])
        out.append(Line("visible lesions, %", None, 100 * float(visible)))
    for site in ("spine", "pelvis", "scapula", "rib", "femur", "other"):
        those = {patient[row["scan"]] for row in lesions if row["label"] == "malignant" and row["site6"] == site}
        out.append(Line(f"patients with {site}", printed.get(f"patients with {site}"), len(those)))
    return out


def table(title: str, found: Sequence[Line]) -> str:
    rows = [f"**{title}**", "", "| | paper | simulated | difference |", "|---|---|---|---|"]
    for line in found:
        paper = "" if line.paper is None else f"{line.paper:,g}"
        ours = f"{line.ours:,.0f}" if float(line.ours).is_integer() else f"{line.ours:.4g}"
        difference = ""
        if line.percent is not None:
            difference = f"{line.percent:+.2f} %" + (" **!**" if abs(line.percent) > ALLOWED_PERCENT else "")
        rows.append(f"| {line.name} | {paper} | {ours} | {difference} |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohort", nargs="*", default=list(COHORTS), choices=list(COHORTS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--truth", nargs="*", type=Path, default=[])
    asked = parser.parse_args()
    for name in asked.cohort:
        print(table(name, lines(COHORTS[name], asked.seed)), end="\n\n")
    for folder in asked.truth:
        print(table(f"{folder.name}, as simulated", of_truth(folder)), end="\n\n")


if __name__ == "__main__":
    main()
