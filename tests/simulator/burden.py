"""Burden and ALP of the patients who have ALP, measured in their pictures: mean, SD and correlation, as in paper C.

The burden index is on counts, K = 5, the mean of both views, over the true masks of visible metastases.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workstation.core.burden import bstbi_counts
from workstation.phantom.alp import alp
from workstation.phantom.cohorts import Cohort
from workstation.phantom.patient import SimulatedScan, simulate


def index_of(scan: SimulatedScan) -> float:
    """Burden index of a scan, mean of both views."""
    those = [lesion.masks for lesion in scan.lesions if lesion.malignant and lesion.visible]
    masks = np.any(those, axis=0) if those else np.zeros(scan.counts.shape, bool)
    return float(np.mean([bstbi_counts(scan.counts[view], masks[view], scan.bladder[view]) for view in (0, 1)]))


def of_alp(cohort: Cohort, seed: int) -> Iterator[tuple[str, float]]:
    """Nothing where the cohort has no ALP; else names and figures, under the names of `papers.py`."""
    levels = {number: alp(cohort, seed, number) for number in range(cohort.patients)}
    known = {number: level for number, level in levels.items() if level is not None}
    if not known:
        return
    blood = np.array(list(known.values()))
    burden = np.array([index_of(simulate(cohort, seed, number)[0]) for number in known])
    yield "patients with ALP", len(known)
    yield "ALP mean, U/L", float(blood.mean())
    yield "ALP SD, U/L", float(blood.std(ddof=1))
    yield "burden mean", float(burden.mean())
    yield "burden SD", float(burden.std(ddof=1))
    yield "burden and ALP, r", float(np.corrcoef(burden, blood)[0, 1])
