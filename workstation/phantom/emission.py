"""Photons on their way to the camera before it blurs them: how many, from which pixel, from how far.

`deposit` takes solids as chords, `deposit_soft` the tissue that fills the skin. Both sort what reaches the camera into
depth bins, one picture per bin, for `camera.blur` to blur each as its distance asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from workstation.phantom.medium import LUNG_DENSITY, MU, Medium
from workstation.phantom.projection import Box, Chords, Singles
from workstation.phantom.skeleton import Floats


@dataclass(frozen=True)
class Depths:
    """Bins of the distance to the collimator, two at least: centres at nearest + step * (0 .. number - 1), mm.

    lead: the blur's square grows as (distance + lead) squared; the sum of the collimator's effective thickness and the
    6 mm behind it, mm.
    """

    nearest: float = 45.0
    step: float = 45.0
    number: int = 8
    lead: float = 40.0

    @property
    def centres(self) -> Floats:
        return self.nearest + self.step * np.arange(self.number)


BODY = Depths()
_CHUNK = 1 << 13  # chords or pixels taken at once, so that what is computed of them stays in the processor's cache


def around(chords: Chords, scene: Medium, anterior: bool, lead: float, step: float = 20.0) -> Depths:
    """Fine bins that just hold some chords: for what is small and must be exact."""
    middle = (chords.back + chords.front) / 2
    away = scene.plane_front[chords.row] - middle if anterior else middle - scene.plane_back[chords.row]
    low = max(float(away.min()), 0.0)
    return Depths(low, step, int(np.ceil(max(float(away.max()) - low, 1) / step)) + 1, lead)


def deposit(
    chords: Chords,
    concentration: Floats,
    scene: Medium,
    sides: tuple[bool, ...],
    box: Box,
    depths: Depths = BODY,
    onto: Sequence[Singles] | None = None,
) -> list[Singles]:
    """Unscattered emission of chords that reaches each camera, sorted by distance: (bins, rows, columns) of the box.

    concentration: (n,) activity of each chord relative to soft tissue. sides: the cameras, True for the anterior one.
    Attenuation within a chord is exact for a uniform medium; where the skin or a lung ends inside it, it is that of
    its middle. A chord goes to the two bins nearest its middle, in shares that keep the square of the blur's width
    exact. onto: pictures of the same shape that it is added to, in place.
    """
    out = onto or [np.zeros((depths.number, *box.shape), np.float32) for _ in sides]
    for start in range(0, len(chords.row), _CHUNK):
        part = chords.where(slice(start, start + _CHUNK))
        pixel = part.row * scene.front.shape[1] + part.column
        back, front, lung_back, lung_front = (
            np.take(each, pixel) for each in (scene.back, scene.front, scene.lung_back, scene.lung_front)
        )
        z = (part.back + part.front) / 2
        half = MU / 2 * (part.front - part.back)
        square = half * half
        # sinh(half) / half, to 1e-7 for chords under 200 mm
        strength = 1 + square / 6 * (1 + square / 20 * (1 + square / 42))
        strength *= part.length
        strength *= concentration[start : start + _CHUNK]
        in_lung = np.clip(z, lung_back, lung_front)
        # fmin and fmax: where there is no body, nan, there is no path; what lies beyond it has all of it before it.
        for layers, anterior in zip(out, sides, strict=True):
            path = front - np.fmax(z, back) if anterior else np.fmin(z, front) - back
            path = np.fmax(path, 0)
            path -= (1 - LUNG_DENSITY) * (lung_front - in_lung if anterior else in_lung - lung_back)
            path *= -MU
            emission = strength * np.exp(path)
            if scene.metals:
                emission *= scene.dimmed(part.back, part.front, pixel, anterior)
            away = scene.plane_front[part.row] - z if anterior else z - scene.plane_back[part.row]
            _sort(layers.reshape(-1), emission, away, part, box, depths)
    return list(out)


def _sort(out: Singles, emission: Floats, away: Floats, chords: Chords, box: Box, depths: Depths) -> None:
    """Add emission from the given distances to the flat bins `out`."""
    place = (away - depths.nearest) / depths.step
    np.clip(place, 0, depths.number - 1.000001, out=place)
    lower = place.astype(np.intp)
    within = place - lower
    twice = 2 * (depths.nearest + depths.step * lower + depths.lead)
    second = emission * (within * (twice + within * depths.step) / (twice + depths.step))
    rows, columns = box.shape
    flat = (lower * rows + (chords.row - box.top)) * columns + (chords.column - box.left)
    inside = (chords.row >= box.top) & (chords.row < box.bottom)
    inside &= (chords.column >= box.left) & (chords.column < box.right)
    if not inside.all():
        flat, emission, second = flat[inside], emission[inside], second[inside]
    np.add.at(out, flat, (emission - second).astype(np.float32))
    np.add.at(out, flat + rows * columns, second.astype(np.float32))


def deposit_soft(
    concentration: tuple[Floats, Floats],
    lung: float,
    scene: Medium,
    sides: tuple[bool, ...],
    box: Box,
    depths: Depths = BODY,
) -> list[Singles]:
    """The same for soft tissue, which fills the skin: (bins, rows, columns) of a box that holds the whole body.

    concentration: maps (rows, columns) for the front and the back of the body; between them it changes evenly with
    depth. lung: the lungs' concentration. Each bin takes the slab around it; attenuation is integrated through the
    slab in closed form, the concentration is that of its middle.
    """
    out = [np.zeros((depths.number, box.shape[0] * box.shape[1]), np.float32) for _ in sides]
    body = scene.body
    for start in range(0, len(body), _CHUNK):
        pixel = body[start : start + _CHUNK]
        row, column = np.divmod(pixel, scene.front.shape[1])
        flat = (row - box.top) * box.shape[1] + (column - box.left)
        near, far = (np.take(each, pixel).astype(np.float32) for each in concentration)
        back, front, lung_back, lung_front = (
            np.take(each, pixel) for each in (scene.back, scene.front, scene.lung_back, scene.lung_front)
        )
        for layers, anterior in zip(out, sides, strict=True):
            # In optical lengths towards the camera, from the near skin.
            if anterior:
                place = lung_front - front, lung_back - front, scene.plane_front[row] - front
                values = near, far
            else:
                place = back - lung_back, back - lung_front, back - scene.plane_back[row]
                values = far, near
            bottom, top, low_lung, plane = (np.asarray(MU * each, np.float32) for each in (back - front, *place))
            slabs = _Slabs(bottom, top, low_lung, plane, *values)
            for number, high, low, emitted in slabs.emitted(lung, depths):
                if scene.metals:
                    between = (front + low / MU, front + high / MU) if anterior else (back - high / MU, back - low / MU)
                    emitted = emitted * scene.dimmed(*between, pixel, anterior)
                layer = layers[number]
                layer[flat] = emitted
    return [each.reshape(-1, *box.shape) for each in out]


@dataclass(frozen=True, eq=False)
class _Slabs:
    """Some pixels of the body along the line of sight, in optical lengths from the near skin, which is at 0: far skin,
    the lung's near and far end, collimator, (n,). ahead, behind: concentration of soft tissue at near and far skin."""

    bottom: Singles
    lung_top: Singles
    lung_bottom: Singles
    plane: Singles
    ahead: Singles
    behind: Singles

    def emitted(self, lung: float, depths: Depths) -> Iterator[tuple[int, Singles, Singles, Singles]]:
        """Per bin that holds any: its upper and lower border and the emission between them that gets out."""
        nearer = self.ahead * np.float32(1 / MU)
        change = (self.behind - self.ahead) * np.float32(0.5 / MU) / self.bottom  # for the sum of a slab's borders
        thin = np.flatnonzero(self.lung_top > self.lung_bottom)
        lung_top, lung_bottom = self.lung_top[thin], self.lung_bottom[thin]
        reach = float(self.plane.min()), float((self.plane - self.bottom).max())
        high, above = np.zeros_like(self.bottom), np.ones_like(self.bottom)
        # Within a lung: survival at the slab's borders, or where the lung ends before them.
        in_lung = np.exp(lung_top)
        for number in range(depths.number):
            edge = MU * (depths.nearest + depths.step * (number + 0.5))
            last = edge >= reach[1] or number == depths.number - 1
            if edge <= reach[0] and not last:
                continue
            low = self.bottom
            if not last:
                low = self.plane - np.float32(edge)
                np.maximum(low, self.bottom, out=low)
                np.minimum(low, 0, out=low)
            below = np.exp(low)
            value = high + low
            value *= change
            value += nearer
            if thin.size:
                inside = np.clip(low[thin], lung_bottom, lung_top)
                gain = np.exp(np.float32(1 - LUNG_DENSITY) * (lung_top - inside))
                below[thin] *= gain
                lower = np.exp(inside) * gain
                extra = (in_lung - lower) * (np.float32(lung / LUNG_DENSITY / MU) - value[thin])
                in_lung = lower
            share = above - below
            share *= value
            if thin.size:
                share[thin] += extra
            yield number, high, low, share
            if last:
                return
            high, above = low, below
