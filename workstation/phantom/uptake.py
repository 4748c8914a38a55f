"""Where one patient's tracer is: in which bone, organ and part of the soft tissue how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from workstation.phantom.pose import Body
from workstation.phantom.skeleton import Floats, standard


@dataclass(frozen=True, eq=False)
class Uptake:
    """One patient's activity relative to soft tissue: per bone of the skeleton (n,), and the texture of soft tissue."""

    bones: Floats
    texture: tuple[Floats, Floats]


def draw_uptake(body: Body, age: int, rng: np.random.Generator) -> Uptake:
    """Bone against soft tissue, bone against bone, left against right; kidneys, bladder, bowel."""
    bones = standard().bones
    table = np.array([bone.uptake for bone in bones])
    overall = 1.6 * np.exp(rng.normal(0, 0.25)) * (1 - 0.006 * max(age - 50, 0))
    groups = sorted({bone.group for bone in bones})
    of_group = dict(zip(groups, np.exp(rng.normal(0, 0.15, len(groups))), strict=True))
    of_side = dict(zip(groups, rng.normal(0, 0.05, len(groups)), strict=True))
    each = np.exp(rng.normal(0, 0.06, len(bones)))
    if body.sex == "F" and age > 52:
        of_group["skull"] *= rng.uniform(1.2, 1.5)
    factor = np.array([of_group[bone.group] * np.exp(bone.side * of_side[bone.group]) for bone in bones])
    values = table * factor * each * overall
    kind = np.array([bone.kind for bone in bones])
    values[kind == "lung"] = 0
    values[kind == "soft"] = table[kind == "soft"] * np.exp(rng.normal(0, 0.3, int((kind == "soft").sum())))
    kidneys = np.flatnonzero(kind == "kidney")
    values[kidneys] = np.clip(4.0 * np.exp(rng.normal(0, 0.5)), 1, 9) * np.exp(rng.normal(0, 0.11, len(kidneys)))
    if rng.uniform() < 0.04:
        values[rng.choice(kidneys)] = 0
    values[kind == "bladder"] = np.clip(28 * np.exp(rng.normal(0, 0.6)), 8, 130)
    names = np.array([bone.name for bone in bones])
    if body.sex == "F":
        values[names == "urethra_scrotum"] = 0
    return Uptake(values, (_texture(rng), _texture(rng)))


def _texture(rng: np.random.Generator) -> Floats:
    """Soft tissue is not even: a smooth random map around 1 on a coarse grid (rows, columns)."""
    fine, broad = rng.normal(size=(128, 32)), rng.normal(size=(128, 32))
    fine, broad = gaussian_filter(fine, 1.0), gaussian_filter(broad, 3.0)
    return np.exp(0.10 * fine / fine.std() + 0.08 * broad / broad.std())


def again(uptake: Uptake, rng: np.random.Generator) -> Uptake:
    """The same person months before: the same pattern, a little different in degree."""
    bones = uptake.bones * np.exp(rng.normal(0, 0.05, len(uptake.bones))) * np.exp(rng.normal(0, 0.08))
    bladder = np.array([bone.kind == "bladder" for bone in standard().bones])
    bones[bladder] = np.clip(28 * np.exp(rng.normal(0, 0.6)), 8, 130)
    return Uptake(bones, (_texture(rng), _texture(rng)))
