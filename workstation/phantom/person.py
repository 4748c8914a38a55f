"""Who a simulated patient is, and the ages there are in a cohort.

Ages are not drawn one by one: a cohort has a fixed set of them for each tumour and status, evenly spaced quantiles of
the laws in cohorts.toml, so that its mean, SD and age groups are those of the papers. A patient gets one of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

import resources
from workstation.phantom.body import Body, Sex, draw_body
from workstation.phantom.cohorts import TABLE, Bands, Cohort
from workstation.phantom.sites import TUMOURS
from workstation.phantom.streams import stream
from workstation.phantom.uptake import Uptake, draw_uptake

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Person:
    """age: years, at the scan it goes with. metastatic: whether there are bone metastases at any time."""

    number: int
    patient: str
    tumour: str
    sex: Sex
    age: int
    metastatic: bool


def patient_id(cohort: str, number: int) -> str:
    """number: from 0."""
    return f"{cohort}-{number + 1:05d}"


def in_the_flesh(cohort: str, seed: int, person: Person) -> tuple[Body, Uptake]:
    """A person's body and where their tracer goes, before anything is known of lesions or scans."""
    rng = stream(cohort, seed, "person", person.number)
    body = draw_body(rng, person.sex, person.age)
    return body, draw_uptake(body, person.age, rng)


def _between(mean: float, sd: float, first: int, last: int, number: int) -> Ints:
    """Evenly spaced quantiles of a normal law cut to whole years first..last, rising."""
    low, high = ndtr((first - 0.5 - mean) / sd), ndtr((last + 0.5 - mean) / sd)
    at = low + (high - low) * (np.arange(number) + 0.5) / max(number, 1)
    return np.clip(np.rint(mean + sd * ndtri(at)), first, last).astype(np.int64)


def _two_sided(tumour: str, number: int, under60: int) -> Ints:
    """Ages of a tumour's patients, rising: a normal law on either side of 60, the sides' shares as counted."""
    law = resources.table(TABLE)["ages"][tumour]
    mean, sd = float(law["mean"]), float(law["sd"])
    return np.concatenate(
        [
            _between(mean, sd, law["youngest"], 59, under60),
            _between(mean, sd, 60, law["oldest"], number - under60),
        ]
    )


@cache
def ages(cohort: Cohort) -> tuple[tuple[Ints, Ints], ...]:
    """The ages of each tumour's metastatic and other patients, rising. In most cohorts the two are alike."""
    both = []
    for tumour, group in zip(TUMOURS, cohort.groups, strict=True):
        pool = _two_sided(tumour, group.patients, group.under60) + _whole_years(cohort.older, group.patients)
        share = group.metastatic / max(group.patients, 1)
        marks = np.floor(np.arange(group.patients + 1) * share + 0.5).astype(np.int64)
        metastatic = np.diff(marks) > 0
        both.append((pool[metastatic], pool[~metastatic]))
    if cohort.bands is not None:
        first = _in_bands(cohort.bands, cohort.bands.metastatic, [pair[0] for pair in both])
        second = _in_bands(cohort.bands, cohort.bands.others, [pair[1] for pair in both])
        both = list(zip(first, second, strict=True))
    return tuple(both)


def _whole_years(mean: float, number: int) -> Ints:
    """Whole years whose mean is the given one, spread evenly."""
    return np.diff(np.floor(np.arange(number + 1) * mean + 0.5)).astype(np.int64)


def _in_bands(bands: Bands, numbers: tuple[int, ...], pools: list[Ints]) -> list[Ints]:
    """The ages of one status, in the bands' numbers; the older tumours keep the older patients."""
    pairs = zip(bands.edges[:-1], bands.edges[1:], numbers, strict=True)
    wanted = np.concatenate([_between(bands.mean, bands.sd, low, high - 1, number) for low, high, number in pairs])
    owner = np.repeat(np.arange(len(pools)), [len(pool) for pool in pools])
    owner = owner[np.argsort(np.concatenate(pools), kind="stable")]
    return [wanted[owner == index] for index in range(len(pools))]
