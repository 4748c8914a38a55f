"""The solids of lesions: their volumes, where they lie, and what a cold one takes."""

from __future__ import annotations

import numpy as np
import pytest

from workstation.phantom import forms
from workstation.phantom.findings import Finding, chords
from workstation.phantom.laws import Shape
from workstation.phantom.pose import draw_body, pose_bones
from workstation.phantom.projection import Grid, capsules, ellipsoids, join
from workstation.phantom.sites import Site, all_sites, anchor
from workstation.phantom.skeleton import Ellipsoids, standard

GRID = Grid(1024, 256, 2.2, -280.0, -120.0)


def site(place: str, region: str | None = None, bone: str | None = None) -> Site:
    return next(
        each
        for each in all_sites()
        if each.place == place
        and region in (None, each.region)
        and bone in (None, standard().bones[each.bone].name)
        and each.side != "right"
    )


def volume(solids: Ellipsoids) -> float:
    """Weighted, mm3: 4/3 pi times the product of the half-axes."""
    return float(4 / 3 * np.pi * (np.abs(np.linalg.det(solids.axes)) * solids.sign).sum())


@pytest.mark.parametrize(
    ("shape", "where"),
    [
        (Shape(14, 1.3, 1), site("knee")),
        (Shape(28, 1.5, 3), site("iliac wing")),
        (Shape(24, 1.4, 2), site("posterior rib", bone="rib7")),
        (Shape(30, 2.5, 1), site("humeral shaft")),
        (Shape(25, 1.2, 2), site("skull")),
        (Shape(20, 3.0, 1, "along"), site("lateral rib", bone="rib6")),
        (Shape(16, 3.0, 1, "line"), site("coronal suture")),
    ],
)
def test_a_lesion_holds_what_a_ball_of_its_size_would(shape: Shape, where: Site) -> None:
    solids = forms.solids(shape, where, standard(), np.random.default_rng(0))
    assert volume(solids) == pytest.approx(np.pi / 6 * shape.size**3, rel=1e-6)
    assert np.all(solids.bone == where.bone)


def test_a_rib_lesion_follows_its_rib_and_is_not_much_wider() -> None:
    where = site("lateral rib", bone="rib6")
    solids = forms.solids(Shape(24, 4.0, 1, "along"), where, standard(), np.random.default_rng(1))
    rib = standard().capsules
    mine = rib.bone == where.bone
    start, step = rib.start[mine], (rib.end - rib.start)[mine]
    for centre in solids.centre:
        along = np.clip(((centre - start) * step).sum(axis=1) / (step**2).sum(axis=1), 0, 1)
        assert np.linalg.norm(start + along[:, None] * step - centre, axis=1).min() < 4 * forms.JITTER_MM
    span = np.linalg.norm(solids.centre[:, None] - solids.centre[None], axis=2).max()
    assert span > 35
    short = np.linalg.norm(solids.axes, axis=2).min(axis=1)
    assert short.max() < 2 * rib.radius[mine].max()


@pytest.mark.parametrize(("form", "place"), [("whole", "vertebral body"), ("band", "vertebral body")])
def test_a_vertebral_lesion_is_as_wide_as_its_vertebra(form: str, place: str) -> None:
    where = site(place, "lumbar_spine", "L3")
    shown = ellipsoids(forms.solids(Shape(1.0, 1.0, 1, form), where, standard(), np.random.default_rng(2)), GRID)
    solid = standard().ellipsoids
    body = solid.axes[(solid.bone == where.bone).argmax()]
    width, height = ((np.ptp(each) + 1) * GRID.spacing_mm for each in (shown.column, shown.row))
    assert 0.8 < width / (2 * abs(body[0, 0])) < 1.4
    tall = height / (2 * abs(body[1, 1]))
    assert tall < 0.5 if form == "band" else tall > 0.9


def test_a_rim_is_dark_in_the_middle_and_never_takes_more_than_there_is() -> None:
    where = site("iliac wing")
    shown = ellipsoids(forms.solids(Shape(40, 1.2, 1, "rim"), where, standard(), np.random.default_rng(3)), GRID)
    image = shown.image(GRID.shape)
    rows, columns = np.nonzero(image)
    middle = image[int(round(rows.mean())), int(round(columns.mean()))]
    assert middle < 0.25 * image.max()
    assert image.min() > -1e-6


def test_a_cold_lesion_takes_the_bone_within_it_and_no_more() -> None:
    where = next(i for i, each in enumerate(all_sites()) if standard().bones[each.bone].name == "L2" and each.cold)
    cold = Finding(True, where, Shape(40, 1, 1, "cold"), 0.5, 0.0, False, True, 5)
    skeleton = pose_bones(draw_body(np.random.default_rng(6), "F", 60), standard())
    taken = chords(cold, skeleton, GRID)
    bones = join(ellipsoids(skeleton.ellipsoids, GRID), capsules(skeleton.capsules, GRID))
    kinds = np.array([bone.kind == "bone" for bone in skeleton.bones])
    all_bone = bones.where(kinds[bones.bone]).image(GRID.shape)
    image = taken.image(GRID.shape)
    assert image.sum() > 0
    assert image.min() > -1e-6
    assert (image <= all_bone + 1e-6).all()
    centre = anchor(skeleton, all_sites()[where])[0]
    rows, columns = np.nonzero(image)
    apart = np.hypot(GRID.x[columns] - centre[0], GRID.y[rows] - centre[1])
    assert apart.max() < 20 + 4 * forms.JITTER_MM
