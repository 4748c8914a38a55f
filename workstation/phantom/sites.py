"""Every site a simulated lesion can have, and how likely each is for a benign and for a malignant one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

import resources
from workstation.phantom.skeleton import Floats, Skeleton, standard

TUMOURS: tuple[str, ...] = ("lung", "prostate", "breast", "other")
TABLE = "phantom/lesions"


@dataclass(frozen=True)
class Site:
    """One site. bone: index into the skeleton. at: fractions within it. side: "left", "right" or "midline".

    number: of its place in the table; sites of one place share all laws and weights. region: key of the vocabulary.
    long: lesions there may stretch along the bone. largest: diameter, mm. malignant: one weight per tumour. forms:
    (form, chance if malignant, chance if benign). age: factors of the benign weight for the three age groups. row: the
    place's share of the rows of fractures. cold: a cold lesion may be there.
    """

    place: str
    number: int
    bone: int
    at: tuple[float, ...]
    region: str
    side: str
    long: bool
    largest: float
    criterion: str
    malignant: tuple[float, ...]
    benign: float
    forms: tuple[tuple[str, float, float], ...]
    age: tuple[float, ...]
    row: float
    cold: bool

    @property
    def site6(self) -> str:
        return str(resources.table("vocab/regions")[self.region]["site6"])


@cache
def all_sites() -> tuple[Site, ...]:
    """The table's places, one site per bone and side, weights shared equally."""
    bones = standard().bones
    sites: list[Site] = []
    for number, place in enumerate(resources.table(TABLE)["place"]):
        pattern = re.compile("|".join(re.escape(name).replace(r"\*", r"\d+") for name in place["bones"]))
        owners = [index for index, bone in enumerate(bones) if pattern.fullmatch(bone.name)]
        found = [
            (index, at)
            for index in owners
            for at in (_both(place["at"], index) if place.get("both") else [tuple(place["at"])])
        ]
        if not found:
            raise ValueError(f"no bone of the skeleton table is named in the place {place['name']!r}")
        sites += [_site(place, number, index, at, len(found)) for index, at in found]
    return tuple(sites)


def _both(at: list[float], bone: int) -> list[tuple[float, ...]]:
    """Left and right of the bone's middle; of a capsule across the midline, at the fraction from either end."""
    first, *rest = at
    if len(at) == 1:
        return [(first,), (1 - first,)]
    return [(first, *rest), (-first, *rest)]


def _site(place: dict[str, Any], number: int, bone: int, at: tuple[float, ...], count: int) -> Site:
    side = standard().bones[bone].side
    if side == 0 and place.get("both"):
        # Capsules across the midline start on the right (negative x).
        lateral = at[0] - 0.5 if len(at) == 1 else at[0]
        side = 1 if lateral > 0 else -1
    elif side < 0 and bone in standard().ellipsoids.bone and not place.get("both"):
        at = (-at[0], *at[1:])
    table = resources.table(TABLE)
    forms = table["forms"][place.get("forms", "round")]
    return Site(
        place["name"],
        number,
        bone,
        at,
        place["region"],
        {1: "left", -1: "right", 0: "midline"}[side],
        bool(place.get("long", False)),
        float(place.get("largest", np.inf)),
        place["criterion"],
        tuple(weight / count for weight in place["malignant"]),
        place["benign"] / count,
        tuple((form, float(chances[0]), float(chances[1])) for form, chances in forms.items()),
        tuple(table["ages"][place["age"]]) if "age" in place else (1.0, 1.0, 1.0),
        float(place.get("row", 0.0)),
        bool(place.get("cold", False)),
    )


def anchor(posed: Skeleton, site: Site) -> tuple[Floats, Floats]:
    """Where a site is in a posed body, (3,) mm, and the unit direction its bone runs in."""
    solids, tubes = posed.ellipsoids, posed.capsules
    of_solid = np.flatnonzero((solids.bone == site.bone) & (solids.sign > 0))
    if of_solid.size:
        axes = solids.axes[of_solid[0]]
        at = np.resize(np.array(site.at), 3) if len(site.at) == 3 else np.array([0.0, site.at[0] - 0.5, 0.0])
        longest = axes[np.argmax(np.linalg.norm(axes, axis=1))]
        return solids.centre[of_solid[0]] + at @ axes, longest / np.linalg.norm(longest)
    pieces = np.flatnonzero(tubes.bone == site.bone)
    lengths = np.linalg.norm(tubes.end[pieces] - tubes.start[pieces], axis=1)
    ends = np.cumsum(lengths)
    along = site.at[0] * ends[-1]
    piece = int(min(np.searchsorted(ends, along), len(pieces) - 1))
    start, end = tubes.start[pieces[piece]], tubes.end[pieces[piece]]
    fraction = 1 - (ends[piece] - along) / lengths[piece]
    return start + fraction * (end - start), (end - start) / lengths[piece]


def weights(feasible: np.ndarray) -> tuple[Floats, Floats]:
    """Chance of each feasible site: malignant (tumours, n) and benign (n,), each row summing to 1."""
    sites = [site for site, keep in zip(all_sites(), feasible, strict=True) if keep]
    malignant = np.array([site.malignant for site in sites]).T
    benign = np.array([site.benign for site in sites])
    return malignant / malignant.sum(axis=1, keepdims=True), benign / benign.sum()
