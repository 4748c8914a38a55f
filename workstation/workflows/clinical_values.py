"""The words and numbers of a table of clinical facts: what each cell may say, and what it then means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import resources
from workstation.core import days, exclusion
from workstation.core.clinical import Measured

_SEXES = {
    "m": "M", "male": "M", "man": "M", "\u7537": "M", "f": "F", "female": "F", "woman": "F", "\u5973": "F",
    "o": "O", "other": "O",
}  # fmt: skip
_YEARS = range(1880, 2101)
_AHEAD = timedelta(1)  # where it is tomorrow already; a research library moves days back only, never on
_ISO = re.compile(r"(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_OTHER_ORDER = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})")
_MAX_TEXT = 200
_HIGHEST = {"alp": 50_000.0, "psa": 100_000.0, "age": 125.0}  # U/l, ng/ml, years: beyond is a slip of the pen


class ValueTrouble(ValueError):
    """A cell that says nothing this table can hold; the message says why."""


@dataclass(frozen=True)
class Said:
    """What one line says. fields: as `core.clinical.Clinical` has them, only those told; blood tests apart."""

    fields: Mapping[str, Any]
    alp: Measured | None = None
    psa: Measured | None = None


def read(cells: Mapping[str, str], comma: bool) -> Said:
    """One line's cells. comma: the file writes 12,5. ValueTrouble for the first cell that cannot be read."""
    fields: dict[str, Any] = {}
    for name, cell in cells.items():
        if name == "tumour":
            fields[name] = _tumour(cell)
        elif name == "sex":
            fields[name] = _among(name, cell, _SEXES, "M, F or O")
        elif name == "birth_year":
            fields[name] = _year(cell)
        elif name == "age":
            fields[name] = number_of(name, cell, comma)
        elif name in ("treatment_start", "reference_date"):
            fields[name] = day_of(name, cell)
        elif name == "reference":
            fields[name] = _among(name, cell, {"0": 0, "1": 1, "0.0": 0, "1.0": 1}, "0 or 1")
        elif name == "reference_evidence":
            fields[name] = _words(name, cell)
        elif name == "excluded" and (reason := exclusion.reason(_words(name, cell))) is not None:
            fields[name] = reason
    told = [name for name in ("reference_evidence", "reference_date") if name in fields]
    if told and "reference" not in fields:
        raise ValueTrouble(f"{told[0]} is given, but no reference")
    return Said(fields, _measured("alp", cells, comma), _measured("psa", cells, comma))


def _tumour(cell: str) -> str:
    known = resources.table("vocab/tumours")
    also = {f"{name} {word}": name for name in known for word in ("cancer", "carcinoma")}
    return str(_among("tumour", cell, {**{name: name for name in known}, **also}, ", ".join(known)))


def _among(name: str, cell: str, known: Mapping[str, Any], words: str) -> Any:
    value = known.get(" ".join(cell.casefold().split()))
    if value is None:
        raise ValueTrouble(f"{name} is {words}, not {cell[:40]!r}")
    return value


def _year(cell: str) -> int:
    year = cell.removesuffix(".0")
    if not (year.isascii() and year.isdecimal() and len(year) == 4 and int(year) in _YEARS):
        raise ValueTrouble(f"birth_year is a year such as 1950, not {cell[:40]!r}")
    return int(year)


def day_of(name: str, cell: str) -> str:
    """ISO, or another order of day and month where only one makes a date. ValueTrouble for days to come."""
    if found := _ISO.fullmatch(cell):
        if len(found[3]) + len(found[4]) < 4 and not found[2]:
            raise ValueTrouble(f"{name} {cell[:40]!r} is no date in the form 2024-03-05")
        return _real(name, cell, found[1], found[3], found[4])
    if found := _OTHER_ORDER.fullmatch(cell):
        one, mark, two, year = found.groups()
        if one != two and int(one) <= 12 and int(two) <= 12:
            raise ValueTrouble(f"{name} {cell[:40]!r} may be two days: write it in the form 2024-03-05")
        day_first = int(two) <= 12
        if not day_first and mark == ".":  # nobody writes month.day.year
            raise ValueTrouble(f"{name} {cell[:40]!r} is no date in the form 2024-03-05")
        return _real(name, cell, year, two if day_first else one, one if day_first else two)
    raise ValueTrouble(f"{name} {cell[:40]!r} is no date in the form 2024-03-05")


def _real(name: str, cell: str, year: str, month: str, day: str) -> str:
    text = f"{year}-{month:>02}-{day:>02}"
    if not (text.isascii() and days.is_day(text)) or int(year) not in _YEARS:
        raise ValueTrouble(f"{name} {cell[:40]!r} is a day that never was")
    if text > (date.today() + _AHEAD).isoformat():
        raise ValueTrouble(f"{name} {cell[:40]!r} lies in the future")
    return text


def number_of(name: str, cell: str, comma: bool) -> float:
    if comma and re.fullmatch(r"\d{1,3}\.\d{3}", cell):
        raise ValueTrouble(f"{name} {cell[:40]!r} may be two numbers, as others in the file are written with a comma")
    if re.fullmatch(r"\d{1,3}(,\d{3})+", cell):
        raise ValueTrouble(f"{name} {cell[:40]!r} may be two numbers: write it without thousands, with a dot")
    plain = cell.replace(",", ".") if cell.count(",") == 1 and "." not in cell else cell
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{0,9})?|\.[0-9]{1,9}", plain):
        raise ValueTrouble(f"{name} is a number such as 12.5, not {cell[:40]!r}")
    value = float(plain)
    if value > _HIGHEST[name]:
        raise ValueTrouble(f"{name} is at most {_HIGHEST[name]:g}, not {cell[:40]}")
    return value


def _words(name: str, cell: str) -> str:
    words = " ".join(cell.split())
    if words.startswith("'") and words[1:2] in ("=", "+", "-", "@"):
        words = words[1:]  # the guard of a table that a spreadsheet may open
    if len(words) > _MAX_TEXT or not words.isprintable():
        raise ValueTrouble(f"{name} is a line of at most {_MAX_TEXT} letters")
    return words


def _measured(name: str, cells: Mapping[str, str], comma: bool) -> Measured | None:
    value, day = cells.get(name), cells.get(f"{name}_date")
    if value is None:
        if day is not None:
            raise ValueTrouble(f"{name}_date is given, but no {name}")
        return None
    return Measured("" if day is None else day_of(f"{name}_date", day), number_of(name, value, comma))
