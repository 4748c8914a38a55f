"""One simulated acquisition of a posed body: expected pictures, counts and truth of both views."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workstation.phantom import camera as optics
from workstation.phantom.camera import Box, Camera, Medium
from workstation.phantom.extras import Extra
from workstation.phantom.pose import Body, breasts, clothe, pose_bones
from workstation.phantom.projection import Chords, Grid, Singles, capsules, ellipsoids, join
from workstation.phantom.skeleton import Floats, Skeleton, standard
from workstation.phantom.soft import concentration as concentration_of
from workstation.phantom.skin import surface
from workstation.phantom.truth import Mask, trace
from workstation.phantom.uptake import Uptake

ROWS, COLUMNS = 1024, 256
MARGIN_MM = 90.0  # acquired above the vertex and below the feet, about
LUNG_UPTAKE = 0.35


@dataclass(frozen=True)
class Acquisition:
    """camera; speed cm/min; counts: expected total of the two views' mean, without lesions; shift_mm of the patient
    on the table and top_mm from the first row to the vertex."""

    camera: Camera
    speed: float
    counts: float
    shift_mm: float
    top_mm: float


@dataclass(frozen=True, eq=False)
class Scene:
    """A body before the camera. Everything here is noise-free and without lesions.

    expected: the pictures of both views (anterior, posterior), in the anterior frame. bladder: its masks, likewise.
    scale: counts per pixel for a unit of emission. field: acquired pixels (rows, columns).
    """

    skeleton: Skeleton
    grid: Grid
    camera: Camera
    medium: Medium
    expected: tuple[Singles, Singles]
    scale: float
    field: Box
    bladder: tuple[Mask, Mask]


def grid_of(acquisition: Acquisition) -> Grid:
    spacing = acquisition.camera.spacing_mm
    left = -(COLUMNS - 1) / 2 * spacing + acquisition.shift_mm
    return Grid(ROWS, COLUMNS, spacing, left, -acquisition.top_mm)


def _field(grid: Grid, camera: Camera, height_mm: float) -> Box:
    """The pixels a camera of this width acquires while the table moves past it; the rest of the frame stays empty."""
    half = int(camera.field_mm / 2 / grid.spacing_mm)
    first = (-MARGIN_MM - grid.top_mm) / grid.spacing_mm
    last = (height_mm + 2 * MARGIN_MM - grid.top_mm) / grid.spacing_mm
    middle = COLUMNS // 2
    return Box(max(int(first), 0), min(int(last), ROWS), middle - half, middle + half)


def build(body: Body, uptake: Uptake, extras: tuple[Extra, ...], acquisition: Acquisition) -> Scene:
    """Pose, project, attenuate, blur and scatter a body without lesions."""
    camera, grid = acquisition.camera, grid_of(acquisition)
    skeleton = pose_bones(body, standard())
    chords = join(ellipsoids(skeleton.ellipsoids, grid), capsules(skeleton.capsules, grid))
    back, front = surface(clothe(body), grid)
    mounds = ellipsoids(breasts(body), grid) if body.sex == "F" else None
    if mounds is not None:
        inside = ~np.isnan(front[mounds.row, mounds.column])
        mounds = mounds.where(inside)
        np.maximum.at(front, (mounds.row, mounds.column), mounds.front)
    kinds = np.array([bone.kind for bone in skeleton.bones])
    inside = ~np.isnan(front[chords.row, chords.column])
    scene = optics.medium(back, front, chords.where(inside & (kinds[chords.bone] == "lung")), grid.spacing_mm)
    solid = chords.where(inside & (kinds[chords.bone] != "lung"))
    concentration = uptake.bones[solid.bone]
    solid, concentration = _with_extras(solid, concentration, extras, grid)
    soft = concentration_of(uptake, skeleton, body, grid, mounds)
    box = optics.whole(grid)
    layers = [
        optics.deposit(solid, concentration, scene, anterior, box)
        + optics.deposit_soft(soft, LUNG_UPTAKE, scene, anterior)
        for anterior in (True, False)
    ]
    primary = [optics.blur(each, camera) for each in layers]
    field = _field(grid, camera, body.height_mm)
    inside_field = np.zeros(grid.shape, bool)
    inside_field[field.slices] = True
    whole = [one + optics.scatter(one, scene, grid.spacing_mm) + optics.AIR for one in primary]
    total = sum(float(one[inside_field].sum()) for one in whole) / 2
    scale = acquisition.counts / total
    expected = [(one * scale * inside_field).astype(np.float32) for one in whole]
    bladder = solid.where(kinds[np.maximum(solid.bone, 0)] == "bladder")
    none = np.zeros(grid.shape, bool)
    bare = Scene(skeleton, grid, camera, scene, (expected[0], expected[1]), scale, field, (none, none))
    masks = []
    for view in (0, 1):
        picture = contribution(bare, bladder, uptake.bones[bladder.bone], view)
        masks.append(in_frame(trace(picture[0], expected[view][picture[1].slices]).mask, picture[1], grid))
    return replace(bare, bladder=(masks[0], masks[1]))


def _with_extras(solid: Chords, concentration: Floats, extras: tuple[Extra, ...], grid: Grid) -> tuple[Chords, Floats]:
    for extra in extras:
        if extra.ellipsoids is not None:
            chords = ellipsoids(extra.ellipsoids, grid)
            solid = join(solid, chords)
            concentration = np.concatenate([concentration, np.full(len(chords.row), extra.concentration)])
    return solid, concentration


def contribution(scene: Scene, chords: Chords, concentration: Floats, view: int) -> tuple[Singles, Box]:
    """Unscattered expected counts of some chords in one view (0 anterior, 1 posterior, both in the anterior frame).

    The picture covers the box beside it and is zero elsewhere, and zero outside the acquired field.
    """
    if len(chords.row) == 0:
        return np.zeros((1, 1), np.float32), Box(0, 1, 0, 1)
    box = optics.box_around(chords, scene.camera, scene.grid)
    layers = optics.deposit(chords, concentration, scene.medium, view == 0, box)
    picture = optics.blur(layers, scene.camera) * np.float32(scene.scale)
    rows = np.arange(box.top, box.bottom)
    columns = np.arange(box.left, box.right)
    acquired = ((rows >= scene.field.top) & (rows < scene.field.bottom))[:, None] & (
        (columns >= scene.field.left) & (columns < scene.field.right)
    )
    return picture * acquired, box


def in_frame(mask: Mask, box: Box, grid: Grid) -> Mask:
    full = np.zeros(grid.shape, bool)
    full[box.slices] = mask
    return full


def add(scene: Scene, extra: tuple[Singles, Singles]) -> tuple[Singles, Singles]:
    """Expected pictures with the lesions' unscattered counts `extra` (whole frames) and the scatter they make."""
    out = []
    for expected, more in zip(scene.expected, extra, strict=True):
        scattered = optics.scatter(more, scene.medium, scene.grid.spacing_mm)
        inside = np.zeros(scene.grid.shape, np.float32)
        inside[scene.field.slices] = 1
        out.append(expected + (more + scattered) * inside)
    return out[0], out[1]


def as_seen(view: int, picture: NDArray[np.generic]) -> NDArray[np.generic]:
    """A picture of the anterior frame as its view is seen: the posterior one from behind."""
    return picture if view == 0 else picture[:, ::-1]
