"""One simulated patient: their scans, and what is true of each.

Every patient has random streams of their own, made from cohort, seed and number; so a patient is the same whatever
else is simulated, in whichever process, in whichever order.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import resources
from workstation.phantom import lesions as model
from workstation.phantom.camera import CAMERAS, Box, count
from workstation.phantom.cohorts import Cohort
from workstation.phantom.extras import Extra
from workstation.phantom.person import Person
from workstation.phantom.pitfalls import draw_pitfalls
from workstation.phantom.plan import Enrolled, enrolled
from workstation.phantom.pose import Body, draw_body, pose_bones
from workstation.phantom.posterior import Seen, evaluate
from workstation.phantom.projection import Singles, ellipsoids
from workstation.phantom.scan import Acquisition, Scene, add, as_seen, build, contribution, in_frame
from workstation.phantom.sites import TUMOURS, Site, all_sites, anchor, weights
from workstation.phantom.skeleton import standard
from workstation.phantom.truth import Mask, Trace, trace
from workstation.phantom.uptake import Uptake, again, draw_uptake

_SPEEDS, _SPEED_CHANCES = (10.0, 12.0, 15.0, 16.0, 18.0, 20.0), (0.08, 0.14, 0.3, 0.28, 0.1, 0.1)
_MEDIAN_COUNTS = 2.0e6  # per view at 16 cm/min


@dataclass(frozen=True, eq=False)
class SimulatedLesion:
    """A lesion and what is true of it in one scan; masks are (2, rows, columns), each view as it is seen."""

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
        return str(resources.table("vocab/regions")[self.site.region]["site6"])


@dataclass(frozen=True, eq=False)
class SimulatedScan:
    """counts: uint16 (2, rows, columns), anterior and posterior as seen from behind. day: of the acquisition."""

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

    @property
    def malignant(self) -> bool:
        return any(lesion.malignant for lesion in self.lesions)

    @property
    def grade(self) -> int:
        """The case grade a perfect eye that is told the truth would write: 2 or 3 if malignant, else 0 or 1."""
        highest = max((lesion.p_ceiling for lesion in self.lesions), default=0.0)
        if self.malignant:
            return 3 if highest >= 0.9 else 2
        return 1 if highest >= 0.1 else 0


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A lesion of a patient before it is put into a scan. grain: seed of its jitter, the same in every scan."""

    malignant: bool
    number: int
    shape: model.Shape
    kept: bool
    grain: int


def settings() -> dict[str, Any]:
    """The lesion model's figures, as the cohort's truth carries them."""
    table = resources.table("phantom/lesions")
    return {key: value for key, value in table.items() if key != "place"}


def simulate(cohort: Cohort, seed: int, number: int) -> tuple[SimulatedScan, ...]:
    """Patient `number` (from 0) of a cohort: their scan, after a prior one if there is one."""
    key = (zlib.crc32(cohort.name.encode()), number)
    streams = np.random.SeedSequence(seed, spawn_key=key).spawn(7)
    who, flesh, places, *shots = (np.random.default_rng(stream) for stream in streams)
    planned = enrolled(cohort, seed, number)
    person = Person(
        number, f"{cohort.name}-{number + 1:05d}", planned.tumour, planned.sex, planned.age, planned.metastatic
    )
    body = draw_body(flesh, person.sex, person.age)
    uptake = draw_uptake(body, person.age, flesh)
    acquired = datetime(2023, 1, 2) + timedelta(days=int(who.integers(0, 700)), minutes=int(who.integers(510, 1020)))
    has_prior = planned.course is not None
    shot = _acquisition(body, shots[0])
    scenes = [_shot(person.patient, body, shot, acquired, uptake, person, flesh)]
    if has_prior:
        before = acquired - timedelta(days=int(who.integers(95, 400)))
        earlier = _lie_down_again(body, person, shots[1])
        shot, uptake = _acquisition(earlier, shots[1]), again(uptake, shots[1])
        scenes.append(_shot(f"{person.patient}-prior", earlier, shot, before, uptake, person, shots[1]))
    built = [build(each.body, each.uptake, each.extras, each.acquisition) for each in scenes]
    feasible = np.logical_and.reduce([_feasible(scene) for scene in built])
    drawn = _draw_lesions(planned, feasible, places)
    scans = []
    for index, (shot, scene) in enumerate(zip(scenes, built, strict=True)):
        years = acquired.year - shot.acquired.year
        then = replace(person, age=person.age - years)
        scans.append(_expose(cohort, then, shot, scene, feasible, drawn, index > 0, has_prior, shots[2 + index]))
    return tuple(reversed(scans))


@dataclass(frozen=True, eq=False)
class _Shot:
    scan: str
    body: Body
    acquisition: Acquisition
    acquired: datetime
    uptake: Uptake
    extras: tuple[Extra, ...]


def _shot(
    scan: str,
    body: Body,
    acquisition: Acquisition,
    acquired: datetime,
    uptake: Uptake,
    person: Person,
    rng: np.random.Generator,
) -> _Shot:
    found = draw_pitfalls(body, pose_bones(body, standard()), person.tumour, person.age, rng)
    uptake, extras = found.place(uptake)
    return _Shot(scan, body, acquisition, acquired, uptake, extras)


def _lie_down_again(body: Body, person: Person, rng: np.random.Generator) -> Body:
    """The same body in another position."""
    other = draw_body(rng, person.sex, person.age)
    same = {name: getattr(body, name) for name in ("height_mm", "build")}
    weight = body.weight_kg * float(np.exp(rng.normal(0.01, 0.03)))
    return replace(other, weight_kg=weight, bladder_mm=body.bladder_mm * float(np.exp(rng.normal(0, 0.1))), **same)


def _acquisition(body: Body, rng: np.random.Generator) -> Acquisition:
    camera = CAMERAS[int(rng.choice(len(CAMERAS), p=(0.5, 0.3, 0.2)))]
    speed = float(rng.choice(_SPEEDS, p=_SPEED_CHANCES))
    total = _MEDIAN_COUNTS * 16 / speed * float(np.exp(rng.normal(0, 0.22)))
    spare = 1024 * camera.spacing_mm - body.height_mm
    shift, top = float(rng.normal(0, 8)), float(np.clip(rng.normal(0.32, 0.06), 0.15, 0.5)) * spare
    return Acquisition(camera, speed, total, shift, top)


def _feasible(scene: Scene) -> NDArray[np.bool_]:
    """Sites well inside the acquired field, under skin, and not covered by the bladder in both views."""
    keep = np.ones(len(all_sites()), bool)
    grid, field = scene.grid, scene.field
    edge = int(np.ceil(25 / grid.spacing_mm))
    for index, site in enumerate(all_sites()):
        place = anchor(scene.skeleton, site)[0]
        row = int(round((place[1] - grid.top_mm) / grid.spacing_mm))
        column = int(round((place[0] - grid.left_mm) / grid.spacing_mm))
        inside = field.top + edge <= row < field.bottom - edge and field.left + edge <= column < field.right - edge
        hidden = inside and scene.bladder[0][row, column] and scene.bladder[1][row, column]
        keep[index] = inside and not hidden and not np.isnan(scene.medium.front[row, column])
    return keep


def _draw_lesions(person: Enrolled, feasible: NDArray[np.bool_], rng: np.random.Generator) -> list[_Drawn]:
    malignant, benign = weights(feasible)
    numbers = (person.malignant, person.benign)
    chosen = model.draw_sites(malignant[TUMOURS.index(person.tumour)], benign, numbers, rng)
    sites = [site for site, keep in zip(all_sites(), feasible, strict=True) if keep]
    drawn = []
    for is_malignant, places in ((True, chosen[0]), (False, chosen[1])):
        laws = model.kind(person.tumour if is_malignant else None)
        for place in places:
            shape = model.draw_shape(laws, sites[place], rng)
            stays = not is_malignant or bool(rng.uniform() < model.kept())
            drawn.append(_Drawn(is_malignant, place, shape, stays, int(rng.integers(2**62))))
    return drawn


@cache
def _anatomical(sites: tuple[Site, ...]) -> tuple[int, ...]:
    """Order from head to foot, so that a lesion's number tells nothing of its label."""
    height = [float(anchor(standard(), site)[0][1]) for site in sites]
    return tuple(int(each) for each in np.argsort(np.argsort(height, kind="stable")))


def _expose(
    cohort: Cohort,
    person: Person,
    shot: _Shot,
    scene: Scene,
    feasible: NDArray[np.bool_],
    drawn: list[_Drawn],
    earlier: bool,
    paired: bool,
    rng: np.random.Generator,
) -> SimulatedScan:
    """Put the lesions into the scene, give each a contrast at which it is visible, and count photons."""
    sites = tuple(site for site, keep in zip(all_sites(), feasible, strict=True) if keep)
    there = [each for each in drawn if each.kept or not earlier]
    rank = _anatomical(sites)
    there.sort(key=lambda each: rank[each.number])
    extra = tuple(np.zeros(scene.grid.shape, np.float32) for _ in range(2))
    seen: list[Seen] = []
    traces: list[list[tuple[Trace, Box]]] = []
    for each in there:
        site = sites[each.number]
        views = _traces(scene, site, each, shot.uptake)
        threshold = 1 + min(found.threshold() for found, _, _ in views)
        laws = model.kind(person.tumour if each.malignant else None)
        contrast = laws.contrast.above(threshold).draw(rng)
        for total, (_, picture, box) in zip(extra, views, strict=True):
            total[box.slices] += np.float32(contrast - 1) * picture
        seen.append(Seen(each.number, site, each.shape, contrast, threshold))
        traces.append([(found, box) for found, _, box in views])
    malignant, benign = weights(feasible)
    ceiling, alone = evaluate(seen, malignant, benign, cohort.mix, model.kept() if earlier else 1.0)
    expected = add(scene, (extra[0], extra[1]))
    pictures = np.stack([as_seen(view, count(expected[view], rng)) for view in (0, 1)]).astype(np.uint16)
    found_lesions = tuple(
        SimulatedLesion(
            str(index + 1),
            each.malignant,
            _criterion(each, look.site, earlier, paired, rng),
            look.site,
            np.stack(
                [
                    as_seen(view, in_frame(found.shown(look.contrast - 1), box, scene.grid))
                    for view, (found, box) in enumerate(both)
                ]
            ).astype(bool),
            True,
            max(found.ratio(look.contrast - 1) for found, _ in both),
            float(ceiling[index]),
            float(alone[index]),
        )
        for index, (each, look, both) in enumerate(zip(there, seen, traces, strict=True))
    )
    bladder = np.stack([as_seen(view, scene.bladder[view]) for view in (0, 1)]).astype(bool)
    injected = shot.acquired - timedelta(minutes=int(rng.integers(150, 260)))
    return SimulatedScan(
        shot.scan,
        person,
        shot.body,
        shot.acquisition,
        shot.acquired,
        injected,
        float(np.clip(rng.normal(700, 70), 500, 900)),
        pictures,
        bladder,
        found_lesions,
    )


def _traces(scene: Scene, site: Site, drawn: _Drawn, uptake: Uptake) -> list[tuple[Trace, Singles, Box]]:
    """Per view: the lesion's trace for an excess of once the bone around, its picture, and the box of both."""
    centre, direction = anchor(scene.skeleton, site)
    solids = model.solids(drawn.shape, centre, direction, np.random.default_rng(drawn.grain))
    chords = ellipsoids(solids, scene.grid)
    chords = chords.where(~np.isnan(scene.medium.front[chords.row, chords.column]))
    concentration = np.full(len(chords.row), uptake.bones[site.bone])
    out = []
    for view in (0, 1):
        picture, box = contribution(scene, chords, concentration, view)
        out.append((trace(picture, scene.expected[view][box.slices]), picture, box))
    return out


def _criterion(drawn: _Drawn, site: Site, earlier: bool, paired: bool, rng: np.random.Generator) -> str:
    """What justifies the label: a comparison with the prior scan where there is one, else another examination."""
    chance = rng.uniform()
    if not drawn.malignant:
        return site.criterion
    if not paired or earlier:
        return "M1"
    if not drawn.kept:
        return "M2"
    return "M4" if chance < 0.5 else "M1"
