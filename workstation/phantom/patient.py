"""One simulated patient: their scans, and what is true of each.

Every patient has random streams of their own, made from cohort, seed and number; so a patient is the same whatever
else is simulated, in whichever process, in whichever order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

import numpy as np

import resources
from workstation.phantom import findings as model
from workstation.phantom.body import lie_again
from workstation.phantom.cohorts import TABLE, Cohort
from workstation.phantom.diffuse import Kind
from workstation.phantom.exposure import Exposed, expose
from workstation.phantom.findings import Finding
from workstation.phantom.person import in_the_flesh
from workstation.phantom.plan import Enrolled, enrolled, world
from workstation.phantom.shot import Shot, lay_down
from workstation.phantom.simulated import SimulatedLesion, SimulatedScan
from workstation.phantom.sites import all_sites, anchor
from workstation.phantom.skeleton import standard
from workstation.phantom.streams import stream
from workstation.phantom.therapy import Change, before_growth, calendar, changes, criterion, moments
from workstation.phantom.uptake import again

__all__ = ["SimulatedLesion", "SimulatedScan", "simulate"]


def simulate(cohort: Cohort, seed: int, number: int) -> tuple[SimulatedScan, ...]:
    """Patient `number` (from 0) of a cohort: their scans, first to last."""
    planned = enrolled(cohort, seed, number)
    person = planned.person(cohort.name, number)
    body, uptake = in_the_flesh(cohort.name, seed, person)
    disease = stream(cohort.name, seed, "disease", number)
    lasting, diffuse = int(disease.integers(2**62)), _diffuse(cohort, planned, disease)
    lesions = _findings(cohort, seed, number, planned)
    quantiles = [finding.quantile for finding in lesions]
    course = changes(planned.course, lesions, stream(cohort.name, seed, "course", number))
    days = calendar(cohort.name, seed, number, planned.course).scans
    scans = []
    for visit, (change, acquired) in enumerate(zip(course, days, strict=True)):
        rng = stream(cohort.name, seed, "scan", number, visit)
        if visit:
            body, uptake = lie_again(body, rng, planned.age), again(uptake, rng)
            quantiles = [model.again(finding.quantile, rng, _constancy()) for finding in lesions]
        there = _there(lesions, quantiles, planned, course, visit)
        present = [each.finding for each in there]
        shot = lay_down(person, body, uptake, diffuse, present, lasting, cohort.activity_mbq, rng)
        exposure = expose(
            shot.scene,
            shot.lesions,
            planned.tumour,
            [each.quantile for each in there],
            change.factor,
            world(cohort),
            moments(planned.course, visit),
            rng,
        )
        told = [_told(each, seen) for each, seen in zip(there, exposure.lesions, strict=True)]
        scans.append(
            SimulatedScan(
                person.patient + "-prior" * (len(days) - 1 - visit),
                replace(person, age=person.age - (days[-1].year - acquired.year)),
                shot.body,
                shot.acquisition,
                acquired,
                _injected(acquired, shot),
                shot.acquisition.activity_mbq,
                exposure.counts,
                exposure.bladder,
                tuple(told),
                planned.diffuse,
                shot.pitfalls + (("metabolic superscan",) if diffuse == "metabolic" else ()),
            )
        )
    return tuple(scans)


@dataclass(frozen=True)
class _There:
    """A lesion in one scan. id: the same in all of them. quantile: of its contrast. reason: its criterion."""

    id: str
    finding: Finding
    quantile: float
    reason: str


def _there(
    lesions: tuple[Finding, ...], quantiles: list[float], planned: Enrolled, course: tuple[Change, ...], visit: int
) -> list[_There]:
    """The lesions that are there at a visit, as they are then."""
    change, later = course[visit], course[visit + 1 :]
    out = []
    for index, finding in enumerate(lesions):
        if not change.there[index]:
            continue
        grows = any(each.grown[index] for each in later)
        seen = criterion(planned.course, visit, change.new[index], change.grown[index])
        out.append(
            _There(
                str(index + 1),
                before_growth(finding, planned.tumour) if grows else finding,
                quantiles[index],
                seen if finding.malignant else all_sites()[finding.site].criterion,
            )
        )
    return out


def _told(there: _There, seen: Exposed) -> SimulatedLesion:
    finding = there.finding
    return SimulatedLesion(
        there.id,
        finding.malignant,
        there.reason,
        all_sites()[finding.site],
        seen.masks,
        seen.visible,
        seen.peak_ratio,
        seen.p_ceiling,
        seen.p_alone,
    )


def _findings(cohort: Cohort, seed: int, number: int, planned: Enrolled) -> tuple[Finding, ...]:
    """The patient's lesions over all scans, from head to foot, so that a lesion's number tells nothing of its label."""
    drawn = planned.findings
    if drawn is None and not planned.diffuse:
        numbers = (planned.malignant, planned.benign)
        rng = stream(cohort.name, seed, "lesions", number)
        drawn = model.draw(world(cohort), planned.tumour, planned.metastatic, planned.age, numbers, rng)
    return tuple(sorted(drawn or (), key=lambda finding: _heights()[finding.site]))


@cache
def _heights() -> tuple[float, ...]:
    """Of each site in the standard body, mm from the vertex."""
    return tuple(float(anchor(standard(), site)[0][1]) for site in all_sites())


def _diffuse(cohort: Cohort, planned: Enrolled, rng: np.random.Generator) -> Kind | None:
    """The superscan a patient has: of metastases as planned, or now and then of a disease of metabolism."""
    chance = float(resources.table(TABLE)["superscans"]["metabolic"])
    happens = rng.uniform() < chance and cohort.superscans and not planned.metastatic
    return "metastatic" if planned.diffuse else "metabolic" if happens else None


def _constancy() -> float:
    return float(resources.table(TABLE)["serial"]["constancy"])


def _injected(acquired: datetime, shot: Shot) -> datetime:
    return acquired - timedelta(minutes=round(shot.acquisition.uptake_min))
