"""The superscan: so much tracer in the whole skeleton that little is left for flesh and kidneys.

Metastatic: marrow-bearing bone, patchy from bone to bone and inside them; skull, forearms and lower legs little.
Metabolic: the whole skeleton evenly, skull, jaw and long bones too, the sternum like a tie. It has no borders to draw:
truth has no mask for it. Factors: the phantom's reference sheet.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Literal

import numpy as np

from workstation.phantom.anatomy import levels
from workstation.phantom.extras import Extra
from workstation.phantom.skeleton import Capsules, Ellipsoids, Floats, Ints, Skeleton, standard
from workstation.phantom.uptake import Uptake

Kind = Literal["metastatic", "metabolic"]

_STRENGTH = {"metastatic": (3.0, 6.0), "metabolic": (2.0, 3.0)}  # of bone
_SOFT = (0.4, 0.6)
_KIDNEYS = (0.1, 0.3)
_BLADDER = (0.2, 0.6)  # low but present
PATCHY = 0.4  # sigma of the log factor from bone to bone, metastatic
# How far the marrow, and with it the tumour, goes: the share of the full excess in each group of bones.
_MARROW = {
    "skull": 0.5,
    "face": 0.1,
    "mandible": 0.15,
    "forearm": 0.05,
    "hand": 0.0,
    "knee": 0.05,
    "tibia": 0.05,
    "foot": 0.0,
    "clavicle": 0.8,
}
# Down thigh and upper arm it ends: standard heights in mm and the share there.
_DISTAL = {
    "femur": ((900.0, 1000.0, 1130.0, 1240.0), (0.8, 0.6, 0.25, 0.05)),
    "humerus": ((360.0, 480.0, 560.0, 650.0), (0.8, 0.6, 0.3, 0.05)),
}
# Cortical bone and where it turns over fastest stand out in a metabolic one.
_CORTEX = {"skull": 1.6, "mandible": 1.5, "face": 1.2, "sternum": 1.3, "forearm": 1.3, "femur": 1.2, "tibia": 1.4}
_CORTEX |= {"humerus": 1.2, "hand": 1.2, "knee": 1.2}
PATCHES = 260


def superscan(uptake: Uptake, kind: Kind, rng: np.random.Generator) -> Uptake:
    """A patient's uptake changed to a superscan's, all of it still relative to (now fainter) soft tissue."""
    bones = standard().bones
    strength, soft = float(rng.uniform(*_STRENGTH[kind])), float(rng.uniform(*_SOFT))
    factors = np.ones(len(bones))
    kinds = np.array([bone.kind for bone in bones])
    is_bone = kinds == "bone"
    if kind == "metastatic":
        uneven = np.exp(rng.normal(0, PATCHY, len(bones)))
        factors[is_bone] = (1 + (strength - 1) * marrow() * uneven)[is_bone]
    else:
        groups = sorted({bone.group for bone in bones})
        smooth = dict(zip(groups, np.exp(rng.normal(0, 0.06, len(groups))), strict=True))
        cortex = np.array([_CORTEX.get(bone.group, 1.0) * smooth[bone.group] for bone in bones])
        factors[is_bone] = (strength * cortex)[is_bone]
    factors[kinds == "kidney"] = rng.uniform(*_KIDNEYS)
    factors[kinds == "bladder"] = rng.uniform(*_BLADDER)
    # Organs of soft tissue fade with it: relative to it they stay.
    factors[kinds != "soft"] /= soft
    return replace(uptake, bones=uptake.bones * factors)


@cache
def marrow() -> Floats:
    """Share of the full excess per bone of the skeleton in a metastatic superscan, 0 to 1."""
    bones = standard().bones
    share = np.array([_MARROW.get(bone.group, 1.0) for bone in bones])
    for group, (heights, shares) in _DISTAL.items():
        share = np.where([bone.group == group for bone in bones], np.interp(levels(), heights, shares), share)
    return np.where([bone.kind == "bone" for bone in bones], share, 0.0)


def patches(uptake: Uptake, skeleton: Skeleton, kind: Kind, rng: np.random.Generator) -> tuple[Extra, ...]:
    """Unevenness inside the bones. uptake: the superscan's; skeleton: the posed one.

    Metastatic: spots all over the marrow, each adding at most the bone's own activity. Metabolic: warm rib ends.
    """
    solids, tubes = skeleton.ellipsoids, skeleton.capsules
    if kind == "metabolic":
        last = _last_pieces(skeleton)
        axes = np.eye(3)[None] * (1.15 * tubes.radius[last])[:, None, None]
        excess = 0.5 * uptake.bones[tubes.bone[last]] * rng.uniform(0.6, 1.4, len(last))
        return (Extra("superscan", _whole(tubes.end[last], axes), concentration=excess),)
    # A solid gets spots by its size and by how much marrow it has.
    volume = np.abs(np.linalg.det(solids.axes)) * 4 / 3 * np.pi
    length = np.linalg.norm(tubes.end - tubes.start, axis=1)
    weight = np.concatenate([volume * (solids.sign > 0), np.pi * tubes.radius**2 * length])
    owner = np.concatenate([solids.bone, tubes.bone])
    weight = weight**0.5 * marrow()[owner]
    chosen = rng.choice(len(weight), PATCHES, p=weight / weight.sum())
    centre, axes = np.empty((PATCHES, 3)), np.empty((PATCHES, 3, 3))
    first = chosen < len(solids.bone)
    centre[first], axes[first] = _in_solids(solids, chosen[first], rng)
    centre[~first], axes[~first] = _in_tubes(tubes, chosen[~first] - len(solids.bone), rng)
    excess = uptake.bones[owner[chosen]] * rng.uniform(0.2, 1.0, PATCHES)
    return (Extra("superscan", _whole(centre, axes), concentration=excess),)


def _in_solids(solids: Ellipsoids, which: Ints, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Smaller copies of these ellipsoids, anywhere they fit; in the wall of those that are hollow."""
    count = len(which)
    hollow = np.isin(solids.bone[which], solids.bone[solids.sign < 0])
    size = np.where(hollow, rng.uniform(0.10, 0.18, count), rng.uniform(0.3, 0.6, count))[:, None]
    way = rng.normal(size=(count, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    way *= np.where(hollow[:, None], 0.95, rng.uniform(0, 1, (count, 1)) ** (1 / 3) * (1 - size))
    place = solids.centre[which] + np.einsum("nk,nki->ni", way, solids.axes[which])
    return place, solids.axes[which] * size[:, :, None]


def _in_tubes(tubes: Capsules, which: Ints, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Spots almost as wide as these tubes and one to three times as long, anywhere along them."""
    along = tubes.end[which] - tubes.start[which]
    way = along / np.linalg.norm(along, axis=1, keepdims=True)
    aside = np.cross(way, np.where(np.abs(way[:, :1]) < 0.9, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)))
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    long = rng.uniform(1, 3, (len(way), 1))
    axes = np.stack([way * long, aside, np.cross(way, aside)], axis=1) * 0.95 * tubes.radius[which][:, None, None]
    return tubes.start[which] + rng.uniform(0, 1, (len(which), 1)) * along, axes


def _last_pieces(skeleton: Skeleton) -> Ints:
    """Index of the front piece of each rib."""
    owner = skeleton.capsules.bone
    ribs = [i for i, bone in enumerate(standard().bones) if bone.group == "ribs"]
    return np.array([np.flatnonzero(owner == rib)[-1] for rib in ribs])


def _whole(centre: Floats, axes: Floats) -> Ellipsoids:
    return Ellipsoids(centre, axes, np.full(len(centre), -1), np.ones(len(centre)))
