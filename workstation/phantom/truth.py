"""What is true of a lesion in a picture: its mask in each view, and whether it can be seen at all.

A mask is where the lesion's own noise-free contribution, after attenuation and blur, is at least half its maximum in
that view; empty where that maximum is under a tenth of the background. The background is the expected picture of the
same body without any lesion, averaged over the mask. A lesion is visible when in some view its peak is at least 0.3 of
the background and its summed counts inside the mask pass 8 standard deviations of the background's counts there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workstation.phantom.projection import Singles
from workstation.phantom.skeleton import Floats

HALF = 0.5
EMPTY = 0.1
PEAK = 0.3
DEVIATIONS = 8.0

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Trace:
    """A lesion's contribution to one view per unit of excess contrast, before its contrast is known.

    mask: pixels with at least half the peak. peak, total: counts per unit, at the peak and summed over the mask.
    background: mean expected counts without lesions over the mask; noise: standard deviation of their sum.
    """

    mask: Mask
    peak: float
    total: float
    background: float
    noise: float

    def threshold(self) -> float:
        """The excess contrast from which the lesion is visible in this view; inf where it never is."""
        if self.peak <= 0:
            return np.inf
        return max(PEAK * self.background / self.peak, DEVIATIONS * self.noise / self.total)

    def ratio(self, excess: float) -> float:
        """Peak over background."""
        return excess * self.peak / self.background if self.background > 0 else 0.0

    def shown(self, excess: float) -> Mask:
        """The mask; of a cold lesion, whose excess is negative, by magnitude."""
        return self.mask if abs(self.ratio(excess)) >= EMPTY else np.zeros_like(self.mask)


def trace(contribution: Singles | Floats, background: Singles | Floats) -> Trace:
    """contribution: counts per unit of excess contrast; background: expected counts without lesions; one shape."""
    peak = float(contribution.max(initial=0))
    if peak <= 0:
        return Trace(np.zeros(contribution.shape, bool), 0.0, 0.0, 0.0, 0.0)
    mask = contribution >= HALF * peak
    under = background[mask].astype(float)
    return Trace(mask, peak, float(contribution[mask].sum()), float(under.mean()), float(np.sqrt(under.sum())))
