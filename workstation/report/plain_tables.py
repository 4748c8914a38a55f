"""Tables as Markdown for documents and as CSV for other programs."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence

from workstation.report.cells import (
    Shown,
    ShownComparison,
    column_name,
    names,
    row_head,
    row_name,
    shown,
    shown_comparison,
    split,
)
from workstation.stats.evaluation import Interval, Table

CSV_COLUMNS = (
    "paper", "table", "row", "column", "value", "count", "total", "interval", "low", "high", "over_patients",
    "over_patients_low", "over_patients_high", "fold_mean", "fold_sd", "cases", "patients", "printed",
)  # fmt: skip
TESTS_COLUMNS = (
    "paper", "table", "column", "of", "difference", "interval", "low", "high", "test", "statistic", "df", "p", "cases",
    "patients", "printed_statistic", "printed_p",
)  # fmt: skip


def markdown(table: Table) -> str:
    """The table with what was compared and its notes, as GitHub reads it."""
    lines = [f"### {title(table)}", ""]
    with_cases = not counts_cases(table)
    first = ["", *(["Cases (patients)"] if with_cases else []), *(head(table, column) for column in table.columns)]
    rows = [first, ["---", *["---:"] * (len(first) - 1)]]
    for row in table.rows:
        many = [f"{row.cases:,} ({row.patients:,})" if row.cells else "none"] if with_cases else []
        rows.append([row_head(table, row), *many, *(_in_one(shown(table, row, column)) for column in table.columns)])
    lines += [_line(row) for row in rows]
    if table.comparisons:
        lines += ["", *_compared(table)]
    lines += ["", *(f"- {escape(note)}" for note in notes(table))]
    return "\n".join(lines).rstrip() + "\n"


def counts_cases(table: Table) -> bool:
    """Whether some of its columns are counts of cases, so that none need be added."""
    cells = [cell for row in table.rows for cell in row.cells.values()]
    return any(cell.total is None and cell.count is not None for cell in cells)


def title(table: Table) -> str:
    """ "Table 3. Networks"; those the papers do not number by their name alone."""
    number = f"Table {table.number}. " if re.fullmatch("S?[0-9]+", table.number) else ""
    return number + re.sub(r"(?<=[ ])([a-z0-9-]+)$", lambda found: _named(found[1]), table.title)


def _named(word: str) -> str:
    return names("networks").get(word, word)


def notes(table: Table) -> list[str]:
    """What a reader has to know: the table's own notes, and what its rows stand for."""
    keys = [row.key for row in table.rows]
    explained = [f"{row_name(key)}: {text}" for key, text in names("explained").items() if key in keys]
    told = [re.sub(r"^([a-z0-9-]+)(?=[:,] )", lambda found: _named(found[1]), note) for note in table.notes]
    return [*told, *_undefined(table), *explained]


def _undefined(table: Table) -> list[str]:
    """Why a number is not there."""
    one_class = [
        row_name(row.key) for row in table.rows if "auc" in row.cells and math.isnan(row.cells["auc"].value)
    ]
    shares = any(
        cell.total == 0 for row in table.rows for name, cell in row.cells.items() if name != "auc"
    )  # fmt: skip
    found = [f"No AUC for {', '.join(one_class)}: all its cases are of one class."] if one_class else []
    return [*found, *(["An en dash stands where there are no cases to take a share of."] if shares else [])]


def head(table: Table, column: str) -> str:
    """A column's name with its unit."""
    units = {shown(table, row, column).unit for row in table.rows}
    name = column_name(table, column)
    return f"{name}, %" if "%" in units and "%" not in name else name


def _in_one(cell: Shown) -> str:
    """A cell in one: the pooled value, its interval over patients, the mean of the folds, the paper's."""
    parts = [cell.value]
    if between := cell.over_patients or cell.plain:
        parts.append(f"({between})")
    text = " ".join(parts)
    if cell.mean:
        text += f"<br>folds {cell.mean} \u00b1 {cell.sd}"
    if cell.paper:
        text += f"<br>paper {cell.paper}"
    return text


def _compared(table: Table) -> Iterable[str]:
    paired = [shown_comparison(table, each) for each in table.comparisons if each.difference is not None]
    groups = [shown_comparison(table, each) for each in table.comparisons if each.difference is None]
    if paired:
        yield _line(["Difference", "of", "value", "95 % intervals", "tests"])
        yield _line(["---", "---", "---:", "---", "---"])
        for each in paired:
            between = "; ".join(f"{low_high} ({name})" for name, low_high in each.intervals)
            difference = each.difference.value if each.difference else ""
            yield _line([f" {chr(0x2212)} ".join(each.of), each.column, difference, between, _tests(each)])
    if groups:
        yield _line(["Between", "of", "tests", "paper"])
        yield _line(["---", "---", "---", "---"])
        for each in groups:
            yield _line([", ".join(each.of), each.column, _tests(each), each.paper])


def _tests(given: ShownComparison) -> str:
    return "; ".join(
        f"P {each.p} ({each.name}{', ' + each.statistic if each.statistic else ''})" for each in given.tests
    )


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(escape(cell) for cell in cells) + " |"


def escape(text: str) -> str:
    """Text that cannot end a cell of Markdown or begin a tag; line breaks of ours stay."""
    kept = text.replace("<br>", "\0").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return kept.replace("|", "\\|").replace("\r", " ").replace("\n", " ").replace("\0", "<br>")


def cells_csv(tables: Iterable[Table]) -> str:
    """One number a line, unrounded; empty where there is none."""
    rows: list[Sequence[object]] = [CSV_COLUMNS]
    for table in tables:
        for row in table.rows:
            for column in table.columns:
                cell = row.cells.get(column)
                if cell is None:
                    continue
                plain, over = split(cell.intervals)
                folds = cell.folds
                rows.append([
                    table.paper, table.number, row.key, column, _number(cell.value), _number(cell.count),
                    _number(cell.total), *_low_high(plain), *_low_high(over), _number(folds.mean if folds else None),
                    _number(folds.sd if folds else None), row.cases, row.patients, cell.paper or "",
                ])  # fmt: skip
    return _csv(rows)


def tests_csv(tables: Iterable[Table]) -> str:
    """One test or interval of a comparison a line, unrounded."""
    rows: list[Sequence[object]] = [TESTS_COLUMNS]
    for table in tables:
        for each in table.comparisons:
            cell, paper = each.difference, each.paper or {}
            start = [table.paper, table.number, each.column, " / ".join(each.of), _number(cell.value if cell else None)]
            end = [each.cases, each.patients, paper.get("statistic", ""), paper.get("p", "")]
            for interval in cell.intervals if cell else ():
                rows.append([*start, *_low_high(interval), "", "", "", "", *end])
            for test in each.tests:
                numbers = [_number(test.statistic), _number(test.df), _number(test.p)]
                rows.append([*start, "", "", "", test.name, *numbers, *end])
    return _csv(rows)


def _low_high(found: Interval | None) -> list[object]:
    return [found.name, _number(found.low), _number(found.high)] if found else ["", "", ""]


def _number(value: float | None) -> object:
    return "" if value is None or not math.isfinite(value) else float(value) if value != int(value) else int(value)


def _csv(rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([[_harmless(value) for value in row] for row in rows])
    return out.getvalue()


def _harmless(value: object) -> object:
    """Text a spreadsheet would take for a formula gets a quote before it."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
