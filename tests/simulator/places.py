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
    """real: (row, column) in the real scan, put there by hand; None where it cannot be told.

    bones: (name, side) whose middles are averaged, side +1 left, -1 right, 0 midline.
    offset: mm to the patient's left and downwards from there, for a body of 175 cm.
    """

    real: tuple[float, float] | None
    bones: tuple[tuple[str, int], ...]
    offset: tuple[float, float] = (0.0, 0.0)


def _middle(*names: str) -> tuple[tuple[str, int], ...]:
    return tuple((name, 0) for name in names)


def _both(*names: str) -> tuple[tuple[str, int], ...]:
    return tuple((name, side) for name in names for side in (1, -1))


PLACES: Mapping[str, Place] = MappingProxyType(
    {
        "skull": Place((125, 135), _middle("calvarium")),
        "maxilla": Place((157, 137), _middle("maxilla")),
        "sternum": Place((283, 135), _middle("sternum_body_low")),
        "hips": Place((435, 136), _both("femoral_head")),
        "knees": Place((620, 127), _both("tibial_plateau")),
        "tali": Place((798, 122), _both("talus")),
    }
)


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
