"""What is in or on a patient beside the ordinary body: urine on the skin, a catheter, a metal hip, a hot lymph node.

An `Extra` says where it is and what it does to the picture; `pitfalls` draws them, `scan.build` projects them. None of
them is a lesion: truth has no mask for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from workstation.phantom.anatomy import index_of
from workstation.phantom.skeleton import Capsules, Ellipsoids, Floats
from workstation.phantom.uptake import Uptake

Place = Literal["inside", "front", "back"]


@dataclass(frozen=True, eq=False)
class Extra:
    """Solids of the posed body's frame, mm, that emit or absorb.

    kind: a word for the cohort's tables ("urine", "catheter", "prosthesis" ...). concentration: activity added to what
    is there, relative to soft tissue, one for all or one per solid (ellipsoids first); negative for a hole.
    relative_to: name of the bone or organ whose own activity `concentration` is a multiple of; empty for soft tissue.
    place: "inside" the body, where it is attenuated as everything there, or on its skin in "front" or at the "back",
    where only the body between it and the camera attenuates. transmission: the share of photons from behind that
    passes through the solids, 1 for all but metal.
    """

    kind: str
    ellipsoids: Ellipsoids | None = None
    capsules: Capsules | None = None
    concentration: float | Floats = 0.0
    place: Place = "inside"
    transmission: float = 1.0
    relative_to: str = ""

    def settled(self, uptake: Uptake) -> Extra:
        """The same with its concentration relative to soft tissue, for one scan's uptake."""
        if not self.relative_to:
            return self
        return replace(self, concentration=self.concentration * _activity(uptake, self.relative_to), relative_to="")


@dataclass(frozen=True, eq=False)
class Pitfall:
    """One thing that misleads. factors: what it makes of the activity of each bone (n,), None for no change.
    lost_breast: the side of a breast that is missing, +1 left, -1 right."""

    kind: str
    extras: tuple[Extra, ...] = ()
    factors: Floats | None = None
    lost_breast: int = 0


def _activity(uptake: Uptake, name: str) -> float:
    """Activity of a bone or organ; of a paired one the mean of both sides."""
    return float(np.mean(uptake.bones[index_of(name)]))


def balls(centre: ArrayLike, radius: ArrayLike) -> Ellipsoids:
    """Balls: centre (n, 3) or (3,), radius one or (n,), mm."""
    count = len(np.atleast_2d(np.asarray(centre, float)))
    return ovals(centre, np.broadcast_to(np.asarray(radius, float), (count,))[:, None] * np.ones(3))


def ovals(centre: ArrayLike, half_axes: ArrayLike) -> Ellipsoids:
    """Ellipsoids along the frame's axes: centre (n, 3) or (3,), half-axes (x, y, z) for all or (n, 3), mm."""
    points = np.atleast_2d(np.asarray(centre, float))
    size = np.broadcast_to(np.asarray(half_axes, float), points.shape)
    return Ellipsoids(points, np.eye(3)[None] * size[:, None, :], np.full(len(points), -1), np.ones(len(points)))


def tube(points: ArrayLike, radius: ArrayLike) -> Capsules:
    """A bent tube through points (n, 3), mm; radius one or one per piece (n - 1,)."""
    line = np.asarray(points, float)
    pieces = len(line) - 1
    return Capsules(
        line[:-1],
        line[1:],
        np.broadcast_to(np.asarray(radius, float), (pieces,)).copy(),
        np.full(pieces, -1),
        np.arange(pieces) > 0,
    )


def rods(start: ArrayLike, end: ArrayLike, radius: ArrayLike) -> Capsules:
    """Separate rods: start and end (n, 3), mm; radius one or (n,)."""
    first, last = np.atleast_2d(np.asarray(start, float)), np.atleast_2d(np.asarray(end, float))
    first, last = np.broadcast_arrays(first, last)
    count = len(first)
    return Capsules(
        first.copy(),
        last.copy(),
        np.broadcast_to(np.asarray(radius, float), (count,)).copy(),
        np.full(count, -1),
        np.zeros(count, bool),
    )
