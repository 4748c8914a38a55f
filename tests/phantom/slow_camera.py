"""The camera's physics a second time, the slow way: the body as voxels, attenuation summed step by step, fine bins.

Nothing is shared with the program's own way but the frame's conventions, so that the two can be held side by side.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from workstation.phantom.camera import Camera
from workstation.phantom.medium import Medium
from workstation.phantom.projection import Chords

STEP_MM = 2.0
BIN_MM = 4.0
FAR_MM = 480.0


def primary(
    camera: Camera,
    scene: Medium,
    chords: Chords,
    concentration: np.ndarray,
    soft: tuple[np.ndarray, np.ndarray],
    lung: float,
    anterior: bool,
    attenuation: float = 0.015,
    lung_density: float = 0.26,
) -> np.ndarray:
    """Unscattered emission in one view, (rows, columns)."""
    front, back = np.nan_to_num(scene.front), np.nan_to_num(scene.back)
    depths = np.arange(np.nanmin(scene.back) - 1, np.nanmax(scene.front) + 1, STEP_MM) + STEP_MM / 2
    order = depths[::-1] if anterior else depths  # away from the camera
    solid = np.zeros((len(order), *front.shape))
    for level, z in enumerate(order):
        low, high = np.maximum(chords.back, z - STEP_MM / 2), np.minimum(chords.front, z + STEP_MM / 2)
        own = concentration * chords.sign * np.maximum(high - low, 0)
        np.add.at(solid[level], (chords.row, chords.column), own)
    passed = np.zeros(front.shape)  # density times path so far
    bins = np.zeros((int(FAR_MM / BIN_MM), *front.shape))
    row = np.broadcast_to(np.arange(front.shape[0])[:, None], front.shape)
    column = np.broadcast_to(np.arange(front.shape[1]), front.shape)
    for level, z in enumerate(order):
        tissue = np.clip(np.minimum(z + STEP_MM / 2, front) - np.maximum(z - STEP_MM / 2, back), 0, STEP_MM)
        low = np.maximum(z - STEP_MM / 2, scene.lung_back)
        air = np.clip(np.minimum(z + STEP_MM / 2, scene.lung_front) - low, 0, tissue)
        share = np.clip((z - back) / np.maximum(front - back, 1e-9), 0, 1)
        value = (tissue - air) * (share * soft[0] + (1 - share) * soft[1]) + air * lung + solid[level]
        here = tissue - (1 - lung_density) * air
        emission = value * np.exp(-attenuation * (passed + here / 2))
        passed += here
        away = (scene.plane_front - z if anterior else z - scene.plane_back)[row]
        np.add.at(bins, (np.clip(away / BIN_MM, 0, len(bins) - 1).astype(int), row, column), emission)
    total = np.zeros(front.shape)
    for number, layer in enumerate(bins):
        if layer.any():
            distance = (number + 0.5) * BIN_MM
            effective = camera.thickness - 2 / 2.7
            width = np.hypot(camera.intrinsic, camera.hole * (effective + distance + 6) / effective)
            total += gaussian_filter(layer, width / 2.3548 / camera.spacing_mm, mode="constant", truncate=5)
    return total


def scattered(primary_counts: np.ndarray, thickness: np.ndarray, spacing_mm: float, share: float) -> np.ndarray:
    """The wide blur at full resolution."""
    wide = 0.6 * gaussian_filter(primary_counts, 17 / spacing_mm, mode="constant")
    wide += 0.4 * gaussian_filter(primary_counts, 45 / spacing_mm, mode="constant")
    return share * wide * np.clip(1.6 * thickness / 200, 0, 1)
