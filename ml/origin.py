"""What a result came from: which data, which simulator, which code; and whose scans, as hashes nobody can read back."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ml.snapshot import Snapshot


def of_snapshot(snapshot: Snapshot) -> dict[str, Any]:
    """The data set: its hash, whether it is simulated and by what, where the labels are from, how large it is."""
    told: dict[str, Any] = {
        "hash": snapshot.manifest.hash,
        "dealt": snapshot.manifest.dealt,
        "labels_from": snapshot.manifest.labels_from,
        "trained_on": "simulated" if snapshot.manifest.simulated else "clinical",
        "scans": len(snapshot.scans),
        "lesions": len(snapshot.lesions),
        "patients": len(set(snapshot.manifest.patients)),
        "sealed": len(snapshot.manifest.sealed),
        "simulator": None,
    }
    if versions := snapshot.manifest.simulators:
        told["simulator"] = {"version": ", ".join(versions)}
    if "cohort.json" in snapshot.manifest.files:
        cohort = json.loads((snapshot.folder / "cohort.json").read_text("utf-8"))
        told["simulator"] = {key: cohort.get(key) for key in ("name", "seed", "version", "best_auc", "alone_auc")}
    return told


@cache
def code() -> dict[str, str]:
    """The version that is installed, and a SHA-256 over the source of ml, which a version number cannot promise."""
    from importlib.metadata import PackageNotFoundError, version

    here = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted([*here.rglob("*.py"), *here.glob("*.toml")]):
        digest.update(f"{path.relative_to(here).as_posix()}\n".encode() + path.read_bytes())
    try:
        name = version("osteoscope")
    except PackageNotFoundError:
        name = "not installed"
    return {"version": name, "ml_sha256": digest.hexdigest()}


def identity(patient: str, cohort: dict[str, Any] | None) -> str:
    """Who a patient is: of simulated ones names repeat from seed to seed, so cohort and seed belong to it.

    A library has names of its own, which do not repeat; of simulated scans in it only the version may be told.
    """
    return patient if cohort is None or "seed" not in cohort else f"{cohort.get('name')}/{cohort.get('seed')}/{patient}"


def keyed(key: str, text: str | bytes) -> str:
    """HMAC-SHA-256 with a key given in hex."""
    return hmac.new(bytes.fromhex(key), text.encode() if isinstance(text, str) else text, "sha256").hexdigest()


def hashes(
    snapshot: Snapshot, patients: Iterable[str], cohort: dict[str, Any] | None, key: str | None = None
) -> dict[str, Any]:
    """Keyed hashes of these patients and of the counts of their scans, with the key: {key, patients, scans}.

    key: a card's, to ask whether it has them; the snapshot's own if not given. A patient's: of `identity`. A scan's: of
    its counts, little-endian uint16 (2, rows, columns), whatever it is called. Who has a patient can ask whether it was
    learnt from; who has the card alone learns nobody's name.
    """
    wanted = set(patients)
    key = key or hashlib.sha256(f"patients of {snapshot.manifest.hash}".encode()).hexdigest()[:32]
    scans = [
        keyed(key, np.ascontiguousarray(snapshot.pictures[row], "<u2").tobytes())
        for row, patient in enumerate(snapshot.manifest.patients)
        if patient in wanted
    ]
    return {
        "key": key,
        "patients": sorted(keyed(key, identity(patient, cohort)) for patient in wanted),
        "scans": sorted(scans),
    }
