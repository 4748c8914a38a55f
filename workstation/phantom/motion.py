"""A patient who moves while the camera passes: what both detectors make of it.

A head that turns or an arm that is pulled back is in the picture twice, each time fainter. One who shifts on the table
is in the picture in one place above some row and in another below it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workstation.phantom.projection import Box, Grid, Singles
from workstation.phantom.skeleton import Floats

CHANCE = 0.02
MOST_MM = 15.0
_SOFT_EDGE_MM = 20.0


@dataclass(frozen=True)
class Motion:
    """Where and how far. Frame of the body, anterior: x to the patient's left, y down from the vertex, mm.

    first_mm, last_mm: the part's y; beyond_mm: only x beyond it, on the side of its sign, None for all.
    shift_mm: (x, y) from the first place to the second; weight: the share of the time in the second. sharp: the table
    had passed first_mm when the patient moved, so that the change is a cut and not a neck or shoulder that bends.
    """

    first_mm: float
    last_mm: float
    shift_mm: tuple[float, float]
    weight: float
    beyond_mm: float | None = None
    sharp: bool = False

    def share(self, grid: Grid, box: Box) -> Singles:
        """How much of each pixel of a box shows the second place, (rows, columns)."""
        y, x = grid.y[box.top : box.bottom], grid.x[box.left : box.right]
        edge = 1e-6 if self.sharp else _SOFT_EDGE_MM
        down = _ramp(y - self.first_mm, edge) * _ramp(self.last_mm - y, edge)
        across = np.ones_like(x)
        if self.beyond_mm is not None:
            across = _ramp(np.sign(self.beyond_mm) * x - abs(self.beyond_mm), edge)
        return (self.weight * down[:, None] * across).astype(np.float32)


def _ramp(inside_mm: Floats, edge_mm: float) -> Floats:
    """0 well outside, 1 well inside."""
    return np.clip(0.5 + inside_mm / edge_mm, 0, 1)


def draw_motion(height_mm: float, bmi: float, rng: np.random.Generator) -> Motion | None:
    """One patient in fifty moves: head, an arm, or all of the body at once."""
    chance, which, side = rng.uniform(), rng.uniform(), float(rng.choice([-1, 1]))
    size, angle = rng.uniform(5, MOST_MM), rng.uniform(0, 2 * np.pi)
    weight, where = rng.uniform(0.25, 0.6), rng.uniform(0.15, 0.8)
    if chance >= CHANCE:
        return None
    shift = float(size * np.cos(angle)), float(size * np.sin(angle))
    if which < 0.35:
        return Motion(-np.inf, 0.15 * height_mm, shift, weight)
    if which < 0.7:
        return Motion(0.24 * height_mm, 0.6 * height_mm, shift, weight, side * 0.115 * height_mm * (bmi / 25) ** 0.5)
    return Motion(float(where * height_mm), np.inf, shift, 1.0, sharp=True)


def moved(picture: Singles, box: Box, grid: Grid, motion: Motion) -> Singles:
    """The picture of a box with the part that moved in both its places; shifts are rounded to whole pixels."""
    columns, rows = (int(round(shift / grid.spacing_mm)) for shift in motion.shift_mm)
    second = np.zeros_like(picture)
    height, width = picture.shape
    second[max(rows, 0) : height + min(rows, 0), max(columns, 0) : width + min(columns, 0)] = picture[
        max(-rows, 0) : height - max(rows, 0), max(-columns, 0) : width - max(columns, 0)
    ]
    return picture + motion.share(grid, box) * (second - picture)
