"""What scans and patients are called in a snapshot, which may be sent to where the library may not."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import date, timedelta

from workstation.core.days import is_day

_OLDEST = 90  # few live longer, and a rare age points to a person


@dataclass(frozen=True)
class Names:
    """A research library's own names are pseudonyms already and stay, so that a case can be looked up.

    Those of a clinical library become keyed hashes and its dates move by a number of days of the patient's own; the
    key follows from the library's secret id, so every snapshot of a library calls a patient the same, and nobody who
    has the snapshot alone can turn the names back.
    """

    kind: str
    library: str

    @property
    def _key(self) -> bytes:
        return hashlib.sha256(f"osteoscope snapshot {self.library}".encode()).digest()

    @property
    def origin(self) -> str:
        """Tells snapshots of one library from those of another, and no more."""
        return hmac.new(self._key, b"library", hashlib.sha256).hexdigest()[:16]

    def patient(self, own: str) -> str:
        return own if self.kind == "research" else f"P{self._hash('patient', own)}"

    def scan(self, own: str) -> str:
        return own if self.kind == "research" else f"S{self._hash('scan', own)}"

    def day(self, day: str | None, patient: str) -> str:
        """The ISO day as the snapshot has it; empty where none is known. Intervals within a patient stay true."""
        if day is None or not is_day(day):
            return ""
        if self.kind == "research":
            return day
        back = 1 + int(self._hash("days", patient), 16) % 3650
        try:
            return (date.fromisoformat(day) - timedelta(back)).isoformat()
        except (ValueError, OverflowError):
            return ""

    @staticmethod
    def age(age: float | None) -> str:
        return "" if age is None or not age >= 0 else f"{min(age, _OLDEST):g}"

    def _hash(self, what: str, own: str) -> str:
        return hmac.new(self._key, f"{what}\x1f{own}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:12]
