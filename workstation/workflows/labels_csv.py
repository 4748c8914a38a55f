"""Readings out of the tables that `export` writes: of lesions; and of readings, for those without any."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from workstation.workflows import json_files, plain_file, table
from workstation.workflows.errors import CallError
from workstation.workflows.labels_given import Labels
from workstation.workflows.table import LesionRow, RowError

_MAX_FIELD = 16 << 20  # a region of interest as large as the largest frame


def readings(file: Path) -> Iterator[Labels]:
    """The readings of one table. CallError where it is none."""
    names = _names(file)
    if "lesion" not in names and "lesions" in names:
        yield from _without_lesions(file)
        return
    gathered: dict[tuple[str, str, str, str], list[tuple[int, dict[str, str]]]] = {}
    for line, row in _rows(file):
        key = (row.get("scan", ""), row.get("sop_uid", ""), row.get("reader", ""), row.get("round", ""))
        gathered.setdefault(key, []).append((line, row))
    for numbered in gathered.values():
        yield _reading(file, numbered)


def _reading(file: Path, numbered: list[tuple[int, dict[str, str]]]) -> Labels:
    rows = []
    for line, row in numbered:
        try:
            rows.append(table.read_row(row))
        except RowError as error:
            where = f"{file}: row {numbered[0][0]}"
            return Labels(where, trouble=f"{file}: row {line}: {error}. The reading it belongs to was left out.")
    return _labels(f"{file}: row {numbered[0][0]}", rows)


def _without_lesions(file: Path) -> Iterator[Labels]:
    """The readings of a table of readings that hold no lesion; the others come with their lesions."""
    for line, row in _rows(file, table.NEEDED_OF_READINGS, table.READING_COLUMNS):
        where = f"{file}: row {line}"
        try:
            read = table.read_reading(row)
        except RowError as error:
            yield Labels(where, trouble=f"{where}: {error}. The reading was left out.")
            continue
        if read is not None:
            yield _labels(where, [read])


def _labels(where: str, rows: Sequence[LesionRow]) -> Labels:
    first = rows[0]
    return Labels(
        where,
        first.scan,
        first.sop_uid,
        first.prints,
        first.reader,
        first.round,
        tuple(row.lesion for row in rows if row.lesion is not None),
        first.verdict,
    )


def _text(file: Path) -> io.TextIOWrapper:
    return io.TextIOWrapper(plain_file.opened(file, json_files.MAX_BYTES), encoding="utf-8-sig", newline="")


def _names(file: Path) -> list[str]:
    """What the first line names; nothing where it cannot be read, which is said when the rows are."""
    try:
        with _text(file) as stream:
            return next(csv.reader(stream), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def _rows(
    file: Path, needed: Sequence[str] = table.NEEDED, known: Sequence[str] = table.COLUMNS
) -> list[tuple[int, dict[str, str]]]:
    before = csv.field_size_limit(_MAX_FIELD)
    try:
        with _text(file) as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in needed if name not in (reader.fieldnames or ())]
            if missing:
                raise CallError(f"{file} is no lesion table as export writes it: it has no column {missing[0]}.")
            names = list(reader.fieldnames or ())
            twice = [name for name in known if names.count(name) > 1]
            if twice:
                raise CallError(f"{file} has the column {twice[0]} twice: which one is meant?")
            rows = []
            for line, row in enumerate(reader, start=2):
                # A table cut short in the middle of a row would bring in half a reading.
                if None in row or None in row.values():
                    more = "more" if None in row else "fewer"
                    raise CallError(
                        f"{file}: row {line} has {more} cells than the first line names: the table was cut short, or "
                        "changed by a program that leaves commas unquoted."
                    )
                rows.append((line, row))
            return rows
    except OSError as error:
        raise CallError(f"The labels in {file} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise CallError(f"{file} is no CSV in UTF-8.") from error
    finally:
        csv.field_size_limit(before)
