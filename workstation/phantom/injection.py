"""Where the tracer went in: what stays at the vein, what drains to the armpit, what an artery takes to the hand."""

from __future__ import annotations

import numpy as np

from workstation.phantom.anatomy import Anatomy
from workstation.phantom.chances import Row, between, number, several, side, times
from workstation.phantom.extras import Extra, Pitfall, balls, ovals, rods, tube
from workstation.phantom.skeleton import TRUNK, Floats, standard

_HEXAGON = np.deg2rad(np.arange(6) * 60.0 + 30.0)  # the walls of a collimator's holes are thinnest in six directions
# Counts over a spot of radius r after blur are those over the arm beside it when activity x r is about this, mm.
_ARM_PATH = 45.0


def injection(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """A spot at elbow, wrist or hand; leaked tracer around it; a star when it is very hot; nodes that drained it."""
    which = side(rng)
    place = ("elbow", "wrist", "hand")[int(rng.choice(3, p=row["where"]))]
    centre = vein(anatomy, place, which) + rng.normal(0, (5, 9, 0))
    radius = between(rng, row["diameter_mm"]) / 2
    strength = float(np.clip(row["median"] * np.exp(row["sigma"] * rng.normal()), *row["limits"]))
    spot = ovals(centre, np.array([0.8, rng.uniform(1.0, 1.5), 0.6]) * radius)
    activity = strength * _ARM_PATH / radius
    extras = [Extra("injection", spot, concentration=activity)]
    leaked = rng.uniform() < row["leaked"]
    if leaked:
        size = between(rng, row["leak_mm"]) / 2
        around = centre + rng.normal(0, (4, 12, 0), (2, 3))
        cloud = ovals(around, np.array([0.6, 1.2, 0.35]) * size)
        extras.append(Extra("injection", cloud, concentration=activity * times(rng, row["leak_share"])))
    if strength > row["star_above"]:
        extras.append(_star(centre, activity * radius, row, rng))
    if rng.uniform() < (row["nodes_if_leaked"] if leaked else row["nodes_else"]):
        extras.append(_nodes(anatomy, which, row, rng))
    return Pitfall("injection", tuple(extras))


def vein(anatomy: Anatomy, place: str, which: int) -> Floats:
    """Where veins are punctured, on the front of the elbow or the back of wrist and hand, (3,) mm."""
    if place == "elbow":
        return anatomy.at("radius", which, 0.0) + (0.0, -10 * anatomy.scale, 24 * anatomy.scale)
    if place == "wrist":
        return anatomy.at("radius", which, 0.9) + (0.0, 0.0, 14 * anatomy.scale)
    return anatomy.at("metacarpal3", which, 0.4) + (0.0, 0.0, 8 * anatomy.scale)


def _star(centre: Floats, amount: float, row: Row, rng: np.random.Generator) -> Extra:
    """Photons through the collimator's walls: six rays around the spot, faint and fading outwards."""
    length = between(rng, row["star_mm"])
    way = np.stack([np.sin(_HEXAGON), np.cos(_HEXAGON), np.zeros(6)], axis=1)
    steps = np.array([0.0, 0.45, 1.0]) * length
    start = np.concatenate([centre + way * steps[0], centre + way * steps[1]])
    end = np.concatenate([centre + way * steps[1], centre + way * steps[2]])
    radius = 2.0
    share = amount * row["star_share"] / radius * np.repeat([1.0, 0.35], 6)
    return Extra("injection", capsules=rods(start, end, radius), concentration=share)


def _nodes(anatomy: Anatomy, which: int, row: Row, rng: np.random.Generator) -> Extra:
    """Hot nodes of the armpit on the side of the arm."""
    count = number(rng, row["nodes"])
    first = anatomy.moved([which * 152.0, 400.0, 0.0], TRUNK, which)
    centre = first + rng.normal(0, (6, 16, 10), (count, 3))
    radius = several(rng, row["node_mm"], count) / 2
    strength = np.array([times(rng, row["node_strength"]) for _ in range(count)])
    return Extra("injection", balls(centre, radius), concentration=strength)


def arterial(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """Injected into an artery: everything below the elbow on that side takes up more, flesh and bone, like a glove."""
    which = side(rng)
    factor = row["factor"] * float(np.exp(0.2 * rng.normal()))
    factors = np.ones(len(standard().bones))
    for index, bone in enumerate(standard().bones):
        if bone.side == which and bone.group in ("forearm", "hand"):
            factors[index] = factor
    elbow, wrist = anatomy.at("radius", which, 0.0), anatomy.at("radius", which, 1.0)
    hand, tips = anatomy.at("metacarpal3", which, 0.5), anatomy.at("finger3", which, 0.8)
    thick = np.array([32.0, 24.0, 24.0, 14.0]) * anatomy.scale
    middle = (elbow + wrist) / 2
    flesh = tube([elbow, middle, wrist, hand, tips], thick)
    spot = balls(vein(anatomy, "elbow", which), 5.0)
    return Pitfall(
        "arterial",
        (
            Extra("arterial", capsules=flesh, concentration=factor - 1),
            Extra("arterial", spot, concentration=between(rng, (5, 25))),
        ),
        factors,
    )
