"""What a snapshot says of itself, and how it is known to be what it was when it was made."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

FORMAT = 1
NAME = "manifest.json"


class SnapshotError(ValueError):
    """A folder is no snapshot that can be used; the message says what is wrong with it, in words for the user."""


@dataclass(frozen=True)
class Manifest:
    """scans: in the order of the pictures. patients: whose each scan is. strata: of every patient, "tumour/status".

    folds: of every patient who is not sealed, from 0. sealed: patients kept for the one final evaluation; those of a
    library for ever, so that some may have no scan here. train_only: in no fold and not sealed, because an AI had a
    part in their labels: they may be learnt from and nothing else. labels_from: "truth" where the lesions are
    simulated, else whose reading they are. files: SHA-256 of each. made: what the snapshot was made from, counted.
    """

    scans: tuple[str, ...]
    patients: tuple[str, ...]
    strata: Mapping[str, str]
    folds: Mapping[str, int]
    sealed: tuple[str, ...]
    labels_from: str
    files: Mapping[str, str]
    train_only: tuple[str, ...] = ()
    made: Mapping[str, Any] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """SHA-256 over the sorted lines "name sha256" of all files, joined by line feeds: names the data."""
        lines = sorted(f"{name} {digest}" for name, digest in self.files.items())
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    @property
    def dealt(self) -> str:
        """SHA-256 over who is in which fold, sealed, or only learnt from: the same data can be dealt in many ways."""
        told = [sorted(self.folds.items()), sorted(self.sealed), sorted(self.train_only)]
        return hashlib.sha256(json.dumps(told, separators=(",", ":")).encode()).hexdigest()

    @property
    def simulated(self) -> bool:
        """Whether any scan is: the labels are a simulator's truth, or people read what no camera made."""
        return self.labels_from == "truth" or bool(self.made.get("simulated"))

    @property
    def simulators(self) -> tuple[str, ...]:
        """The versions of the simulators that made scans of a library; nothing where none is known.

        "not known" stands last where that is so of some scans.
        """
        told = self.made.get("simulators")
        named = {one.get("version") for one in told if isinstance(one, dict)} if isinstance(told, list) else set()
        known = sorted(version for version in named if isinstance(version, str) and version)
        return (*known, "not known") if known and "" in named else tuple(known)

    def write(self, folder: Path) -> None:
        """Put manifest.json into the folder: whole, or not at all."""
        told: dict[str, Any] = {
            "format": FORMAT,
            "scans": list(self.scans),
            "patients": list(self.patients),
            "strata": dict(self.strata),
            "folds": dict(self.folds),
            "sealed": list(self.sealed),
            "labels_from": self.labels_from,
            "files": dict(self.files),
            "hash": self.hash,
        }
        told |= {"train_only": list(self.train_only)} if self.train_only else {}
        told |= {"made": dict(self.made)} if self.made else {}
        told["manifest_hash"] = manifest_hash(told)
        part = folder / f"{NAME}.part"
        with part.open("w", encoding="utf-8", newline="\n") as file:
            json.dump(told, file, indent=1, allow_nan=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, folder / NAME)


def manifest_hash(told: Mapping[str, Any]) -> str:
    """SHA-256 of the manifest without its own field, as JSON with sorted keys and no spaces."""
    rest = {name: value for name, value in told.items() if name != "manifest_hash"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()).hexdigest()


def read(folder: Path) -> Manifest:
    """The manifest of a snapshot, held to what a manifest must be; raises SnapshotError."""
    try:
        text = (folder / NAME).read_text("utf-8")
    except FileNotFoundError:
        raise SnapshotError(
            f"{folder} is no snapshot, or one that was not finished: it has no {NAME}. Make it again."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SnapshotError(f"{folder / NAME} cannot be read: {error}.") from error
    try:
        told = json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_number)
    except SnapshotError:
        raise
    except (ValueError, RecursionError) as error:  # also a number of thousands of digits
        raise SnapshotError(f"{folder / NAME} is damaged: {error}.") from error
    if not isinstance(told, dict) or "format" not in told:
        raise SnapshotError(f"{folder / NAME} is not the manifest of a snapshot.")
    if type(told["format"]) is not int or told["format"] != FORMAT:
        raise SnapshotError(
            f"{folder} has format {told['format']!r}; this version reads format {FORMAT}. "
            "Make the snapshot again, or use the version it was made with."
        )
    _hold_to_shape(told)
    try:
        own = manifest_hash(told)
    except ValueError as error:  # 1e400 is read as infinity; half a surrogate pair has no bytes
        raise SnapshotError(f"{folder / NAME} is damaged: {error}.") from error
    if own != told.get("manifest_hash"):
        raise SnapshotError(
            f"{folder / NAME} was changed after the snapshot was made (its hash does not fit). Make the snapshot again."
        )
    found = Manifest(
        tuple(told["scans"]), tuple(told["patients"]), told["strata"], told["folds"], tuple(told["sealed"]),
        told["labels_from"], told["files"], tuple(told.get("train_only", ())), told.get("made", {}),
    )  # fmt: skip
    _hold_to_sense(found)
    if found.hash != told.get("hash"):
        raise SnapshotError(f"The hash in {folder / NAME} is not that of the files it lists. Make the snapshot again.")
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        twice = next(name for name, _ in pairs if sum(name == other for other, _ in pairs) > 1)
        raise SnapshotError(f"The manifest names {twice!r} twice; a patient is in one fold, a file has one hash.")
    return table


def _no_number(name: str) -> NoReturn:
    raise SnapshotError(f"The manifest holds {name}, which is no number.")


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _table_of_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _table_of_folds(value: Any) -> bool:
    return isinstance(value, dict) and all(type(item) is int and item >= 0 for item in value.values())


_SHAPE: dict[str, tuple[Callable[[Any], bool], str]] = {
    "scans": (_texts, "a list of names"),
    "patients": (_texts, "a list of names"),
    "strata": (_table_of_texts, "a stratum for every patient"),
    "folds": (_table_of_folds, "a fold, counted from 0, for every patient"),
    "sealed": (_texts, "a list of names"),
    "labels_from": (lambda value: isinstance(value, str), "a name"),
    "files": (_table_of_texts, "a hash for every file"),
}
_MAY: dict[str, tuple[Callable[[Any], bool], str]] = {
    "train_only": (_texts, "a list of names"),
    "made": (lambda value: isinstance(value, dict), "a table"),
}
STATUSES = ("metastatic", "clear")


def _hold_to_shape(told: dict[str, Any]) -> None:
    for name, (good, what) in _SHAPE.items():
        if name not in told or not good(told[name]):
            raise SnapshotError(f"The manifest has no good {name!r}: it should be {what}.")
    for name, (good, what) in _MAY.items():
        if name in told and not good(told[name]):
            raise SnapshotError(f"The manifest has no good {name!r}: it should be {what}.")


def _hold_to_sense(found: Manifest) -> None:
    """No patient on both sides of a test, everybody somewhere, every scan once, every fold somebody's."""
    there, sealed, folded = set(found.patients), set(found.sealed), set(found.folds)
    learnt = set(found.train_only)
    for wrong, what in (
        (sealed & folded, "is sealed and in a fold as well"),
        (sealed & learnt, "is sealed and to be learnt from as well"),
        (folded & learnt, "is in a fold and for learning only as well"),
        (there - sealed - folded - learnt, "is in no fold and not sealed"),
        ((folded | learnt) - there, "has a fold but has no scan"),
        (there ^ set(found.strata), "has no scan or no stratum"),
        ({name for name, stratum in found.strata.items() if stratum.rpartition("/")[2] not in STATUSES},
         f"has a stratum that is no tumour/status with a status of {' or '.join(STATUSES)}"),
    ):  # fmt: skip
        if wrong:
            raise SnapshotError(f"The manifest is wrong: patient {min(wrong)!r} {what}.")
    if lacking := set(range(max(found.folds.values(), default=-1))) - set(found.folds.values()):
        raise SnapshotError(
            f"The manifest is wrong: nobody is in fold {min(lacking)}. There can be no more folds than patients."
        )
    if len(sealed) != len(found.sealed):
        raise SnapshotError("The manifest is wrong: a patient is sealed twice.")
    if len(learnt) != len(found.train_only):
        raise SnapshotError("The manifest is wrong: a patient is for learning only twice.")
    if len(found.scans) != len(found.patients):
        raise SnapshotError(f"The manifest names {len(found.scans)} scans but the patients of {len(found.patients)}.")
    if len(set(found.scans)) != len(found.scans):
        raise SnapshotError("The manifest names a scan twice.")
