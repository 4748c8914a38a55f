"""Whether a model learnt from patients it is to be judged on: asked of its card, which names nobody. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml.model_card import ModelError
from ml.origin import hashes, of_snapshot
from ml.snapshot import Snapshot


def hold_to_unseen(card: Mapping[str, Any], snapshot: Snapshot, sealed: frozenset[str], whose: str) -> None:
    """Raises ModelError, with how many, where the model learnt from any of these patients, by name or by picture."""
    learnt = card["learnt_from"]
    mine = hashes(snapshot, sealed, of_snapshot(snapshot)["simulator"], str(learnt["key"]))
    patients, scans = (len(set(mine[name]) & set(learnt[name])) for name in ("patients", "scans"))
    if patients or scans:
        raise ModelError(
            f"{whose} learnt from {patients} of the {len(sealed)} sealed patients ({scans} of their scans): on them it "
            "cannot be compared. Compare on a snapshot whose sealed patients it has not seen."
        )
