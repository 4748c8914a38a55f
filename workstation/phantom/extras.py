"""What is in or on a patient beside the ordinary body: urine on the skin, a catheter, a metal hip, a hot lymph node.

An `Extra` says where it is and what it does to the picture; `pitfalls` draws them, `scan.build` projects them. None of
them is a lesion: truth has no mask for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workstation.phantom.skeleton import Capsules, Ellipsoids, Floats

Place = Literal["inside", "front", "back"]


@dataclass(frozen=True, eq=False)
class Extra:
    """Solids of the posed body's frame, mm, that emit or absorb.

    kind: a word for the cohort's tables ("urine", "catheter", "prosthesis" ...). concentration: activity relative to
    soft tissue, one for all or one per solid. place: "inside" the body, where it is attenuated as everything there,
    or on its skin in "front" or at the "back", where only the body behind it attenuates. transmission: the share of
    photons from behind that passes through the solids, 1 for all but metal.
    """

    kind: str
    ellipsoids: Ellipsoids | None = None
    capsules: Capsules | None = None
    concentration: float | Floats = 0.0
    place: Place = "inside"
    transmission: float = 1.0
