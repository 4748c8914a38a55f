"""Serum alkaline phosphatase of patients first diagnosed with metastases, before any treatment.

Bone that metastases make anew gives ALP, so it rises with the burden, loosely. Burden is foreseen here from the lesions
as planned, before any picture, so that the cohort's mean, SD and correlation are those of the paper for the index that
is measured in the pictures afterwards.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from scipy.optimize import least_squares
from scipy.special import expit, ndtri

import resources
from workstation.phantom.body import Body
from workstation.phantom.cohorts import TABLE, Alp, Cohort
from workstation.phantom.laws import FILLING, Shape, contrast_law, kind
from workstation.phantom.person import Ints, in_the_flesh
from workstation.phantom.plan import Enrolled, plan
from workstation.phantom.sites import all_sites
from workstation.phantom.skeleton import Floats, standard
from workstation.phantom.streams import stream
from workstation.phantom.uptake import Uptake

_LEAST = 45.0  # U/L; normal is about 40 to 150
_NEAR = 0.005  # how near the correlation comes
_VERTEBRA_MM = 40.0
K = 5  # of the burden index


def alp(cohort: Cohort, seed: int, number: int) -> float | None:
    """U/L of patient `number`; None in most patients and in cohorts without it."""
    if cohort.alp is None:
        return None
    block, place = divmod(number, cohort.patients)
    return _levels(cohort, seed, block).get(place)


@lru_cache(maxsize=4)
def _levels(cohort: Cohort, seed: int, block: int) -> dict[int, float]:
    law, rng = cohort.alp, stream(cohort.name, seed, "alp", block)
    if law is None:
        return {}
    patients = plan(cohort, seed, block)
    ill = [place for place, each in enumerate(patients) if each.metastatic]
    burdens = np.array([_burden(cohort, seed, block * cohort.patients + place, patients[place]) for place in ill])
    # Pictures scatter around what is foreseen: that widens the index and loosens its correlation with ALP.
    narrow = float(np.sqrt(law.burden_sd**2 - _foreseen()["spread"] ** 2))
    chosen = _as_burdened(burdens, law.patients, law.burden_mean, narrow, rng)
    levels = _paired(burdens[chosen], quantiles(law), law.correlation * law.burden_sd / narrow, rng)
    return {ill[index]: round(float(level), 1) for index, level in zip(chosen, levels, strict=True)}


def _burden(cohort: Cohort, seed: int, number: int, planned: Enrolled) -> float:
    return foreseen(planned, *in_the_flesh(cohort.name, seed, planned.person(cohort.name, number)))


def _foreseen() -> dict[str, Any]:
    table: dict[str, Any] = resources.table(TABLE)["foreseen"]
    return table


def foreseen(planned: Enrolled, body: Body, uptake: Uptake) -> float:
    """The patient's burden index, 0 to 1, from the lesions as planned in the body as drawn."""
    hot = [each for each in planned.findings or () if each.malignant and not each.cold]
    if not hot:
        return 0.0
    how = _foreseen()
    return float(1 / (1 + (1 / np.exp(features(planned, body, uptake) @ how["factors"]) - 1) / K))


def features(planned: Enrolled, body: Body, uptake: Uptake) -> Floats:
    """What the lesions' share of all counts is foreseen from: logarithms of the number of lesions, of their tracer, of
    bone over soft tissue, of body mass index and of height in metres; and 1."""
    laws, table = kind(planned.tumour), standard().bones
    hot = [each for each in planned.findings or () if each.malignant and not each.cold]
    tracer = 0.0
    for each in hot:
        contrast = contrast_law(laws, _foreseen()["contrast_from"], each.level).quantile(each.quantile)
        tracer += (contrast - 1) * uptake.bones[all_sites()[each.site].bone] * _volume(each.shape)
    is_bone = np.array([bone.kind == "bone" and bone.uptake > 0 for bone in table])
    usual = np.array([bone.uptake for bone in table])
    level = np.log(uptake.bones[is_bone] / usual[is_bone]).mean()
    return np.array([1.0, np.log(len(hot)), np.log(tracer), level, np.log(body.bmi), np.log(body.height_mm / 1000)])


def _volume(shape: Shape) -> float:
    """mm^3 but for a constant; forms that fill a bone take their share of a vertebra."""
    return float((_VERTEBRA_MM * shape.size if shape.form in FILLING else shape.size) ** 3)


def _as_burdened(burdens: Floats, number: int, mean: float, sd: float, rng: np.random.Generator) -> Ints:
    """Which `number` patients to take so that their burdens have this mean and SD: with chances that differ from equal
    ones as little as they can, which is exp(a + b burden + c burden^2), spread evenly over the burdens."""

    def chances(at: Floats) -> Floats:
        return np.asarray(expit(at[0] + at[1] * burdens + at[2] * burdens**2))

    def off(at: Floats) -> Floats:
        taken = chances(at)
        middle = taken @ burdens / taken.sum()
        wide = np.sqrt(taken @ (burdens - middle) ** 2 / taken.sum())
        return np.array([taken.sum() / number - 1, middle / mean - 1, wide / sd - 1])

    share = number / len(burdens)
    taken = chances(least_squares(off, np.array([np.log(share / (1 - share)), 0.0, 0.0])).x)
    rising = np.argsort(burdens)
    marks = np.floor(np.concatenate([[0.0], np.cumsum(taken[rising])]) + rng.uniform())
    chosen = np.zeros(len(burdens), bool)
    chosen[rising] = np.diff(marks) > 0
    while chosen.sum() != number:  # one more or less, by rounding
        likely = np.where(chosen, taken - 1, taken)
        index = int(np.argmax(likely) if chosen.sum() < number else np.argmin(likely))
        chosen[index] = not chosen[index]
    return np.flatnonzero(chosen)


def quantiles(law: Alp) -> Floats:
    """Levels whose mean and SD are the law's, rising: of a lognormal law above the least there is."""
    z = ndtri((np.arange(law.patients) + 0.5) / law.patients)

    def off(logs: Floats) -> Floats:
        levels = _LEAST + np.exp(logs[0] + np.exp(logs[1]) * z)
        return np.array([levels.mean() / law.mean - 1, levels.std(ddof=1) / law.sd - 1])

    middle, spread = least_squares(off, np.array([np.log(law.mean / 2), 0.0])).x
    levels: Floats = _LEAST + np.exp(middle + np.exp(spread) * z)
    return levels


def _paired(burdens: Floats, levels: Floats, wanted: float, rng: np.random.Generator) -> Floats:
    """A level for each burden, so that their correlation is the wanted one."""
    z = ndtri((np.argsort(np.argsort(burdens)) + 0.5) / len(burdens))
    best, nearest = levels, np.inf
    for share in np.tile(np.linspace(0.5, 0.98, 25), 40):
        order = np.argsort(np.argsort(share * z + np.sqrt(1 - share**2) * rng.normal(size=len(z))))
        off = abs(float(np.corrcoef(burdens, levels[order])[0, 1]) - wanted)
        if off < nearest:
            best, nearest = levels[order], off
        if nearest < _NEAR:
            break
    return best
