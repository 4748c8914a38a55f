"""Each simulated cohort's tables beside the papers' that it follows, in Markdown.

`python -m tests.simulator.tables [--cohort NAME ...] [--patients N [--processes P]] [--truth DIR ...]`. Patients and
numbers of lesions come from the cohort's plan, without a picture; places, best_auc and alone_auc from the first N
patients simulated on the spot, or from a simulated cohort's folder or snapshot given by --truth.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.simulator.burden import of_alp
from tests.simulator.papers import PAPERS
from workstation.phantom.cohorts import COHORTS, Cohort
from workstation.phantom.plan import Enrolled, plan
from workstation.phantom.posterior import auc
from workstation.phantom.sites import TUMOURS, all_sites
from workstation.workflows.simulated import Order, lesion_rows, scan_row, simulate

GROUPS = (("1-3 lesions", 1, 3), ("4-6 lesions", 4, 6), ("> 6 lesions", 7, 10_000))
SITES = ("spine", "pelvis", "scapula", "rib", "femur", "other")
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
        drawn = [each.findings for each in patients if each.findings is not None]
        hot = [{all_sites()[f.site].site6 for f in those if f.malignant and not f.cold} for those in drawn]
        for site in SITES if drawn else ():
            yield f"patients with {site}", sum(site in there for there in hot)


def lines(cohort: Cohort, seed: int = 0) -> list[Line]:
    """The paper's quantities and, without a paper's figure, the cohort's other totals."""
    printed = PAPERS.get(cohort.name, {})
    found = dict(of_plan(plan(cohort, seed)))
    wanted = [name for name in printed if name in found]
    more = ("patients", "metastatic", "diffuse", "men", "age mean", "lesions", "malignant", "benign")
    wanted += [name for name in more if name not in printed]
    return [Line(name, printed.get(name), found[name]) for name in wanted]


@dataclass(frozen=True, eq=False)
class Told:
    """The rows that a simulated cohort's tables hold, whether read from its folder or simulated just now."""

    name: str
    scans: list[dict[str, Any]]
    lesions: list[dict[str, Any]]


def read(folder: Path) -> Told:
    """A cohort's truth folder or a snapshot."""
    where = folder / "truth" if (folder / "truth").is_dir() else folder
    tables = []
    for name in ("scans.csv", "lesions.csv"):
        with (where / name).open(encoding="utf-8", newline="") as file:
            tables.append(list(csv.DictReader(file)))
    return Told(json.loads((where / "cohort.json").read_text(encoding="utf-8"))["name"], tables[0], tables[1])


def _told_of(order: Order) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    scans, _ = simulate(order)
    return [scan_row(scan) for scan in scans], [row for scan in scans for row in lesion_rows(scan)]


def simulated(cohort: str, seed: int, patients: int, processes: int) -> Told:
    """The first patients of a cohort; nothing is written."""
    orders = [Order(cohort, seed, number, Path()) for number in range(patients)]
    with ProcessPoolExecutor(processes) as pool:
        each = list(pool.map(_told_of, orders, chunksize=8))
    return Told(cohort, [row for scans, _ in each for row in scans], [row for _, rows in each for row in rows])


def of_pictures(told: Told) -> list[Line]:
    """What no plan tells: lesions that can be seen, the AUC of both exact chances, places of metastases."""
    patient = {row["scan"]: row["patient"] for row in told.scans}
    everyone = told.name in COHORTS and len(set(patient.values())) == COHORTS[told.name].patients
    printed = PAPERS.get(told.name, {}) if everyone else {}
    seen = [row for row in told.lesions if int(row["visible"])]
    malignant = [row["label"] == "malignant" for row in seen]
    out = [Line("patients", None, len(set(patient.values()))), Line("scans", None, len(patient))]
    out += [Line("visible lesions", None, len(seen)), Line("malignant", None, sum(malignant))]
    for name, chance in (("best_auc", "p_ceiling"), ("alone_auc", "p_alone")):
        value = auc(malignant, [float(row[chance]) for row in seen])
        out += [] if value is None else [Line(name, None, value)]
    out.append(Line("lesions not visible, of all %", None, 100 * (1 - len(seen) / max(len(told.lesions), 1))))
    for site in SITES:
        those = {patient[row["scan"]] for row in seen if row["label"] == "malignant" and row["site6"] == site}
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
    parser.add_argument("--patients", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--truth", nargs="*", type=Path, default=[])
    asked = parser.parse_args()
    for name in asked.cohort:
        print(table(name, lines(COHORTS[name], asked.seed)), end="\n\n", flush=True)
        if asked.patients:
            told = simulated(name, asked.seed, min(asked.patients, COHORTS[name].patients), asked.processes)
            print(table(f"{name}, as simulated", of_pictures(told)), end="\n\n", flush=True)
            blood = [Line(what, PAPERS[name][what], value) for what, value in of_alp(COHORTS[name], asked.seed)]
            if blood:
                print(table(f"{name}, burden in the pictures and ALP", blood), end="\n\n", flush=True)
    for folder in asked.truth:
        told = read(folder)
        print(table(f"{told.name}, as simulated", of_pictures(told)), end="\n\n")


if __name__ == "__main__":
    main()
