"""Soft tissue that takes up more or less than it should: breasts, thyroid, a calcified fibroid, muscle, ascites."""

from __future__ import annotations

import numpy as np

from workstation.phantom.anatomy import Anatomy
from workstation.phantom.chances import Row, between, side, times
from workstation.phantom.extras import Extra, Pitfall, balls, ovals, rods
from workstation.phantom.pose import breasts
from workstation.phantom.skeleton import Ellipsoids, Floats


def mastectomy(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """One breast is missing: it hides the ribs of that side no longer."""
    return Pitfall("mastectomy", lost_breast=side(rng))


def breast(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """Breasts that take up more than other soft tissue, alike or one more than the other."""
    mounds = breasts(anatomy.body)
    excess = between(rng, row["excess"])
    share = np.array([1.0, 1.0] if rng.uniform() < 0.7 else [1.0, 0.2])
    share = (share if rng.uniform() < 0.5 else share[::-1])[: len(mounds.centre)]
    # Glands are in the middle of the mound.
    inner = Ellipsoids(mounds.centre, mounds.axes * 0.85, mounds.bone, mounds.sign)
    return Pitfall("breast", (Extra("breast", inner, concentration=excess * share),))


def thyroid(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """Free pertechnetate or goitre: both lobes, sometimes one, and the stomach when the tracer is at fault."""
    larynx, scale = anatomy.at("hyoid_larynx"), anatomy.scale
    excess = times(rng, row["excess"])
    centre = larynx + np.array([(1, 0, 0), (-1, 0, 0)]) * (15, 0, 0) * scale + np.array([0, 36, 0]) * scale
    nodular = rng.uniform() < 0.3
    shape = np.array([9, 21, 8]) * scale * rng.uniform(0.9, 1.3, (2, 1))
    lobes = Extra("thyroid", ovals(centre, shape), concentration=excess * np.array([1.0, 0.15 if nodular else 0.9]))
    if nodular or rng.uniform() < 0.5:
        return Pitfall("thyroid", (lobes,))
    rib = anatomy.at("rib9", 1, 0.8)
    stomach = ovals(rib * (0.62, 1, 0.6) + (0, 4, 10), np.array([34, 46, 24]) * scale)
    return Pitfall("thyroid", (lobes, Extra("thyroid", stomach, concentration=0.35 * excess)))


def fibroid(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """A fibroid of the womb, above and beside the bladder; its lime takes up what bone takes up."""
    radius = between(rng, row["diameter_mm"]) / 2
    which = side(rng)
    top = anatomy.at("bladder") - (0, anatomy.size("bladder")[1], 0)
    centre = top + (which * rng.uniform(0, 35), -0.8 * radius - rng.uniform(0, 25), -15)
    lumps = centre + rng.normal(0, 0.35, (3, 3)) * radius
    size = radius * rng.uniform(0.55, 0.85, 3)
    lump = Extra("fibroid", balls(lumps, size), concentration=between(rng, row["excess"]))
    return Pitfall("fibroid", (lump,))


def muscle(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """Muscles after strain or injury: of thigh, buttock or upper arm, along the limb; often on both sides."""
    group = int(rng.choice(3, p=row["where"]))
    which = side(rng)
    excess, extras = between(rng, row["excess"]), []
    for one in (which, -which) if rng.uniform() < row["both"] else (which,):
        if group == 0:
            start, end = anatomy.at("femur_shaft_prox", one, 0.4), anatomy.at("femur_shaft_mid", one, 0.85)
            shift, radius = np.array([[-26.0, 0, 22], [2.0, 10, 36]]) * (one, 1, 1), 16.0
        elif group == 1:
            start, end = anatomy.at("SI_joint", one, 0.6), anatomy.at("great_trochanter", one)
            shift, radius = np.array([[18.0, 4, -20], [6.0, 26, -26]]) * (one, 1, 1), 19.0
        else:
            start, end = anatomy.at("humerus_shaft", one, 0.25), anatomy.at("humerus_shaft", one, 0.8)
            shift, radius = np.array([[2.0, 0, 16], [-2.0, 0, -18]]) * (one, 1, 1), 12.0
        bellies = rods(start + shift * anatomy.scale, end + shift * anatomy.scale, radius * anatomy.scale)
        extras.append(Extra("muscle", capsules=bellies, concentration=excess * rng.uniform(0.7, 1.0)))
    return Pitfall("muscle", tuple(extras))


def ascites(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """Fluid of a sick belly: both flanks and the pelvis, without an edge."""
    excess = between(rng, row["excess"])
    centre: list[Floats] = []
    shape: list[tuple[float, float, float]] = []
    for which in (1, -1):
        low, high = anatomy.at("iliac_crest4", which, 0.5), anatomy.at("rib10", which, 0.6)
        for share, wide in ((0.15, 26), (0.55, 30), (0.95, 24)):
            centre.append(low * (1 - share) + high * share + (-which * 14, 0, 0))
            shape.append((wide, 48, 55))
    centre.append(anatomy.at("bladder") + (0, -40, -10))
    shape.append((70, 42, 45))
    fluid = ovals(np.array(centre), np.array(shape) * anatomy.scale)
    return Pitfall("ascites", (Extra("ascites", fluid, concentration=excess),))
