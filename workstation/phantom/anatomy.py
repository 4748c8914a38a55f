"""Places of a posed body by the names of its bones: the middle of the left knee cap, half way down the right femur."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from workstation.phantom.pose import Body, move
from workstation.phantom.skeleton import Floats, Ints, Skeleton, standard


@cache
def index_of(name: str, side: int | None = None) -> Ints:
    """Indices of the rows of the skeleton with this name, on this side or in the middle if a side is given.

    An unknown name is an error.
    """
    bones = standard().bones
    found = [i for i, bone in enumerate(bones) if bone.name == name and (side is None or bone.side in (0, side))]
    if not found:
        raise ValueError(f"no bone {name!r} on side {side} in the skeleton table")
    return np.array(found)


@cache
def levels() -> Floats:
    """Standard height y of the middle of each row of the skeleton (n,), mm."""
    solids, tubes = standard().ellipsoids, standard().capsules
    owner = np.concatenate([solids.bone, tubes.bone])
    height = np.concatenate([solids.centre[:, 1], (tubes.start[:, 1] + tubes.end[:, 1]) / 2])
    number = len(standard().bones)
    middle: Floats = np.bincount(owner, height, number) / np.bincount(owner, minlength=number)
    return middle


def between_levels(groups: Sequence[str], side: int, top: float, bottom: float) -> Ints:
    """Indices of the bones of these groups and this side whose middle lies between two standard heights, mm."""
    bones = standard().bones
    fits = np.array([bone.group in groups and bone.side == side and bone.kind == "bone" for bone in bones])
    return np.flatnonzero(fits & (levels() >= top) & (levels() < bottom))


@dataclass(frozen=True, eq=False)
class Anatomy:
    """A body as it lies and its bones there: skeleton is the posed one. Frame and units: `skeleton`."""

    body: Body
    skeleton: Skeleton

    def at(self, name: str, side: int = 0, where: float | Sequence[float] = 0.5) -> Floats:
        """A place in a bone, (3,) mm. where: fraction of a capsule's or rib's length from its first end, or fractions
        of an ellipsoid's half-axes (one number: its middle), the first away from the midline."""
        bone = int(index_of(name, side)[0])
        solids, tubes = self.skeleton.ellipsoids, self.skeleton.capsules
        chosen = np.flatnonzero(solids.bone == bone)
        if chosen.size:
            fractions = np.zeros(3) if isinstance(where, float) else np.array(where, float)
            fractions[0] *= side or 1
            place: Floats = solids.centre[chosen[0]] + fractions @ solids.axes[chosen[0]]
            return place
        if not isinstance(where, float):
            raise ValueError(f"{name} is a capsule: one fraction of its length says where")
        pieces = np.flatnonzero(tubes.bone == bone)
        line = np.vstack([tubes.start[pieces], tubes.end[pieces[-1:]]])
        run = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
        return np.array([np.interp(where * run[-1], run, line[:, axis]) for axis in range(3)])

    def size(self, name: str, side: int = 0) -> Floats:
        """Half-axes of an ellipsoid, (3,) mm."""
        chosen = np.flatnonzero(self.skeleton.ellipsoids.bone == int(index_of(name, side)[0]))
        lengths: Floats = np.linalg.norm(self.skeleton.ellipsoids.axes[chosen[0]], axis=1)
        return lengths

    def moved(self, points: ArrayLike, part: int, side: int) -> Floats:
        """Points of the standard body (n, 3) or (3,), mm, where this body has them."""
        standing = np.asarray(points, float)
        many = np.atleast_2d(standing)
        placed = move(self.body, many, np.full(len(many), part), np.full(len(many), side))
        return placed.reshape(standing.shape)

    @property
    def scale(self) -> float:
        return self.body.scale
