"""Which model is in use for each task, and how another one comes to be: compared first, on the same sealed patients.

Where nobody has chosen, the one that came with the program is in use. A comparison is recorded as soon as it is made,
whether the new model is then taken or not: the sealed patients were opened for it.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import ml.snapshot
from ml.model_file import ModelError
from ml.unseen import hold_to_unseen
from workstation.stats.bootstrap import RESAMPLES
from workstation.workflows import model_history, sealing
from workstation.workflows.errors import CallError, WorkflowError
from workstation.workflows.home import default_reader
from workstation.workflows.ml_answer import answer
from workstation.workflows.model_compare import compared
from workstation.workflows.model_files import Entry, find, listed
from workstation.workflows.model_history import Comparison, History, Use
from workstation.workflows.predictions import Columns, load
from workstation.workflows.progress import Job, Progress

if TYPE_CHECKING:
    from workstation.store.library import Library

TASKS = ("lesion", "patient", "detect", "metastases", "bladder", "sites")


@dataclass(frozen=True)
class Considered:
    """What there is to say before a model is taken into use.

    current: the one in use for its task, None where there is none. comparison: with the current one, None where there
    is nothing to compare with or it is in use already. recorded: it was made before, and nobody was opened for it now.
    missing: the name of a model that was in use and whose file is gone or damaged.
    """

    new: Entry
    current: Entry | None
    comparison: Comparison | None = None
    recorded: bool = False
    missing: str = ""

    @property
    def already(self) -> bool:
        return self.current is not None and self.current.hash == self.new.hash


def in_use(entries: Sequence[Entry], history: History, task: str) -> Entry | None:
    """The model in use for a task: what was chosen last, else the shipped one; None where its file is not as it was."""
    chosen = history.in_use(task)
    if chosen is not None:
        return next((each for each in entries if each.hash == chosen.hash), None)
    return next((each for each in entries if each.shipped and each.task == task), None)


def used(models: Path) -> dict[str, Entry]:
    """The model in use for each task that has one."""
    entries, history = listed(models), model_history.read(models)
    found = {task: in_use(entries, history, task) for task in TASKS}
    return {task: each for task, each in found.items() if each is not None}


def consider(
    name: str,
    models: Path,
    snapshot: Path | None = None,
    library: Path | Library | None = None,
    who: str = "",
    resamples: int = RESAMPLES,
) -> Job[Considered]:
    """Compare a model with the one in use for its task, on the sealed patients of a snapshot, and record that.

    A comparison of the two that is recorded already is taken instead of opening anybody again. Where none is in use
    there is nothing to compare with. CallError and WorkflowError in words; nothing is in use that was not before.
    """
    yield Progress(0, None, "reading models")
    entries, history = listed(models), model_history.read(models)
    new = find(entries, name)
    current = in_use(entries, history, new.task)
    if current is None:
        gone = history.in_use(new.task)
        return Considered(new, None, missing="" if gone is None else gone.name)
    if current.hash == new.hash:
        return Considered(new, current)
    data = None if snapshot is None else _manifest(snapshot)
    if known := history.comparison(new.hash, current.hash, None if data is None else data.hash):
        return Considered(new, current, known.toward(new.hash), recorded=True)
    if snapshot is None or data is None:
        raise CallError(
            f"{current.name} is in use, and {new.name} has not been compared with it. Name a snapshot with sealed "
            "patients by --snapshot: both are compared on those."
        )
    made = yield from _compared(new, current, snapshot, library, who or default_reader(), resamples)
    model_history.note_comparison(models, made)
    return Considered(new, current, made)


def take(considered: Considered, models: Path, who: str = "") -> Use:
    """Put the model in use.

    WorkflowError where the comparison tells nothing, another one came into use since, or it cannot be written down.
    """
    if considered.comparison is not None and not considered.comparison.tells:
        raise WorkflowError(
            f"{considered.new.name} is not taken: the sealed cases are all of one kind, so the comparison cannot tell "
            "which model is better. Compare on a snapshot whose sealed patients have both."
        )
    entries, history = listed(models), model_history.read(models)
    now = in_use(entries, history, considered.new.task)
    before = considered.current.hash if considered.current else ""
    if (now.hash if now else "") != before:
        raise WorkflowError("Another model came into use meanwhile. Compare with that one.")
    if considered.new.hash not in {each.hash for each in entries}:
        raise WorkflowError(f"{considered.new.name} is gone, or another model than the one that was compared.")
    at = considered.comparison.at if considered.comparison else ""
    use = Use(
        considered.new.task, considered.new.hash, considered.new.name, before, at, model_history.now(),
        who or default_reader(),
    )  # fmt: skip
    model_history.note_use(models, use)
    return use


def _manifest(snapshot: Path) -> ml.snapshot.Manifest:
    try:
        return ml.snapshot.read_manifest(snapshot)
    except ml.snapshot.SnapshotError as error:
        raise CallError(str(error)) from error


def _compared(
    new: Entry, current: Entry, folder: Path, library: Path | Library | None, who: str, resamples: int
) -> Job[Comparison]:
    frozen = load(folder)
    sealed = frozenset(frozen.manifest.sealed) & frozenset(frozen.manifest.patients)
    if not sealed:
        raise CallError(
            f"No patients are sealed in {folder}, so there is nobody to compare on whom neither model knows. Make a "
            "snapshot that seals some: snapshot --sealed 10%."
        )
    yield Progress(0, None, "looking whether either has seen the sealed patients")
    try:
        whole = ml.snapshot.Snapshot.load(folder)
        for each in (new, current):
            hold_to_unseen(each.card, whole, sealed, each.name)
    except (ml.snapshot.SnapshotError, ModelError) as error:
        raise CallError(str(error)) from error
    openings = sealing.opened(
        folder, frozen.manifest, f"models {new.name} and {current.name} compared", who, library
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="osteoscope-") as out:
        told = yield from answer(
            ["model-sealed", str(new.path), str(current.path), "--snapshot", str(folder), "--out", out],
            "predicting the sealed patients with both models",
        )
        if [each["hash"] for each in told] != [new.hash, current.hash]:
            raise WorkflowError("A model was changed while it predicted. Nothing was compared.")
        tables = (_table(Path(out) / told[0]["table"]), _table(Path(out) / told[1]["table"]))
    yield Progress(0, None, "comparing")
    figures = compared(new.task, tables, (new.card, current.card), frozen, resamples)
    return Comparison(
        new.task, new.hash, current.hash, new.name, current.name, frozen.manifest.hash, len(sealed), openings,
        frozen.manifest.simulated, figures, model_history.now(), who,
    )  # fmt: skip


def _table(file: Path) -> Columns:
    names, *rows = csv.reader(io.StringIO(file.read_text("utf-8"), newline=""), strict=True)
    return {name: [row[at] for row in rows] for at, name in enumerate(names)}
