"""What fits on a screen: where it came from in a few lines, and the tables that compare networks, in plain columns."""

from __future__ import annotations

from collections.abc import Sequence

from workstation.report.cells import Shown, compares_networks, row_head, shown
from workstation.report.evaluation import Evaluation
from workstation.report.facts import facts, sealed, trained_on
from workstation.report.plain_tables import counts_cases, head, title
from workstation.stats.evaluation import Table

Columns = tuple[str, list[str], list[list[str]]]


def heading(given: Evaluation) -> list[str]:
    """Whose scans, how begun, how often the sealed were opened: what stands beside every result."""
    data = given.data
    return [
        f"{given.name}: {data.scans:,} scans of {data.patients:,} patients, {data.lesions:,} visible lesions",
        f"{trained_on(given)}. Initialisation: {facts(given)['initialisation']}.",
        sealed(given),
    ]


def compared(given: Evaluation) -> list[Columns]:
    """Of every study the tables with a row for each network, else its first with results."""
    found = []
    for study in given.studies:
        tables = [table for table in study.tables if compares_networks(table)]
        tables = tables or [table for table in study.tables if "auc" in table.columns][:1]
        found += [_columns(table) for table in tables]
    return found


def _columns(table: Table) -> Columns:
    with_cases = not counts_cases(table)
    names = [head(table, column) for column in table.columns]
    rows = []
    for row in table.rows:
        cases = [f"{row.cases:,}" if row.cells else "none"] if with_cases else []
        rows.append([row_head(table, row), *cases, *(_short(shown(table, row, column)) for column in table.columns)])
    return title(table), ["", *(["cases"] if with_cases else []), *names], rows


def _short(cell: Shown) -> str:
    between: Sequence[str] = [f"({each})" for each in (cell.over_patients or cell.plain,) if each]
    return " ".join([cell.value, *between])
