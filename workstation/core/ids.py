"""New identifiers. They carry no meaning and no date, so that nothing of a patient can be read from them."""

from __future__ import annotations

import secrets

# No 0/O, 1/I/L: an identifier may be read aloud.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def new_id(prefix: str, length: int = 8) -> str:
    """A random identifier such as "L7KQ2M9XA"; 8 letters give 8.5e11 values."""
    return prefix + "".join(secrets.choice(_LETTERS) for _ in range(length))
