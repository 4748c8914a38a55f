"""Free text that comes in from files and command lines: what a comment may hold."""

from __future__ import annotations

import re

MAX_COMMENT = 10_000  # letters
_HALF = re.compile(r"[\ud800-\udfff]")


def is_comment(text: str) -> bool:
    """Whether a comment can be kept: JSON can spell half of a pair of surrogates, which no file can hold."""
    return len(text) <= MAX_COMMENT and not _HALF.search(text)
