"""Named places of the body: where they are in the real scan, and which bones say where they are in a simulated one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from workstation.phantom.pose import Body, pose_bones
from workstation.phantom.skeleton import Floats, standard


@dataclass(frozen=True)
class Place:
    """real: (row, column) in the real scan, put there by hand.

    bones: (name, side) whose middles are averaged, side +1 left, -1 right, 0 midline.
    offset: mm outwards (or to the left, in the midline) and downwards from there, for a body of 175 cm.
    radius: half width and half height mm of the ellipse whose mean counts are compared; None for a mark.
    """

    real: tuple[float, float]
    bones: tuple[tuple[str, int], ...]
    offset: tuple[float, float] = (0.0, 0.0)
    radius: tuple[float, float] | None = None


def _middle(*names: str) -> tuple[tuple[str, int], ...]:
    return tuple((name, 0) for name in names)


def _both(*names: str) -> tuple[tuple[str, int], ...]:
    return tuple((name, side) for name in names for side in (1, -1))


def _pair(
    name: str,
    right: tuple[float, float],
    left: tuple[float, float],
    bones: str,
    radius: tuple[float, float],
    offset: tuple[float, float] = (0.0, 0.0),
) -> dict[str, Place]:
    """A place on both sides; `bones`: names parted by spaces, those of the midline marked by a dot in front."""
    found = {}
    for side, where, letter in ((-1, right, "R"), (1, left, "L")):
        keys = tuple((bone.lstrip("."), 0 if bone.startswith(".") else side) for bone in bones.split())
        found[f"{name} {letter}"] = Place(where, keys, (side * offset[0], offset[1]), radius)
    return found


MARKS: Mapping[str, Place] = MappingProxyType(
    {
        "skull": Place((125, 135), _middle("calvarium")),
        "face": Place((160, 137), _middle("maxilla")),
        "shoulders": Place((213, 136), _both("humerus_head")),
        "sternum": Place((283, 135), _middle("sternum_body_low")),
        "hips": Place((435, 136), _both("femoral_head")),
        "knees": Place((620, 127), _both("tibial_plateau")),
        "tali": Place((798, 122), _both("talus")),
    }
)

REGIONS: Mapping[str, Place] = MappingProxyType(
    {
        "skull vertex": Place((96, 137), _middle("calvarium"), (0, -80), (18, 5)),
        **_pair("skull rim", (128, 102), (125, 166), ".calvarium", (5, 18), (72, 0)),
        "brain": Place((123, 136), _middle("calvarium"), (0, 0), (22, 12)),
        "maxilla": Place((157, 137), _middle("maxilla"), (0, 0), (14, 14)),
        **_pair("mandible", (178, 121), (178, 152), "mandible_body", (7, 9)),
        "cervical spine": Place((200, 136), _middle("C5", "C6", "C7"), (0, 0), (12, 12)),
        "manubrium": Place((231, 137), _middle("manubrium"), (0, 0), (16, 12)),
        "sternum body": Place((258, 136), _middle("sternum_body_up"), (0, 0), (12, 14)),
        "sternum low": Place((284, 135), _middle("sternum_body_low"), (0, 0), (10, 14)),
        **_pair("clavicle", (211, 101), (211, 172), "clavicle_med clavicle_lat", (12, 5)),
        **_pair("shoulder", (213, 68), (205, 205), "humerus_head acromion_ac", (25, 20)),
        **_pair("humerus shaft", (268, 42), (262, 222), "humerus_shaft", (6, 18)),
        **_pair("upper arm soft", (262, 25), (262, 236), "humerus_shaft", (7, 15), (30, 0)),
        **_pair("rib field", (262, 105), (262, 168), "rib4 rib5", (18, 18), (-24, 10)),
        **_pair("lateral ribs", (285, 80), (300, 199), "rib6 rib7", (8, 18), (22, 0)),
        "liver": Place((320, 100), (("lung", -1),), (-12, 110), (20, 18)),
        "stomach": Place((318, 180), (("lung", 1),), (12, 110), (15, 18)),
        **_pair("abdomen", (355, 75), (355, 182), ".L3", (13, 20), (105, 0)),
        "L2-L3": Place((335, 148), _middle("L2", "L3"), (0, 0), (14, 18)),
        "L4": Place((362, 147), _middle("L4"), (0, 0), (16, 14)),
        "L5": Place((381, 144), _middle("L5"), (0, 0), (14, 10)),
        **_pair("iliac crest", (384, 91), (384, 190), "iliac_crest4 iliac_crest5", (6, 10)),
        **_pair("iliac wing", (405, 103), (405, 176), "iliac_wing", (10, 10)),
        **_pair("sacroiliac joint", (402, 121), (402, 162), "SI_joint", (8, 12)),
        "sacrum": Place((398, 142), _middle("S1", "S2"), (0, 0), (14, 8)),
        "bladder": Place((420, 140), _middle("bladder"), (0, 0), (14, 10)),
        **_pair("acetabulum", (436, 104), (434, 168), "acetabulum", (12, 10)),
        **_pair("trochanter", (441, 89), (442, 187), "great_trochanter", (10, 12)),
        "pubis": Place((452, 134), _both("pubic_body"), (0, 0), (20, 8)),
        **_pair("ischium", (456, 121), (456, 152), "ischium", (8, 10)),
        **_pair("thigh soft", (530, 110), (530, 155), "femur_shaft_mid", (12, 20), (-52, 0)),
        **_pair("femur shaft", (540, 82), (540, 177), "femur_shaft_mid", (6, 25)),
        **_pair("knee", (617, 86), (617, 169), "femoral_condyle_med femoral_condyle_lat tibial_plateau", (40, 35)),
        **_pair("tibia", (715, 90), (715, 158), "tibia_shaft", (7, 25)),
        **_pair("calf soft", (690, 104), (690, 177), "tibia_shaft", (6, 20), (36, -45)),
        **_pair("ankle", (797, 98), (802, 148), "talus tibia_distal", (22, 20)),
        **_pair("forefoot", (843, 83), (843, 138), "metatarsal2 metatarsal3", (12, 10), (0, 15)),
    }
)

PLACES: Mapping[str, Place] = MappingProxyType({**MARKS, **REGIONS})


def bone_middles(body: Body) -> dict[tuple[str, int], Floats]:
    """Middle (x, y, z) mm of every bone of this body, by name and side."""
    skeleton = pose_bones(body, standard())
    points: dict[tuple[str, int], list[Floats]] = {}
    for centre, owner, sign in zip(
        skeleton.ellipsoids.centre, skeleton.ellipsoids.bone, skeleton.ellipsoids.sign, strict=True
    ):
        if sign > 0:
            bone = skeleton.bones[owner]
            points.setdefault((bone.name, bone.side), []).append(centre)
    tubes = skeleton.capsules
    for start, end, owner in zip(tubes.start, tubes.end, tubes.bone, strict=True):
        bone = skeleton.bones[owner]
        points.setdefault((bone.name, bone.side), []).append((start + end) / 2)
    return {key: np.mean(value, axis=0) for key, value in points.items()}


def posed(body: Body) -> dict[str, tuple[float, float]]:
    """(x, y) mm of every place in this body."""
    middles = bone_middles(body)
    found = {}
    for name, place in PLACES.items():
        x, y, _ = np.mean([middles[key] for key in place.bones], axis=0)
        found[name] = (float(x) + place.offset[0] * body.scale, float(y) + place.offset[1] * body.scale)
    return found
