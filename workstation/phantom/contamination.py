"""Tracer that left the body the ordinary way: on skin and clothes, in a catheter and its bag."""

from __future__ import annotations

import numpy as np

from workstation.phantom.anatomy import Anatomy
from workstation.phantom.chances import Row, between, number, side, times
from workstation.phantom.extras import Extra, Pitfall, ovals, tube
from workstation.phantom.skeleton import LEG, TRUNK, Floats

_FILM = 1.5  # half the thickness of a drop that has soaked in, mm
# A bladder as bright as its own middle, seen through the wall of the belly, is a film this many mm thick without it.
_BLADDER_PATH = 35.0


def urine(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """Drops on groin, thighs or what lies between them, in front or behind."""
    which = side(rng)
    groin = rng.uniform() < 0.4
    if groin:
        first = anatomy.moved([which * rng.uniform(5, 70), rng.uniform(850, 905), 70.0], TRUNK, which)
    else:
        first = anatomy.moved([which * rng.uniform(30, 140), rng.uniform(900, 1060), 60.0], LEG, which)
    return Pitfall("urine", _drops("urine", first, number(rng, row["drops"]), row, rng))


def spill(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """A drop or two of the syringe or of urine somewhere else: on chest, belly, knee or foot."""
    which = side(rng)
    name, part_side = (("sternum_body_low", 0), ("L4", 0), ("patella", which), ("tibia_distal", which))[rng.integers(4)]
    first = anatomy.at(name, part_side) + rng.normal(0, 40, 3) * (1, 1, 0)
    return Pitfall("spill", _drops("spill", first, number(rng, row["drops"]), row, rng))


def _drops(kind: str, first: Floats, count: int, row: Row, rng: np.random.Generator) -> tuple[Extra, ...]:
    """Discs on the skin around a first one, the first usually the strongest."""
    extras = []
    behind = rng.uniform() < row["behind"]
    strength = times(rng, row["bladders"])
    for index in range(count):
        centre = first + (rng.normal(0, 1, 3) * (28, 40, 0) if index else 0)
        radius = between(rng, row["diameter_mm"]) / 2 * (0.75 if index else 1.0)
        shape = (radius, radius * rng.uniform(0.5, 1.0), _FILM)
        # An ellipsoid's mean thickness over its disc is two thirds of the full one.
        concentration = strength * _BLADDER_PATH / (2 * _FILM * 2 / 3) * (rng.uniform(0.3, 0.9) if index else 1.0)
        extras.append(
            Extra(
                kind,
                ovals(centre, shape),
                concentration=concentration,
                place="back" if behind else "front",
                relative_to="bladder",
            )
        )
    return tuple(extras)


def catheter(anatomy: Anatomy, row: Row, rng: np.random.Generator) -> Pitfall:
    """A tube from the urethra over one thigh, often to a bag beside the leg."""
    which = side(rng)
    radius = between(rng, row["width_mm"]) / 2
    strength = between(rng, row["bladders"])
    start = anatomy.at("pubic_body", which) + (0, 30 * anatomy.scale, 20)
    start[0] *= 0.2
    bag = rng.uniform() < row["bag"]
    size = between(rng, row["bag_mm"]) / 2
    end_y = rng.uniform(1060, 1200)
    outer = 95 + 78 + 0.6 * size + 12
    way = [[30, 925, 70], [70, 960, 75], [rng.uniform(90, 130), 1010, 60], [165, end_y - 20, -20]]
    if bag:
        way.append([outer, end_y, -50])
    else:
        way += [[180, end_y + 60, -60], [200, end_y + rng.uniform(60, 150), -70]]
    points = np.array(way, float) * (which, 1, 1)
    points[1:-1] += rng.normal(0, 8, (len(points) - 2, 3)) * (1, 1, 0)
    line = np.vstack([start, anatomy.moved(points, LEG, which)])
    hose = Extra(
        "catheter", capsules=tube(_smooth(line), radius), concentration=strength, place="front", relative_to="bladder"
    )
    if not bag:
        return Pitfall("catheter", (hose,))
    # A bag is flat on the table, fuller below.
    centre = line[-1] + [(0, 0.7 * size, 0), (0, 1.15 * size, 0)]
    full = ovals(centre, [(0.6 * size, size, 0.16 * size), (0.5 * size, 0.55 * size, 0.12 * size)])
    sack = Extra("catheter", full, concentration=strength * between(rng, row["bag_share"]), relative_to="bladder")
    return Pitfall("catheter", (hose, sack))


def _smooth(line: Floats) -> Floats:
    """A line (n, 3) with its corners cut twice (Chaikin); the ends stay."""
    for _ in range(2):
        quarter, rest = 0.75 * line[:-1] + 0.25 * line[1:], 0.25 * line[:-1] + 0.75 * line[1:]
        line = np.vstack([line[:1], np.stack([quarter, rest], axis=1).reshape(-1, 3)[1:-1], line[-1:]])
    return line
