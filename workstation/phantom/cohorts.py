"""The cohorts there are: how many patients of which kind, and which lesions they may have."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from workstation.phantom.posterior import Mix

VERSION = "1.0"  # of the simulator and its settings; results name it


@dataclass(frozen=True, eq=False)
class Cohort:
    """patients: how many unless asked otherwise. mix: chances of tumour and status. earlier: share with a prior."""

    name: str
    patients: int
    mix: Mix
    earlier: float


COHORTS = MappingProxyType(
    {
        "demo": Cohort("demo", 40, Mix((0.33, 0.27, 0.28, 0.12), (0.4525, 0.4582, 0.4039, 0.37)), 0.25),
    }
)
