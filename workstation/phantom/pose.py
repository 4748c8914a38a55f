"""One person's body: the standard skeleton bent, scaled and clothed in soft tissue.

The pose is a map of points. Capsules follow with their ends, ellipsoids with their centres and half-axes (the map's
linear part at the solid), outlines with their centres and widths.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from workstation.phantom.projection import Slices
from workstation.phantom.skeleton import ARM, HEAD, LEG, Capsules, Ellipsoids, Floats, Ints, Outline, Skeleton

STANDARD_HEIGHT_MM = 1750.0
STANDARD_BMI = 25.0  # of the table's outlines
# Landmarks of the standard body, y in mm.
_CHIN, _NECK, _CHEST, _WAIST, _HIP = 225.0, 269.0, 400.0, 620.0, 838.0
_ELBOW, _WRIST, _KNEE, _ANKLE = 655.0, 922.0, 1275.0, 1668.0
_SHOULDER_X, _ELBOW_X, _WRIST_X, _HIP_X, _ANKLE_X = 176.0, 236.0, 250.0, 90.0, 74.0
_SPINE_Z = -45.0

Sex = Literal["M", "F"]


@dataclass(frozen=True)
class Body:
    """What decides one person's shape and how they lie. Lengths mm, angles radians; pairs are (left, right)."""

    sex: Sex
    height_mm: float
    weight_kg: float
    head_turn: float
    head_tilt: float
    trunk_turn: float
    pelvis_turn: float
    lean: float
    scoliosis_mm: float
    scoliosis_phase: float
    shoulder_slope: float
    pelvis_slope: float
    arm_gap_mm: tuple[float, float]
    elbow_gap_mm: tuple[float, float]
    leg_spread: tuple[float, float]
    knee_bend: tuple[float, float]
    foot_splay: tuple[float, float]
    bladder_mm: float  # half its width
    kidney_drop_mm: tuple[float, float]

    @property
    def bmi(self) -> float:
        return self.weight_kg / (self.height_mm / 1000) ** 2

    @property
    def scale(self) -> float:
        return self.height_mm / STANDARD_HEIGHT_MM

    @property
    def head_scale(self) -> float:
        """Heads differ much less in size than limbs."""
        return self.scale**0.4 * (0.97 if self.sex == "F" else 1.0)

    @property
    def bone_scale(self) -> float:
        return self.scale * (0.92 if self.sex == "F" else 1.0)


def draw_body(rng: np.random.Generator, sex: Sex, age: int) -> Body:
    """A person of the given sex and age (years): height, weight and an ordinary, not quite straight way of lying."""
    height = float(np.clip(rng.normal(1740 if sex == "M" else 1625, 65), 1500, 1960))
    height -= 1.0 * max(age - 50, 0)
    bmi = float(np.clip(24.5 * np.exp(rng.normal(0, 0.15)), 16.5, 40))
    deg = np.pi / 180

    def pair(mean: float, sigma: float) -> tuple[float, float]:
        both = rng.normal(mean, 0.6 * sigma) + rng.normal(0, 0.8 * sigma, 2)
        return float(both[0]), float(both[1])

    bent = 1 + max(age - 50, 0) / 25
    return Body(
        sex=sex,
        height_mm=height,
        weight_kg=bmi * (height / 1000) ** 2,
        head_turn=float(np.clip(rng.normal(0, 9), -28, 28)) * deg,
        head_tilt=float(rng.normal(0, 2.5)) * deg,
        trunk_turn=float(np.clip(rng.normal(0, 3.5), -10, 10)) * deg,
        pelvis_turn=float(np.clip(rng.normal(0, 3.0), -9, 9)) * deg,
        lean=float(rng.normal(0, 0.8)) * deg,
        scoliosis_mm=float(np.clip(rng.normal(0, 4.5 * bent), -24, 24)),
        scoliosis_phase=float(rng.uniform(0, np.pi)),
        shoulder_slope=float(rng.normal(0, 0.03)),
        pelvis_slope=float(rng.normal(0, 0.018)),
        arm_gap_mm=pair(4, 16),
        elbow_gap_mm=pair(6, 12),
        leg_spread=pair(1.0 * deg, 1.6 * deg),
        knee_bend=pair(0.0, 1.3 * deg),
        foot_splay=pair(16 * deg, 10 * deg),
        bladder_mm=float(np.clip(36 * np.exp(rng.normal(0, 0.22)), 22, 60)),
        kidney_drop_mm=pair(0, 10),
    )


def _girth(body: Body, part: int, y: Floats) -> tuple[Floats, Floats]:
    """Factors of half width and half depth of the outline at standard heights y: weight and sex."""
    fat = body.bmi / STANDARD_BMI
    if part == HEAD:
        return np.full_like(y, body.head_scale), np.full_like(y, body.head_scale)
    if part == ARM:
        wide = fat**0.5 * (0.92 if body.sex == "F" else 1.0) * body.scale**0.5
        return np.full_like(y, wide), np.full_like(y, wide)
    if part == LEG:
        power = np.interp(y, [925, 1250, 1640, 1700], [0.5, 0.35, 0.2, 0.0])
        both = fat**power * body.scale ** np.where(y > 1660, 1.0, 0.5)
        return both, both
    sex = np.interp(y, [600, 740], [0.90, 1.03]) if body.sex == "F" else np.ones_like(y)
    neck = np.interp(y, [_NECK, 330], [0.5, 1.0])  # necks grow less than bellies
    belly = np.interp(y, [400, 620, 820], [0.0, 1.0, 0.0]) * np.clip(fat - 1, -0.2, 1) * 0.25
    return sex * fat ** (0.5 * neck) * body.scale**0.5, (1 + belly) * fat ** (0.7 * neck) * body.scale**0.5


def _frame_width(body: Body, y: Floats) -> Floats:
    """Factor of x of the trunk's bones at standard heights y; a woman's shoulders are narrower, her pelvis is not."""
    if body.sex == "M":
        return np.full_like(y, body.scale)
    return body.scale * np.interp(y, [600, 740], [0.90, 1.03])


def _height(body: Body, y: Floats | float) -> Floats:
    """Posed y of a standard y: the head scales less than the rest."""
    chin = _CHIN * body.head_scale
    y = np.asarray(y, float)
    return np.where(y < _CHIN, y * body.head_scale, chin + (y - _CHIN) * body.scale)


def _bend(body: Body, p: Floats, standard_y: Floats) -> Floats:
    """Turn, lean and curve of head and trunk, on scaled points (n, 3)."""
    q = p.copy()
    neck_turn = 0.3 * body.head_turn + 0.7 * body.trunk_turn
    turns = [body.head_turn, neck_turn, body.trunk_turn, body.pelvis_turn]
    turn = np.interp(standard_y, [190, _NECK, _CHEST, _WAIST], turns)
    middle = np.interp(standard_y, [190, _NECK], [-8.0, _SPINE_Z])
    c, s = np.cos(turn), np.sin(turn)
    z = p[:, 2] - middle
    q[:, 0], q[:, 2] = c * p[:, 0] + s * z, middle - s * p[:, 0] + c * z
    neck = float(_height(body, _NECK))
    tilt = body.head_tilt * np.interp(standard_y, [200, _NECK], [1.0, 0.0])
    q[:, 0] += tilt * (neck - q[:, 1])
    along = np.clip((standard_y - _NECK) / (780 - _NECK), 0, 1)
    curve = np.sin(1.5 * np.pi * along + body.scoliosis_phase) - np.sin(body.scoliosis_phase)
    q[:, 0] += body.scoliosis_mm * curve + body.lean * (float(_height(body, _HIP)) - q[:, 1])
    slope = body.shoulder_slope * np.interp(standard_y, [150, 280, 400, 600], [0.0, 1.0, 1.0, 0.0])
    slope = slope + body.pelvis_slope * np.interp(standard_y, [600, 720], [0.0, 1.0])
    q[:, 1] += slope * p[:, 0]
    return q


def _turn(p: Floats, pivot: Floats, angle: Floats) -> Floats:
    """Rotate points about `pivot` in the frontal plane; positive turns what lies below towards the patient's left."""
    c, s = np.cos(angle), np.sin(angle)
    dx, dy = p[:, 0] - pivot[0], p[:, 1] - pivot[1]
    return np.stack([pivot[0] + c * dx + s * dy, pivot[1] - s * dx + c * dy, p[:, 2]], axis=1)


@dataclass(frozen=True)
class _Limb:
    """Joint angles of one arm or leg, positive away from the middle."""

    upper: float
    lower: float


def _arm(body: Body, side: int) -> _Limb:
    """Arms lie beside the trunk: the angles that put elbow and wrist their gaps away from this body's skin."""
    index = 0 if side > 0 else 1
    wide = _girth(body, 1, np.array([600.0, 870.0]))[0] * (158, 184)
    thick = _girth(body, ARM, np.array([640.0]))[0][0] * 40
    shoulder = _SHOULDER_X * float(_frame_width(body, np.array([340.0]))[0])
    elbow = max(wide[0] + 0.8 * thick + body.elbow_gap_mm[index], shoulder + 10)
    wrist = wide[1] + 30 + body.arm_gap_mm[index]
    drop = (_ELBOW - 340) * body.scale, (_WRIST - _ELBOW) * body.scale
    rest = np.arctan2(_ELBOW_X - _SHOULDER_X, _ELBOW - 340), np.arctan2(_WRIST_X - _ELBOW_X, _WRIST - _ELBOW)
    upper = np.arcsin(np.clip((elbow - shoulder) / drop[0], -0.9, 0.9)) - rest[0]
    lower = np.arcsin(np.clip((wrist - elbow) / drop[1], -0.9, 0.9)) - rest[1]
    return _Limb(float(upper), float(lower))


def _rigid_shift(body: Body, joint: Floats) -> Floats:
    """How far a limb's joint moves with the trunk: `joint` in standard coordinates (3,) -> (posed, scaled) joint."""
    scaled = np.array([[joint[0], float(_height(body, joint[1])), joint[2] * body.scale]])
    scaled[:, 0] *= _frame_width(body, np.array([joint[1]]))
    return np.stack([_bend(body, scaled, np.array([joint[1]]))[0], scaled[0]])


def move(body: Body, points: Floats, part: Ints, side: Ints) -> Floats:
    """Standard points (n, 3) of the given part and side where this body has them."""
    y = points[:, 1]
    posed = points.copy()
    posed[:, 1] = _height(body, y)
    posed[:, 2] *= np.where(part == HEAD, body.head_scale, body.scale)
    for which in (HEAD, 1):
        chosen = part == which
        if chosen.any():
            factor = body.head_scale if which == HEAD else _frame_width(body, y[chosen])
            posed[chosen, 0] *= factor
            posed[chosen] = _bend(body, posed[chosen], y[chosen])
    for which in (ARM, LEG):
        for sign in (1, -1):
            chosen = (part == which) & (side == sign)
            if chosen.any():
                limb = _move_arm if which == ARM else _move_leg
                posed[chosen] = limb(body, points[chosen], posed[chosen], sign)
    return posed


def _move_arm(body: Body, standard: Floats, p: Floats, side: int) -> Floats:
    y = standard[:, 1]
    joint, scaled = _rigid_shift(body, np.array([side * _SHOULDER_X, 340.0, -8.0]))
    angles = _arm(body, side)
    p = p.copy()
    p[:, 0] = scaled[0] + (standard[:, 0] - side * _SHOULDER_X) * body.scale
    elbow = np.array([scaled[0] + side * (_ELBOW_X - _SHOULDER_X) * body.scale, float(_height(body, _ELBOW)), 0.0])
    bend = np.where(y > _ELBOW, (angles.lower - angles.upper) * side, 0.0)
    p = _turn(p, elbow, bend)
    # Over the shoulder itself the turn fades out, so that skin and humeral head stay with the trunk.
    fade = np.interp(y, [320, 390], [0.0, 1.0])
    return _turn(p, scaled, angles.upper * side * fade) + (joint - scaled)


def _move_leg(body: Body, standard: Floats, p: Floats, side: int) -> Floats:
    index = 0 if side > 0 else 1
    y = standard[:, 1]
    joint, scaled = _rigid_shift(body, np.array([side * _HIP_X, _HIP, 0.0]))
    p = p.copy()
    p[:, 0] = scaled[0] + (standard[:, 0] - side * _HIP_X) * body.scale
    foot = scaled[0] + side * (_ANKLE_X - _HIP_X) * body.scale
    splay = side * body.foot_splay[index] * np.interp(y, [_KNEE, _ANKLE], [0.15, 1.0])
    c, s, dx, dz = np.cos(splay), np.sin(splay), p[:, 0] - foot, p[:, 2]
    low = y > _KNEE + 40
    p[:, 0], p[:, 2] = np.where(low, foot + c * dx + s * dz, p[:, 0]), np.where(low, -s * dx + c * dz, p[:, 2])
    knee = np.array([scaled[0], float(_height(body, _KNEE)), 0.0])
    p = _turn(p, knee, np.where(y > _KNEE, body.knee_bend[index] * side, 0.0))
    fade = np.interp(y, [_HIP, 1000], [0.3, 1.0])
    # A wider thigh pushes its own axis outwards.
    wider = (_girth(body, LEG, np.array([960.0]))[0][0] - 1) * 55 * side * np.interp(y, [_HIP, 1000, 1600], [0, 1, 0.5])
    p = _turn(p, scaled, body.leg_spread[index] * side * fade) + (joint - scaled)
    p[:, 0] += wider
    return p


def pose_bones(body: Body, skeleton: Skeleton) -> Skeleton:
    """The skeleton where this body has it; outlines are left as they are (see `pose_skin`)."""
    part = np.array([bone.part for bone in skeleton.bones])
    side = np.array([bone.side for bone in skeleton.bones])
    solids, tubes = skeleton.ellipsoids, skeleton.capsules
    owner = solids.bone

    def at(points: Floats, bone: Ints) -> Floats:
        return move(body, points, part[bone], side[bone])

    ends = [at(solids.centre + sign * solids.axes[:, axis], owner) for axis in range(3) for sign in (1, -1)]
    axes = np.stack([(ends[0] - ends[1]) / 2, (ends[2] - ends[3]) / 2, (ends[4] - ends[5]) / 2], axis=1)
    if body.sex == "F":
        bones = np.array([bone.kind == "bone" and bone.part != HEAD for bone in skeleton.bones])
        axes = axes * np.where(bones[owner], 0.94, 1.0)[:, None, None]
    centre = at(solids.centre, owner)
    for index, bone in enumerate(skeleton.bones):
        chosen = owner == index
        if bone.kind == "bladder":
            factor = body.bladder_mm / np.linalg.norm(axes[chosen][:, 0])
            axes[chosen] *= factor
            # A full bladder rises out of the pelvis.
            centre[chosen, 1] -= 0.5 * (body.bladder_mm - 36)
        elif bone.kind == "kidney":
            centre[chosen, 1] += body.kidney_drop_mm[0 if bone.side > 0 else 1]
    thick = np.where(part == HEAD, body.head_scale, body.bone_scale)[tubes.bone]
    return replace(
        skeleton,
        ellipsoids=replace(solids, centre=centre, axes=axes),
        capsules=Capsules(
            at(tubes.start, tubes.bone), at(tubes.end, tubes.bone), tubes.radius * thick, tubes.bone, tubes.joint
        ),
    )


def pose_skin(body: Body, outlines: tuple[Outline, ...]) -> list[Slices]:
    """The skin of this body as slices."""
    return [_slices(body, outline) for outline in outlines]


def _slices(body: Body, outline: Outline) -> Slices:
    n = len(outline.centre)
    part, side = np.full(n, outline.part), np.full(n, outline.side)
    centre = move(body, outline.centre, part, side)
    wide, deep = _girth(body, outline.part, outline.centre[:, 1])
    width, depth = outline.half_width * wide, outline.half_depth * deep
    # The direction a sideways step takes: its z tells how far the slice is turned, its length is not used.
    step = move(body, outline.centre + (10.0, 0.0, 0.0), part, side) - centre
    turn = np.arctan2(step[:, 2], step[:, 0])
    c, s = np.cos(turn), np.sin(turn)
    turned = np.sqrt((width * c) ** 2 + (depth * s) ** 2)
    shear = (width**2 - depth**2) * s * c / turned**2
    # Fat lies more in front of the spine than behind it.
    forward = 0.35 * (depth - outline.half_depth * body.scale) if outline.part == 1 else np.zeros(n)
    order = np.argsort(centre[:, 1], kind="stable")
    return Slices(
        centre[order, 1],
        centre[order, 0],
        (centre[:, 2] + forward)[order],
        turned[order],
        (width * depth / turned)[order],
        shear[order],
        outline.power,
    )


def breasts(body: Body) -> Ellipsoids:
    """A woman's breasts as two mounds on the chest wall; bone index -1."""
    size = np.clip((body.bmi / STANDARD_BMI) ** 0.8, 0.7, 1.7)
    centre = move(body, np.array([[88.0, 440.0, 88.0], [-88.0, 440.0, 88.0]]), np.array([1, 1]), np.array([1, -1]))
    axes = np.eye(3)[None] * np.array([62.0, 58.0, 46.0])[None, :, None] * size
    return Ellipsoids(centre, np.repeat(axes, 2, axis=0), np.array([-1, -1]), np.ones(2))
