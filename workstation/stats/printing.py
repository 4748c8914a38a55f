"""Numbers as the papers print them; every table and report writes them so, or digits would differ by the writer."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

NONE = "\N{EN DASH}"  # where there is no number


def rounded(value: float, decimals: int) -> str:
    """With so many decimals, halves away from 0, which binary rounding to even is not; an en dash for nan."""
    if math.isnan(value):
        return NONE
    if math.isinf(value):
        return "\N{INFINITY}" if value > 0 else "-\N{INFINITY}"
    if abs(value) >= 1e15:  # more digits than a float has
        return f"{value:.{decimals}f}"
    # The shortest decimal of a float is the number that was meant: 0.125, not a little less.
    return str(Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


def percent(value: float, decimals: int = 2) -> str:
    """A share as percent, without the sign."""
    if not math.isfinite(value):
        return rounded(value, decimals)
    return str((100 * Decimal(repr(float(value)))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


def p_value(p: float) -> str:
    """With 3 decimals, "<0.001" below that."""
    return "<0.001" if p < 0.001 else rounded(p, 3)
