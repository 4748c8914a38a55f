"""Days between dates written as text. Dates are ISO, "2024-03-05"; no clock, no time of day."""

from __future__ import annotations

import re

import numpy as np

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")


def is_day(text: object) -> bool:
    """Whether it is a date that exists, in ISO form."""
    if not isinstance(text, str) or not _ISO.fullmatch(text):
        return False
    try:
        np.datetime64(text, "D")
    except ValueError:
        return False
    return True


def between(first: str, second: str) -> int:
    """Days from the first to the second, negative where the second comes before. ValueError for what is no date."""
    for text in (first, second):
        if not is_day(text):
            raise ValueError(f"{text!r} is no date in the form 2024-03-05")
    return int((np.datetime64(second, "D") - np.datetime64(first, "D")).astype(int))
