"""The order of a queue, and which of its cases come back later to the same person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SHARE = 0.05  # of the cases that come back
GAP = 20  # cases at least between a case and its return


@dataclass(frozen=True)
class Item:
    """One case of a queue; again: it comes back, and is read as if for the first time."""

    scan: str
    again: bool = False


def shuffled(scans: Sequence[str], seed: int) -> list[str]:
    """The scans in an order that depends on nothing but which they are and the seed."""
    order = np.random.default_rng(seed).permutation(len(scans))
    known = sorted(scans)
    return [known[at] for at in order]


def with_repeats(scans: Sequence[str], share: float = SHARE, gap: int = GAP, seed: int = 0) -> list[Item]:
    """The scans in their order with `share` of them, drawn by `seed`, once more at least `gap` cases later.

    A repeat stands anywhere behind its gap with equal chance. Only a case with `gap` cases behind it can come back, so
    a list no longer than the gap has no repeats. ValueError for a share outside 0 to 1 or a gap under 1.
    """
    if not 0 <= share <= 1 or gap < 1:
        raise ValueError(f"a share lies between 0 and 1 and a gap is at least 1, got {share} and {gap}")
    rng = np.random.default_rng([seed, 1])  # another stream than the order's
    eligible = max(len(scans) - gap, 0)  # the case at `at` returns behind the case at `at + gap` or later
    wanted = min(int(round(share * len(scans))), eligible)
    behind: dict[int, list[str]] = {}
    for at in sorted(rng.choice(eligible, wanted, replace=False).tolist()) if wanted else ():
        behind.setdefault(int(rng.integers(at + gap, len(scans))), []).append(scans[at])
    items: list[Item] = []
    for at, scan in enumerate(scans):
        items.append(Item(scan))
        items.extend(Item(back, again=True) for back in behind.get(at, ()))
    return items
