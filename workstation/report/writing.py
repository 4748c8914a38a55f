"""An evaluation as files: a page, its figures, every table as CSV, all of it as JSON and Markdown; whole or none."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from workstation.report import methods
from workstation.report.claim import checklist
from workstation.report.evaluation import Evaluation
from workstation.report.facts import facts, results, sealed, trained_on
from workstation.report.figures import Figure, figures
from workstation.report.page import page
from workstation.report.plain_tables import cells_csv, escape, markdown, tests_csv
from workstation.stats.evaluation import to_json

PAGE = "evaluation.html"
VALUE = "evaluation.json"
FORMAT = 1


class ReportError(Exception):
    """A report cannot be written there; the message says why, in words."""


def write(given: Evaluation, folder: Path) -> Path:
    """Put the report into `folder`, in place of an earlier one; the page's path. Raises ReportError, OSError.

    It is made beside and renamed: there is a whole report, the earlier one or none.
    """
    folder = folder.absolute()
    if folder.exists() and not (folder / VALUE).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise ReportError(f"{folder} is not empty and holds no evaluation. Name a new folder with --out.")
    drawn = [
        [each for at, chart in enumerate(study.charts) for each in figures(chart, f"{study.paper}-{at + 1}")]
        for study in given.studies
    ]
    part, old = folder.with_name(f"{folder.name}.part"), folder.with_name(f"{folder.name}.old")
    for left in (part, old):
        shutil.rmtree(left, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        for name, data in _files(given, drawn).items():
            where = part / name
            where.parent.mkdir(exist_ok=True)
            where.write_bytes(data)
        if folder.exists():
            os.replace(folder, old)
        os.replace(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    return folder / PAGE


def _files(given: Evaluation, drawn: list[list[Figure]]) -> dict[str, bytes]:
    tables = [table for study in given.studies for table in study.tables]
    found = {
        PAGE: page(given, drawn).encode(),
        VALUE: (json.dumps(value(given), indent=1, allow_nan=False) + "\n").encode(),
        "evaluation.md": document(given).encode(),
        "tables.csv": cells_csv(tables).encode(),
        "tests.csv": tests_csv(tables).encode(),
        "methods.txt": (methods.paragraph(given, facts(given)) + "\n").encode(),
    }
    for each in (figure for some in drawn for figure in some):
        found |= {f"figures/{each.name}.svg": each.svg, f"figures/{each.name}.png": each.png}
    return found


def value(given: Evaluation) -> dict[str, object]:
    """All of it as JSON's own types."""
    known = facts(given)
    return {
        "format": FORMAT,
        "name": given.name,
        "made": given.made,
        "trained_on": trained_on(given),
        "initialisation": known["initialisation"],
        "threshold": given.threshold,
        "final": given.final,
        "sealed_openings": given.openings,
        "absent": list(given.absent),
        "data": to_json(given.data),
        "trainings": to_json(given.trainings),
        "versions": dict(given.versions),
        "commands": list(given.commands),
        "tables": [to_json(table) for study in given.studies for table in study.tables],
        "methods": methods.paragraph(given, known),
        "claim": [to_json(item) for item in checklist(known)],
    }


def document(given: Evaluation) -> str:
    """The tables as Markdown, with what has to stand beside them."""
    known = facts(given)
    data = given.data
    lines = [f"## {escape(given.name)}", ""]
    lines.append(f"{trained_on(given)}. Initialisation: {known['initialisation']}. {sealed(given)}")
    lines += [
        "", f"{data.scans:,} scans of {data.patients:,} patients, {data.lesions:,} visible lesions; {known['source']} "
        f"Data set {data.hash[:16]}. Made on {given.made}.", "",
        *(f"- Missing: {escape(line)}" for line in given.absent), "",
        f"{known['models']} {known['training']} {known['software']}", "", "```", *given.commands, "```", "",
        "Cells: pooled over all cases (95 % interval over patients); mean and standard deviation of the folds; what "
        "the paper prints, on its own patients.",
    ]  # fmt: skip
    for study in given.studies:
        lines += ["", results(given, study), ""]
        lines += [markdown(table) for table in study.tables]
    return "\n".join(lines).rstrip() + "\n"
