"""What a command prints: plain text for people, or one JSON value."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def plain(text: str) -> str:
    """Text from files as a terminal may show it: nothing in it that moves the cursor or cannot be printed."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def print_json(value: object) -> None:
    """One JSON value on stdout; what is no finite number is null."""
    import json

    from workstation.workflows.json_files import finite

    print(json.dumps(finite(value), allow_nan=False))


def print_table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns under their names, as wide as they need to be."""

    def text(value: object) -> str:
        if isinstance(value, list | tuple):
            return ", ".join(str(item) for item in value)
        return "" if value is None else plain(str(value))

    cells = [list(names), *([text(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(names))]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def count(number: int, what: str) -> str:
    """A number and what of: 1 scan, 2 scans."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def say_wrong(words: str, code: int) -> int:
    """Words on stderr, and the exit code they go with."""
    print(words, file=sys.stderr)
    return code
