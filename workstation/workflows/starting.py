"""What to ask `python -m ml` for: a new training out of a few choices, or one that stopped, to go on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import ml.snapshot
from workstation.workflows import presets, run_folders
from workstation.workflows.errors import CallError
from workstation.workflows.learning import Asked
from workstation.workflows.trainings import Training


@dataclass(frozen=True)
class Wanted:
    """fold: the one left out for testing; None trains every fold, one after the other."""

    preset: str
    network: str
    snapshot: Path
    fold: int | None
    epochs: int
    seed: int
    device: str


def asked(wanted: Wanted, folder: Path) -> Asked:
    """A new training, in a folder of its own below `folder`. CallError, in words, where it cannot be."""
    usual = presets.checked(wanted.preset, ())
    told = {"network": wanted.network, "epochs": wanted.epochs, "seed": wanted.seed, "device": wanted.device}
    if wanted.fold is not None:
        told["fold"] = wanted.fold
    changes = tuple(f"{key}={value}" for key, value in told.items() if usual[key] != value)
    presets.checked(wanted.preset, changes)
    name = f"{wanted.preset}-{wanted.network}"
    if wanted.fold is not None:
        out = _free(folder, f"{name}-fold-{wanted.fold}")
        return Asked("train", (wanted.preset,), wanted.snapshot, out, changes)
    changes = tuple(change for change in changes if not change.startswith("network="))
    return Asked("crossval", (f"{wanted.preset}:{wanted.network}",), wanted.snapshot, _free(folder, name), changes)


def again(run: Training, otherwise: Path | None) -> Asked:
    """The same training, from where it stopped; a fold goes on with its cross-validation.

    otherwise: a snapshot to try where the run's own is not to be found. CallError, in words, where it cannot be.
    """
    out = run.crossval or run.folder
    snapshot = _snapshot(out, run.snapshot, otherwise)
    if run.crossval is None:
        return Asked("train", (run.preset,), snapshot, out, presets.changes_of(run.settings), resume=True)
    networks = run_folders.json_of(out / "crossval.json").get("networks")
    if not isinstance(networks, dict) or not networks:
        raise CallError("crossval.json does not say which networks it has: it is damaged.")
    pairs = [presets.split_name(str(name)) for name in networks]
    wanted = tuple(f"{preset}:{network}" for preset, network in pairs)
    return Asked("crossval", wanted, snapshot, out, presets.changes_of(run.settings, ("network", "fold")))


def _snapshot(out: Path, hash_: str, otherwise: Path | None) -> Path:
    place = run_folders.asked(out).get("snapshot")
    tried = ([out / place] if isinstance(place, str) and place else []) + ([otherwise] if otherwise else [])
    for folder in tried:
        try:
            if ml.snapshot.read_manifest(folder).hash == hash_:
                return folder.resolve()
        except (ml.snapshot.SnapshotError, OSError, ValueError):
            continue
    raise CallError(
        "The snapshot this training was begun with is not where it was. Choose it at the left, then resume "
        f"(its hash begins with {hash_[:12]})."
    )


def _free(folder: Path, name: str) -> Path:
    number, out = 1, folder / name
    while out.exists():
        number += 1
        out = folder / f"{name}-{number}"
    return out
