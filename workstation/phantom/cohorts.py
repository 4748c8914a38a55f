"""The cohorts there are: how many patients of which kind, and which lesions they may have.

The figures are `resources/phantom/cohorts.toml`, with their sources; here they become values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import resources
from workstation.phantom.acquisition import ACTIVITY_MBQ
from workstation.phantom.sites import TUMOURS

VERSION = "2.0"  # of the simulator and its settings; results name it
TABLE = "phantom/cohorts"
_SHARES_OF = "patients-12222"  # the cohort that has sex and age of every tumour


@dataclass(frozen=True)
class Group:
    """The patients of one tumour: numbers of patients, of each property among all, of diffuse among the metastatic."""

    patients: int
    metastatic: int
    male: int
    under60: int
    diffuse: int


@dataclass(frozen=True)
class Bands:
    """Numbers of patients by age and status. edges: years, each band from one edge to before the next."""

    edges: tuple[int, ...]
    metastatic: tuple[int, ...]
    others: tuple[int, ...]
    mean: float
    sd: float


@dataclass(frozen=True)
class Alp:
    """Serum alkaline phosphatase: how many patients have it, mean and SD in U/L, most days between it and the scan.

    burden_mean, burden_sd: of these patients' burden index; correlation: of the index with ALP.
    """

    patients: int
    mean: float
    sd: float
    days: int
    burden_mean: float
    burden_sd: float
    correlation: float


@dataclass(frozen=True)
class Cohort:
    """One cohort's quotas.

    groups: by tumour, in the order of TUMOURS. law: name of the count law. earlier: share of patients with an earlier
    scan. older: years more than the usual ages, on average. serial: metastatic patients are followed under treatment.
    superscans: there may be some. activity_mbq: least and most injected. clean: how many non-metastatic patients show
    no abnormal uptake, where that is a quota. involved: how many patients have metastases in each of six places.
    """

    name: str
    groups: tuple[Group, ...]
    law: str
    earlier: float = 0.0
    older: float = 0.0
    serial: bool = False
    superscans: bool = True
    activity_mbq: tuple[float, float] = ACTIVITY_MBQ
    clean: int | None = None
    bands: Bands | None = None
    involved: tuple[tuple[str, int], ...] = field(default=())
    alp: Alp | None = None

    @property
    def patients(self) -> int:
        """How many there are unless asked otherwise."""
        return sum(group.patients for group in self.groups)


def _cohort(name: str, entry: dict[str, Any]) -> Cohort:
    groups = tuple(_group(tumour, entry) for tumour in TUMOURS)
    return Cohort(
        name,
        groups,
        entry["law"],
        entry.get("earlier", 0.0),
        entry.get("older", 0.0),
        entry.get("serial", False),
        entry.get("superscans", True),
        tuple(entry.get("activity_mbq", ACTIVITY_MBQ)),
        entry.get("clean"),
        _bands(entry["bands"]) if "bands" in entry else None,
        tuple(entry.get("involved", {}).items()),
        Alp(**entry["alp"]) if "alp" in entry else None,
    )


def _bands(entry: dict[str, Any]) -> Bands:
    edges, metastatic, others = (tuple(entry[key]) for key in ("edges", "metastatic", "others"))
    return Bands(edges, metastatic, others, entry["mean"], entry["sd"])


def _group(tumour: str, entry: dict[str, Any]) -> Group:
    """The numbers given, and where none is given those that follow from the shares in other tables."""
    given = entry["tumours"].get(tumour)
    if given is None:
        return Group(0, 0, 0, 0, 0)
    table = resources.table(TABLE)
    whole = table["cohorts"][_SHARES_OF]["tumours"][tumour]
    patients, metastatic = given["patients"], given["metastatic"]
    diffuse = metastatic * table["superscans"][tumour] if entry.get("superscans", True) else 0
    return Group(
        patients,
        metastatic,
        given.get("male", round(patients * whole["male"] / whole["patients"])),
        given.get("under60", round(patients * whole["under60"] / whole["patients"])),
        given.get("diffuse", round(diffuse)),
    )


COHORTS = MappingProxyType({name: _cohort(name, entry) for name, entry in resources.table(TABLE)["cohorts"].items()})
