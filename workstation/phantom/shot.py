"""One patient before the camera: how they lie, what they wear and spilt, and their lesions, all still free of noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from workstation.phantom.acquisition import Acquisition
from workstation.phantom.body import Body, lie_again
from workstation.phantom.diffuse import Kind, patches, superscan
from workstation.phantom.exposure import Put, put
from workstation.phantom.findings import Finding
from workstation.phantom.person import Person
from workstation.phantom.pitfalls import draw_pitfalls
from workstation.phantom.position import lie_down, posed
from workstation.phantom.scan import Scene, build
from workstation.phantom.sites import all_sites
from workstation.phantom.uptake import Uptake

_FAINT = 12.0  # contrast; whatever can only be seen from here on is hidden by something
_SCENES = 4  # tried before that is accepted


@dataclass(frozen=True, eq=False)
class Shot:
    """scene: without the lesions, which are beside it. pitfalls: kinds of what misleads."""

    body: Body
    acquisition: Acquisition
    scene: Scene
    lesions: tuple[Put, ...]
    pitfalls: tuple[str, ...]


def lay_down(
    person: Person,
    body: Body,
    uptake: Uptake,
    diffuse: Kind | None,
    lesions: Sequence[Finding],
    lasting: int,
    activity_mbq: tuple[float, float],
    rng: np.random.Generator,
) -> Shot:
    """The patient on the table, laid anew until every lesion of this scan can be seen.

    diffuse: the superscan there is, if any. lasting: seed of what misleads in every scan of the patient.
    activity_mbq: least and most injected.
    """
    sites = [all_sites()[finding.site] for finding in lesions]
    for attempt in range(_SCENES):
        start = lie_again(body, rng, person.age) if attempt else body
        placed, acquisition = lie_down(start, person.age, sites, rng, activity_mbq)
        shot = _shot(person, placed, acquisition, uptake, diffuse, lesions, lasting, rng)
        if all(each.finding.cold or each.threshold < _FAINT for each in shot.lesions):
            break
    return shot


def _shot(
    person: Person,
    body: Body,
    acquisition: Acquisition,
    uptake: Uptake,
    diffuse: Kind | None,
    lesions: Sequence[Finding],
    lasting: int,
    rng: np.random.Generator,
) -> Shot:
    skeleton = posed(body)
    found = draw_pitfalls(body, skeleton, person.tumour, person.age, rng, np.random.default_rng(lasting))
    body = replace(body, lost_breast=found.lost_breast)
    if diffuse is not None:
        uptake = superscan(uptake, diffuse, rng)
    uptake, extras = found.place(uptake)
    if diffuse is not None:
        extras += patches(uptake, skeleton, diffuse, rng)
    scene = build(body, uptake, extras, acquisition, posed=skeleton)
    return Shot(body, acquisition, scene, put(scene, uptake.bones, lesions), found.kinds)
