"""What networks said of the patients they were tested on, read from run folders and held to the snapshot.

Every number of an evaluation comes from these tables, so each is checked before it counts: the patients, folds and
truths must be the snapshot's, and no case that was to be tested may be missing.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml.snapshot import Manifest, SnapshotError, read_manifest
from workstation.stats.burden_tables import SITES
from workstation.workflows.errors import CallError, WorkflowError
from workstation.workflows.run_folders import Run, asked, text

Columns = Mapping[str, Sequence[str]]
Case = tuple[str, ...]

NEEDED = ("scan", "patient", "lesion", "view", "row", "target", "fold", "model")
SCORED = ("score", "calibrated", "truth")
OVERLAPS = ("threshold", "intersection", "predicted", "actual", "gated")
SEGMENTS = {"metastases": "metastasis", "bladder": "bladder"}
TARGETS = {
    "lesion": ("malignant",), "patient": ("metastasis",), "detect": ("metastasis", "bladder"), "sites": SITES,
}  # fmt: skip
FINAL = "final.csv"
"""In a run's folder, what it says of sealed patients; see `ml.final`."""
LABELS = {"malignant": "1", "benign": "0"}
UNPROMISED = ("visible", "site6")
"""Columns that the lesions of another program's snapshot may lack; empty, they say nothing, as in `ml.samples`."""


@dataclass(frozen=True, eq=False)
class Frozen:
    """What an evaluation needs of a snapshot: no pictures. cohort: how it was simulated, None where it was not."""

    folder: Path
    manifest: Manifest
    scans: Columns
    lesions: Columns
    cohort: Mapping[str, Any] | None

    @property
    def simulated(self) -> bool:
        return self.manifest.labels_from == "truth"


def load(folder: Path) -> Frozen:
    """A snapshot's tables; each is held to its hash. CallError in words if it is no snapshot or was changed."""
    try:
        manifest = read_manifest(folder)
    except SnapshotError as error:
        raise CallError(str(error)) from error
    scans, lesions = (_columns(folder / name, _held(folder, manifest, name)) for name in ("scans.csv", "lesions.csv"))
    empty = [""] * len(next(iter(lesions.values())))
    cohort = None
    if "cohort.json" in manifest.files:
        told = json.loads(_held(folder, manifest, "cohort.json"))
        cohort = told if isinstance(told, dict) else None
    return Frozen(folder, manifest, scans, {**dict.fromkeys(UNPROMISED, empty), **lesions}, cohort)


def find(folder: Path, wanted: str, given: Path | None) -> Frozen:
    """The snapshot with this hash: the one given, the one noted when the run, or the cross-validation it is a fold of,
    was begun, or one beside it.
    """
    if given is not None:
        found = load(given)
        if found.manifest.hash != wanted:
            raise CallError(f"{given} is not the snapshot this was trained on: its hash is another one.")
        return found
    whole = folder.resolve()
    above = (whole, *whole.parents[:2])
    noted = [place / text(asked(place), "snapshot") for place in above if text(asked(place), "snapshot")]
    for place in (*noted, folder / "snapshot", folder.parent / "snapshot"):
        if (place / "manifest.json").is_file():
            found = load(place)
            if found.manifest.hash == wanted:
                return found
    raise CallError(
        f"Which snapshot was {folder} trained on? It is not where it was. Name its folder with --snapshot; "
        f"its hash begins with {wanted[:12]}."
    )


def read(run: Run, frozen: Frozen, final: bool = False) -> Columns:
    """The predictions of a run that is done; final: of the sealed patients, instead of its fold.

    WorkflowError in words where they are not those it made.
    """
    file = run.folder / (FINAL if final else "predictions.csv")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise WorkflowError(f"{file} cannot be read: {error.strerror}.") from error
    digest = "" if final else text(run.card, "predictions", "sha256")
    if digest and hashlib.sha256(data).hexdigest() != digest:
        raise WorkflowError(f"{file} is not the table the run wrote: it was changed afterwards. Train the fold again.")
    found = _columns(file, data)
    _hold_to(found, run, frozen, file, tested(run, frozen, final))
    return found


def tested(run: Run, frozen: Frozen, final: bool = False) -> frozenset[str]:
    """Whom a run is tested on: its fold, or the sealed patients who have scans here."""
    manifest = frozen.manifest
    if final:
        return frozenset(manifest.sealed) & frozenset(manifest.patients)
    return frozenset(patient for patient, fold in manifest.folds.items() if fold == run.fold)


def joined(tables: Sequence[Columns]) -> Columns:
    """The same columns of several tables behind one another."""
    return {name: [value for table in tables for value in table[name]] for name in tables[0]}


def _held(folder: Path, manifest: Manifest, name: str) -> bytes:
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise CallError(f"{folder / name} cannot be read: {error.strerror}.") from error
    if hashlib.sha256(data).hexdigest() != manifest.files.get(name):
        raise CallError(f"{folder / name} was changed after the snapshot was made (its hash does not fit).")
    return data


def _columns(file: Path, data: bytes) -> Columns:
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise WorkflowError(f"{file} is no table that can be read: {error}.") from error
    if not rows:
        raise WorkflowError(f"{file} is empty.")
    if wrong := next((at for at, row in enumerate(rows, 1) if len(row) != len(rows[0])), None):
        raise WorkflowError(f"{file}, line {wrong}: {len(rows[wrong - 1])} values for {len(rows[0])} columns.")
    return {name: [row[at] for row in rows[1:]] for at, name in enumerate(rows[0])}


def _hold_to(table: Columns, run: Run, frozen: Frozen, file: Path, whom: frozenset[str]) -> None:
    segments = run.task in SEGMENTS
    for name in (*NEEDED, *(OVERLAPS if segments else SCORED)):
        if name not in table:
            raise WorkflowError(f'{file} has no column "{name}": it is not a table of predictions.')
    manifest = frozen.manifest
    patients = dict(zip(manifest.scans, manifest.patients, strict=True))
    for line, (scan, patient, fold) in enumerate(zip(table["scan"], table["patient"], table["fold"], strict=True), 2):
        if patients.get(scan) != patient:
            raise WorkflowError(
                f"{file}, line {line}: the snapshot has no scan {scan!r} of patient {patient!r}. The table was edited, "
                "or is of another snapshot."
            )
        if fold != str(run.fold) or patient not in whom:
            raise WorkflowError(
                f"{file}, line {line}: patient {patient!r} is not in fold {run.fold} or not to be tested by it. The "
                "table was edited: somebody who was learnt from may not be tested."
            )
    if not segments:
        _hold_to_truth(table, run, frozen, file)
    wanted = set(cases(run, frozen, whom))
    there = set(_named(table, segments))
    lacking = sorted({case[0] for case in wanted - there})
    if lacking:
        raise WorkflowError(
            f"{file} lacks {len(wanted - there):,} of {len(wanted):,} cases it was to be tested on, such as one of "
            f"scan {lacking[0]!r}. A table with cases left out is not evaluated; train the fold again."
        )
    if strange := sorted(there - wanted):
        raise WorkflowError(f"{file} has what was not to be tested: {', '.join(filter(None, strange[0]))}.")


def _hold_to_truth(table: Columns, run: Run, frozen: Frozen, file: Path) -> None:
    labels: dict[Case, str] = {}
    if run.task == "lesion":
        lesions = frozen.lesions
        labels = {
            (scan, lesion): LABELS.get(label, "")
            for scan, lesion, label in zip(lesions["scan"], lesions["lesion"], lesions["label"], strict=True)
        }
    elif run.task == "patient":
        labels = {
            (scan, ""): str(int(frozen.manifest.strata[patient].rpartition("/")[2] == "metastatic"))
            for scan, patient in zip(frozen.manifest.scans, frozen.manifest.patients, strict=True)
        }
    named = zip(table["scan"], table["lesion"], table["truth"], table["score"], table["calibrated"], strict=True)
    for line, (scan, lesion, truth, *scores) in enumerate(named, 2):
        if truth not in ("0", "1") or labels and labels.get((scan, lesion), "") != truth:
            raise WorkflowError(
                f"{file}, line {line}: the truth {truth!r} is not that of the snapshot. The table was edited."
            )
        if not all(_share(score) for score in scores):
            raise WorkflowError(f"{file}, line {line}: a score is a number from 0 to 1, not {', '.join(scores)}.")


def cases(run: Run, frozen: Frozen, whom: frozenset[str]) -> Iterator[Case]:
    """What a run had to test, as (scan, lesion, target): these patients' seen and labelled lesions, or scans.

    Where an AI had a part in a label it is not tested on, unless the run was asked to; `ml.samples` has the same rule.
    """
    manifest, lesions = frozen.manifest, frozen.lesions
    mine = {scan for scan, patient in zip(manifest.scans, manifest.patients, strict=True) if patient in whom}
    touched: set[Case] = set()
    seen: list[tuple[str, str, str]] = []
    for scan, lesion, label, origin, visible in zip(
        *(lesions[name] for name in ("scan", "lesion", "label", "origin", "visible")), strict=True
    ):
        if run.settings.get("ai_tested") is not True and by_ai(origin):
            touched.add((scan, lesion))
        if scan in mine and visible != "0":
            seen.append((scan, lesion, label))
    if run.task == "lesion":
        yield from ((s, n, "malignant") for s, n, label in seen if label in LABELS and (s, n) not in touched)
        return
    mine -= {scan for scan, _ in touched}
    if run.task == "sites":
        mine &= {scan for scan, _, label in seen if label == "malignant"}
    for target in (SEGMENTS[run.task],) if run.task in SEGMENTS else TARGETS.get(run.task, ()):
        yield from ((scan, "", target) for scan in mine)


def by_ai(origin: str) -> bool:
    """Whether an AI had a part in an ROI or a label of this origin."""
    return "ai" in origin.lower().replace("-", " ").replace("_", " ").split()


def _named(table: Columns, segments: bool) -> Iterator[Case]:
    """Each row's case; of sub-images only whether the scan is there at all."""
    for scan, lesion, target in zip(table["scan"], table["lesion"], table["target"], strict=True):
        yield (scan, "" if segments else lesion, target)


def _share(value: str) -> bool:
    try:
        return 0.0 <= float(value) <= 1.0
    except ValueError:
        return False
