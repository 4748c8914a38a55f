"""The standard body as simple solids: bones, organs and skin of a supine man of 175 cm, read from a table.

Frame of all phantom geometry, in millimetres: x to the patient's left, y from the vertex down to the feet, z to the
front; (x, y, z) along the last axis. Source of the figures: `resources/phantom/skeleton.csv`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import resources

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

HEAD, TRUNK, ARM, LEG, GIRDLE = range(5)
_PARTS = {
    GIRDLE: {"clavicle", "scapula"},
    HEAD: {"skull", "face", "mandible", "nasopharynx"},
    ARM: {"humerus", "forearm", "hand", "soft_arm"},
    LEG: {"femur", "knee", "tibia", "foot", "soft_leg"},
}
_SIDES = {"L": 1, "R": -1, "M": 0}
RIB_POINTS = 11
RIB_START_DEG = 24.0
_RIB_FALL = 1.1  # ribs fall a little more steeply in front than behind
# Thickness of a rib over the table's: stout by the spine, thin at the side, broad where it meets its cartilage.
_RIB_LENGTH, _RIB_THICK = (0.0, 0.25, 0.5, 0.75, 1.0), (1.08, 1.06, 0.90, 0.96, 1.20)
TRUNK_POWER = 2.4  # superellipse exponent of the trunk's outline; limbs and head are ellipses


@dataclass(frozen=True)
class Bone:
    """One row of the table: a bone, an organ or a lung. side: +1 left, -1 right, 0 midline.

    uptake: concentration relative to soft tissue; for lungs and bones alike the table's own figure.
    """

    name: str
    side: int
    part: int
    group: str
    uptake: float

    @property
    def kind(self) -> str:
        """ "lung", "kidney", "bladder", "soft" (extra activity of soft organs) or "bone"."""
        if self.group in ("lung", "kidney", "bladder"):
            return self.group
        return "soft" if self.group == "softx" else "bone"


@dataclass(frozen=True, eq=False)
class Ellipsoids:
    """centre (n, 3); axes (n, 3, 3), each row a half-axis vector; bone (n,) index; sign (n,): -1 where cut out."""

    centre: Floats
    axes: Floats
    bone: Ints
    sign: Floats


@dataclass(frozen=True, eq=False)
class Capsules:
    """start, end (n, 3); radius (n,); bone (n,) index; joint (n,): continues a chain, so the ball at start is there."""

    start: Floats
    end: Floats
    radius: Floats
    bone: Ints
    joint: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Outline:
    """Slices of the skin of one part from head to foot: centre (n, 3), half width and half depth (n,) mm."""

    name: str
    side: int
    part: int
    centre: Floats
    half_width: Floats
    half_depth: Floats
    power: float


@dataclass(frozen=True, eq=False)
class Skeleton:
    bones: tuple[Bone, ...]
    ellipsoids: Ellipsoids
    capsules: Capsules
    outlines: tuple[Outline, ...]


def part_of(name: str, group: str) -> int:
    """The movable part a row belongs to: HEAD, ARM, LEG, GIRDLE, else TRUNK."""
    for part, members in _PARTS.items():
        if group in members or name in members:
            return part
    return TRUNK


@cache
def standard() -> Skeleton:
    """The table as solids. Read once; the value is shared and never changed."""
    with resources.path("phantom", "skeleton.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    bones: list[Bone] = []
    ellipsoids: list[tuple[Floats, Floats, int, float]] = []
    capsules: list[tuple[Floats, Floats, float, int, bool]] = []
    slices: dict[tuple[str, int], list[tuple[float, ...]]] = {}
    for row in rows:
        side, first = _SIDES[row["side"]], _vector(row, "x1", "y1", "z1")
        if row["kind"] == "section":
            key = (row["name"], side)
            slices.setdefault(key, []).append((*first, float(row["rx"]), float(row["rz"])))
            continue
        if row["kind"] == "hole":
            owner = max(i for i, bone in enumerate(bones) if (bone.name, bone.side) == (row["name"], side))
            ellipsoids.append((first, _directions(row) * _vector(row, "rx", "ry", "rz")[:, None], owner, -1.0))
            continue
        index = len(bones)
        part = part_of(row["name"], row["group"])
        bones.append(Bone(row["name"], side, part, row["group"], float(row["uptake"])))
        if row["kind"] in ("ellipsoid", "shell"):
            axes = _directions(row) * _vector(row, "rx", "ry", "rz")[:, None]
            ellipsoids.append((first, axes, index, 1.0))
            if row["kind"] == "shell":
                half = np.linalg.norm(axes, axis=1, keepdims=True)
                ellipsoids.append((first, axes * (1 - float(row["inner"]) / half), index, -1.0))
        elif row["kind"] == "capsule":
            joint = row["note"].startswith("joint ")
            capsules.append((first, _vector(row, "x2", "y2", "z2"), float(row["rx"]), index, joint))
        elif row["kind"] == "rib":
            points = _rib(row, first)
            thick = float(row["rx"]) * np.interp(np.linspace(0, 1, len(points) - 1), _RIB_LENGTH, _RIB_THICK)
            for number, (start, end) in enumerate(zip(points[:-1], points[1:], strict=True)):
                capsules.append((start, end, float(thick[number]), index, number > 0))
        else:
            raise ValueError(f"unknown kind {row['kind']!r} in the skeleton table")
    centres, axes3, owners, signs = zip(*ellipsoids, strict=True)
    starts, ends, radii, holders, joints = zip(*capsules, strict=True)
    return Skeleton(
        tuple(bones),
        Ellipsoids(np.array(centres), np.array(axes3), np.array(owners), np.array(signs)),
        Capsules(np.array(starts), np.array(ends), np.array(radii), np.array(holders), np.array(joints)),
        tuple(_outline(name, side, values) for (name, side), values in slices.items()),
    )


def _vector(row: dict[str, str], *names: str) -> Floats:
    return np.array([float(row[name]) for name in names])


def _directions(row: dict[str, str]) -> Floats:
    """The three axis directions of an ellipsoid, one per row; the table's second one is made orthogonal."""
    if not row["e1x"]:
        return np.eye(3)
    first = _vector(row, "e1x", "e1y", "e1z")
    first /= np.linalg.norm(first)
    second = _vector(row, "e2x", "e2y", "e2z")
    second -= (second @ first) * first
    second /= np.linalg.norm(second)
    return np.stack([first, second, np.cross(first, second)])


def _rib(row: dict[str, str], head: Floats) -> Floats:
    """Points along a rib from its head to its front end, (RIB_POINTS + 1, 3)."""
    width, drop, depth = _vector(row, "x2", "y2", "z2")
    last, back = np.deg2rad(float(row["ry"])), float(row["rz"])
    angle = np.linspace(np.deg2rad(RIB_START_DEG), last, RIB_POINTS)
    x = width * np.sin(angle)
    y = head[1] + drop * ((angle - angle[0]) / (last - angle[0])) ** _RIB_FALL
    z = back + depth - depth * np.cos(angle)
    return np.vstack([head, np.stack([x, y, z], axis=1)])


def _outline(name: str, side: int, values: list[tuple[float, ...]]) -> Outline:
    table = np.array(sorted(values, key=lambda slice_: slice_[1]))
    if name == "soft_leg":
        # The thigh reaches up into the trunk, so that no gap opens between them when they move.
        top = table[0] + (0, -60, 0, -6, 0)
        table = np.vstack([top, table])
    elif name == "soft_trunk":
        # Between the thighs the trunk ends in a rounded point, not in an edge.
        x, y, z, _, depth = table[-1]
        table = np.vstack(
            [table, [x, y + 14, z, 92, 0.9 * depth], [x, y + 28, z, 44, 0.7 * depth], [x, y + 40, z, 10, 0.5 * depth]]
        )
    power = TRUNK_POWER if name == "soft_trunk" else 2.0
    return Outline(name, side, part_of(name, ""), table[:, :3], table[:, 3], table[:, 4], power)
