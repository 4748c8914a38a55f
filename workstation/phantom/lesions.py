"""The lesion model before sites were drawn ahead of the pose; goes with its last caller."""

from __future__ import annotations

import numpy as np

from workstation.phantom.counts import kept, numbers
from workstation.phantom.findings import draw_sites
from workstation.phantom.laws import Kind, Lognormal, Shape, draw_shape, kind, log_density
from workstation.phantom.skeleton import Ellipsoids, Floats

__all__ = [
    "Kind",
    "Lognormal",
    "Shape",
    "counts",
    "distinct",
    "draw_shape",
    "draw_sites",
    "kept",
    "kind",
    "log_density",
    "solids",
]

JITTER_MM = 2.5


def counts(tumour: str, metastatic: bool) -> Floats:
    return numbers("lesions", tumour, metastatic)


def solids(shape: Shape, centre: Floats, direction: Floats, rng: np.random.Generator) -> Ellipsoids:
    """The lesion as overlapping ellipsoids along `direction`, placed with a little jitter; all of bone index 0."""
    centre = centre + rng.normal(0, JITTER_MM, 3)
    each = shape.size / shape.lobes ** (1 / 3) / 2
    long, short = each * shape.stretch ** (2 / 3), each * shape.stretch ** (-1 / 3)
    across = np.linalg.svd(direction[None])[2][1:]
    places = (np.arange(shape.lobes) - (shape.lobes - 1) / 2) * 1.2 * long
    drift = rng.normal(0, 0.45 * short, (shape.lobes, 2)) * (shape.lobes > 1)
    centres = centre + places[:, None] * direction + drift @ across
    axes = np.repeat(np.stack([direction * long, across[0] * short, across[1] * short])[None], shape.lobes, axis=0)
    bone = np.zeros(shape.lobes, np.int64)
    return Ellipsoids(centres, axes, bone, np.ones(shape.lobes))


def distinct(malignant: Floats, benign: Floats, shape: tuple[int, int], without: list[int] | None = None) -> Floats:
    """Coefficients of x^i y^j, i < shape[0], j < shape[1], of prod(1 + malignant_s x + benign_s y).

    (i! j! times it is the chance that i + j independent draws are distinct.) `without`: one table per named site,
    that site left out of the product: (len(without), *shape).
    """
    left_out = [-1] if without is None else without
    out = np.zeros((len(left_out), *shape))
    out[:, 0, 0] = 1
    for site in range(len(benign)):
        step = np.zeros_like(out)
        step[:, 1:] += malignant[site] * out[:, :-1]
        step[:, :, 1:] += benign[site] * out[:, :, :-1]
        for number, other in enumerate(left_out):
            if other == site:
                step[number] = 0
        out += step
    return out[0] if without is None else out
