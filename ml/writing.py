"""Writing a snapshot: scan by scan, with little memory, and nothing that looks finished before it is."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ml.folds import assign_folds
from ml.manifest import NAME, Manifest
from ml.runs import RunList

SCAN_COLUMNS = (
    "scan", "patient", "day", "tumour", "sex", "age", "grade", "malignant", "diffuse", "spacing_mm",
)  # fmt: skip
LESION_COLUMNS = (
    "scan", "patient", "lesion", "label", "tumour", "region", "side", "origin", "criterion", "site6", "visible",
    "peak_ratio", "p_ceiling", "p_alone",
)  # fmt: skip
_PICTURES = "pictures.npy"


@dataclass(frozen=True, eq=False)
class FrozenLesion:
    """row: the cells of lesions.csv. runs: of the mask, see ml.runs."""

    row: Mapping[str, object]
    runs: NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class FrozenScan:
    """row: the cells of scans.csv. counts: uint16 (2, rows, columns). bladder: runs."""

    row: Mapping[str, object]
    counts: NDArray[np.uint16]
    bladder: NDArray[np.uint32]
    lesions: tuple[FrozenLesion, ...]


class Writer:
    """Writes a snapshot into a folder, new or empty. As a context manager: left before `finish`, it takes away again
    what it wrote, which without a manifest is of no use to anybody.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._shape: tuple[int, ...] = (2, 0, 0)  # until the first scan
        self._scans: list[str] = []
        self._patients: list[str] = []
        self._lesion_runs: list[NDArray[np.uint32]] = []
        self._bladder_runs: list[NDArray[np.uint32]] = []
        self._written: list[str] = []
        self._finished = False
        self._made_folder = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise FileExistsError(f"{folder} is not empty")
        self._open = ExitStack()
        self._pictures: BinaryIO = self._open.enter_context(self._begin(_PICTURES).open("wb"))
        self._scan_table = self._table("scans.csv", SCAN_COLUMNS)
        self._lesion_table = self._table("lesions.csv", LESION_COLUMNS)

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._finished:
            return
        try:
            self._open.close()
        except OSError:
            if kind is None:  # else what the disk said first is told
                raise
        finally:
            for name in self._written:
                (self.folder / name).unlink(missing_ok=True)
            (self.folder / f"{NAME}.part").unlink(missing_ok=True)
            if self._made_folder:
                with suppress(OSError):  # somebody else's file is in it
                    self.folder.rmdir()

    def add(self, scan: FrozenScan) -> None:
        """The next scan. The scans of a patient may come in any order, but all the scans of a run in the same one."""
        if scan.counts.dtype != np.uint16 or scan.counts.ndim != 3 or scan.counts.shape[0] != 2:
            raise ValueError(f"counts are uint16 (2, rows, columns), got {scan.counts.dtype} {scan.counts.shape}")
        if not self._scans:
            self._shape = scan.counts.shape
            self._pictures.write(_header(0, self._shape))
        if scan.counts.shape != self._shape:
            raise ValueError(f"the pictures of a snapshot have one shape, {self._shape}; got {scan.counts.shape}")
        self._pictures.write(np.ascontiguousarray(scan.counts, "<u2").data)
        self._scan_table.writerow(scan.row)
        self._lesion_table.writerows(lesion.row for lesion in scan.lesions)
        self._scans.append(str(scan.row["scan"]))
        self._patients.append(str(scan.row["patient"]))
        self._bladder_runs.append(scan.bladder)
        self._lesion_runs += [lesion.runs for lesion in scan.lesions]

    def add_text(self, name: str, text: str) -> None:
        """Another file that belongs to the snapshot."""
        self._begin(name).write_text(text, encoding="utf-8", newline="\n")

    def finish(
        self,
        strata: Mapping[str, str],
        folds: int,
        seed: int,
        labels_from: str,
        sealed: Sequence[str] = (),
        train_only: Sequence[str] = (),
        made: Mapping[str, Any] | None = None,
    ) -> Manifest:
        """Deal the patients who are neither sealed nor `train_only` into folds and put the manifest there, which makes
        it a snapshot. made: what it was made from, see Manifest.
        """
        self._pictures.seek(0)
        self._pictures.write(_header(len(self._scans), self._shape))
        self._open.close()
        lesions, bladders = RunList.joined(self._lesion_runs), RunList.joined(self._bladder_runs)
        np.savez(  # not compressed: the same bytes whichever library compresses
            self._begin("masks.npz"),
            lesion_runs=lesions.runs,
            lesion_offsets=lesions.offsets,
            bladder_runs=bladders.runs,
            bladder_offsets=bladders.offsets,
        )
        files = {}
        for name in sorted(self._written):
            with (self.folder / name).open("rb") as file:
                files[name] = hashlib.file_digest(file, "sha256").hexdigest()
        known = {patient: strata[patient] for patient in dict.fromkeys(self._patients)}
        beside = {*sealed, *train_only}
        kept = [patient for patient in known if patient not in beside]
        manifest = Manifest(
            tuple(self._scans),
            tuple(self._patients),
            known,
            assign_folds(kept, [known[patient] for patient in kept], folds, seed),
            tuple(sealed),
            labels_from,
            files,
            tuple(train_only),
            made or {},
        )
        manifest.write(self.folder)
        self._finished = True
        return manifest

    def _begin(self, name: str) -> Path:
        self._written.append(name)
        return self.folder / name

    def _table(self, name: str, columns: tuple[str, ...]) -> csv.DictWriter[Any]:
        file = self._open.enter_context(self._begin(name).open("w", encoding="utf-8", newline=""))
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        return writer


def _header(scans: int, shape: tuple[int, ...]) -> bytes:
    """The head of an .npy file of uint16 (scans, *shape). As long for any number of scans: NumPy leaves room to grow
    along the first axis, so the head can be written before that number is known.
    """
    told = io.BytesIO()
    np.lib.format.write_array_header_1_0(told, {"descr": "<u2", "fortran_order": False, "shape": (scans, *shape)})
    return told.getvalue()
