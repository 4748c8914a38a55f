"""The tables of an evaluation as a page of rich text: below each number its interval. All text is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workstation.report.summary import Columns
    from workstation.workflows.evaluate import Reported
    from workstation.workflows.model_use import Considered


def page(given: Reported, colour: Mapping[str, str]) -> str:
    """colour: tokens of the theme, "text" -> "#rrggbb"."""
    lacking = [f'<p style="margin: 0px; color: {colour["warning"]}">{escape(words)}</p>' for words in given.absent]
    return "".join([_quiet(given.heading, colour), *lacking, *(_table(table, colour) for table in given.tables)])


def compared(given: Considered, colour: Mapping[str, str]) -> str:
    """Two models on the same sealed cases, or why there is nothing to compare."""
    from workstation.workflows import model_words

    words = _quiet(model_words.heading(given), colour, "text")
    if given.comparison is None:
        return words
    table = "", list(model_words.COMPARED), model_words.compared(given.comparison)
    return f"{words}{_table(table, colour)}{_quiet([model_words.NOTE], colour)}"


def _quiet(lines: Sequence[str], colour: Mapping[str, str], token: str = "text_quiet") -> str:
    return "".join(f'<p style="margin: 0px; color: {colour[token]}">{escape(words)}</p>' for words in lines)


def _table(given: Columns, colour: Mapping[str, str]) -> str:
    title, names, rows = given
    quiet = f'style="color: {colour["text_quiet"]}; font-size: 11px; font-weight: 600; padding: 4px 10px 4px 0px"'
    line = f"border-bottom: 1px solid {colour['line']}"
    head = "".join(
        f'<td align="{"right" if number else "left"}" valign="bottom" {quiet}>{escape(name)}</td>'
        for number, name in enumerate(names)
    )
    body = []
    for row in rows:
        cells = [f'<td valign="top" style="padding: 5px 10px 5px 0px; {line}">{escape(row[0])}</td>']
        cells += [_cell(text, colour, line) for text in row[1:]]
        body.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f'<p style="margin: 14px 0px 2px 0px; color: {colour["text_strong"]}; font-weight: 600">{escape(title)}</p>'
        f'<table width="99%" cellspacing="0" style="border-collapse: collapse"><tr>{head}</tr>{"".join(body)}</table>'
    )


def _cell(text: str, colour: Mapping[str, str], line: str) -> str:
    """ "84.62 (62.76 to 97.41)": the value, below it the interval."""
    value, _, between = text.partition(" (") if " to " in text else (text, "", "")
    words = f'<span style="color: {colour["text_strong"]}">{escape(value)}</span>'
    for part in filter(None, between.removesuffix(")").split(") (")):
        words += f'<br><span style="color: {colour["text_quiet"]}; font-size: 11px">{escape(part)}</span>'
    return f'<td align="right" valign="top" style="padding: 5px 10px 5px 0px; {line}; white-space: nowrap">{words}</td>'
