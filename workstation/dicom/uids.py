"""Unique identifiers made from a text, so that the same input always gives the same identifier."""

from __future__ import annotations

import hashlib
import hmac


def _uid(digest: bytes) -> str:
    # PS3.5 B.2: "2.25." and a UUID as one decimal number. Version and variant bits make it a valid (name-based) UUID.
    number = bytearray(digest[:16])
    number[6] = (number[6] & 0x0F) | 0x80
    number[8] = (number[8] & 0x3F) | 0x80
    return f"2.25.{int.from_bytes(number, 'big')}"


def uid_from(*parts: object) -> str:
    """A UID that follows from the parts alone; used for simulated objects, where nothing is secret."""
    return _uid(hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).digest())


def keyed_uid(key: bytes, uid: str) -> str:
    """The UID that stands for `uid` in a de-identified library (HMAC-SHA256).

    Without the key the original cannot be found by trying candidates; with it, references between objects stay true.
    """
    return _uid(hmac.new(key, b"uid\x1f" + uid.encode(), hashlib.sha256).digest())
