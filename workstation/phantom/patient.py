"""One simulated patient: their scans, and what is true of each.

Every patient has random streams of their own, made from cohort, seed and number; so a patient is the same whatever
else is simulated, in whichever process, in whichever order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

import resources
from workstation.phantom import findings as model
from workstation.phantom.acquisition import Acquisition
from workstation.phantom.body import Body, draw_body, lie_again
from workstation.phantom.cohorts import Cohort
from workstation.phantom.diffuse import patches, superscan
from workstation.phantom.exposure import Exposed, Exposure, Put, expose, put
from workstation.phantom.findings import Finding
from workstation.phantom.person import Person, patient_id
from workstation.phantom.pitfalls import draw_pitfalls
from workstation.phantom.plan import Enrolled, enrolled, world
from workstation.phantom.pose import pose_bones
from workstation.phantom.position import lie_down
from workstation.phantom.scan import Scene, build
from workstation.phantom.sites import Site, all_sites, anchor
from workstation.phantom.skeleton import standard
from workstation.phantom.streams import stream
from workstation.phantom.therapy import Calendar, Change, calendar, changes, criterion, moments
from workstation.phantom.truth import Mask
from workstation.phantom.uptake import Uptake, again, draw_uptake

_GREW = 1.15  # of contrast: what has grown is hotter, too
_FAINT = 12.0  # contrast; whatever can only be seen from here on is hidden by something
_BUILDS = 4  # scenes tried before that is accepted


@dataclass(frozen=True, eq=False)
class SimulatedLesion:
    """A lesion and what is true of it in one scan; masks are (2, rows, columns), each view as it is seen.

    id: the same in all scans of the patient. visible: a reader would delineate it; cold ones are not.
    """

    id: str
    malignant: bool
    criterion: str
    site: Site
    masks: Mask
    visible: bool
    peak_ratio: float
    p_ceiling: float
    p_alone: float

    @property
    def site6(self) -> str:
        return self.site.site6


@dataclass(frozen=True, eq=False)
class SimulatedScan:
    """counts: uint16 (2, rows, columns), anterior and posterior as seen from behind. acquired: day and hour.

    diffuse: metastases all over the marrow, none of them separate. pitfalls: kinds of what misleads in it.
    """

    scan: str
    person: Person
    body: Body
    acquisition: Acquisition
    acquired: datetime
    injected: datetime
    activity_mbq: float
    counts: NDArray[np.uint16]
    bladder: Mask
    lesions: tuple[SimulatedLesion, ...]
    diffuse: bool = False
    pitfalls: tuple[str, ...] = ()

    @property
    def malignant(self) -> bool:
        return self.diffuse or any(lesion.malignant for lesion in self.lesions)

    @property
    def grade(self) -> int:
        """The case grade a perfect eye that is told the truth would write: 2 or 3 if malignant, else 0 or 1."""
        highest = max((lesion.p_ceiling for lesion in self.lesions), default=0.0)
        if self.malignant:
            return 3 if self.diffuse or highest >= 0.9 else 2
        return 1 if highest >= 0.1 else 0


def simulate(cohort: Cohort, seed: int, number: int) -> tuple[SimulatedScan, ...]:
    """Patient `number` (from 0) of a cohort: their scans, first to last."""
    planned = enrolled(cohort, seed, number)
    body_rng, course_rng = (stream(cohort.name, seed, use, number) for use in ("body", "course"))
    lesions = _findings(cohort, seed, number, planned)
    when = calendar(cohort.name, seed, number, planned.course)
    patient = _Patient(
        Person(number, patient_id(cohort.name, number), planned.tumour, planned.sex, planned.age, planned.metastatic),
        planned,
        lesions,
        when,
        (cohort.name, seed, number),
    )
    body = draw_body(body_rng, planned.sex, planned.age)
    uptake = draw_uptake(body, planned.age, body_rng)
    quantiles = [finding.quantile for finding in lesions]
    scans: list[SimulatedScan] = []
    before: dict[int, float] = {}
    for visit, change in enumerate(changes(planned.course, lesions, course_rng)):
        rng = stream(cohort.name, seed, "scan", number, visit)
        if visit:
            body, uptake = lie_again(body, rng), again(uptake, rng)
            quantiles = [model.again(finding.quantile, rng, _constancy()) for finding in lesions]
        chosen = [index for index, there in enumerate(change.there) if there]
        shot = _lay_down(patient, body, uptake, [lesions[index] for index in chosen], rng)
        exposure = expose(
            shot.scene,
            shot.lesions,
            planned.tumour,
            [quantiles[index] for index in chosen],
            change.factor,
            world(cohort),
            moments(planned.course, visit),
            rng,
        )
        scans.append(_scan(patient, visit, shot, exposure, change, chosen, before, rng))
        before = {index: each.contrast for index, each in zip(chosen, exposure.lesions, strict=True)}
    return tuple(scans)


@dataclass(frozen=True, eq=False)
class _Patient:
    """key: cohort, seed and number, for streams."""

    person: Person
    planned: Enrolled
    lesions: tuple[Finding, ...]
    calendar: Calendar
    key: tuple[str, int, int]


@dataclass(frozen=True, eq=False)
class _Shot:
    """A patient before the camera. scene: without the lesions."""

    body: Body
    acquisition: Acquisition
    scene: Scene
    lesions: tuple[Put, ...]
    pitfalls: tuple[str, ...]


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


def _constancy() -> float:
    return float(resources.table("phantom/cohorts")["serial"]["constancy"])


def _lay_down(
    patient: _Patient, body: Body, uptake: Uptake, lesions: Sequence[Finding], rng: np.random.Generator
) -> _Shot:
    """The patient on the table, laid anew until every lesion of this scan can be seen."""
    sites = [all_sites()[finding.site] for finding in lesions]
    for attempt in range(_BUILDS):
        placed, acquisition = lie_down(lie_again(body, rng) if attempt else body, sites, rng)
        shot = _shot(patient, placed, acquisition, uptake, lesions, rng)
        if all(each.finding.cold or each.threshold < _FAINT for each in shot.lesions):
            break
    return shot


def _shot(
    patient: _Patient,
    body: Body,
    acquisition: Acquisition,
    uptake: Uptake,
    lesions: Sequence[Finding],
    rng: np.random.Generator,
) -> _Shot:
    planned, skeleton = patient.planned, pose_bones(body, standard())
    cohort, seed, number = patient.key
    lasting = stream(cohort, seed, "lasting", number)  # the same in every scan of the patient
    found = draw_pitfalls(body, skeleton, planned.tumour, planned.age, rng, lasting)
    body = replace(body, lost_breast=found.lost_breast)
    if planned.diffuse:
        uptake = superscan(uptake, "metastatic", rng)
    uptake, extras = found.place(uptake)
    if planned.diffuse:
        extras += patches(uptake, skeleton, "metastatic", rng)
    scene = build(body, uptake, extras, acquisition)
    return _Shot(body, acquisition, scene, put(scene, uptake.bones, lesions), found.kinds)


def _scan(
    patient: _Patient,
    visit: int,
    shot: _Shot,
    exposure: Exposure,
    change: Change,
    chosen: Sequence[int],
    before: dict[int, float],
    rng: np.random.Generator,
) -> SimulatedScan:
    """before: contrasts in the scan before, by lesion."""
    acquired, last = patient.calendar.scans[visit], patient.calendar.scans[-1]
    course = patient.planned.course
    lesions = []
    for index, each in zip(chosen, exposure.lesions, strict=True):
        site = all_sites()[each.finding.site]
        grown = index in before and each.contrast > _GREW * before[index]
        reason = criterion(course, visit, change.new[index], grown) if each.finding.malignant else site.criterion
        lesions.append(_lesion(index, each, site, reason))
    return SimulatedScan(
        patient.person.patient + "-prior" * (len(patient.calendar.scans) - 1 - visit),
        replace(patient.person, age=patient.person.age - (last.year - acquired.year)),
        shot.body,
        shot.acquisition,
        acquired,
        acquired - timedelta(minutes=round(shot.acquisition.uptake_min)),
        shot.acquisition.activity_mbq,
        exposure.counts,
        exposure.bladder,
        tuple(lesions),
        patient.planned.diffuse,
        shot.pitfalls,
    )


def _lesion(index: int, each: Exposed, site: Site, reason: str) -> SimulatedLesion:
    return SimulatedLesion(
        str(index + 1),
        each.finding.malignant,
        reason,
        site,
        each.masks,
        each.visible,
        each.peak_ratio,
        each.p_ceiling,
        each.p_alone,
    )
