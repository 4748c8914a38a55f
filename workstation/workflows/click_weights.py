"""What the click learned, from the resources: read once, when first asked for."""

from __future__ import annotations

from functools import cache

import numpy as np

import resources
from workstation.core.click_net import Estimator


@cache
def estimator() -> Estimator:
    """The click's estimator (docs/adr/0010; its card is the .json beside it)."""
    with np.load(resources.path("models", "click.npz"), allow_pickle=False) as stored:
        return Estimator.of(dict(stored))
