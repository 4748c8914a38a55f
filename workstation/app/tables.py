"""The tables of the open library, counted when they are asked for."""

from __future__ import annotations

from pathlib import Path

from workstation.app.workbench import Workbench
from workstation.workflows import tables
from workstation.workflows.errors import in_words
from workstation.workflows.tables import Tables


def count(workbench: Workbench) -> tuple[Tables | None, str]:
    """The tables and a page that shows them, or None and the sentence why there are none."""
    library = workbench.library
    if library is None:
        return None, ""
    try:
        found = tables.count(library, workbench.reader)
    except Exception as error:
        words = in_words(error)
        if words is None:
            raise
        return None, words
    return found, tables.as_html(found)


def write(found: Tables, folder: Path) -> str:
    """Write them into a folder; a sentence about how that went."""
    try:
        files = tables.write(found, folder)
    except Exception as error:
        words = in_words(error)
        if words is None:
            raise
        return words
    return f"{len(files)} files in {folder}"
