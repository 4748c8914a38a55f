"""One person's bones where this body has them.

Capsules follow the pose with their ends, ellipsoids with their centres and half-axes (the linear part of `move` at
the solid). The skin is `cover`'s.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from workstation.phantom.body import STANDARD_BMI, Body, Sex, draw_body, lie_again
from workstation.phantom.cover import breasts, clothe
from workstation.phantom.irregular import waves
from workstation.phantom.placing import move, move_solids
from workstation.phantom.skeleton import HEAD, Capsules, Floats, Skeleton

__all__ = [
    "STANDARD_BMI",
    "Body",
    "Sex",
    "breasts",
    "clothe",
    "draw_body",
    "lie_again",
    "move",
    "pose_bones",
]


def pose_bones(body: Body, skeleton: Skeleton) -> Skeleton:
    """The skeleton where this body has it; outlines are left as they are (see `cover.clothe`)."""
    part = np.array([bone.part for bone in skeleton.bones])
    side = np.array([bone.side for bone in skeleton.bones])
    kind = np.array([bone.kind for bone in skeleton.bones])
    solids, tubes = skeleton.ellipsoids, skeleton.capsules
    owner, holder = solids.bone, tubes.bone
    lines = (tubes.start, tubes.end, part[holder], side[holder])
    centre, axes, ends = move_solids(body, solids.centre, solids.axes, part[owner], side[owner], lines)
    if body.sex == "F":
        slim = (kind == "bone") & (part != HEAD)
        axes = axes * np.where(slim[owner], 0.95, 1.0)[:, None, None]
    for index in np.flatnonzero(kind == "kidney"):
        centre[owner == index, 1] += body.kidney_drop_mm[0 if side[index] > 0 else 1]
    _fill_bladder(body, skeleton, centre, axes)
    start, end = ends[0]
    thick = np.where(part == HEAD, body.head_scale, body.bone_scale)[holder]
    # No two bones are equally thick.
    phase = waves(body)[:2, 3]
    _end_ribs(skeleton, start, end, phase)
    thick = thick * (1 + 0.05 * np.sin(1.7 * holder + phase[0]) + 0.04 * np.sin(tubes.start[:, 1] / 9 + phase[1]))
    return replace(
        skeleton,
        ellipsoids=replace(solids, centre=centre, axes=axes),
        capsules=Capsules(start, end, tubes.radius * thick, holder, tubes.joint),
    )


def _end_ribs(skeleton: Skeleton, start: Floats, end: Floats, phase: Floats) -> None:
    """Let each rib end nearer the breastbone or farther from it than the next one does, in place."""
    tubes = skeleton.capsules
    rib = np.array([bone.group == "ribs" for bone in skeleton.bones])[tubes.bone]
    last = np.flatnonzero(rib & (np.append(tubes.bone[1:], -1) != tubes.bone))
    share = 0.75 + 0.5 * np.sin(2.6 * tubes.bone[last] + phase[0]) * np.cos(0.9 * tubes.bone[last] + phase[1])
    end[last] = start[last] + share[:, None] * (end[last] - start[last])


def _fill_bladder(body: Body, skeleton: Skeleton, centre: Floats, axes: Floats) -> None:
    """Give the bladder its size, shape and outpouching of this day, in place."""
    names = [skeleton.bones[bone].name for bone in skeleton.ellipsoids.bone]
    whole, half = body.bladder, body.bladder_mm
    main = names.index("bladder")
    c, s = np.cos(whole.tilt), np.sin(whole.tilt)
    axes[main] = half * np.array([[c, s, 0], [-s * whole.flat, c * whole.flat, 0], [0, 0, whole.deep]])
    centre[main, 0] += whole.aside_mm
    # A full bladder rises out of the pelvis.
    centre[main, 1] -= whole.flat * half - 35
    for lobe, size, side in zip(
        np.flatnonzero([name == "bladder_lobe" for name in names]), whole.lobes, (1, -1), strict=True
    ):
        axes[lobe] = np.diag([1.0, 0.8, whole.deep]) * max(size * half, 0.01)
        offset = np.array([0.62 * side, 0.45 * whole.flat, 0.0]) * half
        centre[lobe] = centre[main] + offset @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    pouch = names.index("diverticulum")
    axes[pouch] = np.eye(3) * max(whole.diverticulum_mm, 0.01)
    beside = np.array([0.85 * whole.beside, -0.35, -0.4])
    centre[pouch] = centre[main] + beside * (half + 0.8 * whole.diverticulum_mm)
