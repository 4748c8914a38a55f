"""How well the burden index is foreseen from the plan, and the factors fitted anew.

`python -m tests.simulator.foresight [--seed S]` simulates the metastatic patients of `burden-621` (some minutes) and
measures their index on counts, mean of both views. It prints the index of patients with ALP and its correlation with
ALP beside the paper's, and what [foreseen] of cohorts.toml would be if it were fitted to these pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
from scipy.optimize import least_squares

from workstation.core.burden import bstbi_counts
from workstation.phantom.alp import K, alp, features
from workstation.phantom.cohorts import COHORTS
from workstation.phantom.patient import simulate
from workstation.phantom.person import in_the_flesh
from workstation.phantom.plan import plan
from workstation.phantom.simulated import SimulatedScan
from workstation.phantom.skeleton import Floats

COHORT = COHORTS["burden-621"]
_LEAST = 1e-3
_INDEX_WEIGHT = 200.0  # an error of the index beside one of its logarithm


def burden(scan: SimulatedScan) -> float:
    """The scan's burden index: on counts, mean of both views."""
    masks = [lesion.masks for lesion in scan.lesions if lesion.malignant and lesion.visible]
    lesion = np.any(masks, axis=0) if masks else np.zeros_like(scan.bladder)
    return float(np.mean([bstbi_counts(scan.counts[view], lesion[view], scan.bladder[view]) for view in (0, 1)]))


def measured(seed: int) -> Iterator[tuple[int, float, Floats]]:
    """Number, index and features of every metastatic patient."""
    for number, planned in enumerate(plan(COHORT, seed, 0)):
        if planned.metastatic:
            known = features(planned, *in_the_flesh(COHORT.name, seed, planned.person(COHORT.name, number)))
            yield number, burden(simulate(COHORT, seed, number)[-1]), known


def fitted(index: Floats, known: Floats) -> tuple[Floats, float]:
    """Factors of the features and the SD of the index around what they foresee."""
    index = np.maximum(index, _LEAST)  # a lesion wholly behind the bladder has none
    share = np.log(index / (K - (K - 1) * index))

    def foresee(factors: Floats) -> Floats:
        return np.asarray(1 / (1 + (np.exp(-known @ factors) - 1) / K))

    def off(factors: Floats) -> Floats:
        return np.concatenate([known @ factors - share, _INDEX_WEIGHT * (foresee(factors) - index)])

    factors = least_squares(off, np.linalg.lstsq(known, share, rcond=None)[0]).x
    return factors, float(np.std(foresee(factors) - index))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    numbers, index, known = (np.array(each) for each in zip(*measured(seed), strict=True))
    pairs = [(value, alp(COHORT, seed, int(number))) for number, value in zip(numbers, index, strict=True)]
    tested, levels = np.array([pair for pair in pairs if pair[1] is not None]).T
    print(f"{len(index)} metastatic patients: index {index.mean():.4f} +- {index.std(ddof=1):.4f}")
    print(f"{len(tested)} with ALP: index {tested.mean():.4f} +- {tested.std(ddof=1):.4f} (paper 0.12 +- 0.16)")
    print(f"ALP {levels.mean():.2f} +- {levels.std(ddof=1):.2f} U/L (paper 197.23 +- 228.88)")
    print(f"r {np.corrcoef(tested, levels)[0, 1]:.3f} (paper 0.72)")
    factors, spread = fitted(index, known)
    print(f"factors = {[round(float(factor), 3) for factor in factors]}\nspread = {spread:.3f}")


if __name__ == "__main__":
    main()
