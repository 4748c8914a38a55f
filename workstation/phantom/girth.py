"""How thick soft tissue lies: factors of the standard outlines for weight, sex, height and where fat sits."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from workstation.phantom.body import Body
from workstation.phantom.skeleton import ARM, HEAD, LEG, TRUNK, Floats, Outline, standard

# With these powers the volume under the skin, less 3 L of air, weighs what the person weighs (see the tests).
OUTLINE_BMI = 20.5  # of someone as thick as the table's outlines


def girth(body: Body, part: int, y: Floats) -> tuple[Floats, Floats]:
    """Factors of half width and half depth at standard heights y (n,) mm."""
    fat, woman = body.bmi / OUTLINE_BMI, body.sex == "F"
    y = np.asarray(y, float)
    if part == HEAD:
        face = body.head_scale * fat ** np.interp(y, [90, 160], [0.0, 0.12])
        return face, face
    if part == ARM:
        power = np.interp(y, [330, 400, 640, 880, 930], [0.35, 0.56, 0.48, 0.28, 0.1])
        both = fat**power * (0.90 if woman else 1.0) * body.scale**0.5
        return both, both
    if part == LEG:
        power = np.interp(y, [860, 960, 1250, 1400, 1640, 1700], [0.45, 0.46, 0.33, 0.29, 0.22, 0.07])
        seat = body.build.seat ** np.interp(y, [900, 1300], [1.0, 0.2])
        both = fat**power * seat * body.scale ** np.where(y > 1660, 1.0, 0.5)
        return both, both
    sex = np.interp(y, [600, 740], [0.90, 1.04]) if woman else np.ones_like(y)
    neck = np.interp(y, [280, 345], [0.7, 1.0])  # necks grow less than bellies
    waist = np.interp(y, [380, 600, 830], [0.0, 1.0, 0.0])
    belly = body.build.belly**waist * (1 + 0.25 * waist * np.clip(fat - 1.2, -0.2, 1))
    hips = body.build.seat ** np.interp(y, [640, 800], [0.0, 1.0])
    wide = np.interp(y, [300, 420, 600, 820], [0.36, 0.42, 0.57, 0.49])
    wide = (
        sex
        * fat ** (wide * neck)
        * hips
        * body.build.belly ** (0.6 * waist)
        * (1 + 0.06 * waist * np.clip(fat - 1.3, -0.3, 0.7))
    )
    return wide * body.scale**0.5, belly * body.build.chest**0.6 * fat ** (
        np.interp(y, [400, 560], [0.42, 0.54]) * neck
    ) * body.scale**0.5


@lru_cache(maxsize=1)
def _trunk() -> Outline:
    return next(outline for outline in standard().outlines if outline.name == "soft_trunk")


@lru_cache(maxsize=16)
def _posed_trunk(body: Body) -> tuple[Floats, Floats, Floats]:
    """Standard heights of the trunk's slices, and this body's half widths and depths there."""
    table = _trunk()
    y = table.centre[:, 1]
    wide, deep = girth(body, TRUNK, y)
    return y, table.half_width * wide, table.half_depth * deep


def half_width(body: Body, y: float) -> float:
    """Of the trunk, mm, at a standard height."""
    heights, wide, _ = _posed_trunk(body)
    return float(np.interp(y, heights, wide))


def half_depth(body: Body, y: float) -> float:
    """Of the trunk, mm, at a standard height."""
    heights, _, deep = _posed_trunk(body)
    return float(np.interp(y, heights, deep))


def forward(body: Body, half: Floats, standard_half: Floats) -> Floats:
    """How far the middle of the trunk moves to the front: fat lies before the spine more than behind it, mm."""
    return 0.35 * (half - standard_half * body.scale)
