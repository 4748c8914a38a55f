"""An evaluation as one HTML file: nothing is fetched, nothing runs, all text is escaped; light or dark."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import resources
from workstation.report import methods
from workstation.report.cells import (
    PLAIN,
    ShownComparison,
    column_name,
    decimals,
    names,
    row_head,
    row_name,
    shown,
    shown_comparison,
)
from workstation.report.claim import checklist
from workstation.report.evaluation import Evaluation, Study, Training
from workstation.report.facts import facts, results, sealed, trained_on
from workstation.report.figures import Figure
from workstation.report.plain_tables import counts_cases, notes, title
from workstation.stats.evaluation import Comparison, Table
from workstation.stats.printing import rounded

TOTALS = ("all", "total", "all sites")


def page(given: Evaluation, drawn: Sequence[Sequence[Figure]]) -> str:
    """drawn: the figures of each study."""
    from jinja2 import Environment

    known = facts(given)
    environment = Environment(autoescape=True, trim_blocks=False)
    template = environment.from_string(resources.path("report", "evaluation.html").read_text("utf-8"))
    return template.render(
        title=f"{given.name}: evaluation", given=given, facts=known, trained_on=trained_on(given),
        initialisation=_sentence(known["initialisation"]), sealed=sealed(given), overview=_overview(given),
        style=resources.path("report", "evaluation.css").read_text("utf-8"),
        studies=[_study(each, given, some) for each, some in zip(given.studies, drawn, strict=True)],
        trainings=[_training(each) for each in given.trainings], settings=_settings(given.trainings),
        methods=methods.paragraph(given, known), claim=checklist(known),
    )  # fmt: skip


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _overview(given: Evaluation) -> list[tuple[str, str]]:
    data = given.data
    found = [
        ("Scans", f"{data.scans:,}"), ("Patients", f"{data.patients:,}"), ("Visible lesions", f"{data.lesions:,}"),
        ("Folds", str(data.folds)), ("Sealed patients", f"{data.sealed:,}"),
    ]  # fmt: skip
    if data.cohort:
        found.append(("Cohort", f"{data.cohort}, seed {data.seed}"))
    if not math.isnan(data.best_auc) and any(study.paper == "a" for study in given.studies):
        found.append(("Bound on AUC, all lesions of the set", rounded(data.best_auc, 3)))
    return [*found, ("Data set, SHA-256", data.hash[:16]), ("Made on", given.made)]


def _study(study: Study, given: Evaluation, figures: Sequence[Figure]) -> dict[str, Any]:
    return {
        "id": f"paper-{study.paper}",
        "title": f"Paper {study.paper.upper()}. {names('papers').get(study.paper, '')}",
        "results": results(given, study),
        "figures": figures,
        "meanings": _meanings(study),
        "tables": [_table(each, study) for each in study.tables],
    }


def _table(table: Table, study: Study) -> dict[str, Any]:
    rows = [
        {
            "name": row_head(table, row), "cases": f"{row.cases:,}", "patients": f"{row.patients:,}",
            "cells": [shown(table, row, column) for column in table.columns],
            "cells_there": bool(row.cells), "total": row.key in TOTALS,
        }
        for row in table.rows
    ]  # fmt: skip
    columns = [
        {"name": column_name(table, column), "unit": _unit(table, at, rows)} for at, column in enumerate(table.columns)
    ]
    compared = [(each, shown_comparison(table, each)) for each in table.comparisons]
    return {
        "id": re.sub(r"[^a-z0-9]+", "-", f"{table.paper}-{table.number}-{table.title}".lower()).strip("-"),
        "title": title(table), "columns": columns, "rows": rows, "with_cases": not counts_cases(table),
        "key": _key(rows), "notes": notes(table), "ours": row_name(study.network),
        "pairs": _pairs([each for each, _ in compared if each.difference is not None], table),
        "groups": _groups([said for each, said in compared if each.difference is None]),
        "points": any(each.difference is not None and decimals(table, each.column)[1] for each, _ in compared),
        "tests_printed": any(said.paper for _, said in compared),
        "long": _long(table),
    }  # fmt: skip


def _unit(table: Table, at: int, rows: Sequence[dict[str, Any]]) -> str:
    units = {row["cells"][at].unit for row in rows}
    return "%" if "%" in units and "%" not in column_name(table, table.columns[at]) else ""


def _key(rows: Sequence[dict[str, Any]]) -> str:
    """How a cell is to be read, of what its cells have."""
    cells = [cell for row in rows for cell in row["cells"]]
    said = []
    over = {cell.over_name for cell in cells if cell.over_patients} - {""}
    if over:
        said.append("pooled over all cases, below it the 95 % interval over patients")
    elif any(cell.plain for cell in cells):
        said.append("pooled over all cases, below it the 95 % interval")
    if any(cell.mean for cell in cells):
        said.append("then mean and standard deviation of the folds")
    if any(cell.paper for cell in cells):
        said.append("then what the paper prints, on its own patients")
    text = ", ".join(said).removeprefix("then ")
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _meanings(study: Study) -> str:
    """What the columns of a study's tables mean, once."""
    used = {column for table in study.tables for column in table.columns} | {table.number for table in study.tables}
    return " ".join(text for column, text in names("abbreviations").items() if column in used)


def _groups(compared: Sequence[ShownComparison]) -> list[dict[str, Any]]:
    """Tests by which groups they are between; what the paper prints beside the test it made."""
    by_groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for each in compared:
        printed = next((at for at, test in enumerate(each.tests) if "as printed" in test.name), 0)
        by_groups.setdefault(each.of, []).extend(
            {"column": each.column if at == 0 else "", "first": at == 0, "name": test.name, "p": test.p,
             "statistic": test.statistic, "paper": each.paper if at == printed else ""}
            for at, test in enumerate(each.tests)
        )  # fmt: skip
    return [{"between": ", ".join(of), "tests": tests} for of, tests in by_groups.items()]


def _pairs(paired: Sequence[Comparison], table: Table) -> list[dict[str, Any]]:
    by_other: dict[str, list[ShownComparison]] = {}
    for each in paired:
        by_other.setdefault(each.of[1], []).append(shown_comparison(table, each))
    return [
        {
            "other": row_name(other),
            "cases": f"{max(each.cases for each in lines):,} cases, {max(each.patients for each in lines):,} patients",
            "lines": [_line(each) for each in lines],
        }
        for other, lines in by_other.items()
    ]


def _line(given: ShownComparison) -> dict[str, Any]:
    def said(plain: bool) -> list[str]:
        between = [f"{text} ({name})" for name, text in given.intervals if text and _is_plain(name) == plain]
        tests = [f"P {test.p} ({test.name})" for test in given.tests if _is_plain(test.name) == plain]
        return [*between, *tests]

    difference = given.difference.value if given.difference else ""
    return {"column": given.column, "difference": difference, "plain": said(True), "over": said(False)}


def _is_plain(name: str) -> bool:
    """Whether an interval or test takes every case as independent."""
    return name in PLAIN or name in ("exact McNemar", "DeLong")


def _long(table: Table) -> list[dict[str, Any]]:
    found = []
    for row in table.rows:
        first = True
        for column in table.columns:
            cell = row.cells.get(column)
            if cell is None or not (cell.intervals or cell.folds):
                continue
            found.append(
                {"row": row_name(row.key) if first else "", "column": column_name(table, column), "first": first,
                 "cell": shown(table, row, column)}
            )  # fmt: skip
            first = False
    return found


def _training(each: Training) -> dict[str, Any]:
    minutes = sum(value for value in each.seconds if not math.isnan(value)) / 60
    return {
        "label": row_name(each.network), "name": each.name, "seed": each.settings.get("seed", ""),
        "folds": ", ".join(map(str, each.folds)) or "none",
        "absent": [f"fold {fold}: {why}" for fold, why in each.absent.items()],
        "initialisation": each.initialisation, "epochs": _by_fold(each.epochs, 0), "best": _by_fold(each.best, 0),
        "minutes": rounded(minutes, 1) if each.seconds else "", "device": each.device,
        "parameters": "" if math.isnan(each.parameters) else f"{each.parameters:,.0f}",
        "temperatures": _by_fold(each.temperatures, 2),
    }  # fmt: skip


def _by_fold(values: Sequence[float], digits: int) -> str:
    """One number where all folds have it, else each one's; nothing where nobody knows."""
    told = [rounded(value, digits) for value in values if not math.isnan(value)]
    return told[0] if len(set(told)) == 1 else ", ".join(told)


def _settings(trainings: Sequence[Training]) -> list[tuple[str, list[str]]]:
    keys = dict.fromkeys(key for each in trainings for key in each.settings)
    return [(key, [str(each.settings.get(key, "")) for each in trainings]) for key in keys]
