"""Who lies under the camera: one person's size, shape and crookedness, and how they lie on this day.

`Build` stays with the person, `Posture` is drawn anew for every scan. No table of postures was found; the ranges are
modelling choices after the reference sheet and the one real scan. Lengths mm, angles radians, pairs (left, right).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

STANDARD_HEIGHT_MM = 1750.0
STANDARD_BMI = 25.0  # of the table's outlines
WAVES = 12  # of the irregularity: see `pose.warp`
_DEG = np.pi / 180

Sex = Literal["M", "F"]
# What the hand rests on. "raised": the arm lies beside the head.
Rest = Literal["beside", "belly", "thigh", "hip", "under", "raised"]
_RESTS: tuple[Rest, ...] = ("beside", "belly", "thigh", "hip", "under", "raised")


@dataclass(frozen=True)
class Build:
    """What one person keeps from scan to scan.

    neck, trunk, legs, arms, shoulders, hips, chest: factors of length, width or depth beside the standard body of this
    height. kyphosis_mm: how far the head is carried forward; lordosis_mm: of the lumbar spine, more than standard.
    single_mm, double_mm, phase: C and S curve of the spine and where the S begins. knees: bow legs (+), knock knees.
    belly, seat: where fat sits, factors of depth at the waist and width at the thighs. breast: factor of size.
    warp: WAVES rows of (dx, dy, dz, phase), the irregularity of bones and skin.
    """

    neck: float
    trunk: float
    legs: float
    arms: float
    shoulders: float
    hips: float
    chest: float
    head: float
    kyphosis_mm: float
    lordosis_mm: float
    single_mm: float
    double_mm: float
    phase: float
    knees: tuple[float, float]
    belly: float
    seat: float
    breast: float
    warp: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True)
class Arm:
    """rest: where the hand lies. elbow_mm, hand_mm: how far beside the skin. lift: of the elbow, forward.

    twist: of forearm and hand about their own axis; 0 shows the flat hand. bend: of the wrist, outwards.
    """

    rest: Rest
    elbow_mm: float
    hand_mm: float
    lift: float
    twist: float
    bend: float


@dataclass(frozen=True)
class Leg:
    """spread: outwards at the hip. roll: outwards about its axis. lift: of the thigh off the table; the lower leg comes
    back down to it. cross: of the lower leg, inwards. point: of the toes, down; turn: of the foot, outwards."""

    spread: float
    roll: float
    lift: float
    cross: float
    point: float
    turn: float


@dataclass(frozen=True)
class Posture:
    """How someone lies: turns about the body's axis, tilts in the plane of the picture, nod (chin to chest)."""

    head_turn: float
    head_tilt: float
    head_nod: float
    trunk_turn: float
    pelvis_turn: float
    pelvis_tilt: float
    lean: float
    shrug: tuple[float, float]
    round: tuple[float, float]
    arms: tuple[Arm, Arm]
    legs: tuple[Leg, Leg]


@dataclass(frozen=True)
class Bladder:
    """flat, deep: half height and half depth over half width. aside_mm: off the midline, to the left. tilt: in the
    plane of the picture. lobes: how far its lower corners, (left, right), bulge, over half width; it is no ellipse.
    diverticulum_mm: half width of an outpouching, 0 for none; beside: +1 on the left, -1."""

    flat: float
    deep: float
    aside_mm: float
    tilt: float
    lobes: tuple[float, float]
    diverticulum_mm: float
    beside: int


@dataclass(frozen=True)
class Body:
    """One person on the table. bladder_mm: half its width. kidney_drop_mm: below their usual place.

    lost_breast: +1 left, -1 right, 0 none, after a mastectomy.
    """

    sex: Sex
    height_mm: float
    weight_kg: float
    build: Build
    posture: Posture
    bladder: Bladder
    bladder_mm: float
    kidney_drop_mm: tuple[float, float]
    lost_breast: int = 0

    @property
    def bmi(self) -> float:
        return self.weight_kg / (self.height_mm / 1000) ** 2

    @property
    def fat(self) -> float:
        """Body mass index over that of the standard outlines."""
        return self.bmi / STANDARD_BMI

    @property
    def scale(self) -> float:
        return self.height_mm / STANDARD_HEIGHT_MM

    @property
    def head_scale(self) -> float:
        """Heads differ much less in size than limbs."""
        return self.scale**0.4 * (0.97 if self.sex == "F" else 1.0) * self.build.head

    @property
    def bone_scale(self) -> float:
        """Factor of the thickness of bones."""
        return self.scale**0.7 * (0.90 if self.sex == "F" else 1.0)


def draw_body(rng: np.random.Generator, sex: Sex, age: int) -> Body:
    """A person of the given sex and age (years), lying as people lie."""
    height = float(np.clip(rng.normal(1740 if sex == "M" else 1620, 65) - 0.8 * max(age - 50, 0), 1500, 1950))
    bmi = float(np.clip(26.3 * np.exp(rng.normal(0, 0.19)), 16, 42))
    build = _draw_build(rng, sex, age)
    fat = bmi / STANDARD_BMI
    drop = rng.normal(0, 10, 2) + (rng.uniform(50, 110, 2) * (rng.uniform(size=2) < 0.02))
    return Body(
        sex=sex,
        height_mm=height,
        weight_kg=bmi * (height / 1000) ** 2,
        build=build,
        posture=_draw_posture(rng, fat, age),
        bladder=_draw_bladder(rng),
        bladder_mm=_filling(rng),
        kidney_drop_mm=(float(drop[0]), float(drop[1])),
    )


def lie_again(body: Body, rng: np.random.Generator, age: int = 60) -> Body:
    """The same person on another day: same bones, another posture, a little more or less weight, a new bladder."""
    weight = body.weight_kg * float(np.exp(rng.normal(0.005, 0.03)))
    return replace(
        body,
        weight_kg=weight,
        posture=_draw_posture(rng, body.fat, age),
        bladder=replace(_draw_bladder(rng), diverticulum_mm=body.bladder.diverticulum_mm, beside=body.bladder.beside),
        bladder_mm=_filling(rng),
    )


def _filling(rng: np.random.Generator) -> float:
    """Half width of the bladder: most patients have just voided, some could not."""
    if rng.uniform() < 0.10:
        return float(rng.uniform(45, 70))
    return float(np.clip(31 * np.exp(rng.normal(0, 0.2)), 20, 45))


def _draw_bladder(rng: np.random.Generator) -> Bladder:
    pouch = float(rng.uniform(10, 26)) if rng.uniform() < 0.03 else 0.0
    aside = float(rng.normal(0, 3.5)) + float(rng.uniform() < 0.05) * float(rng.choice([-1, 1])) * float(
        rng.uniform(12, 30)
    )
    # A full uterus or bowel presses it flat from above.
    flat = float(rng.uniform(0.5, 0.75)) if rng.uniform() < 0.3 else float(np.clip(rng.normal(0.84, 0.12), 0.6, 1.3))
    lobes = rng.uniform(0.24, 0.48, 2) * (rng.uniform(size=2) < 0.8)
    return Bladder(
        flat=flat,
        deep=float(rng.uniform(0.75, 1.1)),
        aside_mm=aside,
        tilt=float(rng.normal(0, 0.14)),
        lobes=(float(lobes[0]), float(lobes[1])),
        diverticulum_mm=pouch,
        beside=int(rng.choice([-1, 1])),
    )


def _draw_build(rng: np.random.Generator, sex: Sex, age: int) -> Build:
    def factor(sigma: float) -> float:
        return float(np.exp(np.clip(rng.normal(0, sigma), -2.5 * sigma, 2.5 * sigma)))

    old = max(age - 50, 0)
    bent = float(np.clip(rng.normal(6 + 0.45 * old, 8 + 0.25 * old), -8, 62))
    curve = float(rng.normal(0, 7 + 0.12 * old))
    if rng.uniform() < 0.06:
        curve += float(rng.choice([-1, 1])) * float(rng.uniform(14, 30))
    size = np.where(np.arange(WAVES) < WAVES // 2, 2.6, 1.0)  # long waves first
    waves = rng.normal(size=(WAVES, 3)) * size[:, None]
    phases = rng.uniform(0, 2 * np.pi, WAVES)
    knees = rng.normal(-0.5 if sex == "F" else 1.0, 2.2) + rng.normal(0, 1.0, 2)
    return Build(
        neck=0.92 * factor(0.10),
        trunk=factor(0.025) * (1 - 0.0012 * old),
        legs=factor(0.02),
        arms=factor(0.02),
        shoulders=factor(0.045),
        hips=factor(0.04),
        chest=factor(0.06) * (1 + 0.001 * old),
        head=factor(0.025),
        kyphosis_mm=bent,
        lordosis_mm=float(rng.normal(0, 7)),
        single_mm=float(np.clip(curve, -42, 42)),
        double_mm=float(np.clip(rng.normal(0, 3.5 + 0.07 * old), -20, 20)),
        phase=float(rng.uniform(-0.5, 0.5)),
        knees=(float(knees[0]) * _DEG, float(knees[1]) * _DEG),
        belly=factor(0.12) * (1.05 if sex == "M" else 0.97),
        seat=factor(0.06) * (0.97 if sex == "M" else 1.05),
        breast=factor(0.22),
        warp=tuple((float(a), float(b), float(c), float(p)) for (a, b, c), p in zip(waves, phases, strict=True)),
    )


def _draw_posture(rng: np.random.Generator, fat: float, age: int) -> Posture:
    turned = rng.normal(0, 5) if rng.uniform() < 0.92 else float(rng.choice([-1, 1])) * rng.uniform(17, 30)
    shrug = rng.normal(12 + 9 * max(fat - 1, 0), 6) + rng.normal(0, 3.0, 2)
    forward = rng.normal(3 + 0.08 * max(age - 50, 0), 6) + rng.normal(0, 4, 2)
    return Posture(
        head_turn=float(np.clip(turned, -30, 30)) * _DEG,
        head_tilt=float(np.clip(rng.normal(0, 4.0), -12, 12)) * _DEG,
        head_nod=float(np.clip(rng.normal(5, 6.5), -9, 20)) * _DEG,
        trunk_turn=float(np.clip(rng.normal(0, 5.0), -15, 15)) * _DEG,
        pelvis_turn=float(np.clip(rng.normal(0, 4.5), -14, 14)) * _DEG,
        pelvis_tilt=float(np.clip(rng.normal(0, 2.3), -6, 6)) * _DEG,
        lean=float(np.clip(rng.normal(0, 1.1), -3.5, 3.5)) * _DEG,
        shrug=(float(np.clip(shrug[0], -8, 28)) * _DEG, float(np.clip(shrug[1], -8, 28)) * _DEG),
        round=(float(np.clip(forward[0], -10, 25)) * _DEG, float(np.clip(forward[1], -10, 25)) * _DEG),
        arms=_draw_arms(rng, fat),
        legs=_draw_legs(rng, age),
    )


def _draw_arms(rng: np.random.Generator, fat: float) -> tuple[Arm, Arm]:
    """Both hands mostly rest alike; wide people have their arms pushed out, or lay the hands on the body."""
    chances = np.array([0.76, 0.035, 0.06, 0.06, 0.06, 0.025])
    both = rng.choice(6, p=chances)
    rests = [both, both if rng.uniform() < 0.78 else rng.choice(6, p=chances)]
    elbow, hand = rng.normal(6, 14) + 45 * max(fat - 1, 0), rng.normal(6, 18)
    arms = []
    for rest in rests:
        arms.append(
            Arm(
                rest=_RESTS[int(rest)],
                elbow_mm=float(elbow + abs(rng.normal(0, 12))),
                hand_mm=float(hand + rng.normal(0, 14)),
                lift=float(np.clip(rng.normal(0.02 + 0.1 * max(fat - 1, 0), 0.08), -0.12, 0.4)),
                twist=float(np.clip(rng.normal(28, 28), -20, 90)) * _DEG,
                bend=float(np.clip(rng.normal(0, 9), -25, 25)) * _DEG,
            )
        )
    return arms[0], arms[1]


def _draw_legs(rng: np.random.Generator, age: int) -> tuple[Leg, Leg]:
    apart = rng.normal(0.0, 1.8)
    roll, point = rng.normal(8, 8), rng.normal(7, 6)
    turn = rng.normal(8, 7)  # relaxed feet fall outwards, both about alike
    raised = rng.uniform(6, 16) if rng.uniform() < 0.25 else 0.0  # a roll under the knees
    crossed = rng.uniform() < 0.03
    legs = []
    for _ in range(2):
        lift, spread, more = raised + abs(rng.normal(0, 2.0 + 0.04 * max(age - 60, 0))), apart + rng.normal(0, 1.0), 0.0
        if rng.uniform() < 0.03:  # one leg drawn up, fallen outwards
            lift, more = lift + rng.uniform(10, 24), rng.uniform(8, 20)
        legs.append(
            Leg(
                spread=float(np.clip(spread + 0.25 * more, -2.5, 12)) * _DEG,
                roll=float(np.clip(roll + rng.normal(0, 4) + more, -12, 38)) * _DEG,
                lift=float(np.clip(lift, 0, 40)) * _DEG,
                cross=float(rng.uniform(7, 11) if crossed else rng.normal(0, 0.6)) * _DEG,
                point=float(np.clip(point + rng.normal(0, 3), -8, 20)) * _DEG,
                turn=float(np.clip(turn + rng.normal(0, 4), -10, 24)) * _DEG,
            )
        )
    return legs[0], legs[1]
