"""Where rays cross what is in or on a patient beside the ordinary body (see `extras`): its chords and its shadow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from workstation.phantom.extras import Extra, Place
from workstation.phantom.medium import Medium, Metal
from workstation.phantom.projection import Chords, Grid, capsules, ellipsoids, join
from workstation.phantom.skeleton import Floats


def project_extra(extra: Extra, scene: Medium, grid: Grid) -> tuple[Chords, Floats, Metal | None]:
    """An extra's chords (bone index -1), the activity of each, and its shadow if it is of metal.

    What lies on the skin is moved along each ray until it touches it; where there is no skin it stays where it is.
    What is inside the body, or beside it, stays, and is attenuated by whatever tissue there is on the way.
    """
    pieces, first = [], 0
    if extra.ellipsoids is not None:
        owners = np.arange(len(extra.ellipsoids.bone))
        pieces.append(ellipsoids(replace(extra.ellipsoids, bone=owners), grid))
        first = len(owners)
    if extra.capsules is not None:
        owners = first + np.arange(len(extra.capsules.bone))
        pieces.append(capsules(replace(extra.capsules, bone=owners), grid))
        first += len(owners)
    chords = _touching(join(*pieces), extra.place, scene)
    strength = np.broadcast_to(np.asarray(extra.concentration, float), (first,))[chords.bone]
    metal = _shadow(chords, extra.transmission, grid) if extra.transmission < 1 else None
    return replace(chords, bone=np.full(len(chords.row), -1)), strength, metal


def _touching(chords: Chords, place: Place, scene: Medium) -> Chords:
    if place == "inside":
        return chords
    at = chords.row, chords.column
    if place == "front":
        shift = np.nan_to_num(scene.front[at] - chords.back)
    else:
        shift = np.nan_to_num(scene.back[at] - chords.front)
    return replace(chords, back=chords.back + shift, front=chords.front + shift)


def _shadow(chords: Chords, transmission: float, grid: Grid) -> Metal:
    """The union of an extra's solids as one sheet half-way through each ray's metal."""
    low, high = np.full(grid.shape, np.inf), np.full(grid.shape, -np.inf)
    at = chords.row, chords.column
    np.minimum.at(low, at, chords.back)
    np.maximum.at(high, at, chords.front)
    with np.errstate(invalid="ignore"):
        middle = (low + high) / 2  # inf - inf, where there is no metal, is nan
    return Metal(middle, transmission)
