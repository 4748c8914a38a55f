"""How likely a place that stands out is a lesion: by how much it stands out, and by its region.

Fitted (logistic regression, ridge 2 on the regions) to 1,763 candidates of 62 simulated scans of cohort lesions-3352,
seed 101; a hit is a candidate where the spot fitted there then, before clicks were estimated by a network, touches a
visible lesion. Over five folds, for 3 and 7 false places a scan, 49 and 53 % of the visible lesions are proposed
instead of 40 and 50 % by the score alone.
"""

from __future__ import annotations

import numpy as np

_AT_NOUGHT, _SCORE, _ROOT = -6.33, 1.135, 0.669
# Keys are those of resources/vocab/regions; elsewhere nothing is added.
_REGIONS = {
    "ankle": -0.07, "cervical_spine": 0.29, "clavicle": -0.22, "elbow": -1.15, "face": -0.08, "femur": -0.39,
    "foot": -0.05, "forearm": -1.4, "hand": -0.12, "hip": 1.08, "humerus": -0.86, "ilium": 0.95, "ischium": 0.15,
    "knee": -0.86, "lumbar_spine": 0.82, "mandible": -0.04, "pubis": 0.71, "rib": 1.89, "sacroiliac_joint": -0.18,
    "sacrum": 0.33, "scapula": 0.8, "shoulder": -1.22, "skull": -0.65, "sternoclavicular_joint": -0.1, "sternum": 0.52,
    "thoracic_spine": 0.83, "tibia_fibula": 0.15, "wrist": -0.63,
}  # fmt: skip
_NOWHERE = -0.53


def log_odds(score: float, region: str | None) -> float:
    """Natural logarithm of the odds. score: of `candidates.Candidate`; region: a key of the vocabulary, or None."""
    score = max(score, 0.0)
    by_region = _NOWHERE if region is None else _REGIONS.get(region, 0.0)
    return _AT_NOUGHT + _SCORE * score + _ROOT * float(np.sqrt(score)) + by_region
