"""The standard body's table: mirrored, named as the lesion sites need it, and shaped like bones."""

from __future__ import annotations

import re

import numpy as np

import resources
from workstation.phantom.skeleton import GIRDLE, standard


def solids(name: str, side: int = 0) -> np.ndarray:
    skeleton = standard()
    wanted = {i for i, bone in enumerate(skeleton.bones) if (bone.name, bone.side) == (name, side)}
    return np.flatnonzero(np.isin(skeleton.ellipsoids.bone, list(wanted)))


def test_left_and_right_are_mirror_images() -> None:
    skeleton = standard()
    owner = {(bone.name, bone.side): index for index, bone in enumerate(skeleton.bones)}
    paired = [
        bone.name
        for bone in skeleton.bones
        if bone.side == 1 and bone.kind in ("bone", "lung") and (bone.name, -1) in owner
    ]
    assert len(paired) > 90
    assert all((bone.name, -bone.side) in owner for bone in skeleton.bones if bone.side and bone.kind == "bone")
    flip = np.array([-1, 1, 1])
    balls, tubes = skeleton.ellipsoids, skeleton.capsules
    for name in paired:
        left, right = owner[name, 1], owner[name, -1]
        for one, two in zip(balls.axes[balls.bone == left], balls.axes[balls.bone == right], strict=True):
            mirrored = one * flip
            np.testing.assert_allclose(mirrored.T @ mirrored, two.T @ two, atol=1e-9)
        np.testing.assert_allclose(balls.centre[balls.bone == left] * flip, balls.centre[balls.bone == right])
        np.testing.assert_allclose(tubes.start[tubes.bone == left] * flip, tubes.start[tubes.bone == right])
        np.testing.assert_allclose(tubes.end[tubes.bone == left] * flip, tubes.end[tubes.bone == right])
        np.testing.assert_allclose(tubes.radius[tubes.bone == left], tubes.radius[tubes.bone == right])


def test_every_bone_a_lesion_can_sit_in_is_there() -> None:
    names = {bone.name for bone in standard().bones}
    for place in resources.table("phantom/lesions")["place"]:
        for wanted in place["bones"]:
            pattern = re.compile(re.escape(wanted).replace(r"\*", r"\d+"))
            assert any(pattern.fullmatch(name) for name in names), wanted


def test_what_is_cut_out_lies_inside_its_bone() -> None:
    balls = standard().ellipsoids
    directions = np.random.default_rng(0).normal(size=(200, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    for hole in np.flatnonzero(balls.sign < 0):
        whole = next(i for i in np.flatnonzero(balls.bone == balls.bone[hole]) if balls.sign[i] > 0)
        rim = balls.centre[hole] + directions @ balls.axes[hole]
        inside = np.linalg.norm((rim - balls.centre[whole]) @ np.linalg.inv(balls.axes[whole]), axis=1)
        assert inside.max() < 1


def test_discs_part_the_vertebrae() -> None:
    balls = standard().ellipsoids
    lumbar = [f"L{number}" for number in range(1, 6)]
    bottoms, tops = [], []
    for name in lumbar:
        parts = np.concatenate([solids(f"{name}{suffix}") for suffix in ("", "_upper_plate", "_lower_plate")])
        y = balls.centre[parts, 1]
        reach = np.sqrt((balls.axes[parts, :, 1] ** 2).sum(axis=1))
        tops.append((y - reach).min())
        bottoms.append((y + reach).max())
    gaps = np.array(tops[1:]) - np.array(bottoms[:-1])
    assert (gaps > 1).all() and (gaps < 12).all()


def test_ribs_slope_down_from_spine_to_front_and_the_seventh_is_longest() -> None:
    skeleton = standard()
    tubes = skeleton.capsules
    lengths = []
    for number in range(1, 13):
        index = next(i for i, bone in enumerate(skeleton.bones) if (bone.name, bone.side) == (f"rib{number}", 1))
        pieces = tubes.bone == index
        start, end = tubes.start[pieces][0], tubes.end[pieces][-1]
        assert end[1] > start[1] + 20 and abs(start[0]) < 30
        lengths.append(np.linalg.norm(tubes.end[pieces] - tubes.start[pieces], axis=1).sum())
    assert int(np.argmax(lengths)) + 1 in (6, 7, 8)
    assert lengths[0] < 0.6 * max(lengths) and lengths[11] < 0.6 * max(lengths)


def test_collar_bone_and_shoulder_blade_move_together() -> None:
    girdle = {bone.name for bone in standard().bones if bone.part == GIRDLE}
    assert {"clavicle_med", "clavicle_lat", "scapula_blade", "acromion_ac", "glenoid"} <= girdle
    assert not any(name.startswith("rib") for name in girdle)
