"""Nobody is symmetric and no bone is a perfect ellipse: a smooth field that moves the standard body by a few mm."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from workstation.phantom.body import WAVES, Body
from workstation.phantom.skeleton import Floats

# Directions and lengths of the waves: long ones first, no two alike (golden angle).
_LENGTH = np.geomspace(480, 85, WAVES)
_TURN = np.arange(WAVES) * 2.39996
_CLIMB = ((np.arange(WAVES) * 0.618) % 1.0) * 1.6 - 0.8
_FLAT = np.sqrt(1 - _CLIMB**2)
_WAVE = 2 * np.pi / _LENGTH[:, None] * np.stack([_FLAT * np.cos(_TURN), _CLIMB, _FLAT * np.sin(_TURN)], axis=1)


@lru_cache(maxsize=16)
def waves(body: Body) -> Floats:
    """Amplitudes (mm, three columns) and phases of this body's waves, (WAVES, 4)."""
    return np.array(body.build.warp)


def warp(body: Body, points: Floats) -> Floats:
    """Standard points (n, 3) where this body's irregularity has them, still in the standard frame."""
    of_body = waves(body)
    moved: Floats = points + np.sin(points @ _WAVE.T + of_body[:, 3]) @ of_body[:, :3]
    return moved
