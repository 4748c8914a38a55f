"""A frozen data set: everything learning reads, in a folder that says whether it was touched since. No torch here.

    manifest.json  format 1: scans, patients, strata, folds, sealed, labels_from, files, hash, manifest_hash; see
                   ml.manifest
    pictures.npy   counts, uint16 (scan, view, row, column); view 0 anterior, 1 posterior as seen from behind; head at
                   row 0; written little-endian, uncompressed, so that it can be mapped
    masks.npz      runs of the masks, uncompressed: `lesion_runs` and `lesion_offsets` in the order of lesions.csv,
                   `bladder_runs` and `bladder_offsets` in the order of the scans. runs: uint32 (n, 2), start and stop
                   of each run as flat indices into (2, rows, columns); those of mask i are
                   runs[offsets[i] : offsets[i + 1]], offsets int64. Two runs of a mask never touch.
    scans.csv      a row per scan, in the order of the pictures: SCAN_COLUMNS
    lesions.csv    a row per lesion, scan by scan: LESION_COLUMNS. label: malignant, benign, uncertain; visible: 0 for
                   what no reader could see (or that is cold) and no table counts
    clinical.csv   a row per patient, where there are clinical facts
    cohort.json    how it was simulated, where it was

Runs instead of pixels: a sixth of the size (some 200 bytes a mask), and quicker to fill in than anything is to unzip.
Patients, not scans, are dealt into folds: all of a patient's scans are in one.
"""

from __future__ import annotations

import csv
import hashlib
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml import cells
from ml.folds import assign_folds
from ml.manifest import NAME, Manifest, SnapshotError
from ml.manifest import read as read_manifest
from ml.runs import RunList, to_mask, to_runs
from ml.writing import FrozenLesion, FrozenScan, Writer

__all__ = [
    "FrozenLesion", "FrozenScan", "Manifest", "RunList", "Snapshot", "SnapshotError", "Writer", "assign_folds",
    "read_manifest", "to_mask", "to_runs",
]  # fmt: skip

Row = Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """scans, lesions: the rows of the tables, as text. pictures: counts (scan, view, row, column), mapped.

    lesion_scan: the number of the scan each lesion is in.
    """

    folder: Path
    manifest: Manifest
    scans: tuple[Row, ...]
    lesions: tuple[Row, ...]
    pictures: NDArray[np.uint16]
    lesion_scan: NDArray[np.int64]
    lesion_runs: RunList
    bladder_runs: RunList

    @classmethod
    def load(cls, folder: Path | str, hashed: bool = True) -> Snapshot:
        """Open a snapshot. Raises SnapshotError, in plain words, if it is not what it was when it was made.

        hashed: read every file to check its hash (about 1 s per 1,000 scans); False only where that was just done.
        """
        folder = Path(folder)
        manifest = read_manifest(folder)
        _hold_to_files(folder, manifest, hashed)
        pictures = _pictures(folder / "pictures.npy", len(manifest.scans))
        scans, lesions = _table(folder / "scans.csv"), _table(folder / "lesions.csv")
        cells.hold(folder / "scans.csv", scans, cells.SCANS)
        cells.hold(folder / "lesions.csv", lesions, cells.LESIONS)
        named = list(zip(manifest.scans, manifest.patients, strict=True))
        if [(row.get("scan"), row.get("patient")) for row in scans] != named:
            raise SnapshotError(f"{folder / 'scans.csv'} does not have the scans of the manifest in their order.")
        number = {scan: index for index, scan in enumerate(manifest.scans)}
        try:
            lesion_scan = np.array([number[row["scan"]] for row in lesions], np.int64)
        except KeyError as error:
            raise SnapshotError(f"{folder / 'lesions.csv'} has a lesion in no scan: {error}.") from error
        if any(row.get("patient") != manifest.patients[scan] for row, scan in zip(lesions, lesion_scan, strict=True)):
            raise SnapshotError(f"{folder / 'lesions.csv'} has a lesion that is not its scan's patient's.")
        of_lesions, of_bladders = _masks(folder / "masks.npz")
        size = int(np.prod(pictures.shape[1:]))
        if not of_lesions.fits(len(lesions), size) or not of_bladders.fits(len(scans), size):
            raise SnapshotError(f"{folder / 'masks.npz'} does not hold the masks of these scans and lesions.")
        return cls(folder, manifest, scans, lesions, pictures, lesion_scan, of_lesions, of_bladders)

    @property
    def shape(self) -> tuple[int, ...]:
        """(2, rows, columns) of every picture and mask."""
        return self.pictures.shape[1:]

    def mask(self, lesion_row: int) -> NDArray[np.bool_]:
        """The mask (2, rows, columns) of the lesion in this row of `lesions`."""
        return to_mask(self.lesion_runs.of(lesion_row), self.shape)

    def bladder(self, scan_row: int) -> NDArray[np.bool_]:
        """The mask (2, rows, columns) of the bladder in this scan."""
        return to_mask(self.bladder_runs.of(scan_row), self.shape)

    def fold(self, scan_row: int) -> int | None:
        """The fold of this scan's patient; None if the patient is sealed or for learning only."""
        return self.manifest.folds.get(self.manifest.patients[scan_row])


def _hold_to_files(folder: Path, manifest: Manifest, hashed: bool) -> None:
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {NAME}
    needed = {"pictures.npy", "masks.npz", "scans.csv", "lesions.csv"}
    if missing := (needed | set(manifest.files)) - there:
        raise SnapshotError(f"{folder} lacks {', '.join(sorted(missing))}. Copy it anew, or make it again.")
    if stray := there - set(manifest.files):
        names = ", ".join(sorted(stray))
        raise SnapshotError(f"{folder} holds what does not belong to the snapshot: {names}. Move it elsewhere.")
    for name in sorted(manifest.files) if hashed else ():
        try:
            with (folder / name).open("rb") as file:
                same = hashlib.file_digest(file, "sha256").hexdigest() == manifest.files[name]
        except OSError as error:
            raise SnapshotError(f"{folder / name} cannot be read: {error.strerror}.") from error
        if not same:
            raise SnapshotError(
                f"{folder / name} was changed after the snapshot was made (its hash does not fit). "
                "Copy it anew, or make the snapshot again."
            )


def _pictures(path: Path, scans: int) -> NDArray[np.uint16]:
    try:
        pictures: NDArray[np.uint16] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise SnapshotError(f"{path} cannot be read: {error}.") from error
    if not isinstance(pictures, np.ndarray):
        raise SnapshotError(f"{path} holds several arrays; one of counts is needed.")
    if pictures.ndim != 4 or pictures.dtype != np.uint16 or pictures.shape[:2] != (scans, 2):
        raise SnapshotError(
            f"{path} holds {pictures.dtype} {pictures.shape}; counts uint16 (scan, view, row, column) of {scans} scans "
            "with two views are needed."
        )
    return pictures


def _masks(path: Path) -> tuple[RunList, RunList]:
    try:
        found = np.load(path, allow_pickle=False)
        if isinstance(found, np.ndarray):
            raise ValueError("it is one array, not a file of several")
        with found as held:
            lesions, bladders = (
                RunList(held[f"{name}_runs"].astype(np.uint32), held[f"{name}_offsets"].astype(np.int64))
                for name in ("lesion", "bladder")
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise SnapshotError(f"{path} cannot be read: {error}.") from error
    return lesions, bladders


def _table(path: Path) -> tuple[Row, ...]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return tuple(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SnapshotError(f"{path} cannot be read: {error}.") from error
