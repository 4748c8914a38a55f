"""A table's numbers as text: how many digits, with which signs, under which names. HTML, Markdown and CSV share it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import resources
from workstation.stats.evaluation import Cell, Comparison, Interval, Row, Table, Test
from workstation.stats.printing import NONE, p_value, percent, rounded

MINUS = "\N{MINUS SIGN}"
PLAIN = ("Wilson", "DeLong", "Tango", "Bayes")
"""Intervals as if cases were independent; every other one is over patients."""


@dataclass(frozen=True)
class Shown:
    """One cell as text; "" where there is nothing to say. unit: "%" or "".

    value: pooled over all cases. count: "385/486". plain, over_patients: intervals "79.2 to 83.5" with their names.
    mean, sd: of the folds. paper: the digits it prints.
    """

    value: str
    count: str = ""
    plain: str = ""
    plain_name: str = ""
    over_patients: str = ""
    over_name: str = ""
    mean: str = ""
    sd: str = ""
    paper: str = ""
    unit: str = ""


@dataclass(frozen=True)
class ShownTest:
    """name: of the test. statistic: "12.3 (2)", with its degrees of freedom in brackets, or "". p: "<0.001"."""

    name: str
    statistic: str
    p: str


@dataclass(frozen=True)
class ShownComparison:
    """One line of what was compared. of: the rows' names. difference: with its sign; "" between groups."""

    column: str
    of: tuple[str, ...]
    difference: Shown | None
    intervals: tuple[tuple[str, str], ...]
    tests: tuple[ShownTest, ...]
    cases: int
    patients: int
    paper: str = ""


def names(kind: str) -> Mapping[str, str]:
    """A section of resources/report/names.toml."""
    found: Mapping[str, str] = resources.table("report/names")[kind]
    return found


def column_name(table: Table, column: str) -> str:
    """The head of a column; of a segmentation's it is the Dice, of whichever scans and threshold."""
    if table.number == "dice":
        _, _, rest = column.partition(", ")
        return f"Dice, {rest.replace('oracle threshold', 'best threshold in hindsight')}" if rest else "Dice"
    known = names("columns").get(column)
    if known is not None:
        return known
    first, _, rest = column.partition(" ")
    if first in ("ppv", "npv"):
        return f"{first.upper()} {rest} prevalence"
    return column[:1].upper() + column[1:]


def row_name(key: str) -> str:
    """Of a network, a group, a fold, of a network's other row ("resnet50, after its temperature"), or of one of two
    trainings of a network ("small-c-bladder-residual-unet").
    """
    for kind in ("networks", "groups"):
        if key in names(kind):
            return names(kind)[key]
    first, comma, rest = key.partition(", ")
    if comma:
        return f"{row_name(first)}{comma}{rest}"
    for network in sorted(names("networks"), key=len, reverse=True):
        if key.endswith(f"-{network}"):
            return f"{names('networks')[network]} ({key.removesuffix(f'-{network}')})"
    return key[:1].upper() + key[1:]


def compares_networks(table: Table) -> bool:
    """Whether its rows are networks."""
    return table.number in {"a": ("3",), "b": ("networks",), "c": ("4", "dice")}.get(table.paper, ())


def row_head(table: Table, row: Row) -> str:
    """The name of a row; a network that was tested on fewer folds than others in the table is headed so."""
    folds = {fold for each in table.rows if each.cells for fold in each.folds}
    if not row.cells or not compares_networks(table) or set(row.folds) == folds:
        return row_name(row.key)
    word = "fold" if len(row.folds) == 1 else "folds"
    return f"{row_name(row.key)} ({word} {', '.join(map(str, row.folds))} only)"


def decimals(table: Table, column: str) -> tuple[int, bool]:
    """How many decimals a column has, and whether it is a percentage."""
    if table.number in ("dice", "calibration"):
        return 4, False
    if column == "auc":
        return 3, False
    return 2, True


def shown(table: Table, row: Row, column: str) -> Shown:
    """The cell of a row; an en dash where the table has no number."""
    cell = row.cells.get(column)
    if cell is None:
        return Shown(NONE if not row.cells else "")
    if cell.count is not None and cell.total is None:
        return Shown(f"{cell.count:,.0f}", paper=cell.paper or "")
    return _shown(cell, *decimals(table, column))


def _shown(cell: Cell, digits: int, share: bool, signed: bool = False) -> Shown:
    plain, over = split(cell.intervals)
    count = f"{cell.count:,.0f}/{cell.total:,.0f}" if cell.count is not None and cell.total is not None else ""
    folds = cell.folds if cell.folds is not None and len(cell.folds.values) > 1 else None
    folds = None if folds is None or math.isnan(folds.mean) else folds
    return Shown(
        figure(cell.value, digits, share, signed),
        count,
        _interval(plain, digits, share, signed), plain.name if plain else "",
        _interval(over, digits, share, signed), over.name if over else "",
        figure(folds.mean, digits, share) if folds else "",
        figure(folds.sd, digits, share) if folds else "",
        cell.paper or "",
        "%" if share else "",
    )  # fmt: skip


def split(intervals: tuple[Interval, ...]) -> tuple[Interval | None, Interval | None]:
    """The interval as if cases were independent, and the last one over patients."""
    plain = [each for each in intervals if each.name in PLAIN]
    over = [each for each in intervals if each.name not in PLAIN]
    return (plain[0] if plain else None), (over[-1] if over else None)


def figure(value: float, digits: int, share: bool = False, signed: bool = False) -> str:
    """A number with a true minus sign; percentages without theirs. What rounds to 0 has no sign."""
    text = percent(value, digits) if share else rounded(value, digits)
    if not math.isfinite(value):
        return text
    if not text.strip("-0."):
        return text.lstrip("-")
    return f"+{text}" if signed and value > 0 else text.replace("-", MINUS)


def _interval(found: Interval | None, digits: int, share: bool, signed: bool = False) -> str:
    if found is None or math.isnan(found.low) or math.isnan(found.high):
        return ""
    return f"{figure(found.low, digits, share, signed)} to {figure(found.high, digits, share, signed)}"


def shown_comparison(table: Table, given: Comparison) -> ShownComparison:
    """What was compared, with every test and interval by its name."""
    digits, share = decimals(table, given.column)
    digits = digits if share else digits + 1  # a difference of AUCs is small
    cell = given.difference
    intervals = tuple(
        (each.name, _interval(each, digits, share, True)) for each in (cell.intervals if cell else ())
    )  # fmt: skip
    paper = given.paper or {}
    printed = ", ".join(
        f"{name} {paper[key]}" for name, key in (("\u03c7\u00b2", "statistic"), ("P", "p")) if key in paper
    )  # fmt: skip
    return ShownComparison(
        column_name(table, given.column), tuple(row_name(each) for each in given.of),
        _shown(cell, digits, share, True) if cell else None, intervals,
        tuple(shown_test(each) for each in given.tests), given.cases, given.patients, printed,
    )  # fmt: skip


def shown_test(test: Test) -> ShownTest:
    statistic = ""
    if test.statistic is not None and not math.isnan(test.statistic):
        statistic = figure(test.statistic, 2) + (f" ({test.df})" if test.df is not None else "")
    return ShownTest(test.name, statistic, p_value(test.p) if not math.isnan(test.p) else NONE)
