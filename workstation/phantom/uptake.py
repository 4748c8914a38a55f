"""Where one patient's tracer is: in which bone and organ how much, relative to lean soft tissue.

The skeleton's table holds one patient of poor contrast; everybody else is drawn around it. Figures are choices within
published ranges (reference sheet of the phantom): bone over soft tissue is lognormal, falls with age and build; bones,
vertebrae and sides differ a little; ageing joints take up more, mildly and diffusely, which is no lesion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from workstation.phantom.flesh import Flesh, draw_flesh, flesh_again
from workstation.phantom.pose import STANDARD_BMI, Body
from workstation.phantom.skeleton import Bone, Floats, Ints, standard

# Of bone over soft tissue relative to the table, at 50 years and ordinary build; the real scan is at about 2.
MEDIAN, SIGMA = 2.3, 0.30
PER_YEAR = 0.006  # lost for each year above 50
GROUP_SIGMA, SIDE_SIGMA, BONE_SIGMA, VERTEBRA_SIGMA = 0.15, 0.15, 0.05, 0.07  # logarithms; sides: of left over right
JOINT_MOST = 0.30  # log; more in one joint would be read as a lesion
KIDNEYS = (1.0, 8.0)
KIDNEY_RATIO_SIGMA = 0.15  # of the logarithm of left over right
NO_KIDNEY, WEAK_KIDNEY = 0.02, 0.01
BLADDER = (15.0, 150.0)

_SPINE = ("cspine", "tspine", "lspine", "sacrum")
# The table was fitted with another model of body and camera; beside the real scan these came out too hot. Names, by
# their beginnings, before groups.
_CORRECTION = MappingProxyType(
    {
        "iliac_crest": 0.66,
        "femoral_head": 0.52,
        "femoral_neck": 0.75,
        "humerus_head": 0.70,
        "humerus_tuber": 0.70,
        "glenoid": 0.70,
        "liver": 0.25,
        "skull": 0.54,
        "face": 0.66,
        "mandible": 0.75,
        "clavicle": 0.38,
        "acetabulum": 0.48,
        "sternum": 0.88,
        "ribs": 0.69,
        "lspine": 0.94,
        "ilium": 1.04,
        "humerus": 0.73,
        "scapula": 0.92,
    }
)
# Bones of ageing joints: the mean logarithm they gain between 40 and 70 years.
_JOINTS = MappingProxyType(
    {
        "knee": (("femoral_condyle", "tibial_plateau", "patella", "tibial_tuberosity"), 0.13),
        "shoulder": (("humerus_head", "humerus_tuber", "glenoid"), 0.11),
        "acromioclavicular": (("acromion_ac", "clavicle_lat"), 0.12),
        "sternoclavicular": (("sternoclavicular_joint", "clavicle_med"), 0.10),
        "sacroiliac": (("SI_joint",), 0.05),
        "hip": (("femoral_head", "acetabulum"), 0.08),
        "ankle": (("talus", "tibia_distal", "midfoot", "calcaneus"), 0.12),
        "toes": (("MTP1", "metatarsal1", "toe1"), 0.12),
        "wrist": (("wrist", "metacarpal1"), 0.14),
        "fingers": (("finger", "metacarpal"), 0.08),
        "elbow": (("elbow_olecranon", "humerus_condyles"), 0.06),
    }
)
# Parts that differ more among themselves and from side to side than other bones do, as teeth, sinuses and worn joints:
# the standard deviation of the logarithm, by the beginnings of names.
_VARIETY = MappingProxyType(
    {
        ("femoral_condyle", "tibial_plateau"): 0.14,
        ("patella", "tibial_tuberosity", "tibia_head", "femur_flare"): 0.25,
        ("talus", "ankle_hindfoot", "calcaneus", "midfoot", "malleolus", "metatarsal", "MTP1"): 0.15,
        ("mandible_body", "alveolar", "zygoma"): 0.30,
        ("orbit", "maxilla", "nasal", "ethmoid", "mandible", "hyoid"): 0.22,
        ("rib",): 0.14,
        ("sagittal_ridge", "parietal_boss", "occipital", "temporal", "skull_base"): 0.22,
    }
)
VARIETY_MOST = 2.0  # standard deviations; more of one part would be read as a lesion
# Ends of long bones that still grow, or have just stopped, are hot in the young.
_GROWING = ("humerus_head", "femoral_condyle", "tibial_plateau", "tibia_distal", "wrist", "great_trochanter")


@dataclass(frozen=True, eq=False)
class Uptake:
    """One patient's activity relative to lean soft tissue: of each bone and organ of the table (n,), and the flesh."""

    bones: Floats
    flesh: Flesh


@dataclass(frozen=True, eq=False)
class _Table:
    """The skeleton's columns as arrays, (n,); groups, joints and vertebrae as numbers, -1 for none."""

    uptake: Floats
    correction: Floats
    kind: NDArray[np.str_]
    name: NDArray[np.str_]
    side: Ints
    group: Ints
    groups: tuple[str, ...]
    joint: Ints
    vertebra: Ints
    growing: NDArray[np.bool_]
    variety: Floats


@cache
def _table() -> _Table:
    bones = standard().bones
    groups = tuple(sorted({bone.group for bone in bones}))
    vertebrae = list(dict.fromkeys(bone.name.split("_")[0] for bone in bones if bone.group in _SPINE))
    return _Table(
        np.array([bone.uptake for bone in bones]),
        np.log([_correction(bone) for bone in bones]),
        np.array([bone.kind for bone in bones]),
        np.array([bone.name for bone in bones]),
        np.array([bone.side for bone in bones]),
        np.array([groups.index(bone.group) for bone in bones]),
        groups,
        np.array([_joint(bone) for bone in bones]),
        np.array([vertebrae.index(bone.name.split("_")[0]) if bone.group in _SPINE else -1 for bone in bones]),
        np.array([bone.name.startswith(_GROWING) for bone in bones]),
        np.array([_variety(bone) for bone in bones]),
    )


def _correction(bone: Bone) -> float:
    return next((factor for key, factor in _CORRECTION.items() if bone.name.startswith(key) or bone.group == key), 1.0)


def _joint(bone: Bone) -> int:
    return next((i for i, (names, _) in enumerate(_JOINTS.values()) if bone.name.startswith(names)), -1)


def _variety(bone: Bone) -> float:
    return next((sigma for names, sigma in _VARIETY.items() if bone.name.startswith(names)), BONE_SIGMA)


def draw_uptake(body: Body, age: int, rng: np.random.Generator) -> Uptake:
    """The tracer of a patient of this build and age (years)."""
    return Uptake(draw_bones(body, age, rng), draw_flesh(body, age, rng))


def draw_bones(body: Body, age: int, rng: np.random.Generator) -> Floats:
    """The tracer of each bone and organ of the table, (n,)."""
    table = _table()
    failing = bool(rng.uniform() < _renal_failure(age))
    values = table.uptake * np.exp(_overall(body, age, failing, rng) + _pattern(body, age, rng))
    soft = table.kind == "soft"
    values[soft] = table.uptake[soft] * np.exp(table.correction[soft] + rng.normal(0, 0.35, int(soft.sum())))
    values[table.kind == "lung"] = 0
    if body.sex == "F":
        values[table.name == "urethra_scrotum"] = 0
    _urine(values, failing, rng)
    return values


def again(uptake: Uptake, rng: np.random.Generator) -> Uptake:
    """The same person in another scan: the same pattern, a little different in degree; other urine, other bowel."""
    table = _table()
    urinary = (table.kind == "kidney") | (table.kind == "bladder")
    degree = rng.normal(0, 0.08) + rng.normal(0, 0.04, len(table.kind))
    water = rng.normal(0, 0.3)
    bones = uptake.bones * np.exp(np.where(urinary, 0, degree))
    bones = np.where(table.kind == "kidney", np.minimum(bones * np.exp(water), KIDNEYS[1]), bones)
    bladder = table.kind == "bladder"
    bones[bladder] = np.clip(bones[bladder] * np.exp(rng.normal(0, 0.5)), *BLADDER)
    return replace(uptake, bones=bones, flesh=flesh_again(uptake.flesh, rng))


def _renal_failure(age: int) -> float:
    """How many have kidneys so poor that soft tissue stays bright: 6 % of all scans have faint kidneys, mostly so."""
    return float(np.interp(age, [30, 50, 85], [0.01, 0.03, 0.10]))


def _overall(body: Body, age: int, failing: bool, rng: np.random.Generator) -> float:
    """Logarithm of bone over soft tissue: low in the old, the large and in renal failure, high in young and slim."""
    aged = np.log1p(-PER_YEAR * min(max(age - 50, 0), 60)) + 0.006 * max(40 - age, 0)
    large = -0.5 * np.log(body.bmi / STANDARD_BMI)
    renal = -rng.uniform(0.35, 0.75) if failing else 0.0
    return float(np.log(MEDIAN) + rng.normal(0, SIGMA) + aged + np.clip(large, -0.25, 0.2) + renal)


def _pattern(body: Body, age: int, rng: np.random.Generator) -> Floats:
    """Bone against bone: logarithms (n,)."""
    table = _table()
    groups = len(table.groups)
    group, side = rng.normal(0, GROUP_SIGMA, groups), rng.normal(0, SIDE_SIGMA, groups)
    for name in ("mandible", "face"):
        group[table.groups.index(name)] *= 1.5  # teeth and sinuses differ more than bones
    skull = table.groups.index("skull")
    if body.sex == "F":
        group[skull] += rng.uniform(*np.log((1.2, 1.5))) if age > 52 else np.log(1.05)
    out = table.correction + group[table.group] + 0.5 * table.side * side[table.group]
    out = out + table.variety * np.clip(rng.normal(0, 1, len(table.group)), -VARIETY_MOST, VARIETY_MOST)
    out = out + np.where(table.vertebra >= 0, _spine(int(table.vertebra.max()) + 1, rng)[table.vertebra], 0)
    out = out + _joints(age, rng)
    young = np.interp(age, [18, 30], [0.45, 0.0]) * rng.uniform(0.6, 1.2)
    return np.asarray(out + young * table.growing)


def _spine(number: int, rng: np.random.Generator) -> Floats:
    """Vertebra against vertebra from the neck down: each a little, and a slow drift along the column."""
    drift = np.cumsum(rng.normal(0, 0.025, number))
    return np.asarray(rng.normal(0, VERTEBRA_SIGMA, number) + drift - drift.mean())


def _joints(age: int, rng: np.random.Generator) -> Floats:
    """What ageing adds to joints: mild, over the whole joint, and about the same on both sides."""
    table = _table()
    mean = np.array([gain for _, gain in _JOINTS.values()]) * np.clip((age - 40) / 30, 0, 1.5)
    person = rng.gamma(4, 1 / 4)
    both = rng.gamma(2.5, 1 / 2.5, len(mean))
    each = np.stack([np.minimum(mean * person * both * rng.gamma(12, 1 / 12, len(mean)), JOINT_MOST) for _ in range(2)])
    gain = np.where(table.side >= 0, each[0][table.joint], each[1][table.joint])
    facets = np.char.find(table.name, "facet") >= 0
    lumbar = np.minimum(0.08 * np.clip((age - 40) / 30, 0, 1.5) * rng.gamma(2, 1 / 2), JOINT_MOST)
    return np.where(table.joint >= 0, gain, 0) + np.where(facets, lumbar, 0)


def _urine(values: Floats, failing: bool, rng: np.random.Generator) -> None:
    """Kidneys, their pelvis and the bladder; now and then a side that is missing or hardly works."""
    table = _table()
    level = np.clip(3.6 * np.exp(rng.normal(0, 0.45)), 1.3, 6.5) * (rng.uniform(0.2, 0.45) if failing else 1)
    ratio = rng.normal(0, KIDNEY_RATIO_SIGMA) / 2
    absent = rng.uniform()
    weak = 0.0 if absent < NO_KIDNEY else rng.uniform(0.1, 0.35) if absent < NO_KIDNEY + WEAK_KIDNEY else 1.0
    ill = rng.choice((-1, 1))
    for index in np.flatnonzero(table.kind == "kidney"):
        side = int(table.side[index])
        value = np.clip(level * np.exp(side * ratio), 0 if failing else KIDNEYS[0], KIDNEYS[1])
        if table.name[index] != "kidney":  # a pelvis that may have emptied
            value = value * np.exp(rng.normal(0, 0.6))
        values[index] = value * (weak if side == ill else 1.0)
    values[table.kind == "bladder"] = np.clip((16 if failing else 32) * np.exp(rng.normal(0, 0.6)), *BLADDER)
