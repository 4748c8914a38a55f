"""Head, neck and trunk as slices threaded on a bent line: turned, tilted and curved, and the shoulder girdle on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from workstation.phantom.body import Body
from workstation.phantom.skeleton import Floats

# Landmarks of the standard body, y in mm.
HEAD_END, NECK_END, CHEST, WAIST, HIP = 212.0, 300.0, 400.0, 620.0, 838.0
_SOLE = 1750.0
_KNOTS = np.arange(-20.0, 1001.0, 10.0)
# The line the slices turn about: the skull's middle, then the vertebral bodies.
_LINE_Y = (190.0, 269.0, 418.0, 671.0, 760.0, 860.0)
_LINE_Z = (-8.0, -28.0, -58.0, -18.0, -52.0, -40.0)
_SPINE = (269.0, 780.0)  # from the lowest neck vertebra to the sacrum
_STIFF = 75.0  # beyond this far from the spine, the side is not crowded further by its curve, mm
_FIRM = 0.65  # of the spine's curve that the front of the chest does not share
_PIVOT = np.array([26.0, 320.0, 52.0])  # sternoclavicular joint, about which the girdle turns


@dataclass(frozen=True, eq=False)
class Line:
    """The bent line at the knots: origin (n, 3); lean (n, 2), slope in x and z; turn; factors of width, depth.

    curve: how far the spine alone is curved sideways here, mm.
    """

    origin: Floats
    lean: Floats
    turn: Floats
    factor: Floats
    curve: Floats

    def at(self, y: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """Origin, lean, turn, factor and curve at standard heights y (n,), linear between knots."""
        place = np.clip((y - _KNOTS[0]) / 10.0, 0, len(_KNOTS) - 1.001)
        lower = place.astype(np.int64)
        upper = (place - lower)[:, None]
        table = np.column_stack([self.origin, self.lean, self.turn, self.factor, self.curve])
        value = table[lower] * (1 - upper) + table[lower + 1] * upper
        return value[:, :3], value[:, 3:5], value[:, 5], value[:, 6:8], value[:, 8]


def line_z(y: Floats) -> Floats:
    return np.interp(y, _LINE_Y, _LINE_Z)


def lengths(body: Body) -> tuple[float, float, float, float]:
    """Factors of length of head, neck, trunk and legs; together they make the body's height."""
    build, head = body.build, body.head_scale
    rest = (NECK_END - HEAD_END) * build.neck + (HIP - NECK_END) * build.trunk + (_SOLE - HIP) * build.legs
    q = (body.height_mm - HEAD_END * head) / rest
    return head, q * build.neck, q * build.trunk, q * build.legs


def _smooth(y: Floats, low: float, high: float) -> Floats:
    """From 0 at `low` to 1 at `high`, with flat ends."""
    t = np.clip((y - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


@lru_cache(maxsize=16)
def line(body: Body) -> Line:
    build, posture = body.build, body.posture
    y = _KNOTS
    head, neck, trunk, _ = lengths(body)
    scale = np.where(y < HEAD_END, head, np.where(y < NECK_END, neck, trunk))
    above = 1 - _smooth(y, 195, 285)  # 1 in the head, 0 in the chest

    t = np.clip((y - _SPINE[0]) / (_SPINE[1] - _SPINE[0]), 0, 1)
    shifted = np.clip(t + 0.15 * build.phase * np.sin(np.pi * t) ** 2, 0, 1)
    curve = build.single_mm * np.sin(np.pi * shifted) ** 2
    curve += build.double_mm * 1.3 * np.sin(2 * np.pi * shifted) * np.sin(np.pi * shifted)
    side = np.gradient(curve, y) - posture.lean - posture.head_tilt * above

    stoop = 2 * build.kyphosis_mm / 240**2 * np.clip(430 - y, 0, 240)
    nod = posture.head_nod + 0.45 * 2 * build.kyphosis_mm / 240
    hollow = build.lordosis_mm * np.exp(-(((y - 640) / 110) ** 2))
    front = np.gradient(hollow, y) - stoop * (1 - above) - nod * above

    step = np.diff(y, prepend=y[0] - 10.0)
    down = np.cumsum(scale * step / np.sqrt(1 + side**2 + front**2))
    across, ahead = np.cumsum(side * step * scale), np.cumsum(front * step * scale)
    origin = np.stack(
        [
            across - np.interp(HIP, y, across),
            down - np.interp(0, y, down),
            line_z(y) * scale + ahead - np.interp(430, y, ahead),
        ],
        axis=1,
    )
    turns = (posture.head_turn, 0.35 * posture.head_turn + 0.65 * posture.trunk_turn, posture.trunk_turn)
    turn = np.interp(y, [190, 262, CHEST, WAIST], [*turns, posture.pelvis_turn])
    sex = np.interp(y, [420, 560, 740], [0.90, 0.93, 1.03]) if body.sex == "F" else np.ones_like(y)
    # A full belly holds the lower ribs apart: the chest is a bell.
    bell = 1 + 0.13 * np.clip(body.fat - 1, -0.4, 0.6) * _smooth(y, 360, 520) * (1 - _smooth(y, 610, 690))
    frame = np.interp(y, [600, 740], [build.shoulders, build.hips]) * sex * body.scale * bell
    wide = head * above + frame * (1 - above)
    deep = head * above + body.scale * np.interp(y, [260, 380, 600], [1.0, build.chest, 1.0]) * (1 - above)
    return Line(origin, np.stack([side, front], axis=1), turn, np.stack([wide, deep], axis=1), curve * trunk)


def bend(body: Body, points: Floats) -> Floats:
    """Standard points (n, 3) of head, neck or trunk where this body has them."""
    y = points[:, 1]
    origin, lean, turn, factor, curve = line(body).at(y)
    x, z = points[:, 0] * factor[:, 0], (points[:, 2] - line_z(y)) * factor[:, 1]
    c, s = np.cos(turn), np.sin(turn)
    x, z = c * x + s * z, c * z - s * x
    far = np.where(y < 250, x, _STIFF * np.tanh(x / _STIFF))
    tilt = lean / np.sqrt(1 + lean**2)  # sines
    # The breastbone hardly follows a curved spine.
    curve = -_FIRM * curve * np.clip((z - 15) / 110, 0, 1)
    upright = np.sqrt(1 - tilt**2)
    pelvis = body.posture.pelvis_tilt * _smooth(y, 610, 730)
    return np.stack(
        [
            origin[:, 0] + x * upright[:, 0] + curve,
            origin[:, 1] - far * tilt[:, 0] - z * tilt[:, 1] + pelvis * x,
            origin[:, 2] + z * upright[:, 1],
        ],
        axis=1,
    )


def shrug(body: Body, points: Floats, side: int) -> Floats:
    """Standard points of clavicle and scapula: turned about the sternoclavicular joint, then carried by the chest."""
    index = 0 if side > 0 else 1
    up = body.posture.shrug[index] + (0.42 if body.posture.arms[index].rest == "raised" else 0.0)
    round_ = body.posture.round[index]
    x, y, z = (points * (side, 1, 1) - _PIVOT).T
    c, s = np.cos(up), np.sin(up)
    x, y = c * x + s * y, c * y - s * x
    c, s = np.cos(round_), np.sin(round_)
    x, z = c * x - s * z, c * z + s * x
    # Without the bend's own curves: the girdle is rigid. It takes place, turn and lean from the chest at its pivot.
    origin, lean, turn, factor, curve = (value[0] for value in line(body).at(_PIVOT[1:2]))
    origin = origin - (_FIRM * curve, 0, 0)
    x, z = (x + _PIVOT[0]) * side * factor[0], (z + _PIVOT[2] - line_z(_PIVOT[1])) * factor[1]
    y = y * lengths(body)[2]
    c, s = np.cos(turn), np.sin(turn)
    x, z = c * x + s * z, c * z - s * x
    return np.stack([origin[0] + x, origin[1] + y - x * lean[0] * 0.6 - z * lean[1] * 0.5, origin[2] + z], axis=1)
