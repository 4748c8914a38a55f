"""What to ask `python -m ml` for: a new training out of a few choices, or one that stopped, to go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ml.snapshot
from workstation.workflows import presets, run_folders
from workstation.workflows.crossvals import Crossval
from workstation.workflows.errors import CallError
from workstation.workflows.learning import Asked
from workstation.workflows.presets import Preset
from workstation.workflows.trainings import Training


@dataclass(frozen=True)
class Wanted:
    """network: "" for all the preset's paper compares. fold: the one left out for testing; None trains every fold.

    beside: of a cross-validation in whose tables this one's folds shall stand; it brings epochs and seed along.
    """

    preset: str
    network: str
    snapshot: Path
    fold: int | None
    epochs: int
    seed: int
    device: str
    beside: Training | None = None


def asked(wanted: Wanted, folder: Path) -> Asked:
    """A new training, in a folder of its own below `folder`. CallError, in words, where it cannot be."""
    usual = presets.checked(wanted.preset, ())
    told = {"epochs": wanted.epochs, "seed": wanted.seed, "device": wanted.device}
    changes = tuple(f"{key}={value}" for key, value in told.items() if usual[key] != value)
    single = tuple(
        f"{key}={value}"
        for key, value in (("network", wanted.network), ("fold", wanted.fold))
        if value not in ("", None) and usual[key] != value
    )
    presets.checked(wanted.preset, (*single, *changes))
    if wanted.network and wanted.fold is not None:
        out = _free(folder, f"{wanted.preset}-{wanted.network}-fold-{wanted.fold}")
        return Asked("train", (wanted.preset,), wanted.snapshot, out, (*single, *changes))
    beside, out = wanted.beside, _free(folder, wanted.preset)
    if beside is not None and beside.crossval is not None:
        own = presets.changes_of(beside.settings, ("network", "fold", "device"))
        out, changes = beside.crossval, (*own, *(each for each in changes if each.startswith("device=")))
    folds = None if wanted.fold is None else str(wanted.fold)
    rows = (f"{wanted.preset}:{wanted.network or 'all'}",)
    return Asked("crossval", rows, wanted.snapshot, out, changes, folds=folds)


def may_join(whole: Crossval, preset: Preset, networks: Sequence[str], snapshot: str) -> bool:
    """Whether a cross-validation can take one of these networks in, to be compared in its tables.

    Of the same snapshot and paper ("small-a", "paper-c"); all its networks are taken up with one set of changes, so of
    another preset only where nothing was changed.
    """
    one = whole.one
    lacking = any(f"{preset.name}-{network}" not in whole.networks for network in networks)
    same = one.preset.split("-")[:2] == preset.name.split("-")[:2]
    if one.snapshot != snapshot or not lacking or not same:
        return False
    try:
        return one.preset == preset.name or not presets.changes_of(one.settings, ("network", "fold"))
    except CallError:
        return False


def again(run: Training, otherwise: Path | None) -> Asked:
    """The same training, from where it stopped; a fold goes on with its cross-validation and the folds that has.

    otherwise: a snapshot to try where the run's own is not to be found. CallError, in words, where it cannot be.
    """
    out = run.crossval or run.folder
    snapshot = snapshot_of(out, run.snapshot, otherwise)
    if run.crossval is None:
        return Asked("train", (run.preset,), snapshot, out, presets.changes_of(run.settings), resume=True)
    told = run_folders.json_of(out / "crossval.json")
    networks, folds = told.get("networks"), told.get("folds")
    if not isinstance(networks, dict) or not networks:
        raise CallError("crossval.json does not say which networks it has: it is damaged.")
    pairs = [presets.split_name(str(name)) for name in networks]
    wanted = tuple(f"{preset}:{network}" for preset, network in pairs)
    numbers = [str(fold) for fold in folds if type(fold) is int] if isinstance(folds, list) else []
    changes = presets.changes_of(run.settings, ("network", "fold"))
    return Asked("crossval", wanted, snapshot, out, changes, folds=",".join(numbers) or None)


def snapshot_of(out: Path, hash_: str, otherwise: Path | None) -> Path:
    """Where the snapshot with this hash is: where it was when `out` was begun, or `otherwise`. CallError in words."""
    place = run_folders.asked(out).get("snapshot")
    tried = ([out / place] if isinstance(place, str) and place else []) + ([otherwise] if otherwise else [])
    for folder in tried:
        try:
            if ml.snapshot.read_manifest(folder).hash == hash_:
                return folder.resolve()
        except (ml.snapshot.SnapshotError, OSError, ValueError):
            continue
    raise CallError(
        "The snapshot this training was begun with is not where it was. Choose it at the left, then try again "
        f"(its hash begins with {hash_[:12]})."
    )


def _free(folder: Path, name: str) -> Path:
    number, out = 1, folder / name
    while out.exists():
        number += 1
        out = folder / f"{name}-{number}"
    return out
