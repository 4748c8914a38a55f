"""Arms and legs as chains of stiff pieces: where each joint is, and how each piece is turned.

Both sides are computed as a left one: x is the distance to the patient's left on the left, to the right on the right.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from workstation.phantom.body import Body
from workstation.phantom.girth import forward, girth, half_depth, half_width
from workstation.phantom.irregular import warp
from workstation.phantom.skeleton import ARM, Floats
from workstation.phantom.torso import bend, lengths, line, shrug

SHOULDER, ELBOW, WRIST = (np.array(p) for p in ([176.0, 340.0, -8.0], [236.0, 655.0, -24.0], [250.0, 918.0, -12.0]))
HIP, KNEE, ANKLE = (np.array(p) for p in ([90.0, 838.0, 0.0], [95.0, 1272.0, 0.0], [75.0, 1672.0, 0.0]))
_HAND = np.array([251.0, 1090.0, -2.0])


@dataclass(frozen=True, eq=False)
class Chain:
    """rest (k, 3): standard joints; joint (k, 3): posed ones; turn (k, 3, 3); scale. Piece i ends where the next one
    begins, at the standard height ends[i]."""

    rest: Floats
    joint: Floats
    turn: Floats
    scale: float
    ends: Floats

    def carry(self, points: Floats, at: Floats) -> Floats:
        """Points (n, 3) with the piece their standard height `at` belongs to."""
        piece = np.searchsorted(self.ends, at)
        local = (points - self.rest[piece]) * self.scale
        return self.joint[piece] + np.einsum("nij,nj->ni", self.turn[piece], local)


def about(axis: Floats, angle: float) -> Floats:
    """Matrix turning by `angle` about a unit axis."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turned: Floats = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return turned


def _onto(a: Floats, b: Floats) -> Floats:
    """The smallest turn that takes unit vector a to b."""
    axis = np.cross(a, b)
    sine = float(np.linalg.norm(axis))
    if sine < 1e-9:
        return np.eye(3)
    return about(axis / sine, float(np.arctan2(sine, a @ b)))


def _unit(x: float, z: float, sign: float = 1.0) -> Floats:
    """A direction with these parts across and forward; the rest of it runs down the body (sign 1) or up (-1)."""
    size = np.hypot(x, z)
    if size > 0.985:
        x, z = x * 0.985 / size, z * 0.985 / size
    return np.array([x, sign * np.sqrt(1 - x * x - z * z), z])


@lru_cache(maxsize=64)
def arm(body: Body, side: int) -> Chain:
    """The hand lies where `Arm.rest` says; a wide body pushes elbow and hand outwards."""
    held = body.posture.arms[0 if side > 0 else 1]
    scale = lengths(body)[2] * body.build.arms
    mirror = np.array([side, 1, 1])
    rest = warp(body, np.stack([SHOULDER, ELBOW, WRIST, _HAND]) * mirror) * mirror
    bones, rest = np.diff(rest, axis=0), rest[:3]
    length = np.linalg.norm(bones, axis=1)
    shoulder = shrug(body, rest[:1] * mirror, side)[0] * mirror
    origin = line(body).origin

    def skin(y: float) -> float:
        middle = np.interp(y, np.arange(-20.0, 1001.0, 10.0), origin[:, 0])
        return half_width(body, y) + side * float(middle)

    def front(y: float) -> float:
        deep = half_depth(body, y)
        return deep + float(forward(body, np.array(deep), np.array(110.0))) - 5

    thick = 38 * float(girth(body, ARM, np.array([650.0]))[0][0])
    elbow_x = max(skin(560), skin(640)) + 0.55 * thick + held.elbow_mm
    hand_x, hand_z = max(skin(800), skin(880)) + 0.55 * thick + held.hand_mm, -15.0
    lift, sign = held.lift, 1.0
    if held.rest == "belly":
        lift += 0.16
        elbow_x += 18
        hand_x, hand_z = 45 + 1.2 * abs(held.hand_mm), front(720) + 12
    elif held.rest == "thigh":
        hand_x, hand_z = 100 + held.hand_mm, front(860) + 8
        lift += 0.05
    elif held.rest == "hip":
        elbow_x += 55
        hand_x, hand_z = skin(740) + 2, 35.0
    elif held.rest == "under":
        hand_x, hand_z = 105 + held.hand_mm, -80.0
        lift -= 0.06
    reach = length[0] * scale
    upper = _unit(float(np.clip((elbow_x - shoulder[0]) / reach, -0.15, 0.80)), lift)
    if held.rest == "raised":
        upper = _unit(0.42 + held.elbow_mm / 200, 0.12, -1.0)
    elbow = shoulder + reach * upper
    reach = length[1] * scale
    lower = _unit((hand_x - elbow[0]) / reach, (hand_z - elbow[2]) / reach, sign)
    if held.rest == "raised":
        lower = _unit(-0.55 + held.hand_mm / 150, 0.1, -1.0)
    wrist = elbow + reach * lower
    turns = [_onto(bones[0] / length[0], upper), _onto(bones[1] / length[1], lower)]
    turns.append(about(lower, held.twist) @ about(np.array([0.0, 0, 1]), -held.bend) @ turns[1])
    turns[1] = about(lower, 0.5 * held.twist) @ turns[1]
    return Chain(rest, np.stack([shoulder, elbow, wrist]), np.stack(turns), scale, np.array([655.0, 910.0]))


@lru_cache(maxsize=64)
def leg(body: Body, side: int) -> Chain:
    """Turned out, lifted at the hip, and back to the table below the knee; thick thighs push one another apart."""
    index = 0 if side > 0 else 1
    lies = body.posture.legs[index]
    scale = lengths(body)[3]
    mirror = np.array([side, 1, 1])
    rest = warp(body, np.stack([HIP, KNEE, ANKLE]) * mirror) * mirror
    joint = [bend(body, rest[:1] * mirror)[0] * mirror]
    thigh = 78 * float(girth(body, 3, np.array([980.0]))[0][0])
    wider = float(np.clip((thigh - 86 * body.build.hips * body.scale) / 330, 0, 0.09))
    spread = lies.spread + wider
    x, y, z = np.eye(3)
    # About z: a positive turn takes y (down) to -x; outwards is +x here.
    pelvis = about(y, side * body.posture.pelvis_turn * 0.5)
    upper = about(z, -spread) @ about(x, lies.lift) @ about(y, lies.roll) @ pelvis
    joint.append(joint[0] + upper @ (rest[1] - rest[0]) * scale)
    drop = float(np.clip((joint[1][2] - 0.0) / (400 * scale), -0.1, 0.9))
    shank = about(z, -(0.35 * spread - lies.cross - body.build.knees[index])) @ about(x, -np.arcsin(drop))
    shank = shank @ about(y, lies.roll)
    joint.append(joint[1] + shank @ (rest[2] - rest[1]) * scale)
    foot = shank @ about(y, lies.turn) @ about(x, -lies.point)
    return Chain(rest, np.stack(joint), np.stack([upper, shank, foot]), scale, np.array([1272.0, 1672.0]))
