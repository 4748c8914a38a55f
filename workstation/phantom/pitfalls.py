"""What misleads a reader of bone scans, drawn as often as it happens. None of it is a lesion: truth has no mask for it.

How often and how large: `resources/phantom/pitfalls.toml`. What each is made of: `contamination`, `injection`,
`metal`, `soft_spots`, `changes`. Hot or cold bone that a reader would delineate is a lesion and not drawn here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

import resources
from workstation.phantom import changes, contamination, injection, metal, soft_spots
from workstation.phantom.anatomy import Anatomy
from workstation.phantom.chances import Row, chance
from workstation.phantom.extras import Extra, Pitfall
from workstation.phantom.pose import Body
from workstation.phantom.skeleton import Skeleton
from workstation.phantom.uptake import Uptake

TABLE = "phantom/pitfalls"
BIG_BLADDER = 45.0  # half width, mm: it hides pubis and sacrum

Drawer = Callable[[Anatomy, Row, np.random.Generator], Pitfall]

DRAWERS: MappingProxyType[str, Drawer] = MappingProxyType(
    {
        "urine": contamination.urine,
        "spill": contamination.spill,
        "catheter": contamination.catheter,
        "injection": injection.injection,
        "arterial": injection.arterial,
        "hip prosthesis": metal.hip,
        "knee prosthesis": metal.knee,
        "buckle": metal.buckle,
        "coin": metal.coins,
        "keys": metal.keys,
        "pacemaker": metal.pacemaker,
        "port": metal.port,
        "mastectomy": soft_spots.mastectomy,
        "breast": soft_spots.breast,
        "thyroid": soft_spots.thyroid,
        "fibroid": soft_spots.fibroid,
        "muscle": soft_spots.muscle,
        "ascites": soft_spots.ascites,
        "dental": changes.dental,
        "sinus": changes.sinus,
        "hyperostosis": changes.hyperostosis,
        "sternotomy": changes.sternotomy,
        "foramen": changes.foramen,
        "radiotherapy": changes.radiotherapy,
    }
)


@dataclass(frozen=True, eq=False)
class Pitfalls:
    """Everything of one scan that misleads."""

    found: tuple[Pitfall, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """What there is, each word once, for tables of a cohort."""
        return tuple(dict.fromkeys(each.kind for each in self.found))

    @property
    def lost_breast(self) -> int:
        """+1 if the left breast is missing, -1 the right, 0 neither."""
        return next((each.lost_breast for each in self.found if each.lost_breast), 0)

    def place(self, uptake: Uptake) -> tuple[Uptake, tuple[Extra, ...]]:
        """The uptake as they change it, and what they add to the scan of it."""
        bones = uptake.bones.copy()
        for each in self.found:
            if each.factors is not None:
                bones *= each.factors
        # Extras measured in units of a bone or organ take it as it would be without them.
        return replace(uptake, bones=bones), tuple(
            extra.settled(uptake) for each in self.found for extra in each.extras
        )


def draw_pitfalls(
    body: Body,
    skeleton: Skeleton,
    tumour: str,
    age: float,
    rng: np.random.Generator,
    lasting: np.random.Generator | None = None,
) -> Pitfalls:
    """What one scan has that misleads; each kind independently of the others.

    skeleton: the posed one of this body. age in years. lasting: decides what stays with a patient (a prosthesis, a
    missing breast); the same stream in each of the patient's scans gives the same, wherever the body then lies.
    """
    anatomy = Anatomy(body, skeleton)
    found = list(_of_body(body))
    for row in resources.table(TABLE)["pitfall"]:
        kind = row["kind"]
        stream = lasting if row.get("lasting", False) and lasting is not None else rng
        happens, seed = stream.uniform(), int(stream.integers(2**62))
        if happens < chance(row, body.sex, age, tumour):
            found.append(DRAWERS[kind](anatomy, row, np.random.default_rng(seed)))
            if found[-1].lost_breast:
                anatomy = Anatomy(replace(body, lost_breast=found[-1].lost_breast), skeleton)
    return Pitfalls(tuple(found))


def _of_body(body: Body) -> Iterator[Pitfall]:
    """What the body has already: only named here."""
    if body.bladder_mm >= BIG_BLADDER:
        yield Pitfall("big bladder")
    if body.bladder.diverticulum_mm > 0:
        yield Pitfall("diverticulum")


def force(kind: str, body: Body, skeleton: Skeleton, rng: np.random.Generator) -> Pitfalls:
    """One kind for certain, whoever the patient is: for looking at it and for tests."""
    row = next(row for row in resources.table(TABLE)["pitfall"] if row["kind"] == kind)
    return Pitfalls((DRAWERS[kind](Anatomy(body, skeleton), row, rng),))
