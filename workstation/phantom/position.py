"""A patient laid before the camera so that every site with a lesion can be seen.

Lesions are drawn before the body lies down. Where one of them would be outside the acquired field or straight behind
the bladder, the patient is laid down anew; the lesions' law therefore does not depend on how anybody lies, and what a
lesion's place says of its nature is the same in every scan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from workstation.phantom.acquisition import ACTIVITY_MBQ, Acquisition, draw_acquisition
from workstation.phantom.body import Arm, Body, lie_again
from workstation.phantom.pose import pose_bones
from workstation.phantom.projection import Box, Grid
from workstation.phantom.sites import Site, anchor
from workstation.phantom.skeleton import Floats, Ints, Skeleton, standard

ATTEMPTS = 40  # of each kind of posture
_SLIM = 24.0  # body mass index
EDGE_MM = 25.0  # from the border of the acquired field
_BEHIND = 0.7  # of the way from the bladder's middle to its wall: farther out, a lesion shows beside or through it


@lru_cache(maxsize=2)
def posed(body: Body) -> Skeleton:
    """The body's bones; kept, for the one who lies well is asked about again. Shared: left as it is."""
    return pose_bones(body, standard())


def lies_well(body: Body, acquisition: Acquisition, sites: Sequence[Site]) -> bool:
    """Whether all sites are within the acquired field and none is straight behind the bladder; quick: no projection."""
    if not sites:
        return True
    skeleton = posed(body)
    at = _places(skeleton, sites)
    return _inside(acquisition.grid, acquisition.field, at) and not _behind_bladder(skeleton, at)


def _places(skeleton: Skeleton, sites: Sequence[Site]) -> Floats:
    """Where sites are in a posed body, (n, 3) mm."""
    return np.array([anchor(skeleton, site)[0] for site in sites])


def _pixels(grid: Grid, at: Floats) -> tuple[Ints, Ints]:
    row = np.rint((at[:, 1] - grid.top_mm) / grid.spacing_mm).astype(np.int64)
    column = np.rint((at[:, 0] - grid.left_mm) / grid.spacing_mm).astype(np.int64)
    return row, column


def _inside(grid: Grid, field: Box, at: Floats) -> bool:
    row, column = _pixels(grid, at)
    edge = int(np.ceil(EDGE_MM / grid.spacing_mm))
    along = (row >= field.top + edge) & (row < field.bottom - edge)
    across = (column >= field.left + edge) & (column < field.right - edge)
    return bool((along & across).all())


def _behind_bladder(skeleton: Skeleton, at: Floats) -> bool:
    """Whether a site's ray crosses the middle of the bladder."""
    solids = skeleton.ellipsoids
    kinds = np.array([bone.kind for bone in skeleton.bones])
    for index in np.flatnonzero(kinds[solids.bone] == "bladder"):
        flat = solids.axes[index][:, :2]
        way = at[:, :2] - solids.centre[index, :2]
        if (np.einsum("ni,ij,nj->n", way, np.linalg.inv(flat.T @ flat + 1e-9 * np.eye(2)), way) < _BEHIND**2).any():
            return True
    return False


def lie_down(
    body: Body,
    age: int,
    sites: Sequence[Site],
    rng: np.random.Generator,
    activity_mbq: tuple[float, float] = ACTIVITY_MBQ,
) -> tuple[Body, Acquisition]:
    """A posture and a place on the table at which no site is lost; the body's own posture if that will do.

    Where ordinary postures do not, the patient has voided and lays the hands on the thighs, and in the end is slim.
    """
    tried = body
    for attempt in range(3 * ATTEMPTS):
        acquisition = draw_acquisition(tried, rng, activity_mbq)
        if lies_well(tried, acquisition, sites):
            break
        tried = lie_again(body, rng, age)
        if attempt >= ATTEMPTS:
            tried = _helpful(tried)
        if attempt >= 2 * ATTEMPTS:
            tried = replace(tried, weight_kg=min(tried.weight_kg, _SLIM * (tried.height_mm / 1000) ** 2))
    return tried, acquisition


def _helpful(body: Body) -> Body:
    """Arms close by with the hands on the thighs, a straight trunk, an empty bladder."""
    arm = Arm("thigh", elbow_mm=0.0, hand_mm=0.0, lift=0.0, twist=0.7, bend=0.0)
    posture = replace(body.posture, arms=(arm, arm), trunk_turn=0.0, pelvis_turn=0.0, lean=0.0)
    bladder = replace(body.bladder, flat=0.55, aside_mm=0.0, tilt=0.0, diverticulum_mm=0.0)
    return replace(body, posture=posture, bladder=bladder, bladder_mm=20.0)
