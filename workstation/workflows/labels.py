"""Lesions from elsewhere brought into a library as readings: the truth of simulated scans, and exported tables."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workstation.core.edits import Edit, LesionChange, Step
from workstation.core.lesion import Lesion, ReadingKey, Verdict
from workstation.workflows import table
from workstation.workflows.errors import CallError, WorkflowError
from workstation.workflows.table import LesionRow, RowError

if TYPE_CHECKING:
    from workstation.store.library import Library

_MAX_FIELD = 16 << 20  # a region of interest as large as the largest frame


@dataclass(frozen=True)
class Labels:
    """One reading in a table. where: the table and its first line, for messages; trouble: why it cannot be taken."""

    where: str
    rows: tuple[LesionRow, ...]
    trouble: str | None = None


def bring_in(
    library: Library, key: ReadingKey, lesions: Sequence[Lesion], verdict: Verdict, what: str, who: str
) -> int:
    """Write one reading as a single step, unless it is there already; how many lesions came in.

    WorkflowError where that reader has already read the scan otherwise: nobody's work is replaced.
    """
    session = library.session(key)
    there = session.reading
    if not session.done and not session.undone:
        given = (Verdict(), verdict) if verdict != Verdict() else None
        if lesions or given:
            edit = Edit(what, tuple(LesionChange(None, lesion) for lesion in lesions), given)
            library.append(key, Step("edit", edit), who)
        return len(lesions)
    if there.lesions != {lesion.id: lesion for lesion in lesions}:
        raise WorkflowError(
            f"{key.reader} has read scan {key.scan} (round {key.round}) differently; that reading was left as it is."
        )
    return 0


def load(path: Path) -> list[Labels]:
    """The readings in an exported table, or in all tables of a folder. CallError where there is none to be had."""
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    if not files:
        if any(path.glob("*.json")):
            raise CallError(f"{path} holds no lesion table. Labels are read from the CSV that export writes, not JSON.")
        raise CallError(f"{path} holds no lesion table (*.csv) as export writes it.")
    return [labels for file in files for labels in _readings(file)]


def bring_in_rows(library: Library, scan: str, labels: Labels, who: str) -> int:
    """The rows of one reading into a scan. WorkflowError in words where they do not fit it."""
    frames = library.load(scan).frames
    lesions = [row.lesion for row in labels.rows]
    if len({lesion.id for lesion in lesions}) < len(lesions):
        raise WorkflowError(f"{labels.where}: a lesion is listed twice; the reading was left out.")
    wrong = [lesion.id for lesion in lesions if not table.fits(lesion, frames)]
    if wrong:
        raise WorkflowError(f"{labels.where}: lesion {wrong[0]} lies outside scan {scan}; the reading was left out.")
    first = labels.rows[0]
    return bring_in(library, table.key_of(first, scan), lesions, first.verdict, "Import labels", who)


def _readings(file: Path) -> Iterable[Labels]:
    gathered: dict[tuple[str, str, str, str], list[tuple[int, dict[str, str]]]] = {}
    for line, row in _rows(file):
        key = (row.get("scan", ""), row.get("sop_uid", ""), row.get("reader", ""), row.get("round", ""))
        gathered.setdefault(key, []).append((line, row))
    for numbered in gathered.values():
        rows, trouble = [], None
        for line, row in numbered:
            try:
                rows.append(table.read_row(row))
            except RowError as error:
                trouble = trouble or f"{file}: row {line}: {error}. The reading it belongs to was left out."
        yield Labels(f"{file}: row {numbered[0][0]}", tuple(rows), trouble)


def _rows(file: Path) -> list[tuple[int, dict[str, str]]]:
    before = csv.field_size_limit(_MAX_FIELD)
    try:
        with open(file, encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in table.NEEDED if name not in (reader.fieldnames or ())]
            if missing:
                raise CallError(
                    f"{file} is no lesion table as export writes it: it has no column {missing[0]}. Nothing done."
                )
            return [
                (line, {name: value or "" for name, value in row.items() if isinstance(name, str)})
                for line, row in enumerate(reader, start=2)
            ]
    except OSError as error:
        raise CallError(f"The labels in {file} cannot be read: {error.strerror}. Nothing was done.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise CallError(f"{file} is no CSV in UTF-8. Nothing was done.") from error
    finally:
        csv.field_size_limit(before)
