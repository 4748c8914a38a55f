"""How one scan was acquired: which camera, how fast, how long after the injection, where the patient lay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workstation.phantom.camera import CAMERAS, SCATTER_SHARE, Camera
from workstation.phantom.motion import Motion, draw_motion
from workstation.phantom.pose import Body
from workstation.phantom.projection import Box, Grid

ROWS, COLUMNS = 1024, 256
ACTIVITY_MBQ = (555.0, 740.0)  # papers A and B; paper C: 370 to 740
_CAMERA_CHANCES = (0.5, 0.3, 0.2)
_SPEEDS, _SPEED_CHANCES = (10.0, 12.0, 15.0, 16.0, 18.0, 20.0), (0.08, 0.14, 0.3, 0.28, 0.1, 0.1)
_MEDIAN_COUNTS = 2.25e6  # per view at 16 cm/min, 20 % window, 650 MBq, 3 h
_HALF_LIFE_MIN = 360.6  # of 99mTc
_NARROW = 0.78  # counts a 10 % window keeps of those of a 20 % one
_TOES = 1.047  # vertex to the tip of pointed toes, of the height
_LONGEST_MM = 2000.0  # the table's travel


@dataclass(frozen=True)
class Acquisition:
    """camera; speed cm/min; counts: expected total of the two views' mean, without lesions; shift_mm of the patient
    on the table and top_mm from the first row of the frame to the vertex.

    rows: the acquired ones, [first, last); the rest of the frame is empty. window_percent: width of the energy window.
    activity_mbq at injection, uptake_min: minutes from injection to scan. motion: of the patient, if there was any.
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
    motion: Motion | None = None

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


def draw_acquisition(
    body: Body, rng: np.random.Generator, activity_mbq: tuple[float, float] = ACTIVITY_MBQ
) -> Acquisition:
    """An ordinary acquisition of a body. activity_mbq: least and most that is injected."""
    camera = CAMERAS[int(rng.choice(len(CAMERAS), p=_CAMERA_CHANCES))]
    speed = float(rng.choice(_SPEEDS, p=_SPEED_CHANCES))
    activity = round(float(rng.uniform(*activity_mbq)))
    uptake = round(float(np.clip(60 * rng.normal(3.2, 0.6), 120, 300)))
    window = 10.0 if rng.uniform() < 0.3 else 20.0
    decay = 0.5 ** ((uptake - 180) / _HALF_LIFE_MIN)
    weight = (body.bmi / 25) ** -0.3 * (_NARROW if window < 20 else 1.0)
    counts = _MEDIAN_COUNTS * 16 / speed * activity / 650 * decay * weight * float(np.exp(rng.normal(0, 0.24)))
    shift = float(rng.normal(0, 8))
    first, last, top = _rows(body, camera, rng)
    motion = draw_motion(body.height_mm, body.bmi, rng)
    return Acquisition(camera, speed, counts, shift, top, (first, last), window, activity, uptake, motion)


def _rows(body: Body, camera: Camera, rng: np.random.Generator) -> tuple[int, int, float]:
    """First and last acquired row and the distance from the frame's first row to the vertex, mm.

    GE begins some rows down, as in the real scan (46); Siemens centres the scan in the frame; Philips begins at once.
    """
    above = float(np.clip(rng.normal(90, 18), 40, 150))
    below = float(np.clip(rng.normal(70, 20), 15, 140))
    offset = int(np.clip(rng.normal(46, 10), 10, 90))
    length = min(above + _TOES * body.height_mm + below, _LONGEST_MM)
    count = min(int(length / camera.spacing_mm), ROWS)
    first = {"GE": min(offset, ROWS - count), "Siemens": (ROWS - count) // 2, "Philips": 0}[camera.make]
    return first, first + count, first * camera.spacing_mm + above
