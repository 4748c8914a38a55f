"""Lesions from elsewhere brought into a library as readings: tables that export wrote, files of labelme, COCO files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workstation.core.edits import Edit, LesionChange, Step
from workstation.core.lesion import Lesion, Reading, ReadingKey, Verdict
from workstation.core.people import Task, is_name, refusal
from workstation.workflows import json_files, labels_coco, labels_csv, labels_labelme, table
from workstation.workflows.errors import CallError, WorkflowError
from workstation.workflows.labels_given import Labels
from workstation.workflows.lesion_words import state_of
from workstation.workflows.names import meant
from workstation.workflows.view_picture import print_of

if TYPE_CHECKING:
    from workstation.store.library import Library

__all__ = ["Brought", "Labels", "bring_in", "bring_in_labels", "load"]


@dataclass(frozen=True)
class Brought:
    """What came in or was changed: readings, and the lesions in them."""

    readings: int = 0
    lesions: int = 0


def bring_in(
    library: Library, key: ReadingKey, lesions: Sequence[Lesion], verdict: Verdict, what: str, who: str, state: str = ""
) -> Brought:
    """Write one reading as a single step, unless it is there already.

    state: where the reading is still the one this is a changed copy of, what changed is one more edit of it.
    WorkflowError where that reader has already read the scan otherwise: nobody's work is replaced.
    """
    session = library.session(key)
    there = session.reading
    given = {lesion.id: lesion for lesion in lesions}
    untouched = not session.done and not session.undone
    if not untouched:
        if there.lesions == given and (there.verdict == verdict or not state):
            return Brought()
        if not state or state != state_of(there):
            raise WorkflowError(
                f"{key.reader} has read scan {key.scan} (round {key.round}) differently; that reading was left as it "
                "is."
            )
    changes = _changes(there, given)
    judged = (there.verdict, verdict) if verdict != there.verdict else None
    if changes or judged:
        library.append(key, Step("edit", Edit(what, changes, judged)), who)
        return Brought(1, len(changes))
    return Brought()


def load(path: Path) -> list[Labels]:
    """The readings in a file, or in all files of a folder and its folders. CallError where there is none to be had.

    In a folder the files of labelme and COCO go before tables, which export lays beside them as they once were. A file
    of a folder that cannot be read is a trouble among the readings, and costs no other file; one that was named alone
    is the whole call's.
    """
    if not path.is_dir():
        try:
            return _in_file(path)
        except CallError as error:
            raise CallError(f"{error} Nothing was done.") from error
    drawn: list[tuple[Path, Any]] = []
    coco: list[tuple[Path, Any]] = []
    broken: list[tuple[Path, str]] = []
    for file in sorted(path.rglob("*.json")):
        try:
            raw = json_files.read(file)
        except CallError as error:
            broken.append((file, f"{error} The file was left out."))
            continue
        if labels_labelme.is_one(raw):
            drawn.append((file, raw))
        elif labels_coco.is_one(raw):
            coco.append((file, raw))
    found = list(labels_labelme.readings(drawn, broken))
    found += [labels for file, raw in coco for labels in labels_coco.readings(file, raw)]
    if not drawn and not coco:
        found += [labels for file in sorted(path.glob("*.csv")) for labels in _of_table(file)]
    if not found:
        raise CallError(
            f"{path} holds no labels: no lesion table (*.csv) as export writes it, no file of labelme or COCO (*.json)."
        )
    return found


def _of_table(file: Path) -> list[Labels]:
    """The readings of one table of a folder."""
    try:
        return list(labels_csv.readings(file))
    except CallError as error:
        return [Labels(str(file), trouble=f"{error} The file was left out.")]


def bring_in_labels(library: Library, scan: str, labels: Labels, who: str) -> Brought:
    """One reading into a scan. WorkflowError in words where it does not fit it."""
    from workstation.store.values import ADJUDICATED

    frames = library.load(scan).frames
    for view, (rows, columns) in labels.sizes.items():
        if view not in frames:
            raise WorkflowError(f"{labels.where}: scan {scan} has no {view} view; the reading was left out.")
        if (frames[view].rows, frames[view].columns) != (rows, columns):
            raise WorkflowError(
                f"{labels.where}: it was drawn on another picture, of {rows} x {columns} pixels; the {view} view of "
                f"scan {scan} has {frames[view].rows} x {frames[view].columns}. The reading was left out."
            )
    turned = [view for view, text in labels.shown.items() if text != print_of(frames[view])]
    if turned:
        raise WorkflowError(
            f"{labels.where}: the {turned[0]} view of scan {scan} is another picture than the one drawn on, or was "
            "turned; the reading was left out."
        )
    if len({lesion.id for lesion in labels.lesions}) < len(labels.lesions):
        raise WorkflowError(f"{labels.where}: a lesion is listed twice; the reading was left out.")
    wrong = [lesion.id for lesion in labels.lesions if not table.fits(lesion, frames)]
    if wrong:
        raise WorkflowError(f"{labels.where}: lesion {wrong[0]} lies outside scan {scan}; the reading was left out.")
    key = ReadingKey(scan, meant(library, labels.reader, scan) or who, labels.round)
    if not key.reader:
        raise WorkflowError(f"{labels.where}: it does not say who read it; name the reader with --reader.")
    if not is_name(key.reader):
        raise WorkflowError(
            f"{labels.where}: a reader has a name of at most 100 letters, all of which show, not {key.reader[:40]!r}; "
            "the reading was left out."
        )
    if key.reader == ADJUDICATED and (refused := refusal(Task.ADJUDICATE, who, library.people())):
        raise WorkflowError(f"{labels.where}: {refused} The adjudicated reading was left out.")
    lesions = labels.lesions
    if labels.state and len(labels.sizes) < len(frames):
        lesions = _with_other_views(library.session(key).reading, labels)
    return bring_in(library, key, lesions, labels.verdict, "Import labels", who, labels.state)


def _in_file(file: Path) -> list[Labels]:
    if file.suffix.lower() != ".json":
        return list(labels_csv.readings(file))
    raw: Any = json_files.read(file)
    if labels_labelme.is_one(raw):
        return list(labels_labelme.readings([(file, raw)]))
    if labels_coco.is_one(raw):
        return list(labels_coco.readings(file, raw))
    raise CallError(f"{file} is neither a file of labelme (shapes) nor of COCO (images, annotations).")


def _changes(there: Reading, given: dict[str, Lesion]) -> tuple[LesionChange, ...]:
    gone = [LesionChange(lesion, None) for name, lesion in there.lesions.items() if name not in given]
    new = [
        LesionChange(there.lesions.get(name), lesion)
        for name, lesion in given.items()
        if there.lesions.get(name) != lesion
    ]
    return (*gone, *new)


def _with_other_views(there: Reading, labels: Labels) -> tuple[Lesion, ...]:
    """The lesions given, with what the reading holds on the views that the files do not show."""
    made = {lesion.id: lesion for lesion in labels.lesions}
    for name, lesion in there.lesions.items():
        hidden = {view: roi for view, roi in lesion.rois.items() if view not in labels.sizes}
        if hidden and name in made:
            made[name] = replace(made[name], rois={**made[name].rois, **hidden})
        elif hidden:
            made[name] = replace(lesion, rois=hidden)
    return tuple(made.values())
