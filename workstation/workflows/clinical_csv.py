"""A table of clinical facts as somebody saved it: whatever the encoding and the separator, as rows of text.

Nothing is guessed where two readings are possible and differ; the values themselves are read by `clinical_values`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workstation.workflows import plain_file
from workstation.workflows.errors import CallError

COLUMNS = (
    "patient", "tumour", "sex", "birth_year", "age", "treatment_start", "reference", "reference_evidence",
    "reference_date", "alp", "alp_date", "psa", "psa_date", "excluded",
)  # fmt: skip
_ALSO = {
    "patient_id": "patient", "original_id": "patient", "id": "patient", "tumor": "tumour", "gender": "sex",
    "year_of_birth": "birth_year", "exclusion": "excluded",
}  # fmt: skip
_SEPARATORS = ",;\t"
_MAX_BYTES = 64 << 20
_MAX_FIELD = 1 << 16
_COMMA_NUMBER = re.compile(r"-?\d+,(\d{1,2}|\d{4,})")  # 12,5; three digits might be thousands


@dataclass(frozen=True)
class ClinicalRow:
    """One line. line: its number in the file, the header's being 1. cells: column -> text, only those not empty.

    trouble: why it cannot be read as a line of this table.
    """

    line: int
    cells: Mapping[str, str]
    trouble: str | None = None


@dataclass(frozen=True)
class ClinicalTable:
    """file: how it was named. unknown: columns that mean nothing here. comma: numbers are written 12,5."""

    file: str
    rows: tuple[ClinicalRow, ...]
    unknown: tuple[str, ...] = ()
    comma: bool = False


def load(file: Path) -> ClinicalTable:
    """The table in a file. CallError, in words, where it is none: nothing was done then."""
    try:
        with plain_file.opened(file, _MAX_BYTES) as stream:
            data = stream.read(_MAX_BYTES)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise CallError(f"The clinical facts in {file} cannot be read: {why}. Nothing was done.") from error
    text = _text(data)
    if text is None:
        raise CallError(f"{file} is no table in text (CSV): save it as CSV in UTF-8. Nothing was done.")
    return _table(str(file), text)


def _text(data: bytes) -> str | None:
    """The text of a file in one of the encodings programs save tables in; None where it is none of them.

    UTF-8 and UTF-16 tell themselves. Of the rest, bytes that make sense as Chinese in GB 18030 are that; else they are
    the letters of Western Europe (Windows-1252).
    """
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return _printable(data.decode("utf-16"))
        if data[1:2] == b"\0":
            return _printable(data.decode("utf-16-le"))
        if data[:1] == b"\0":
            return _printable(data.decode("utf-16-be"))
        return _printable(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        pass
    try:
        chinese = data.decode("gb18030")
        if _is_chinese(chinese):
            return _printable(chinese)
    except UnicodeDecodeError:
        pass
    try:
        return _printable(data.decode("cp1252"))
    except UnicodeDecodeError:
        return None


def _is_chinese(text: str) -> bool:
    """Whether bytes read as Chinese make sense as such: letters of GB 2312 for the most part, none within a word.

    Umlauts and accents of Western Europe, read as Chinese, swallow the letter after them and give rare letters.
    """
    if not re.fullmatch(r"[\x00-\x7f\u3000-\u9fff\uff00-\uffef]*", text) or re.search(r"[a-z][^\x00-\x7f]+[a-z]", text):
        return False
    letters = [letter for letter in text if letter > "\x7f"]
    return 2 * sum(bool(letter.encode("gb2312", "ignore")) for letter in letters) > len(letters)


def _printable(text: str) -> str | None:
    """Other control characters than tab and line ends are in no table."""
    return None if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", text) else text


def _table(file: str, text: str) -> ClinicalTable:
    head = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(_SEPARATORS, key=lambda mark: len({_name(cell) for cell in _cells(head, mark)} & set(COLUMNS)))
    before = csv.field_size_limit(_MAX_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        lines = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise CallError(f"{file} is no table (CSV): {error}. Nothing was done.") from error
    finally:
        csv.field_size_limit(before)
    lines = [(number, cells) for number, cells in lines if any(cell.strip() for cell in cells)]
    written = [cell.strip() for cell in lines[0][1]] if lines else []
    names = [_name(cell) for cell in written]
    known = [name for name in names if name in COLUMNS]
    if "patient" not in known or len(known) < 2:
        raise CallError(
            f"{file} is no table of clinical facts: its first line names {_listed(written) or 'nothing'}; it has to "
            f"name patient and at least one of {', '.join(COLUMNS[1:])}. Nothing was done."
        )
    twice = sorted({name for name in known if known.count(name) > 1})
    if twice:
        raise CallError(f"{file} has the column {twice[0]} twice: which one is meant? Nothing was done.")
    unknown = tuple(cell for cell, name in zip(written, names, strict=True) if cell and name not in COLUMNS)
    rows = tuple(_row(number, names, cells) for number, cells in lines[1:])
    comma = any(_COMMA_NUMBER.fullmatch(row.cells.get(name, "")) for row in rows for name in ("alp", "psa", "age"))
    return ClinicalTable(file, rows, unknown, comma)


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _row(line: int, names: Sequence[str], cells: Sequence[str]) -> ClinicalRow:
    spare = [cell for cell in cells[len(names) :] if cell.strip()]
    trouble = None
    if spare:
        trouble = "it has more cells than the first line; a comma within a number has to stand in quotes"
    given = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name in COLUMNS and cell.strip()}
    return ClinicalRow(line, given, trouble)


def _name(cell: str) -> str:
    name = re.sub(r"[\s-]+", "_", cell.strip().casefold())
    return _ALSO.get(name, name)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(name[:30] for name in names[:6])
    return shown + (", ..." if len(names) > 6 else "")
