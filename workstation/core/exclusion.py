"""Why a scan is left out: the reasons of paper B, and any other in words."""

from __future__ import annotations

REASONS = ("injection failed", "picture quality", "primary bone tumour", "no follow-up", "other reason")
_ALSO = {
    "injection": "injection failed",
    "improper injection": "injection failed",
    "quality": "picture quality",
    "image quality": "picture quality",
    "imaging": "picture quality",
    "bone tumour": "primary bone tumour",
    "primary bone tumor": "primary bone tumour",
    "followup": "no follow-up",
    "no followup": "no follow-up",
    "no follow up": "no follow-up",
    "other": "other reason",
    "yes": "other reason",
    "1": "other reason",
}
_NOT = frozenset({"", "0", "no", "none", "false"})


def reason(text: str) -> str | None:
    """A reason as it was written, under its one name where it is one of `REASONS`; None: not excluded."""
    words = " ".join(text.split())
    plain = words.casefold()
    if plain in _NOT:
        return None
    return plain if plain in REASONS else _ALSO.get(plain, words)
