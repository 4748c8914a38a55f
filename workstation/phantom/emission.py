"""Photons on their way to the camera before it blurs them: how many, from which pixel, from how far.

`deposit` takes solids as chords, `deposit_soft` the tissue that fills the skin. Both sort what reaches the camera into
depth bins, one picture per bin, for `camera.blur` to blur each as its distance asks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workstation.phantom.medium import LUNG_DENSITY, MU, Facing, Medium
from workstation.phantom.projection import Box, Chords, Singles
from workstation.phantom.skeleton import Floats


@dataclass(frozen=True)
class Depths:
    """Bins of the distance to the collimator: centres at nearest + step * (0 .. number - 1), mm.

    lead: the blur's square grows as (distance + lead) squared; the sum of the collimator's effective thickness and the
    6 mm behind it, mm.
    """

    nearest: float = 40.0
    step: float = 40.0
    number: int = 9
    lead: float = 40.0

    @property
    def centres(self) -> Floats:
        return self.nearest + self.step * np.arange(self.number)


BODY = Depths()


def around(chords: Chords, scene: Medium, anterior: bool, lead: float, step: float = 20.0) -> Depths:
    """Fine bins that just hold some chords: for what is small and must be exact."""
    middle = (chords.back + chords.front) / 2
    away = scene.plane_front[chords.row] - middle if anterior else middle - scene.plane_back[chords.row]
    low = max(float(away.min()), 0.0)
    return Depths(low, step, int(np.ceil(max(float(away.max()) - low, 0) / step)) + 1, lead)


def deposit(
    chords: Chords,
    concentration: Floats,
    scene: Medium,
    anterior: bool,
    box: Box,
    depths: Depths = BODY,
) -> Singles:
    """Unscattered emission of chords that reaches the camera, sorted by distance: (bins, rows, columns) of the box.

    concentration: (n,) activity of each chord relative to soft tissue. Attenuation within a chord is exact for a
    uniform medium; where the skin or a lung ends inside it, it is that of its middle. A chord goes to the two bins
    nearest its middle, in shares that keep the square of the blur's width exact.
    """
    face = scene.facing(anterior)
    shape = scene.front.shape
    pixel = chords.row * shape[1] + chords.column
    low, high = (chords.back, chords.front) if anterior else (-chords.front, -chords.back)
    h = (low + high) / 2
    half = MU * (high - low) / 2
    square = half * half
    # sinh(half) / half, to 1e-7 for chords under 200 mm
    within = 1 + square / 6 * (1 + square / 20 * (1 + square / 42))
    emission = concentration * chords.length * face.survival(h, pixel) * within
    if face.metals:
        emission = emission * face.dimmed(low, high, pixel)
    return _sorted(emission, face.plane[chords.row] - h, chords, box, depths)


def _sorted(emission: Floats, away: Floats, chords: Chords, box: Box, depths: Depths) -> Singles:
    place = (away - depths.nearest) / depths.step
    np.clip(place, 0, max(depths.number - 1.000001, 0), out=place)
    lower = place.astype(np.intp)
    near = depths.nearest + depths.step * lower + depths.lead
    upper = (place - lower) * (2 * near + (place - lower) * depths.step) / (2 * near + depths.step)
    rows, columns = box.shape
    inside = (chords.row >= box.top) & (chords.row < box.bottom)
    inside &= (chords.column >= box.left) & (chords.column < box.right)
    flat = (lower * rows + (chords.row - box.top)) * columns + (chords.column - box.left)
    if not inside.all():
        flat, emission, upper = flat[inside], emission[inside], upper[inside]
    out = np.zeros((depths.number + 1) * rows * columns, np.float32)
    second = emission * upper
    np.add.at(out, flat, (emission - second).astype(np.float32))
    np.add.at(out, flat + rows * columns, second.astype(np.float32))
    return out.reshape(-1, rows, columns)[: depths.number]


def deposit_soft(
    concentration: tuple[Floats, Floats],
    lung: float,
    scene: Medium,
    anterior: bool,
    box: Box | None = None,
    depths: Depths = BODY,
) -> Singles:
    """The same for soft tissue, which fills the skin: (bins, rows, columns) of the box, the whole frame without one.

    concentration: maps (rows, columns) for the front and the back of the body; between them it changes evenly with
    depth. lung: the lungs' concentration. Each bin takes the slab around it; attenuation is integrated through the
    slab, the concentration is that of its middle.
    """
    box = box or Box(0, scene.front.shape[0], 0, scene.front.shape[1])
    face = _window(scene.facing(anterior), box)
    near, far = concentration if anterior else concentration[::-1]
    ahead, behind = (np.asarray(each[box.slices], np.float32) for each in (near, far))
    out = np.zeros((depths.number, *box.shape), np.float32)
    thick = np.maximum(face.skin - face.bottom, 1e-3)
    slope = (ahead - behind) / thick
    # Per row: which bins the body reaches.
    away = face.plane[:, None]
    inside = face.skin > face.bottom
    first = face.plane - np.where(inside, face.skin, -np.inf).max(axis=1)
    last = face.plane - np.where(inside, face.bottom, np.inf).min(axis=1)
    lungs = _LungBox.of(face)
    edges = depths.nearest + depths.step * (np.arange(depths.number + 1) - 0.5)
    edges[0], edges[-1] = -np.inf, np.inf
    for number in range(depths.number):
        rows = np.flatnonzero((first < edges[number + 1]) & (last > edges[number]))
        if rows.size == 0:
            continue
        part = slice(int(rows[0]), int(rows[-1]) + 1)
        skin, bottom = face.skin[part], face.bottom[part]
        top = np.clip((away[part] - edges[number]).astype(np.float32), bottom, skin)
        low = np.clip((away[part] - edges[number + 1]).astype(np.float32), bottom, skin)
        share = np.exp(MU * (top - skin))
        share -= np.exp(MU * (low - skin))
        middle = (top + low) * np.float32(0.5)
        middle -= bottom
        middle *= slope[part]
        middle += behind[part]
        share *= middle
        if lungs is not None:
            lungs.correct(share, middle, top, low, part, lung)
        for metal, transmission in face.metals:
            shade = np.clip((metal[part] - low) / np.maximum(top - low, 1e-3), 0, 1)
            share *= 1 - np.float32(1 - transmission) * np.nan_to_num(shade)
        share *= np.float32(1 / MU)
        out[number, part] = share
    return out


def _window(face: Facing, box: Box) -> Facing:
    """A facing cut to a box, in single precision; outside the skin its tissue has no thickness."""

    def cut(each: Floats) -> Singles:
        return np.array(each[box.slices], np.float32)

    skin, bottom = cut(face.skin), cut(face.bottom)
    outside = ~(skin > bottom)
    skin[outside] = bottom[outside] = 0
    metals = tuple((cut(height), transmission) for height, transmission in face.metals)
    plane = np.asarray(face.plane[box.top : box.bottom], np.float32)
    return Facing(skin, bottom, cut(face.lung_top), cut(face.lung_bottom), plane, metals)


@dataclass(frozen=True, eq=False)
class _LungBox:
    """The pixels around the lungs, where tissue is thin and holds another concentration."""

    top: int
    bottom: int
    columns: slice
    face: Facing

    @classmethod
    def of(cls, face: Facing) -> _LungBox | None:
        has = face.lung_top > face.lung_bottom
        rows, columns = np.flatnonzero(has.any(axis=1)), np.flatnonzero(has.any(axis=0))
        if rows.size == 0:
            return None
        return cls(int(rows[0]), int(rows[-1]) + 1, slice(int(columns[0]), int(columns[-1]) + 1), face)

    def correct(self, out: Singles, soft: Singles, top: Singles, low: Singles, part: slice, lung: float) -> None:
        """Put into `out`, rows `part`, what a slab from top down to low emits with lungs in it, times MU.

        soft: concentration of soft tissue there; lung: of the lungs.
        """
        first, last = max(self.top, part.start), min(self.bottom, part.stop)
        if first >= last:
            return
        at = np.s_[first - part.start : last - part.start, self.columns]
        here = np.s_[first:last, self.columns]
        skin, near, far = (each[here] for each in (self.face.skin, self.face.lung_top, self.face.lung_bottom))

        def survival(h: Singles, in_lung: Singles) -> Singles:
            path = (skin - h) - np.float32(1 - LUNG_DENSITY) * (near - in_lung)
            return np.asarray(np.exp(np.float32(-MU) * path))

        up, down = np.clip(top[at], far, near), np.clip(low[at], far, near)
        whole = survival(top[at], up) - survival(low[at], down)
        thin = survival(up, up) - survival(down, down)
        out[at] = (whole - thin) * soft[at] + thin * np.float32(lung / LUNG_DENSITY)
