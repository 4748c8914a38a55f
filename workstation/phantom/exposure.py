"""Lesions put into a scene: each at a contrast at which it is seen, with its truth; then the photons are counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workstation.phantom.camera import count
from workstation.phantom.findings import Finding, chords, contrast
from workstation.phantom.posterior import Appearance, Moment, posteriors
from workstation.phantom.projection import Box, Singles
from workstation.phantom.scan import Scene, add, as_seen, contribution
from workstation.phantom.skeleton import Floats
from workstation.phantom.truth import Mask, Trace, trace
from workstation.phantom.world import World


@dataclass(frozen=True, eq=False)
class Exposed:
    """A finding in one scan. masks: (2, rows, columns), each view as it is seen. visible: as the truth defines it;
    cold ones never are, for they are not delineated. contrast: over the bone around, 1 being none."""

    finding: Finding
    contrast: float
    masks: Mask
    visible: bool
    peak_ratio: float
    p_ceiling: float
    p_alone: float


@dataclass(frozen=True, eq=False)
class Exposure:
    """counts: uint16 (2, rows, columns), anterior and posterior as seen from behind; bladder: masks likewise."""

    counts: NDArray[np.uint16]
    bladder: Mask
    lesions: tuple[Exposed, ...]


@dataclass(frozen=True, eq=False)
class Put:
    """A finding in a scene: per view its trace per unit of excess contrast, its picture, and the box of both."""

    finding: Finding
    views: tuple[tuple[Trace, Singles, Box], ...]

    @property
    def threshold(self) -> float:
        """The contrast from which it is visible in some view; infinite if it lies where no view sees anything."""
        return 1 + min(found.threshold() for found, _, _ in self.views)

    @property
    def hidden(self) -> bool:
        return not np.isfinite(self.threshold)


def put(scene: Scene, uptake: Floats, lesions: Sequence[Finding]) -> tuple[Put, ...]:
    """Lesions in a scene, before their contrast is known. uptake: of each bone (n,)."""
    return tuple(_put(scene, uptake, finding) for finding in lesions)


def expose(
    scene: Scene,
    lesions: Sequence[Put],
    tumour: str,
    quantiles: Sequence[float],
    factor: float,
    world: World,
    moments: tuple[Moment, ...],
    rng: np.random.Generator,
) -> Exposure:
    """One scan. quantiles: of the lesions' contrasts among what can be seen; factor: of the malignant ones' median
    contrast; world, moments: what the posteriors may know."""
    extra = tuple(np.zeros(scene.grid.shape, np.float32) for _ in range(2))
    seen = []
    for one, quantile in zip(lesions, quantiles, strict=True):
        finding = one.finding
        threshold = 1.0 if one.hidden else one.threshold
        value = contrast(finding, tumour, threshold, factor, quantile)
        for total, (_, picture, box) in zip(extra, one.views, strict=True):
            total[box.slices] += np.float32(value - 1) * picture
        seen.append(Appearance(finding.site, finding.shape, value, threshold, finding.cold))
    ceiling, alone = posteriors(seen, world, moments)
    expected = add(scene, (extra[0], extra[1]))
    counts = [as_seen(view, count(expected[view], rng)) for view in (0, 1)]
    return Exposure(
        np.stack(counts).astype(np.uint16),
        np.stack([as_seen(view, scene.bladder[view]) for view in (0, 1)]).astype(bool),
        tuple(
            Exposed(
                one.finding,
                look.contrast,
                _masks(scene, one, look.contrast - 1),
                not look.cold and not one.hidden,
                max((found.ratio(look.contrast - 1) for found, _, _ in one.views), key=abs),
                float(ceiling[index]),
                float(alone[index]),
            )
            for index, (one, look) in enumerate(zip(lesions, seen, strict=True))
        ),
    )


def _put(scene: Scene, uptake: Floats, finding: Finding) -> Put:
    rays = chords(finding, scene.skeleton, scene.grid)
    rays = rays.where(~np.isnan(scene.medium.front[rays.row, rays.column]))
    views = []
    for view in (0, 1):
        picture, box = contribution(scene, rays, uptake[rays.bone], view)
        views.append((trace(picture, scene.expected[view][box.slices]), picture, box))
    return Put(finding, tuple(views))


def _masks(scene: Scene, one: Put, excess: float) -> Mask:
    """What is seen of a lesion in either view; a cold one's by how much it takes away."""
    masks = np.zeros((2, *scene.grid.shape), bool)
    for view, (found, _, box) in enumerate(one.views):
        as_seen(view, masks[view])[box.slices] = found.shown(abs(excess))
    return masks
