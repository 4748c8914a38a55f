"""What is simulated: a scan's pictures and what is true of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from workstation.phantom.acquisition import Acquisition
from workstation.phantom.body import Body
from workstation.phantom.person import Person
from workstation.phantom.sites import Site
from workstation.phantom.truth import Mask


@dataclass(frozen=True, eq=False)
class SimulatedLesion:
    """A lesion and what is true of it in one scan; masks are (2, rows, columns), each view as it is seen.

    id: the same in all scans of the patient. visible: a reader would delineate it; cold ones are not.
    """

    id: str
    malignant: bool
    criterion: str
    site: Site
    masks: Mask
    visible: bool
    peak_ratio: float
    p_ceiling: float
    p_alone: float

    @property
    def site6(self) -> str:
        return self.site.site6


@dataclass(frozen=True, eq=False)
class SimulatedScan:
    """counts: uint16 (2, rows, columns), anterior and posterior as seen from behind; bladder: masks likewise.

    person: aged as on that day. acquired, injected: day and hour. diffuse: metastases all over the marrow, none of them
    separate. pitfalls: kinds of what misleads in it.
    """

    scan: str
    person: Person
    body: Body
    acquisition: Acquisition
    acquired: datetime
    injected: datetime
    activity_mbq: float
    counts: NDArray[np.uint16]
    bladder: Mask
    lesions: tuple[SimulatedLesion, ...]
    diffuse: bool = False
    pitfalls: tuple[str, ...] = ()

    @property
    def malignant(self) -> bool:
        return self.diffuse or any(lesion.malignant for lesion in self.lesions)

    @property
    def grade(self) -> int:
        """The case grade a perfect eye that is told the truth would write: 2 or 3 if malignant, else 0 or 1."""
        highest = max((lesion.p_ceiling for lesion in self.lesions), default=0.0)
        if self.malignant:
            return 3 if self.diffuse or highest >= 0.9 else 2
        return 1 if highest >= 0.1 else 0
