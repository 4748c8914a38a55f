"""What goes into a library and what comes out of it, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

from workstation.core.lesion import Progress, Roi
from workstation.core.scan import Frame, How, Kind, View

SIMULATED = "simulated"  # the source of a scan that no camera made
ADJUDICATED = "adjudicated"  # the reader whose reading stands for the scan where several people read it
TRUTH = "truth"  # the reader that what is known of simulated scans stands under; nobody's reading

SORTS = (
    "imported", "patient", "day", "tumour", "sex", "age",
    "lesions", "malignant", "benign", "uncertain", "grade", "reference", "status",
)  # fmt: skip


@dataclass(frozen=True)
class KeptObject:
    """One file as the library keeps it.

    data: its bytes as kept (de-identified in a research library).
    original: keyed hash of the bytes as they arrived, by which the same object is known when it comes again.
    name: the file's name as shown to the user, with nothing of the patient in it.
    views: the views whose frames it holds.
    """

    data: bytes
    original: str
    name: str
    views: tuple[View, ...]


@dataclass(frozen=True, eq=False)
class NewScan:
    """One whole-body acquisition on its way into a library.

    study: key of the acquisition, by which a partner arriving later is found; series: key of its series.
    day: ISO date as kept. source: where it came from, in words. excluded: why it is left out, None where it is not.
    upside_down: the frames as given have the feet at row 0; `Library.load` turns them by half a circle.
    """

    id: str
    patient: str
    frames: Mapping[View, Frame]
    objects: tuple[KeptObject, ...] = ()
    day: str | None = None
    tumour: str | None = None
    sex: str | None = None
    age: float | None = None
    study: str = ""
    series: str = ""
    kind: Kind = Kind.WHOLE_BODY
    source: str = ""
    sides: str = "by view"
    upside_down: bool = False
    reference: int | None = None
    excluded: str | None = None
    facts: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Simulation:
    """How one scan was simulated; "" and None for what nobody told.

    version: of the simulator, "2.0". cohort, seed: which patients it drew. bladder: where it is on each view, head at
    row 0; None where nobody told, and empty where it holds nothing. lesions: of each by id, peak_ratio, p_ceiling and
    p_alone as they are written.
    """

    version: str = ""
    cohort: str = ""
    seed: int | None = None
    bladder: Mapping[View, Roi] | None = None
    lesions: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))

    def to_json(self) -> dict[str, Any]:
        bladder = None if self.bladder is None else {str(view): roi.to_json() for view, roi in self.bladder.items()}
        lesions = {name: dict(values) for name, values in self.lesions.items()}
        return {
            "version": self.version, "cohort": self.cohort, "seed": self.seed, "bladder": bladder, "lesions": lesions,
        }  # fmt: skip

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        bladder = value["bladder"]
        if bladder is not None:
            bladder = {View(view): Roi.from_json(roi) for view, roi in bladder.items()}
        return cls(value["version"], value["cohort"], value["seed"], bladder, value["lesions"])


@dataclass(frozen=True)
class ScanQuery:
    """Which scans, in which order. None and "" ask for all; tumour "none" for scans without a tumour type.

    reader: whose reading decides status and counts where there are several (see `ScanRow`).
    labelled: True with at least one lesion, False without. sort: one of SORTS.
    to_adjudicate: only those that two or more people have finished and nobody has adjudicated since.
    """

    text: str = ""
    tumour: str | None = None
    status: Progress | None = None
    labelled: bool | None = None
    reader: str | None = None
    sort: str = "imported"
    descending: bool = False
    to_adjudicate: bool = False

    def __post_init__(self) -> None:
        if self.sort not in SORTS:
            raise ValueError(f"scans are sorted by one of {', '.join(SORTS)}, got {self.sort}")


@dataclass(frozen=True)
class ScanRow:
    """One scan as a list shows it.

    Where several people read it, counts, grade and status are those of the reader asked for (the first round), else
    of the adjudicated reading, else of the first reading; never a sum. how: one per view, in the order of `views`.
    What the clinic excludes is excluded whatever anybody reads; `reason` tells why.
    """

    scan: str
    patient: str
    day: str | None
    tumour: str | None
    sex: str | None
    age: float | None
    views: tuple[View, ...]
    how: tuple[How | None, ...]
    lesions: int
    malignant: int
    benign: int
    uncertain: int
    grade: int | None
    reference: int | None
    status: Progress
    reader: str | None
    reason: str
    simulated: bool = False


@dataclass(frozen=True)
class Verification:
    """What was found: nothing is wrong where `problems` is empty.

    problems, notes: one sentence each; a note tells of something that does no harm, such as a file left behind.
    head: hash of the history's last row. rows: how many rows the history has.
    """

    ok: bool
    problems: tuple[str, ...]
    head: str
    rows: int
    notes: tuple[str, ...] = ()
