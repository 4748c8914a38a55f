"""The superscan has the ratios of the reference sheet."""

from __future__ import annotations

import numpy as np
import pytest

from workstation.phantom.diffuse import marrow, patches, superscan
from workstation.phantom.pose import draw_body, pose_bones
from workstation.phantom.skeleton import standard
from workstation.phantom.uptake import Uptake, draw_uptake

BONES = standard().bones
BODY = draw_body(np.random.default_rng(1), "M", 70)
ORDINARY = draw_uptake(BODY, 70, np.random.default_rng(4))


def gained(changed: Uptake, *groups: str) -> np.ndarray:
    """Factors of activity over soft tissue in bones of these groups."""
    chosen = np.array([bone.group in groups for bone in BONES])
    return np.asarray(changed.bones[chosen] / ORDINARY.bones[chosen])


@pytest.mark.parametrize("seed", range(8))
def test_metastatic(seed: int) -> None:
    changed = superscan(ORDINARY, "metastatic", np.random.default_rng(seed))
    axial = gained(changed, "tspine", "lspine", "ribs", "ilium", "sacrum")
    # Bone x3-6 (uneven by a factor of 1.5 from piece to piece), soft tissue x0.4-0.6.
    assert 3 / 0.6 * 0.85 < np.median(axial) < 6 / 0.4 * 1.15
    assert 0.25 < np.log(axial).std() < 0.5
    assert np.median(gained(changed, "foot", "hand")) < 0.5 * np.median(axial)
    kidneys = gained(changed, "kidney")
    assert (kidneys > 0.1 / 0.6 * 0.99).all() and (kidneys < 0.3 / 0.4 * 1.01).all()
    bladder = gained(changed, "bladder")
    assert (bladder > 0.2).all() and (bladder < 0.4 * np.median(axial)).all()  # low but there


@pytest.mark.parametrize("seed", range(8))
def test_metabolic(seed: int) -> None:
    changed = superscan(ORDINARY, "metabolic", np.random.default_rng(seed))
    bones = gained(changed, "tspine", "ribs", "ilium")
    assert 2 / 0.6 * 0.8 < np.median(bones) < 3 / 0.4 * 1.2
    for group in ("tspine", "skull", "femur", "tibia"):  # smooth within a bone and between neighbours
        assert np.log(gained(changed, group)).std() < 1e-6
    for group in ("skull", "mandible", "tibia", "forearm"):
        assert np.median(gained(changed, group)) > np.median(bones)


def test_the_uptake_it_began_with_stays() -> None:
    before = ORDINARY.bones.copy()
    superscan(ORDINARY, "metastatic", np.random.default_rng(1))
    np.testing.assert_array_equal(ORDINARY.bones, before)


@pytest.mark.parametrize("kind", ["metastatic", "metabolic"])
def test_patches_lie_inside_bones_that_have_them(kind: str) -> None:
    skeleton = pose_bones(BODY, standard())
    changed = superscan(ORDINARY, kind, np.random.default_rng(3))  # type: ignore[arg-type]
    (extra,) = patches(changed, skeleton, kind, np.random.default_rng(3))  # type: ignore[arg-type]
    solids, tubes, spots = skeleton.ellipsoids, skeleton.capsules, extra.ellipsoids
    assert spots is not None
    assert np.all(np.asarray(extra.concentration) > 0) and np.max(extra.concentration) < changed.bones.max()
    outside = 0
    for centre in spots.centre:
        # Inside an ellipsoid: |A^-1 (p - c)| < 1; inside a capsule: nearer to its line than its radius.
        local = np.einsum("ni,nij->nj", centre - solids.centre, np.linalg.inv(solids.axes))
        in_solid = (np.linalg.norm(local, axis=1) <= 1 + 1e-9) & (solids.sign > 0)
        along = tubes.end - tubes.start
        share = np.clip(np.einsum("ni,ni->n", centre - tubes.start, along) / (along**2).sum(axis=1), 0, 1)
        gap = np.linalg.norm(centre - tubes.start - share[:, None] * along, axis=1)
        owners = np.concatenate([solids.bone[in_solid], tubes.bone[gap <= tubes.radius + 1e-9]])
        outside += not any(kind == "metabolic" or marrow()[owner] > 0 for owner in owners)
    assert outside == 0
