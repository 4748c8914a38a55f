"""A whole-body bone scan as the rest of the program sees it: counts, views and how each view was recognised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray


class View(StrEnum):
    """The side of the patient a detector faced."""

    ANTERIOR = "anterior"
    POSTERIOR = "posterior"

    @property
    def other(self) -> View:
        return View.POSTERIOR if self is View.ANTERIOR else View.ANTERIOR


VIEWS: tuple[View, View] = (View.ANTERIOR, View.POSTERIOR)


class How(StrEnum):
    """The rule that told a frame's view; shown to the user, because "assumed" may be wrong."""

    VIEW_CODE = "view code"
    PRIVATE_NAME = "private name"
    TEXT = "text"
    START_ANGLE = "start angle"
    ORIENTATION = "orientation"
    ASSUMED = "assumed"
    USER = "user"


class Kind(StrEnum):
    """What an object is: only whole-body objects and pictures become scans."""

    WHOLE_BODY = "whole-body"
    SPOT = "spot"
    PICTURE = "picture"


@dataclass(frozen=True, eq=False)
class Frame:
    """One view's counts.

    counts: (rows, columns), uint16 when the file held whole counts, else float32; head at row 0; the posterior view
        as seen from behind; read-only.
    spacing_mm: (row, column) pixel spacing, or None where the file does not say.
    number: 1-based frame number in its object.
    """

    counts: NDArray[np.uint16] | NDArray[np.float32]
    view: View | None
    how: How | None
    number: int = 1
    spacing_mm: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.counts.ndim != 2 or min(self.counts.shape) < 1:
            raise ValueError(f"a frame has two axes with at least one pixel each, got shape {self.counts.shape}")
        if self.counts.dtype not in (np.uint16, np.float32):
            raise ValueError(f"a frame holds uint16 or float32 counts, got {self.counts.dtype}")
        self.counts.setflags(write=False)

    @property
    def rows(self) -> int:
        return int(self.counts.shape[0])

    @property
    def columns(self) -> int:
        return int(self.counts.shape[1])


@dataclass(frozen=True, eq=False)
class Scan:
    """One whole-body acquisition: one frame per view, or one view with its partner absent.

    sides: "by view" (R and L follow from the view) or "confirmed" (a person checked them).
    """

    id: str
    patient: str
    frames: Mapping[View, Frame]
    sides: str = "by view"
    day: str | None = None  # ISO date; moved by the patient's secret offset in a research library
    facts: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if not self.frames:
            raise ValueError("a scan has at least one view")
        for view, frame in self.frames.items():
            if frame.view is not view:
                raise ValueError(f"frame of view {frame.view} stored under {view}")
        object.__setattr__(self, "frames", MappingProxyType(dict(self.frames)))
        object.__setattr__(self, "facts", MappingProxyType(dict(self.facts)))

    @property
    def views(self) -> tuple[View, ...]:
        """The views present, anterior first."""
        return tuple(view for view in VIEWS if view in self.frames)
