"""The plan of a cohort: who is in it, before anything is drawn of a patient's body.

Everything a paper counts is a quota here, not a chance: tumours, sexes, ages and metastases come in fixed numbers, and
numbers of lesions are spread evenly over their law. The patients are then put in an order in which every beginning is a
fair sample, so patient `number` is the same person whatever number is asked for. A plan follows from cohort and seed
alone; it is made once per process and takes well under a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import TypeVar

import numpy as np

from workstation.phantom.cohorts import Cohort, Group
from workstation.phantom.counts import numbers
from workstation.phantom.findings import Finding
from workstation.phantom.involvement import arranged
from workstation.phantom.person import Ints, Person, ages, patient_id
from workstation.phantom.pose import Sex
from workstation.phantom.sites import TUMOURS
from workstation.phantom.skeleton import Floats
from workstation.phantom.streams import stream
from workstation.phantom.therapy import UNCHANGED, courses
from workstation.phantom.world import World, age_group

Item = TypeVar("Item")
_STARTS = 16  # of systematic samples, to choose the nearest from


@dataclass(frozen=True)
class Enrolled:
    """One patient as planned. diffuse: metastases everywhere, none of them separate.

    malignant, benign: numbers of lesions over all scans. course: of the disease where there are several scans.
    findings: the lesions, where the plan itself has to draw them.
    """

    tumour: str
    sex: Sex
    age: int
    metastatic: bool
    diffuse: bool
    malignant: int
    benign: int
    course: str | None = None
    findings: tuple[Finding, ...] | None = None

    def person(self, cohort: str, number: int) -> Person:
        """number: of the patient, from 0."""
        return Person(number, patient_id(cohort, number), self.tumour, self.sex, self.age, self.metastatic)


def enrolled(cohort: Cohort, seed: int, number: int) -> Enrolled:
    """Patient `number` (from 0) of a cohort; beyond its size the same quotas are filled again with others."""
    block, place = divmod(number, cohort.patients)
    return plan(cohort, seed, block)[place]


@cache
def world(cohort: Cohort) -> World:
    """The cohort as the lesions' model knows it; the diffuse, who have none, are left out."""
    lesions = [group.patients - group.diffuse for group in cohort.groups]
    years = [np.concatenate(pair) for pair in ages(cohort)]
    of_age = [np.bincount([age_group(int(age)) for age in each], minlength=3) / max(len(each), 1) for each in years]
    return World(
        tuple(number / sum(lesions) for number in lesions),
        tuple((group.metastatic - group.diffuse) / max(n, 1) for group, n in zip(cohort.groups, lesions, strict=True)),
        tuple(tuple(float(share) for share in each) for each in of_age),
        cohort.law,
    )


@lru_cache(maxsize=8)
def plan(cohort: Cohort, seed: int, block: int = 0) -> tuple[Enrolled, ...]:
    """All patients of a cohort in their order."""
    rng = stream(cohort.name, seed, "plan", block)
    strata = []
    for index, group in enumerate(cohort.groups):
        sexes = _shuffled([True] * group.male + [False] * (group.patients - group.male), rng)
        for metastatic in (True, False):
            number = group.metastatic if metastatic else group.patients - group.metastatic
            strata.append(_stratum(cohort, index, metastatic, sexes[:number], rng))
            sexes = sexes[number:]
    places = interleaved([len(stratum) for stratum in strata], rng)
    rest = [iter(stratum) for stratum in strata]
    patients = _with_courses(cohort, [next(rest[which]) for which in places], rng)
    return arranged(cohort, world(cohort), patients, rng) if cohort.involved else patients


def _stratum(
    cohort: Cohort, index: int, metastatic: bool, male: Sequence[bool], rng: np.random.Generator
) -> list[Enrolled]:
    """The patients of one tumour and status, in random order."""
    tumour, group = TUMOURS[index], cohort.groups[index]
    numbers = _numbers(cohort, tumour, group, metastatic, rng)
    years = rng.permutation(ages(cohort)[index][0 if metastatic else 1])
    diffuse = np.arange(len(numbers)) < (group.diffuse if metastatic else 0)
    drawn = zip(male, years, diffuse, numbers, strict=True)
    return _shuffled(
        [
            Enrolled(tumour, "M" if man else "F", int(age), metastatic, bool(everywhere), int(many[0]), int(many[1]))
            for man, age, everywhere, many in drawn
        ],
        rng,
    )


def _numbers(cohort: Cohort, tumour: str, group: Group, metastatic: bool, rng: np.random.Generator) -> Ints:
    """(malignant, benign) lesions of a stratum's patients, (patients, 2); the diffuse come first and have none."""
    law = numbers(cohort.law, tumour, metastatic)
    if metastatic:
        none = np.zeros((group.diffuse, 2), np.int64)
        return np.concatenate([none, spread(law, group.metastatic - group.diffuse, rng)])
    others = group.patients - group.metastatic
    if cohort.clean is None:
        return spread(law, others, rng)
    everyone = cohort.patients - sum(each.metastatic for each in cohort.groups)
    clean = _share(cohort, tumour, cohort.clean / everyone)
    some = law.copy()
    some[0, 0] = 0
    return np.concatenate([np.zeros((clean, 2), np.int64), spread(some / some.sum(), others - clean, rng)])


def _share(cohort: Cohort, tumour: str, share: float) -> int:
    """A tumour's part of a quota among all non-metastatic patients, so that the parts make the whole."""
    others = [group.patients - group.metastatic for group in cohort.groups]
    marks = np.rint(np.cumsum([0, *others]) * share).astype(np.int64)
    return int(np.diff(marks)[TUMOURS.index(tumour)])


def spread(law: Floats, number: int, rng: np.random.Generator) -> Ints:
    """`number` pairs whose frequencies follow a table of chances as evenly as they can, in random order, (number, 2).

    Systematic sampling along a path to and fro through the table, so that every block of neighbouring cells comes as
    often as expected to within a patient or two; of some starts that which gives the totals nearest to the expected.
    """
    rows, columns = np.indices(law.shape)
    path = np.lexsort((np.where(rows.ravel() % 2, -columns.ravel(), columns.ravel()), rows.ravel()))
    pairs = np.stack([rows.ravel()[path], columns.ravel()[path]], axis=1)
    ends = np.cumsum(law.ravel()[path])
    expected = number * (law.ravel()[path] / ends[-1]) @ pairs

    def chosen(start: float) -> Ints:
        at = (np.arange(number) + start) / max(number, 1) * ends[-1]
        return pairs[np.minimum(np.searchsorted(ends, at, side="right"), len(pairs) - 1)]

    tried = [chosen(start) for start in rng.uniform(size=_STARTS)]
    off = [float(np.abs(each.sum(axis=0) - expected).sum()) for each in tried]
    return rng.permutation(tried[int(np.argmin(off))])


def interleaved(sizes: Sequence[int], rng: np.random.Generator) -> Ints:
    """Which stratum each place of the order belongs to: every beginning has each in proportion, nearly."""
    owner = np.repeat(np.arange(len(sizes)), sizes)
    at = np.concatenate([(np.arange(size) + rng.uniform(size=size)) / max(size, 1) for size in sizes])
    return owner[np.argsort(at, kind="stable")]


def _with_courses(cohort: Cohort, patients: list[Enrolled], rng: np.random.Generator) -> tuple[Enrolled, ...]:
    """Patients who are scanned several times get a course; who has no metastases gets the one that changes nothing."""
    able = [place for place, each in enumerate(patients) if not each.diffuse]
    if cohort.serial:
        chosen = [place for place in able if patients[place].metastatic]
    else:
        share = round(len(patients) * cohort.earlier) / len(able)
        marks = np.floor(np.arange(len(able) + 1) * share + rng.uniform())
        chosen = [place for place, several in zip(able, np.diff(marks) > 0, strict=True) if several]
    ill = [place for place in chosen if patients[place].metastatic]
    names = list(courses())
    which = interleaved(_quotas([each.share for each in courses().values()], len(ill)), rng)
    course = dict(zip(ill, (names[index] for index in which), strict=True))
    several = set(chosen)
    return tuple(
        replace(each, course=course.get(place, UNCHANGED)) if place in several else each
        for place, each in enumerate(patients)
    )


def _quotas(shares: Sequence[float], number: int) -> list[int]:
    """Whole numbers in the given shares that add up, by largest remainder."""
    exact = np.array(shares) / sum(shares) * number
    whole = np.floor(exact).astype(np.int64)
    whole[np.argsort(whole - exact, kind="stable")[: number - whole.sum()]] += 1
    return [int(each) for each in whole]


def _shuffled(items: Sequence[Item], rng: np.random.Generator) -> list[Item]:
    return [items[index] for index in rng.permutation(len(items))]
