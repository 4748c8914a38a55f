"""How one scan was acquired: which camera, how fast, how long after the injection, where the patient lay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workstation.phantom.camera import CAMERAS, SCATTER_SHARE, Camera
from workstation.phantom.pose import Body
from workstation.phantom.projection import Box, Grid

ROWS, COLUMNS = 1024, 256
_SPEEDS, _SPEED_CHANCES = (10.0, 12.0, 15.0, 16.0, 18.0, 20.0), (0.08, 0.14, 0.3, 0.28, 0.1, 0.1)
_MEDIAN_COUNTS = 2.0e6  # per view at 16 cm/min, 650 MBq, 3 h


@dataclass(frozen=True)
class Acquisition:
    """camera; speed cm/min; counts: expected total of the two views' mean, without lesions; shift_mm of the patient
    on the table and top_mm from the first row of the frame to the vertex.

    rows: the acquired ones, [first, last); the rest of the frame is empty. window_percent: width of the energy window.
    activity_mbq at injection, uptake_min: minutes from injection to scan.
    """

    camera: Camera
    speed: float
    counts: float
    shift_mm: float
    top_mm: float
    rows: tuple[int, int] = (0, ROWS)
    window_percent: float = 20.0
    activity_mbq: float = 650.0
    uptake_min: float = 180.0

    @property
    def grid(self) -> Grid:
        spacing = self.camera.spacing_mm
        return Grid(ROWS, COLUMNS, spacing, -(COLUMNS - 1) / 2 * spacing + self.shift_mm, -self.top_mm)

    @property
    def field(self) -> Box:
        """The pixels the camera acquires; the rest of the frame is a hard empty border."""
        half = min(int(self.camera.field_mm / 2 / self.camera.spacing_mm), COLUMNS // 2)
        return Box(*self.rows, COLUMNS // 2 - half, COLUMNS // 2 + half)

    @property
    def scatter(self) -> float:
        """Scattered for each unscattered photon: a window half as wide takes half as many."""
        return SCATTER_SHARE * self.window_percent / 20


def draw_acquisition(body: Body, rng: np.random.Generator) -> Acquisition:
    camera = CAMERAS[int(rng.choice(len(CAMERAS), p=(0.5, 0.3, 0.2)))]
    speed = float(rng.choice(_SPEEDS, p=_SPEED_CHANCES))
    total = _MEDIAN_COUNTS * 16 / speed * float(np.exp(rng.normal(0, 0.22)))
    spare = ROWS * camera.spacing_mm - body.height_mm
    shift, top = float(rng.normal(0, 8)), float(np.clip(rng.normal(0.32, 0.06), 0.15, 0.5)) * spare
    first = max(int((top - 90) / camera.spacing_mm), 0)
    last = min(int((top + body.height_mm + 180) / camera.spacing_mm), ROWS)
    return Acquisition(camera, speed, total, shift, top, (first, last))
