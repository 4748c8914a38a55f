"""A table of an evaluation as values: numbers with counts and intervals, every P with its test, the paper beside.

Reports, the window and `--json` only write these out. Which numbers a table of a paper holds: `lesion_tables`,
`patient_tables`, `burden_tables`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from workstation.stats.folds import FoldMean

Printed = Mapping[tuple[str, str], Mapping[str, str]]


@dataclass(frozen=True)
class Interval:
    """A 95 % interval by its name."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Cell:
    """One number: over all cases of its row pooled (`value`), and as mean of the folds. Two things, never mixed.

    count, total: of a proportion. intervals: Wilson or DeLong, as if cases were independent; then over patients. paper:
    the digits the paper prints.
    """

    value: float
    count: float | None = None
    total: float | None = None
    intervals: tuple[Interval, ...] = ()
    folds: FoldMean | None = None
    paper: str | None = None


@dataclass(frozen=True)
class Row:
    """cases of patients, tested in these folds (0-based). cells: by the table's columns; some may be absent."""

    key: str
    cases: int
    patients: int
    folds: tuple[int, ...]
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Test:
    """A test by its name. statistic, df: None where it has none (an exact one); p: nan where nothing can differ."""

    __test__ = False  # no test of pytest's

    name: str
    p: float
    statistic: float | None = None
    df: int | None = None


@dataclass(frozen=True)
class Comparison:
    """Rows compared in one column. difference: the first's less the second's, of two paired rows, with its intervals.

    paper: the statistic and p it prints, by "statistic" and "p".
    """

    column: str
    of: tuple[str, ...]
    tests: tuple[Test, ...]
    difference: Cell | None = None
    cases: int = 0
    patients: int = 0
    paper: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Table:
    """A table after one of the papers: paper "a", "b" or "c", number as there. notes: what a reader has to know."""

    paper: str
    number: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    comparisons: tuple[Comparison, ...] = ()
    notes: tuple[str, ...] = ()

    def row(self, key: str) -> Row:
        """KeyError where there is no such row."""
        for row in self.rows:
            if row.key == key:
                return row
        raise KeyError(key)


def beside(table: Table, printed: Printed) -> Table:
    """The table with the paper's figures in it. printed: (table, row) -> column -> digits, as in `resources/papers`.

    Figures the paper gives in its text beside a table, "4 auc", belong to that table.
    """
    figures: dict[str, dict[str, str]] = {}
    for (number, key), columns in printed.items():
        if number == table.number or number.startswith(f"{table.number} "):
            figures.setdefault(key, {}).update(columns)
    rows = []
    for row in table.rows:
        theirs = figures.get(_in_the_paper(row.key), {})
        cells = {name: replace(cell, paper=theirs.get(name)) for name, cell in row.cells.items()}
        rows.append(replace(row, cells=cells))
    keys = {row.key for row in table.rows}
    compared = [
        replace(each, paper=figures[each.column])
        if each.column in figures and each.column not in keys and each.difference is None
        else each
        for each in table.comparisons
    ]
    return replace(table, rows=tuple(rows), comparisons=tuple(compared))


def _in_the_paper(row: str) -> str:
    """What a paper calls a row: it counts folds from 1."""
    word, _, fold = row.partition(" ")
    return f"fold {int(fold) + 1}" if word == "fold" and fold.isdecimal() else row


def to_json(value: object) -> object:
    """Tables and what is in them as JSON's own types; what is no number becomes null, as JSON has no nan.

    A fold mean is its mean, sd and values.
    """
    if isinstance(value, FoldMean):
        return {"mean": to_json(value.mean), "sd": to_json(value.sd), "values": to_json(value.values)}
    if dataclasses.is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(each) for key, each in value.items()}
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence):
        return [to_json(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
