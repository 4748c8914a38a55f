"""What can be measured of a lesion on the noisy picture, given its outline: what the gradient-boosted tree sees.

For each view: how large, of what form, how hot against what surrounds it and against its mirror image, where in the
body; for both together and for the company of the scan's other lesions: how many, how hot, how near, where. Only
counts and outlines go in, never labels, names of bones or anything of the patient. Lengths are shares of the body's,
counts shares of what `ml.pictures` calls one, so that camera and activity play no part. What cannot be measured (the
view where a lesion does not show, an empty picture) is NaN, which the tree knows how to treat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ml.pictures import Mask, body, measured

Floats = NDArray[np.float64]

# Of one view. down, aside: centre, from the top of the body and from its midline; left: 1 at the patient's left.
IN_VIEW = (
    "down", "aside", "left", "area", "long", "short", "upright", "filled", "heat", "contrast", "peak", "core",
    "mirrored", "rough",
)  # fmt: skip
# Of both views together.
IN_BOTH = ("views", "heat ratio", "area ratio", "contrast ratio")
# Zones of a body, (down from, down to, aside from, aside to): rough, but the same for everybody.
ZONES = {
    "head": (-1.0, 0.13, 0.0, 1.0),
    "spine": (0.13, 0.36, 0.0, 0.03),
    "chest": (0.13, 0.36, 0.03, 0.08),
    "flank": (0.13, 0.36, 0.08, 1.0),
    "lumbar": (0.36, 0.43, 0.0, 0.03),
    "pelvis": (0.36, 0.53, 0.0, 1.0),
    "thigh": (0.53, 0.68, 0.0, 1.0),
    "leg": (0.68, 2.0, 0.0, 1.0),
}
IN_COMPANY = (
    "others", "others' area", "others' heat", "others' contrast", "hottest other", "spread down", "spread aside",
    "nearest", "near", "partner", "row", "rank of heat", "rank of area", *(f"others in {zone}" for zone in ZONES),
)  # fmt: skip
FEATURES = (*(f"{view} {name}" for view in ("anterior", "posterior") for name in IN_VIEW), *IN_BOTH, *IN_COMPANY)
NEAR = 0.06  # a share of the body's length: some 10 cm


@dataclass(frozen=True, eq=False)
class _Body:
    """A view with what it is measured by. one: counts that become 1. length: of the body, in pixels."""

    counts: Floats
    one: float
    midline: float
    top: float
    length: float
    side: float  # 1 where the patient's left is at the picture's right (anterior), -1 seen from behind


def of_scan(counts: NDArray[np.generic], masks: Sequence[Mask]) -> Floats:
    """The features (lesions, len(FEATURES)) of all lesions of a scan, in their order.

    counts: (2, rows, columns), anterior and posterior as seen from behind, head at row 0. masks: of the same shape.
    """
    if any(mask.shape != counts.shape for mask in masks):
        raise ValueError(f"masks have the shape of the picture, {counts.shape}")
    if not masks:
        return np.zeros((0, len(FEATURES)))
    picture = np.nan_to_num(np.asarray(counts, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    bodies = [_body(picture[view], side) for view, side in ((0, 1.0), (1, -1.0))]
    marked = np.logical_or.reduce(list(masks))
    with np.errstate(all="ignore"):
        seen = np.array(
            [[_in_view(bodies[view], mask[view], marked[view]) for view in range(2)] for mask in masks]
        )  # (lesions, 2, IN_VIEW)
        together = np.array([_in_both(of_lesion) for of_lesion in seen])
        company = _in_company(seen)
    found = np.concatenate([seen.reshape(len(masks), -1), together, company], axis=1)
    return np.where(np.isfinite(found), found, np.nan)


def _body(view: Floats, side: float) -> _Body:
    known = measured(view)
    block = 4
    cut = view[: view.shape[0] // block * block, : view.shape[1] // block * block]
    means = cut.reshape(cut.shape[0] // block, block, -1, block).mean(axis=(1, 3))
    rows = np.flatnonzero(body(means.astype(np.float32)).sum(axis=1) > 2) * block
    top, bottom = (int(rows[0]), int(rows[-1]) + block) if rows.size else (0, view.shape[0])
    return _Body(view, known.one or np.nan, known.midline, top, bottom - top, side)


def _in_view(of: _Body, mask: Mask, marked: Mask) -> list[float]:
    """IN_VIEW of a lesion in one view. marked: where any lesion of the scan is."""
    rows, columns = np.nonzero(mask)
    if not rows.size:
        return [np.nan] * len(IN_VIEW)
    inner, outer = (max(number, round(of.counts.shape[0] * share)) for number, share in ((1, 0.003), (3, 0.01)))
    high, wide = mask.shape
    box = (
        slice(max(rows.min() - outer, 0), min(rows.max() + outer + 1, high)),
        slice(max(columns.min() - outer, 0), min(columns.max() + outer + 1, wide)),
    )
    inside, counts = mask[box], of.counts[box]
    away = ndimage.distance_transform_edt(~inside)
    ring = counts[(away > inner) & (away <= outer) & ~marked[box]]
    around = ring.mean() if ring.size else np.nan
    within = counts[inside]
    depth = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
    core = counts[inside & (depth >= np.median(depth[inside]))].mean()
    smooth = ndimage.uniform_filter(counts, 3)[inside].max()
    row, column = rows.mean(), columns.mean()
    # 1/12: a pixel is a square, not a point.
    spread = np.cov(np.stack([rows, columns]), bias=True) + np.eye(2) / 12
    values, axes = np.linalg.eigh(spread)
    aside = (column - of.midline) / of.length
    opposite = np.rint(2 * of.midline - columns).astype(int)
    kept = (opposite >= 0) & (opposite < wide)
    mirrored = of.counts[rows[kept], opposite[kept]].mean() if kept.any() else np.nan
    heat = within.mean()
    return [
        (row - of.top) / of.length,
        abs(aside),
        float(aside * of.side > 0),
        np.log(rows.size / of.length**2),
        np.sqrt(values[1]) / of.length,
        np.sqrt(values[0]) / of.length,
        abs(axes[0, 1]),
        rows.size / (4 * np.pi * np.sqrt(values[0] * values[1])),
        np.log(heat / of.one),
        np.log((heat + 0.1) / (around + 0.1)),
        np.log((smooth + 0.1) / (around + 0.1)),
        np.log((core + 0.1) / (heat + 0.1)),
        np.log((heat + 0.1) / (mirrored + 0.1)),
        within.std() / np.sqrt(heat),
    ]


def _in_both(of_lesion: Floats) -> list[float]:
    """IN_BOTH, from (2, IN_VIEW)."""
    anterior, posterior = (dict(zip(IN_VIEW, view, strict=True)) for view in of_lesion)
    differences = [anterior[name] - posterior[name] for name in ("heat", "area", "contrast")]
    return [float(np.isfinite(of_lesion[:, 0]).sum()), *differences]


def _in_company(seen: Floats) -> Floats:
    """(lesions, IN_COMPANY), from (lesions, 2, IN_VIEW)."""
    both = _means(seen)  # (lesions, IN_VIEW): over the views where it shows
    down, aside, left, area, heat, contrast = (
        both[:, IN_VIEW.index(name)] for name in ("down", "aside", "left", "area", "heat", "contrast")
    )
    across = np.where(left > 0.5, aside, -aside)  # signed: the patient's left is positive
    number = len(both)
    found = np.full((number, len(IN_COMPANY)), np.nan)
    for this in range(number):
        rest = np.arange(number) != this
        if not rest.any():
            found[this, 0] = 0
            continue
        apart = np.hypot(down[rest] - down[this], across[rest] - across[this])
        opposite = np.hypot(down[rest] - down[this], across[rest] + across[this])
        in_row = (np.abs(across[rest] - across[this]) < 0.02) & (np.abs(down[rest] - down[this]) < 2 * NEAR)
        zones = [
            float(((down[rest] >= a) & (down[rest] < b) & (aside[rest] >= c) & (aside[rest] < d)).sum())
            for a, b, c, d in ZONES.values()
        ]
        found[this] = [
            number - 1,
            np.log(np.exp(area[rest]).sum()),
            heat[rest].mean(),
            contrast[rest].mean(),
            heat[rest].max(),
            down[rest].std(),
            across[rest].std(),
            apart.min(),
            float((apart < NEAR).sum()),
            opposite.min(),
            float(in_row.sum()),
            (heat[rest] < heat[this]).mean(),
            (area[rest] < area[this]).mean(),
            *zones,
        ]
    return found


def _means(seen: Floats) -> Floats:
    """(lesions, IN_VIEW) from (lesions, 2, IN_VIEW), over the views where each lesion shows."""
    shown = np.isfinite(seen)
    times = shown.sum(axis=1)
    return np.asarray(np.where(shown, seen, 0).sum(axis=1) / np.where(times, times, np.nan))
