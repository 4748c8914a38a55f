"""One simulated acquisition of a posed body: expected pictures, counts and truth of both views."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workstation.phantom import camera as optics
from workstation.phantom.acquisition import Acquisition
from workstation.phantom.camera import Camera
from workstation.phantom.emission import BODY, around, deposit, deposit_soft
from workstation.phantom.extras import Extra
from workstation.phantom.foreign import project_extra
from workstation.phantom.medium import Medium, medium
from workstation.phantom.motion import MOST_MM, Motion, moved
from workstation.phantom.pose import Body, breasts, clothe, pose_bones
from workstation.phantom.projection import Box, Chords, Grid, Singles, capsules, ellipsoids, join
from workstation.phantom.skeleton import Floats, Skeleton, standard
from workstation.phantom.skin import surface
from workstation.phantom.soft import concentration as concentration_of
from workstation.phantom.truth import Mask, trace
from workstation.phantom.uptake import Uptake

LUNG_UPTAKE = 0.35
_BOTH = (True, False)  # cameras, the anterior first


@dataclass(frozen=True, eq=False)
class Scene:
    """A body before the camera. Everything here is noise-free and without lesions.

    expected: the pictures of both views (anterior, posterior), in the anterior frame. bladder: its masks, likewise.
    scale: counts per pixel for a unit of emission. field: acquired pixels; body: the pixels anything is in.
    scatter: scattered for each unscattered photon. motion: of the patient during the scan.
    """

    skeleton: Skeleton
    grid: Grid
    camera: Camera
    medium: Medium
    expected: tuple[Singles, Singles]
    scale: float
    field: Box
    body: Box
    scatter: float
    motion: Motion | None
    bladder: tuple[Mask, Mask]


def build(
    body: Body,
    uptake: Uptake,
    extras: tuple[Extra, ...],
    acquisition: Acquisition,
    posed: Skeleton | None = None,
) -> Scene:
    """Pose, project, attenuate, blur and scatter a body without lesions. posed: its bones, if known already."""
    camera, grid, field = acquisition.camera, acquisition.grid, acquisition.field
    skeleton, dressed = posed or pose_bones(body, standard()), clothe(body)
    back, front = surface(dressed, grid)
    mounds = ellipsoids(breasts(body), grid) if body.sex == "F" else None
    if mounds is not None:
        inside = ~np.isnan(front[mounds.row, mounds.column])
        mounds = mounds.where(inside)
        np.maximum.at(front, (mounds.row, mounds.column), mounds.front)
    kinds = np.array([bone.kind for bone in skeleton.bones])
    chords = join(ellipsoids(skeleton.ellipsoids, grid), capsules(skeleton.capsules, grid))
    inside = ~np.isnan(front[chords.row, chords.column])
    is_lung = (kinds == "lung")[chords.bone]
    scene = medium(back, front, chords.where(inside & is_lung), grid.spacing_mm)
    solid = chords.where(inside & ~is_lung)
    bladder = solid.where((kinds == "bladder")[solid.bone])
    concentration = uptake.bones[solid.bone]
    for extra in extras:
        pieces, strength, metal = project_extra(extra.settled(uptake), scene, grid)
        if strength.any():
            solid, concentration = join(solid, pieces), np.concatenate([concentration, strength])
        if metal is not None:
            scene = replace(scene, metals=(*scene.metals, metal))
    soft = concentration_of(uptake, skeleton, body, grid, mounds, dressed)
    box = _around_body(scene, solid, camera, grid)
    depths = replace(BODY, lead=camera.lead)
    whole = []
    flesh = deposit_soft(soft, LUNG_UPTAKE, scene, _BOTH, box, depths)
    for layers in deposit(solid, concentration, scene, _BOTH, box, depths, flesh):
        primary = optics.blur(layers, camera, depths)
        scattered = optics.scatter(primary, scene.thickness[box.slices], grid.spacing_mm, acquisition.scatter)
        picture = np.zeros(grid.shape, np.float32)
        picture[box.slices] = primary + scattered
        mean = float(np.take(picture, scene.body).mean())
        picture += optics.air(picture, mean, grid.spacing_mm, acquisition.scatter)
        if acquisition.motion is not None:
            picture = moved(picture, Box(0, grid.rows, 0, grid.columns), grid, acquisition.motion)
        whole.append(in_field(picture, field))
    scale = 2 * acquisition.counts / sum(float(picture.sum(dtype=float)) for picture in whole)
    expected = [picture * np.float32(scale) for picture in whole]
    none = np.zeros((0, 0), bool)
    bare = Scene(
        skeleton,
        grid,
        camera,
        scene,
        (expected[0], expected[1]),
        scale,
        field,
        box,
        acquisition.scatter,
        acquisition.motion,
        (none, none),
    )
    masks = []
    for view in (0, 1):
        seen, where = contribution(bare, bladder, uptake.bones[bladder.bone], view)
        masks.append(in_frame(trace(seen, expected[view][where.slices]).mask, where, grid))
    return replace(bare, bladder=(masks[0], masks[1]))


def _around_body(scene: Medium, solid: Chords, camera: Camera, grid: Grid) -> Box:
    """The pixels that skin or solids, blurred, can reach; sides at multiples of 4, as scatter needs them."""
    row, column = np.divmod(scene.body, grid.columns)
    both = Box(
        min(int(row[0]), int(solid.row.min())),
        max(int(row[-1]), int(solid.row.max())),
        min(int(column.min()), int(solid.column.min())),
        max(int(column.max()), int(solid.column.max())),
    )
    pad = int(np.ceil(optics.REACH * camera.fwhm(BODY.centres[-1]) * optics.TO_SIGMA / grid.spacing_mm))
    top, left = max(both.top - pad, 0) // 4 * 4, max(both.left - pad, 0) // 4 * 4
    bottom = min(-(-(both.bottom + 1 + pad) // 4) * 4, grid.rows)
    return Box(top, bottom, left, min(-(-(both.right + 1 + pad) // 4) * 4, grid.columns))


def in_field(picture: Singles, field: Box) -> Singles:
    """A whole frame with nothing outside the acquired pixels."""
    out = np.zeros_like(picture)
    out[field.slices] = picture[field.slices]
    return out


def contribution(scene: Scene, chords: Chords, concentration: Floats, view: int) -> tuple[Singles, Box]:
    """Unscattered expected counts of some chords in one view (0 anterior, 1 posterior, both in the anterior frame).

    The picture covers the box beside it and is zero elsewhere, and zero outside the acquired field.
    """
    if len(chords.row) == 0:
        return np.zeros((1, 1), np.float32), Box(0, 1, 0, 1)
    depths = around(chords, scene.medium, view == 0, scene.camera.lead)
    beside = 0.0 if scene.motion is None else MOST_MM
    box = optics.box_around(chords, scene.camera, scene.grid, float(depths.centres[-1]), beside)
    (layers,) = deposit(chords, concentration, scene.medium, (view == 0,), box, depths)
    picture = optics.blur(layers, scene.camera, depths) * np.float32(scene.scale)
    if scene.motion is not None:
        picture = moved(picture, box, scene.grid, scene.motion)
    field = scene.field
    picture[: max(field.top - box.top, 0)] = 0
    picture[max(field.bottom - box.top, 0) :] = 0
    picture[:, : max(field.left - box.left, 0)] = 0
    picture[:, max(field.right - box.left, 0) :] = 0
    return picture, box


def in_frame(mask: Mask, box: Box, grid: Grid) -> Mask:
    full = np.zeros(grid.shape, bool)
    full[box.slices] = mask
    return full


def add(scene: Scene, extra: tuple[Singles, Singles]) -> tuple[Singles, Singles]:
    """Expected pictures with the lesions' unscattered counts `extra` (whole frames) and the scatter they make."""
    out = []
    body, field = scene.body, scene.field
    rows = slice(max(body.top, field.top), min(body.bottom, field.bottom))
    columns = slice(max(body.left, field.left), min(body.right, field.right))
    thickness = scene.medium.thickness[body.slices]
    for expected, more in zip(scene.expected, extra, strict=True):
        own = more[body.slices]
        own = own + optics.scatter(own, thickness, scene.grid.spacing_mm, scene.scatter)
        both = expected.copy()
        both[rows, columns] += own[
            rows.start - body.top : rows.stop - body.top, columns.start - body.left : columns.stop - body.left
        ]
        out.append(both)
    return out[0], out[1]


def as_seen(view: int, picture: NDArray[np.generic]) -> NDArray[np.generic]:
    """A picture of the anterior frame as its view is seen: the posterior one from behind."""
    return picture if view == 0 else picture[:, ::-1]
