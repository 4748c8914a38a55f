"""Several scans of one patient: courses of the disease, which lesions are there in each scan, and when it was.

A lesion keeps its id, site and shape in all scans. A course says, scan by scan, how likely a metastasis of the patient
is there at all and how much hotter or cooler the metastases are; benign lesions stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

import resources
from workstation.phantom.cohorts import TABLE
from workstation.phantom.findings import Finding
from workstation.phantom.laws import kind
from workstation.phantom.posterior import Moment
from workstation.phantom.sites import all_sites
from workstation.phantom.streams import stream

UNCHANGED = "unchanged"  # the course of patients without metastases


@dataclass(frozen=True)
class Visit:
    """One scan of a course. kept: chance that a metastasis is there; contrast: factors of the median, equally likely;
    days: range, after the first scan."""

    kept: float
    contrast: tuple[float, ...]
    days: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Course:
    """share: of the patients with metastases who are scanned several times."""

    share: float
    visits: tuple[Visit, ...]


@cache
def courses() -> MappingProxyType[str, Course]:
    """The courses metastases take."""
    return MappingProxyType(
        {
            name: Course(
                entry["share"],
                tuple(
                    Visit(visit["kept"], tuple(visit["contrast"]), tuple(visit.get("days", (0, 0))))
                    for visit in entry["visits"]
                ),
            )
            for name, entry in resources.table(TABLE)["courses"].items()
        }
    )


@cache
def visits(course: str | None) -> tuple[Visit, ...]:
    """The scans of a patient, first to last."""
    once = Visit(1.0, (1.0,))
    if course is None:
        return (once,)
    if course == UNCHANGED:
        return (once, Visit(1.0, (1.0,), tuple(_serial()["unchanged_days"])))
    return courses()[course].visits


def _serial() -> dict[str, Any]:
    table: dict[str, Any] = resources.table(TABLE)["serial"]
    return table


# Which lesions are there


@dataclass(frozen=True)
class Change:
    """What a course does to a patient's lesions in one scan, in their order.

    there: is in the scan; new: was in none before; grown: is larger than in the scan before. factor: of the malignant
    ones' median contrast.
    """

    there: tuple[bool, ...]
    new: tuple[bool, ...]
    grown: tuple[bool, ...]
    factor: float


def changes(course: str | None, findings: Sequence[Finding], rng: np.random.Generator) -> tuple[Change, ...]:
    """What happens to a patient's lesions, scan by scan.

    Benign ones stay. A metastasis has one number that decides in all scans, so what is there when few are kept is there
    when more are; at least one is there at the first scan: whoever is followed has metastases. What a flare brings out
    are the smallest ones, and no more than a few. Half of those that are there throughout progression grow. (The
    posterior knows of none of the three: they are left out of the model on purpose, and change little.)
    """
    if course not in courses():
        everything, none = (True,) * len(findings), (False,) * len(findings)
        news = [everything] + [none] * (len(visits(course)) - 1)
        return tuple(Change(everything, new, none, 1.0) for new in news)
    malignant = np.array([each.malignant and not each.cold for each in findings], bool)
    chance = np.array([each.stays if each.malignant else 0.0 for each in findings])
    if course == "flare":
        first = visits(course)[0].kept
        hidden = min(int((chance >= first).sum()), _serial()["most_new"], malignant.sum() - 1)
        small = np.argsort(np.where(malignant, [each.shape.size for each in findings], np.inf), kind="stable")
        chance = np.zeros(len(findings))
        chance[small[:hidden]] = 1 - 1e-9
    elif malignant.any():
        chance[np.argmin(np.where(malignant, chance, 2.0))] = 0.0
    growing = malignant & (rng.uniform(size=len(findings)) < 0.5) & (course == "progression")
    seen = np.zeros(len(findings), bool)
    out = []
    for visit in visits(course):
        there = chance < visit.kept
        factor = float(rng.choice(visit.contrast))
        out.append(Change(_truths(there), _truths(there & ~seen), _truths(there & seen & growing), factor))
        seen |= there
    return tuple(out)


def _truths(values: NDArray[np.bool_]) -> tuple[bool, ...]:
    return tuple(bool(each) for each in values)


def before_growth(finding: Finding, tumour: str) -> Finding:
    """A metastasis as it was in the scan before it had grown; no smaller than any is."""
    shape = finding.shape
    least = kind(finding.kind(tumour)).size(all_sites()[finding.site], shape.form).low
    return replace(finding, shape=replace(shape, size=max(shape.size / _serial()["grown"], least)))


@cache
def moments(course: str | None, visit: int) -> tuple[Moment, ...]:
    """What the model knows of a scan before it is seen: the courses it may belong to, and what each does to lesions."""
    if course is None:
        return (Moment(1.0, 1.0, 1.0),)
    known = [(each.share, each.visits[visit]) for each in courses().values() if visit < len(each.visits)]
    total = sum(share for share, _ in known)
    return tuple(
        Moment(share / total / len(there.contrast), there.kept, factor)
        for share, there in known
        for factor in there.contrast
    )


def criterion(course: str | None, visit: int, new: bool, grown: bool) -> str:
    """What justifies calling a lesion malignant: the comparison with the scan before, else another examination.

    M1 is seen on CT, MRI or PET-CT, M2 is new, M3 flares under treatment, M4 has grown for three months or more.
    """
    if visit == 1 and course == "flare":
        return "M3"
    if visit == 1 and course == "progression" and (new or grown):
        return "M2" if new else "M4"
    return "M1"


# When


@dataclass(frozen=True)
class Calendar:
    """scans: when each was acquired. treatment: when it began, None where nothing is known of one."""

    scans: tuple[datetime, ...]
    treatment: date | None


def calendar(cohort: str, seed: int, number: int, course: str | None) -> Calendar:
    """The days of a patient's scans, weekdays in working hours, and of the treatment where metastases are followed."""
    rng = stream(cohort, seed, "calendar", number)
    first = datetime(2023, 1, 2) + timedelta(days=int(rng.integers(0, 700)))
    days = [_weekday(first)]
    for visit in visits(course)[1:]:
        days.append(_weekday(first + timedelta(days=int(rng.integers(visit.days[0], visit.days[1] - 3)))))
    scans = [day + timedelta(minutes=int(rng.integers(510, 1020))) for day in days]
    if course is None or course == UNCHANGED:
        return Calendar(tuple(scans), None)
    low, high = _serial()["treatment_days"]
    return Calendar(tuple(scans), scans[0].date() + timedelta(days=int(rng.integers(low, high + 1))))


def _weekday(day: datetime) -> datetime:
    """The Monday after, where it is a weekend."""
    return day + timedelta(days=7 - day.weekday() if day.weekday() > 4 else 0)
