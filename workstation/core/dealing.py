"""Who reads which scans, where several people share the work and a further one reads a part of it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np


def deal(scans: Sequence[str], patients: Mapping[str, str], hands: int, seed: int = 0) -> list[list[str]]:
    """Deal scans to `hands` people, each in the order given; a patient's scans stay with one person.

    patients: of every scan. Patients come in an order that depends on which they are and on the seed, those with most
    scans first, and each goes to whoever has the fewest scans: two people differ by at most one patient's scans.
    """
    of: dict[str, list[str]] = {}
    for scan in scans:
        of.setdefault(patients[scan], []).append(scan)
    known = sorted(of)
    order = [known[at] for at in np.random.default_rng([seed, 2]).permutation(len(known))]
    order.sort(key=lambda patient: -len(of[patient]))
    held: list[set[str]] = [set() for _ in range(hands)]
    for patient in order:
        min(held, key=len).update(of[patient])
    return [[scan for scan in scans if scan in hand] for hand in held]


def drawn(scans: Sequence[str], share: float, seed: int = 0) -> list[str]:
    """A share of the scans, at least one where it is above 0, in the order given; ValueError outside 0 to 1."""
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1, got {share}")
    wanted = max(round(share * len(scans)), 1) if share and scans else 0
    known = sorted(scans)
    chosen = {known[at] for at in np.random.default_rng([seed, 3]).permutation(len(known))[:wanted]}
    return [scan for scan in scans if scan in chosen]
