"""Which bone lies at a place of the body: a coarse map in shares of the body's height, to propose a lesion's region."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workstation.core.scan import View


class _Bone(NamedTuple):
    """A bone as a thick line from (down, aside) to (down, aside) of `radius`, all in shares of the body's height.

    down: from the vertex (0) to the tips of the toes (1). aside: from the midline; both sides are alike.
    view: "a", "p" or "" for both; the bones in front hide those behind.
    """

    region: str
    view: str
    down: float
    aside: float
    to_down: float
    to_aside: float
    radius: float


# Landmarks of a supine man, arms beside the trunk (vertebral levels and joints as shares of vertex to toes).
# The keys are those of the vocabulary of regions.
_BONES = (
    _Bone("skull", "", 0.045, 0.000, 0.055, 0.000, 0.045),
    _Bone("face", "a", 0.078, 0.000, 0.088, 0.000, 0.026),
    _Bone("mandible", "a", 0.092, 0.027, 0.114, 0.012, 0.008),
    _Bone("mandible", "a", 0.114, 0.012, 0.118, 0.000, 0.010),
    _Bone("mandible", "p", 0.100, 0.026, 0.108, 0.024, 0.003),
    _Bone("cervical_spine", "a", 0.132, 0.000, 0.148, 0.000, 0.012),
    _Bone("cervical_spine", "p", 0.098, 0.000, 0.148, 0.000, 0.014),
    _Bone("thoracic_spine", "a", 0.157, 0.000, 0.158, 0.000, 0.008),
    _Bone("thoracic_spine", "p", 0.158, 0.000, 0.300, 0.000, 0.016),
    _Bone("thoracic_spine", "a", 0.282, 0.000, 0.300, 0.000, 0.014),
    _Bone("lumbar_spine", "", 0.314, 0.000, 0.392, 0.000, 0.021),
    _Bone("sacrum", "", 0.414, 0.000, 0.418, 0.000, 0.022),
    _Bone("sacrum", "", 0.420, 0.000, 0.462, 0.000, 0.014),
    _Bone("sternum", "a", 0.180, 0.000, 0.262, 0.000, 0.014),
    _Bone("sternoclavicular_joint", "a", 0.177, 0.017, 0.176, 0.014, 0.006),
    _Bone("clavicle", "", 0.172, 0.026, 0.165, 0.082, 0.004),
    _Bone("scapula", "p", 0.178, 0.052, 0.240, 0.056, 0.014),
    _Bone("scapula", "a", 0.230, 0.074, 0.246, 0.066, 0.002),
    _Bone("shoulder", "", 0.174, 0.096, 0.192, 0.096, 0.014),
    _Bone("rib", "a", 0.188, 0.045, 0.290, 0.055, 0.028),
    _Bone("rib", "p", 0.168, 0.032, 0.310, 0.050, 0.016),
    _Bone("rib", "", 0.290, 0.052, 0.318, 0.060, 0.020),
    _Bone("rib", "", 0.214, 0.068, 0.300, 0.074, 0.006),
    _Bone("humerus", "", 0.206, 0.105, 0.340, 0.126, 0.010),
    _Bone("elbow", "", 0.354, 0.128, 0.366, 0.130, 0.012),
    _Bone("forearm", "", 0.382, 0.133, 0.484, 0.138, 0.010),
    _Bone("wrist", "", 0.500, 0.136, 0.506, 0.136, 0.012),
    _Bone("hand", "", 0.524, 0.138, 0.594, 0.138, 0.014),
    _Bone("ilium", "", 0.388, 0.046, 0.420, 0.066, 0.014),
    _Bone("sacroiliac_joint", "p", 0.398, 0.029, 0.430, 0.023, 0.006),
    _Bone("sacroiliac_joint", "a", 0.402, 0.028, 0.424, 0.024, 0.003),
    _Bone("hip", "", 0.454, 0.050, 0.460, 0.050, 0.014),
    _Bone("pubis", "", 0.462, 0.032, 0.474, 0.006, 0.008),
    _Bone("ischium", "", 0.474, 0.037, 0.494, 0.031, 0.009),
    _Bone("femur", "", 0.468, 0.078, 0.490, 0.080, 0.012),
    _Bone("femur", "", 0.490, 0.078, 0.650, 0.055, 0.012),
    _Bone("knee", "", 0.676, 0.052, 0.704, 0.052, 0.022),
    _Bone("tibia_fibula", "", 0.732, 0.052, 0.890, 0.044, 0.014),
    _Bone("ankle", "", 0.906, 0.043, 0.914, 0.043, 0.012),
    _Bone("foot", "", 0.934, 0.044, 0.985, 0.044, 0.016),
)

# Nearer to the midline than this, an unpaired bone's lesion has no side.
_MIDDLE = 0.006
_UNPAIRED = frozenset("skull face mandible cervical_spine thoracic_spine lumbar_spine sacrum sternum other".split())
# Farther than this from every bone, no region is proposed.
_FAR = 0.05


def regions() -> frozenset[str]:
    """The keys this map can propose."""
    return frozenset(bone.region for bone in _BONES)


def region_at(down: float, towards_left: float, view: View) -> tuple[str | None, str | None]:
    """The region and side, "left", "right" or "midline" of the patient, proposed for a place; None where far from all.

    down: 0 at the vertex to 1 at the toes. towards_left: distance from the midline towards the patient's left, in the
    same unit. Lesions of unpaired bones have a side too when they lie clearly off the middle.
    """
    letter = "a" if view is View.ANTERIOR else "p"
    gaps: dict[str, float] = {}
    for bone in _BONES:
        if bone.view in ("", letter):
            to_bone = _gap(bone, down, abs(towards_left))
            gaps[bone.region] = min(to_bone, gaps.get(bone.region, to_bone))
    region = min(gaps, key=lambda key: gaps[key])
    if gaps[region] > _FAR:
        return None, None
    if region in _UNPAIRED and abs(towards_left) < _MIDDLE:
        return region, "midline"
    return region, "left" if towards_left > 0 else "right"


def gap(region: str, down: float, towards_left: float) -> float | None:
    """How far a place is from a region, whichever view shows it; below 0 inside. None for a region not on the map."""
    return min((_gap(bone, down, abs(towards_left)) for bone in _BONES if bone.region == region), default=None)


def _gap(bone: _Bone, down: float, aside: float) -> float:
    """From a place to the bone's edge, in shares of the body's height."""
    place = np.array((down, aside))
    start, along = np.array(bone[2:4]), np.array(bone[4:6]) - np.array(bone[2:4])
    share = min(max(float((place - start) @ along) / float(along @ along), 0.0), 1.0)
    return float(np.hypot(*(place - start - share * along))) - bone.radius
