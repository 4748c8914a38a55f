"""Who is in a library: table 1 of paper A and the flow diagram of paper B, as values, text, CSV and HTML."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import resources
from workstation.core.cohort_tables import Flow, PatientTable, ScanFacts, Share, flow, patient_table
from workstation.workflows import flow_diagram
from workstation.workflows.errors import CallError

if TYPE_CHECKING:
    from workstation.store.library import Library

FILES = ("table1.csv", "flow.csv", "tables.json", "tables.html")
_BLOCK = 256
_PARTS = (
    ("patients", "Patients by their lesions"),
    ("status", "Patients by status (Reference, else grade)"),
    ("lesions", "Lesions by label"),
)
_ROWS = ("total", "malignant", "benign", "undecided", "rate")
# What the rows are called: where lesions decide, and where the status of patients does.
_BY_LESION = {"rate": "malignant of decided"}
_BY_STATUS = {"malignant": "metastasis", "benign": "no metastasis", "rate": "metastasis of decided"}
_FIRST_COLUMN, _COLUMN = 170, 80  # pixels: the tables stand under each other
_NAMED = 10  # patients that are named in words; the JSON names all


@dataclass(frozen=True)
class Tables:
    """One moment of a library. simulated: scans among those collected that no camera made."""

    patients: PatientTable
    flow: Flow
    simulated: int


def count(library: Library, reader: str | None = None) -> Tables:
    """Count. Where several people read a scan: `reader`'s reading, else the adjudicated one, else the first.

    A scan is excluded where the clinic, or anybody who reads it, excludes it.
    """
    from workstation.store.values import ScanQuery

    excluded = library.exclusions()
    ids = library.ids(ScanQuery(sort="patient"))
    facts, simulated = [], 0
    for start in range(0, len(ids), _BLOCK):
        for row in library.rows(ids[start : start + _BLOCK], reader):
            simulated += row.simulated
            unlabelled = row.lesions - row.malignant - row.benign - row.uncertain
            facts.append(
                ScanFacts(
                    row.scan, row.patient, row.tumour, row.reference, row.grade,
                    row.malignant, row.benign, row.uncertain, max(unlabelled, 0), excluded.get(row.scan),
                )
            )  # fmt: skip
    order = tuple(resources.table("vocab/tumours"))
    return Tables(patient_table(facts, order), flow(facts, order), simulated)


def as_json(tables: Tables) -> dict[str, Any]:
    """Numbers only; rates from 0 to 1, nan where there is nothing to divide by."""
    way = tables.flow
    return {
        "simulated": tables.simulated,
        "table1": {name: _shares(getattr(tables.patients, name)) for name, _ in _PARTS},
        "flow": {
            "collected": way.collected,
            "collected_patients": way.collected_patients,
            "excluded": dict(way.excluded),
            "included": way.included,
            "included_patients": way.included_patients,
            "by_tumour": _shares(way.by_tumour),
            "conflicts": list(way.conflicts),
        },
    }


def as_text(tables: Tables) -> str:
    """Both, to be read on a terminal."""
    lines = []
    for title, header, rows in _blocks(tables):
        lines += ["", title]
        cells = [header, *rows]
        widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
        for row in cells:
            rest = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
            lines.append("  ".join(("  " + row[0].ljust(widths[0]), *rest)).rstrip())
    return "\n".join([*_way(tables), *lines])


def as_html(tables: Tables) -> str:
    """A page without scripts or anything from outside; also what the window shows."""
    notes = "".join(f"<p>{escape(line)}</p>" for line in _notes(tables))
    parts = []
    for title, header, rows in _blocks(tables):
        head = _html_row("th", header)
        body = "".join(_html_row("td", row) for row in rows)
        parts.append(
            f"<h3>{escape(title)}</h3><table cellpadding='4' cellspacing='0'>{head}{body}</table>"
        )
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Tables of the library</title></head><body>'
        f"<h3>From collected to included</h3>{flow_diagram.as_html(tables.flow)}{notes}{''.join(parts)}</body></html>\n"
    )


def write(tables: Tables, out: Path) -> list[Path]:
    """Table 1, the flow and both together into a folder; each file appears when it is whole."""
    from workstation.store.library import DATABASE

    if out.exists() and not out.is_dir():
        raise CallError(f"{out} is a file: name a folder for the tables.")
    if any((folder / DATABASE).exists() for folder in (out.resolve(), *out.resolve().parents)):
        raise CallError("The tables would lie inside a library: choose a folder outside it.")
    out.mkdir(parents=True, exist_ok=True)
    told = json.dumps(_finite(as_json(tables)), indent=1, allow_nan=False) + "\n"
    texts = (_table_csv(tables), _flow_csv(tables), told, as_html(tables))
    files = []
    for name, text in zip(FILES, texts, strict=True):
        part = out / f"{name}.part"
        part.write_text(text, encoding="utf-8", newline="\n")
        os.replace(part, out / name)
        files.append(out / name)
    return files


def _html_row(kind: str, cells: Sequence[str]) -> str:
    """Words at the left, numbers at the right."""
    sides = (("left", _FIRST_COLUMN), *(("right", _COLUMN),) * (len(cells) - 1))
    inside = (
        f'<{kind} align="{side}" width="{width}">{escape(cell)}</{kind}>'
        for (side, width), cell in zip(sides, cells, strict=True)
    )
    return f"<tr>{''.join(inside)}</tr>"


def _way(tables: Tables) -> list[str]:
    way = tables.flow
    lines = [f"Collected: {way.collected:,} scans of {way.collected_patients:,} patients"]
    lines += [f"Excluded, {reason}: {number:,}" for reason, number in way.excluded.items()]
    lines.append(f"Included: {way.included:,} scans of {way.included_patients:,} patients")
    return [*lines, *_notes(tables)]


def _notes(tables: Tables) -> list[str]:
    lines = []
    if tables.simulated:
        lines.append(f"Simulated, of those collected: {tables.simulated:,}")
    if tables.flow.conflicts:
        lines.append(f"Reference and grade disagree, look at them: {_named(tables.flow.conflicts)}")
    return lines


def _named(patients: Sequence[str]) -> str:
    """The first of them by name, the others counted."""
    more = len(patients) - _NAMED
    return ", ".join(patients[:_NAMED]) + (f" and {more:,} more patients" if more > 0 else "")


def _blocks(tables: Tables) -> list[tuple[str, list[str], list[list[str]]]]:
    """(title, header, rows) of every table, as text."""
    blocks = []
    parts = [(title, getattr(tables.patients, name), name == "status") for name, title in _PARTS]
    for title, shares, by_status in [*parts, ("Included scans by status", tables.flow.by_tumour, True)]:
        header = ["", *(name.capitalize() for name in shares)]
        names = [(_BY_STATUS if by_status else _BY_LESION).get(row, row) for row in _ROWS]
        rows = [
            [name.capitalize(), *(_cell(share, row) for share in shares.values())]
            for name, row in zip(names, _ROWS, strict=True)
        ]
        blocks.append((title, header, rows))
    return blocks


def _cell(share: Share, row: str) -> str:
    if row != "rate":
        return f"{getattr(share, row):,}"
    return f"{100 * share.rate:.2f} %" if share.rate == share.rate else "-"


def _shares(shares: Mapping[str, Share]) -> dict[str, dict[str, float]]:
    return {name: {row: getattr(share, row) for row in _ROWS} for name, share in shares.items()}


def _table_csv(tables: Tables) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("of", "tumour", *_ROWS))
    for name, _ in _PARTS:
        for tumour, share in getattr(tables.patients, name).items():
            rate = f"{share.rate:.6f}" if share.rate == share.rate else ""
            writer.writerow((name, tumour, share.total, share.malignant, share.benign, share.undecided, rate))
    return stream.getvalue()


def _flow_csv(tables: Tables) -> str:
    from workstation.workflows.table import guarded

    way = tables.flow
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("step", "what", "scans"))
    writer.writerow(("collected", "", way.collected))
    writer.writerows(("excluded", guarded(reason), number) for reason, number in way.excluded.items())
    writer.writerow(("included", "", way.included))
    for tumour, share in way.by_tumour.items():
        if tumour != "total":
            writer.writerow(("included", f"{tumour}, metastasis", share.malignant))
            writer.writerow(("included", f"{tumour}, no metastasis", share.benign))
            writer.writerow(("included", f"{tumour}, undecided", share.undecided))
    return stream.getvalue()


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value == value else None
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    return value
