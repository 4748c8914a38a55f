"""Several scans of one patient: courses of the disease, which lesions are there in each scan, and when it was.

A lesion keeps its id, site and shape in all scans. A course says, scan by scan, how likely a metastasis of the patient
is there at all and how much hotter or cooler the metastases are; benign lesions stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from types import MappingProxyType

import numpy as np

import resources
from workstation.phantom.cohorts import TABLE
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
        return (once, Visit(1.0, (1.0,), tuple(resources.table(TABLE)["serial"]["unchanged_days"])))
    return courses()[course].visits


# Which lesions are there


@dataclass(frozen=True)
class Change:
    """What a course does to a patient's metastases in one scan.

    there: per metastasis, whether it is in the scan; new: whether it was in none before. factor: of the contrast.
    """

    there: tuple[bool, ...]
    new: tuple[bool, ...]
    factor: float


def changes(course: str | None, sizes: Sequence[float], rng: np.random.Generator) -> tuple[Change, ...]:
    """What happens to metastases of the given sizes (diameters), scan by scan.

    One number per lesion decides in all scans, so what is there when few are kept is there when more are. At least
    one is there at the first scan: whoever is followed has metastases. What a flare brings out are the smallest, and
    no more than a few.
    """
    chance = rng.uniform(size=len(sizes))
    if course == "flare":
        hidden = int(min((chance >= visits(course)[0].kept).sum(), resources.table(TABLE)["serial"]["most_new"]))
        chance = np.zeros(len(sizes))
        chance[np.argsort(sizes, kind="stable")[:hidden]] = 1.0
    if len(chance):
        chance[np.argmin(chance)] = 0.0
    out: list[Change] = []
    seen = np.zeros(len(sizes), bool)
    for visit in visits(course):
        there = chance < visit.kept
        new = there & ~seen
        seen |= there
        factor = float(rng.choice(visit.contrast))
        out.append(Change(tuple(bool(each) for each in there), tuple(bool(each) for each in new), factor))
    return tuple(out)


def criterion(course: str | None, visit: int, new: bool, rng: np.random.Generator) -> str:
    """What justifies calling a lesion malignant: the comparison with the scan before, else another examination.

    M2 is new, M3 flares under treatment, M4 has grown for three months or more, M1 is seen on CT, MRI or PET-CT.
    """
    grows = rng.uniform() < 0.5
    if visit == 1 and course == "flare":
        return "M3"
    if visit == 1 and course == "progression":
        return "M2" if new else "M4" if grows else "M1"
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
    first = datetime(2023, 1, 2) + timedelta(days=int(rng.integers(0, 700)), minutes=int(rng.integers(510, 1020)))
    scans = [_weekday(first)]
    for visit in visits(course)[1:]:
        later = int(rng.integers(visit.days[0], visit.days[1] - 1))
        scans.append(_weekday(scans[0] + timedelta(days=later, minutes=int(rng.integers(-120, 121)))))
    if course is None or course == UNCHANGED:
        return Calendar(tuple(scans), None)
    low, high = resources.table(TABLE)["serial"]["treatment_days"]
    return Calendar(tuple(scans), scans[0].date() + timedelta(days=int(rng.integers(low, high + 1))))


def _weekday(moment: datetime) -> datetime:
    """The same hour on the Monday after, where it is a weekend."""
    return moment + timedelta(days=max(7 - moment.weekday(), 0) if moment.weekday() > 4 else 0)
