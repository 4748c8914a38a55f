"""Metal and what it hides: artificial hips and knees, and what patients keep in pockets or under the skin."""

from __future__ import annotations

import numpy as np

from workstation.phantom.anatomy import Anatomy, between_levels, index_of
from workstation.phantom.chances import Row, between, number, several, side
from workstation.phantom.extras import Extra, Pitfall, balls, ovals, rods, tube
from workstation.phantom.skeleton import TRUNK, Floats, standard

_DISC = 1.5  # half the thickness of flat metal, mm; how much it stops is its transmission


def hip(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """Cup, head, neck and a stem down the shaft; warm bone around it, warmer at the tip of a loose stem."""
    extras: list[Extra] = []
    factors = np.ones(len(standard().bones))
    for which in _sides(row, rng):
        transmission, rim = between(rng, row["transmission"]), _rim(row, rng)
        head, scale = anatomy.at("femoral_head", which), anatomy.scale
        neck, top = anatomy.at("femoral_neck", which, 0.75), anatomy.at("femur_shaft_prox", which, 0.0)
        tip = _down(anatomy, which, between(rng, row["stem_mm"]) * scale)
        cup = ovals(head + (-3 * which, -3, 0), np.full(3, between(rng, row["cup_mm"]) / 2 * scale))
        middle = (top + tip) / 2
        # The stem's shoulder is broad, its end thin.
        stem = tube([head, neck, top, middle, tip], np.array([9.0, 13.0, 11.0, 8.5]) * scale)
        extras += [Extra("hip prosthesis", cup, stem, transmission=transmission)]
        # Where the stem is there is no bone.
        inner = tube([top, middle, tip], np.array([11.0, 8.5]) * scale)
        extras += [Extra("hip prosthesis", capsules=inner, concentration=-0.9, relative_to="femur_shaft_prox")]
        for around in (index_of("acetabulum", which), between_levels(("femur",), which, 845, 1000)):
            factors[around] *= 1 + (rim - 1) * rng.uniform(0.5, 1.0)
        # Head and neck of the bone are gone.
        factors[index_of("femoral_head", which)] = 0.05
        factors[index_of("femoral_neck", which)] = 0.15
        if rng.uniform() < row["loose"]:
            extras.append(_warm(tip + (0, 6, 0), 9 * scale, between(rng, row["loose_excess"]), "femur_shaft_mid"))
    return Pitfall("hip prosthesis", tuple(extras), factors)


def knee(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """Caps on both condyles, a tray with a short keel on the tibia; warm bone beside them."""
    extras: list[Extra] = []
    factors = np.ones(len(standard().bones))
    for which in _sides(row, rng):
        transmission, rim, scale = between(rng, row["transmission"]), _rim(row, rng), anatomy.scale
        inner, outer = anatomy.at("femoral_condyle_med", which), anatomy.at("femoral_condyle_lat", which)
        plateau = anatomy.at("tibial_plateau", which)
        gap = np.array([0.0, 6 * scale, 0.0])
        caps = [inner + gap, outer + gap, (inner + outer) / 2 + (0, -8 * scale, 16 * scale)]
        tray = plateau + (0, -6 * scale, 0)
        shape = np.array([(19, 17, 30), (19, 17, 30), (24, 15, 12), (37, 5.5, 24)]) * scale
        keel = tube([tray, tray + (0.02 * which, 42 * scale, 0)], 7 * scale)
        extras.append(Extra("knee prosthesis", ovals(np.vstack([*caps, tray]), shape), keel, transmission=transmission))
        factors[between_levels(("femur", "tibia"), which, 1236, 1290)] = 0.3
        for top, bottom in ((1180, 1236), (1290, 1345)):
            factors[between_levels(("femur", "tibia"), which, top, bottom)] = 1 + (rim - 1) * rng.uniform(0.6, 1.2)
    return Pitfall("knee prosthesis", tuple(extras), factors)


def _sides(row: Row, rng: np.random.Generator) -> tuple[int, ...]:
    which = side(rng)
    return (which, -which) if rng.uniform() < row["both"] else (which,)


def _rim(row: Row, rng: np.random.Generator) -> float:
    """Bone beside metal in its first two years, or loose, is warmer; later it is not."""
    return between(rng, row["rim"]) if rng.uniform() < row["recent"] else 1.0


def _down(anatomy: Anatomy, which: int, length: float) -> Floats:
    """The place in the femur this many mm below the top of its shaft."""
    line = np.array(
        [anatomy.at(name, which, where) for name in ("femur_shaft_prox", "femur_shaft_mid") for where in (0.0, 1.0)]
    )
    run = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    return np.array([np.interp(length, run, line[:, axis]) for axis in range(3)])


def _warm(at: Floats, radius: float, excess: float, bone: str) -> Extra:
    return Extra("hip prosthesis", balls(at, radius), concentration=max(excess, 0.0), relative_to=bone)


def buckle(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """A frame with its prong in front of the belly, or a plate."""
    middle = _belly(anatomy, rng.uniform(-14, 14), rng.uniform(690, 735))
    wide, high = between(rng, row["size_mm"]) / 2, rng.uniform(13, 20)
    if rng.uniform() < 0.5:
        metal = Extra(
            "buckle",
            ovals(middle, (wide, high, _DISC)),
            place="front",
            transmission=between(rng, row["transmission"]),
        )
        return Pitfall("buckle", (metal,))
    corners = middle + np.array([(-wide, -high, 0), (wide, -high, 0), (wide, high, 0), (-wide, high, 0)])
    prong = middle + np.array([(-wide, 0, 0), (wide, 0, 0)])
    frame = rods(np.vstack([corners, prong[:1]]), np.vstack([np.roll(corners, -1, axis=0), prong[1:]]), 3.5)
    return Pitfall(
        "buckle", (Extra("buckle", capsules=frame, place="front", transmission=between(rng, row["transmission"])),)
    )


def coins(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """One to three coins in a pocket, in front or, in a back pocket, behind."""
    count = number(rng, row["number"])
    radius = several(rng, row["size_mm"], count)[:, None] / 2
    first = _pocket(anatomy, side(rng))
    centre = first + rng.normal(0, (16, 20, 0), (count, 3)) * (np.arange(count) > 0)[:, None]
    shape = np.hstack([radius, radius, np.full_like(radius, _DISC)])
    behind = rng.uniform() < row["behind"]
    metal = Extra(
        "coin",
        ovals(centre, shape),
        place="back" if behind else "front",
        transmission=between(rng, row["transmission"]),
    )
    return Pitfall("coin", (metal,))


def keys(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """A ring with two to four keys in a pocket."""
    ring = _pocket(anatomy, side(rng))
    count = number(rng, row["number"])
    angle = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.uniform(0.25, 0.9, count))
    way = np.stack([np.cos(angle), np.sin(angle), np.zeros(count)], axis=1)
    length = several(rng, row["size_mm"], count)[:, None]
    bows = ovals(ring + way * 14, (10.0, 10.0, _DISC))
    shafts = rods(ring + way * 14, ring + way * length, 3.5)
    metal = Extra("keys", bows, shafts, place="front", transmission=between(rng, row["transmission"]))
    return Pitfall("keys", (metal,))


def _belly(anatomy: Anatomy, x: float, y: float) -> Floats:
    return anatomy.moved([x, y, 110.0], TRUNK, 0)


def _pocket(anatomy: Anatomy, which: int) -> Floats:
    return anatomy.at("great_trochanter", which) + (-which * 22.0, -15.0, 60.0)


def pacemaker(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """A can under the skin below the collar bone, mostly on the left."""
    which = side(rng, row["left"])
    size = between(rng, row["size_mm"]) / 2
    at = anatomy.at("clavicle_med", which, 0.9) + np.array([which * rng.normal(14, 6), rng.normal(46, 6), 20])
    can = ovals(
        np.vstack([at, at + (-which * 0.25 * size, -0.5 * size, 0)]),
        [(size, 0.9 * size, 4), (0.7 * size, 0.5 * size, 4)],
    )
    metal = Extra("pacemaker", can, place="front", transmission=between(rng, row["transmission"]))
    return Pitfall("pacemaker", (metal,))


def port(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """The chamber of a venous port for chemotherapy, mostly on the right."""
    which = side(rng, 1 - row["right"])
    size = between(rng, row["size_mm"]) / 2
    at = anatomy.at("clavicle_med", which, 0.8) + np.array([which * rng.normal(8, 6), rng.normal(38, 6), 20])
    metal = Extra("port", ovals(at, (size, size, 4)), place="front", transmission=between(rng, row["transmission"]))
    return Pitfall("port", (metal,))
