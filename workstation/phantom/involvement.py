"""Where metastases are, for a cohort whose paper counts the patients with metastases in each place.

Every patient's lesions are drawn from the model; then single patients' lesions are drawn anew, each time kept if the
counts come nearer to the paper's, until they are the paper's. The model itself expects counts near them, so few are
exchanged and the lesions still follow its laws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from workstation.phantom.cohorts import Cohort
from workstation.phantom.findings import Finding, draw
from workstation.phantom.person import Ints
from workstation.phantom.sites import all_sites
from workstation.phantom.world import World

if TYPE_CHECKING:
    from workstation.phantom.plan import Enrolled

_MOST = 1500  # exchanges tried


def arranged(
    cohort: Cohort, world: World, patients: Sequence[Enrolled], rng: np.random.Generator
) -> tuple[Enrolled, ...]:
    """The patients with their lesions, as many of the metastatic involved in each place as the cohort says."""
    places = tuple(place for place, _ in cohort.involved)
    ill = [index for index, each in enumerate(patients) if each.metastatic]
    wanted = np.array([number for _, number in cohort.involved])
    drawn = {index: _draw(world, patients[index], rng) for index in ill}
    involved = np.array([_involved(drawn[index], places) for index in ill])
    off = involved.sum(axis=0) - wanted
    for _ in range(_MOST):
        if not off.any():
            break
        row = int(rng.integers(len(ill)))
        other = _draw(world, patients[ill[row]], rng)
        now = _involved(other, places)
        change = now - involved[row]
        if np.abs(off + change).sum() < np.abs(off).sum():
            drawn[ill[row]], involved[row] = other, now
            off = off + change
    return tuple(replace(each, findings=drawn.get(index)) for index, each in enumerate(patients))


def _draw(world: World, patient: Enrolled, rng: np.random.Generator) -> tuple[Finding, ...]:
    numbers = (patient.malignant, patient.benign)
    return draw(world, patient.tumour, patient.metastatic, patient.age, numbers, rng)


def _involved(findings: Sequence[Finding], places: Sequence[str]) -> Ints:
    """0 or 1 for each place: whether there is a metastasis that takes up tracer."""
    there = {all_sites()[each.site].site6 for each in findings if each.malignant and not each.cold}
    return np.array([place in there for place in places], np.int64)
