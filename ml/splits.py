"""Who is learnt from, who is watched while learning, who is tested: patients, never scans or lesions.

The test fold is the snapshot's. Of every stratum of the others a share goes to inner validation, and checkpoint, early
stopping, temperature and threshold come from those alone. Sealed patients are in none of the three. Patients in whose
labels an AI had a part are named in the manifest: they are learnt from whichever fold is tested, and never measured on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ml.folds import assign_folds
from ml.manifest import Manifest


class SplitError(ValueError):
    """The patients cannot be divided as asked; the message says why."""


@dataclass(frozen=True)
class Split:
    """Patients by their part. Nobody is in two; test is empty where nothing was left out."""

    train: frozenset[str]
    inner: frozenset[str]
    test: frozenset[str]


def split(
    manifest: Manifest,
    fold: int,
    inner: float = 0.1,
    seed: int = 0,
    fits: Callable[[frozenset[str]], bool] = lambda watched: True,
) -> Split:
    """The parts when `fold` is tested; fold -1 tests nobody and learns from all who are not sealed.

    inner: the share of the patients not tested, in every stratum within one of it, that is watched. All shares of that
    size are dealt alike, and the first whose patients fit is taken, the very first where none does; `fits` is never
    asked about the tested. The same manifest, fold, share, seed and fit give the same parts. Raises SplitError.
    """
    folds = sorted(set(manifest.folds.values()))
    if fold != -1 and fold not in folds:
        raise SplitError(f"There is no fold {fold}: the snapshot has {', '.join(map(str, folds)) or 'none'}, from 0.")
    test = frozenset(patient for patient, own in manifest.folds.items() if own == fold)
    kept = sorted(set(manifest.folds) - test)
    parts = max(round(1 / inner), 2)
    dealt = assign_folds(kept, [manifest.strata[patient] for patient in kept], parts, seed + 1_000_003 * (fold + 1))
    shares = [frozenset(patient for patient, own in dealt.items() if own == part) for part in range(parts)]
    watched = next((share for share in shares if share and fits(share)), shares[0])
    train = (frozenset(kept) | frozenset(manifest.train_only)) - watched
    if not train or not watched:
        raise SplitError(
            f"{len(kept)} patients besides the test fold are too few: some must be learnt from and a share of "
            f"{inner:g} be watched. Use more patients, or fewer folds."
        )
    return Split(train, watched, test)
