"""Which lesions of two or more readings of one scan are the same lesion.

Two delineations are the same lesion where they lie on each other, over both views taken together; where nothing lies on
them, where their centres are near. Every lesion has at most one partner in another reading, and the partners are those
that give the largest sum (optimal assignment), so that a pair is not broken because a neighbour was looked at first.

Marks "not bone" are matched with marks only: a contamination is no partner of a metastasis.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from workstation.core.lesion import Lesion, Reading
from workstation.core.overlap import dice

Spacing = tuple[float, float]

# ROIs that touch nowhere may still be two outlines of one spot when their centres are this near. The camera blurs a
# point to about 10 mm, and the centres of two neighbouring ribs lie further apart than this.
REACH_MM = 12.0
# Where a scan does not say how large its pixels are: 256 columns over about 61 cm of patient.
TYPICAL_SPACING: Spacing = (2.4, 2.4)


@dataclass(frozen=True)
class Pair:
    """One lesion as two readers have it; None where a reader has nothing there. dice: 0 where only their centres are
    near, and where one is missing."""

    one: Lesion | None
    other: Lesion | None
    dice: float


@dataclass(frozen=True)
class Group:
    """One lesion as several readers have it: in the order of the readings, None where a reader has nothing there."""

    lesions: tuple[Lesion | None, ...]

    @property
    def present(self) -> tuple[Lesion, ...]:
        return tuple(lesion for lesion in self.lesions if lesion is not None)

    @property
    def dice(self) -> float:
        """The smallest Dice of any two that are there; 1 for one alone."""
        return min((dice(a, b) for a, b in combinations(self.present, 2)), default=1.0)


def match(one: Reading, other: Reading, spacing_mm: Spacing | None = None) -> tuple[Pair, ...]:
    """The lesions of two readings of one scan, without marks "not bone": pairs in the order of `one`, then what only
    `other` has. spacing_mm: (row, column) of a pixel, for the reach of centres."""
    return match_lesions(one.counted, other.counted, spacing_mm)


def match_lesions(
    ones: Sequence[Lesion], others: Sequence[Lesion], spacing_mm: Spacing | None = None
) -> tuple[Pair, ...]:
    """Pairs in the order of `ones`, then the unmatched of `others` in theirs."""
    overlaps = np.array([[dice(a, b) for b in others] for a in ones]).reshape(len(ones), len(others))
    partner = dict(_assigned(overlaps))
    left = [n for n in range(len(ones)) if n not in partner]
    free = [n for n in range(len(others)) if n not in partner.values()]
    # What is nearest is worth most, and every pair within reach is worth something.
    near = np.array([[REACH_MM - distance_mm(ones[a], others[b], spacing_mm) for b in free] for a in left])
    near = near.reshape(len(left), len(free))
    partner |= {left[a]: free[b] for a, b in _assigned(np.maximum(near, 0.0))}
    pairs = [
        Pair(lesion, others[partner[n]], float(overlaps[n, partner[n]])) if n in partner else Pair(lesion, None, 0.0)
        for n, lesion in enumerate(ones)
    ]
    taken = set(partner.values())
    return (*pairs, *(Pair(None, lesion, 0.0) for n, lesion in enumerate(others) if n not in taken))


def groups(readings: Sequence[Reading], spacing_mm: Spacing | None = None) -> tuple[Group, ...]:
    """The lesions of any number of readings of one scan, each lesion in one group; marks "not bone" after lesions.

    Every two readings are matched; the matches then join lesions into groups, the closest first, and never two lesions
    of one reading. For two readings these are the pairs of `match`. Groups come in the order of their first lesion.
    """
    return (
        *_grouped([reading.counted for reading in readings], spacing_mm),
        *_grouped([_marks(reading) for reading in readings], spacing_mm),
    )


def distance_mm(one: Lesion, other: Lesion, spacing_mm: Spacing | None = None) -> float:
    """Between the centroids, in the views that both are drawn in the mean; infinite where they share none."""
    down, across = spacing_mm or TYPICAL_SPACING
    apart = []
    for view in one.rois.keys() & other.rois.keys():
        (row_a, column_a), (row_b, column_b) = one.rois[view].centre, other.rois[view].centre
        apart.append(math.hypot((row_a - row_b) * down, (column_a - column_b) * across))
    return sum(apart) / len(apart) if apart else math.inf


def _marks(reading: Reading) -> tuple[Lesion, ...]:
    return tuple(lesion for lesion in reading.lesions.values() if not lesion.counted)


def _assigned(worth: np.ndarray) -> list[tuple[int, int]]:
    """The pairs (row, column) of the largest total worth; pairs worth nothing are none."""
    if not (worth > 0).any():
        return []
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(worth, maximize=True)
    return [(int(a), int(b)) for a, b in zip(rows, columns, strict=True) if worth[a, b] > 0]


def _grouped(lesions: Sequence[Sequence[Lesion]], spacing_mm: Spacing | None) -> list[Group]:
    links: list[tuple[float, float, tuple[int, int], tuple[int, int]]] = []
    place = {(n, lesion.id): (n, at) for n, own in enumerate(lesions) for at, lesion in enumerate(own)}
    for a, b in combinations(range(len(lesions)), 2):
        for pair in match_lesions(lesions[a], lesions[b], spacing_mm):
            if pair.one is not None and pair.other is not None:
                apart = distance_mm(pair.one, pair.other, spacing_mm)
                links.append((-pair.dice, apart, place[a, pair.one.id], place[b, pair.other.id]))
    member: dict[tuple[int, int], dict[int, int]] = {at: {at[0]: at[1]} for at in place.values()}
    for _, _, one, other in sorted(links):
        mine, theirs = member[one], member[other]
        if mine is not theirs and not mine.keys() & theirs.keys():
            mine |= theirs
            for at in theirs.items():
                member[at] = mine
    found = []
    for at in sorted(place.values()):
        group = member[at]
        if min(group.items()) == at:
            found.append(Group(tuple(own[group[n]] if n in group else None for n, own in enumerate(lesions))))
    return found
