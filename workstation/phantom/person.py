"""Who a simulated patient is: tumour, sex, age and whether there are metastases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workstation.phantom.cohorts import Cohort
from workstation.phantom.pose import Sex
from workstation.phantom.sites import TUMOURS

_AGES = {"lung": (58.5, 10.8), "prostate": (71.0, 8.7), "breast": (51.4, 10.4), "other": (56.1, 12.9)}
_MALE = {"lung": 0.56, "prostate": 1.0, "breast": 0.006, "other": 0.69}


@dataclass(frozen=True)
class Person:
    number: int
    patient: str
    tumour: str
    sex: Sex
    age: int
    metastatic: bool


def draw_person(cohort: Cohort, number: int, rng: np.random.Generator) -> Person:
    index = int(rng.choice(len(TUMOURS), p=cohort.mix.tumour))
    tumour = TUMOURS[index]
    mean, deviation = _AGES[tumour]
    age = int(np.clip(round(rng.normal(mean, deviation)), 22, 89))
    sex: Sex = "M" if rng.uniform() < _MALE[tumour] else "F"
    metastatic = bool(rng.uniform() < cohort.mix.metastatic[index])
    return Person(number, f"{cohort.name}-{number + 1:05d}", tumour, sex, age, metastatic)
