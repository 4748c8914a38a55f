"""Bone that is warmer or colder over an area, without a focus anyone would draw: teeth, forehead, scars, old beams."""

from __future__ import annotations

import numpy as np

from workstation.phantom.anatomy import Anatomy, index_of
from workstation.phantom.chances import Row, between, number, several, side
from workstation.phantom.extras import Extra, Pitfall, balls, ovals, tube
from workstation.phantom.skeleton import Floats, standard

_SPINE = tuple([f"T{n}" for n in range(1, 13)] + [f"L{n}" for n in range(1, 6)])


def dental(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """Bad teeth: neighbouring sockets of one side of one jaw."""
    which, count = side(rng), number(rng, row["number"])
    along = rng.uniform(0.25, 0.75) + np.arange(count) * rng.uniform(0.12, 0.2)
    if rng.uniform() < 0.5:
        name, place = "mandible_body", [anatomy.at("mandible_body", which, float(min(t, 1.0))) for t in along]
        centre = np.array(place) + (0, -5, 0)
    else:
        name, turn = "maxilla", np.clip(along, 0, 1) * 0.5 * np.pi
        arch = np.stack([0.85 * np.cos(turn), np.full(count, 0.75), -0.5 + 1.3 * np.sin(turn)], axis=1)
        centre = np.array([anatomy.at("maxilla", which, each) for each in arch])
    radius = several(rng, row["diameter_mm"], count) / 2
    excess = between(rng, row["factor"]) - 1
    share = rng.uniform(0.5, 1.0, count)
    return Pitfall("dental", (Extra("dental", balls(centre, radius), concentration=excess * share, relative_to=name),))


def sinus(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """An inflamed maxillary sinus."""
    which = side(rng)
    radius = between(rng, row["diameter_mm"]) / 2
    excess = between(rng, row["factor"]) - 1
    centre = anatomy.at("maxilla", which, (0.75, -0.45, -0.3))
    spot = ovals(centre, np.array([1.0, 1.15, 0.8]) * radius)
    return Pitfall("sinus", (Extra("sinus", spot, concentration=excess, relative_to="maxilla"),))


def hyperostosis(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """Thick frontal bone on both sides of the midline, which stays free of it."""
    excess = between(rng, row["factor"]) - 1
    shell = anatomy.size("calvarium")
    # Three overlapping plates a side, so that its border is no circle.
    inner, outer, upper = (0.22, -0.22, 0.90), (0.48, -0.18, 0.80), (0.30, -0.46, 0.79)
    place = np.array([inner, outer, upper]) + rng.normal(0, 0.03, (3, 3)) * (1, 1, 0)
    centre = [anatomy.at("calvarium", 0, each * (one, 1, 1)) for one in (1, -1) for each in place]
    shape = np.array([0.24 * shell[0], 0.24 * shell[1], 7.0]) * rng.uniform(0.8, 1.2, (3, 1))
    # Plates of 14 mm are twice the skull's thickness.
    plates = Extra(
        "hyperostosis", ovals(centre, np.tile(shape, (2, 1))), concentration=0.65 * excess, relative_to="calvarium"
    )
    return Pitfall("hyperostosis", (plates,))


def sternotomy(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """A healing cut down the middle of the sternum."""
    way = [
        anatomy.at("manubrium", 0, (0.0, -0.9, 0.3)),
        anatomy.at("manubrium", 0, (rng.normal(0, 0.06), 0.9, 0.3)),
        anatomy.at("sternum_body_up", 0, (rng.normal(0, 0.1), 0.3, 0.3)),
        anatomy.at("sternum_body_low", 0, (rng.normal(0, 0.1), 0.9, 0.3)),
    ]
    excess = between(rng, row["factor"]) - 1
    line = tube(way, between(rng, row["width_mm"]) / 2)
    return Pitfall("sternotomy", (Extra("sternotomy", capsules=line, concentration=excess, relative_to="manubrium"),))


def foramen(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """A hole in the lower sternum that has always been there."""
    radius = between(rng, row["diameter_mm"]) / 2
    centre = anatomy.at("sternum_body_low", 0, (0.0, rng.uniform(-0.1, 0.5), 0.0))
    hole = ovals(centre, (radius, radius * 1.15, 0.9 * anatomy.size("sternum_body_low").min()))
    return Pitfall("foramen", (Extra("foramen", hole, concentration=-1.0, relative_to="sternum_body_low"),))


def radiotherapy(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """Bones inside an old field take up about half: a block of the spine, half the pelvis, or one chest wall."""
    factor = between(rng, row["factor"])
    where = ("spine", "pelvis", "chest")[int(rng.choice(3, p=row["where"]))]
    factors = np.ones(len(standard().bones))
    if where == "spine":
        count = int(rng.integers(row["vertebrae"][0], row["vertebrae"][1] + 1))
        first = int(rng.integers(3, len(_SPINE) - count + 1))
        for name in _SPINE[first : first + count]:
            for index, bone in enumerate(standard().bones):
                if bone.name == name or bone.name.startswith(name + "_"):
                    factors[index] = factor
    elif where == "pelvis":
        which = side(rng)
        for index, bone in enumerate(standard().bones):
            if bone.side == which and bone.group in ("ilium", "SI", "acetabulum", "ischium", "pubis"):
                factors[index] = factor
        for name in ("femoral_head", "femoral_neck"):
            factors[index_of(name, which)] = factor
    else:
        which = side(rng)
        for name in ("rib2", "rib3", "rib4", "rib5", "rib6"):
            factors[index_of(name, which)] = (1 + factor) / 2  # the beams touch the front of the ribs only
    return Pitfall("radiotherapy", factors=_kidneys_apart(factors))


def _kidneys_apart(factors: Floats) -> Floats:
    """Fields spare what is no bone."""
    spared = np.array([bone.kind != "bone" for bone in standard().bones])
    factors[spared] = 1.0
    return factors
