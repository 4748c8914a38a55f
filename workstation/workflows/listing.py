"""The scans of a library as plain values, one a scan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workstation.core.clinical import standing

if TYPE_CHECKING:
    from workstation.store.library import Library

_BLOCK = 256


def scans(library: Library, reader: str | None = None) -> list[dict[str, Any]]:
    """Every scan, sorted by patient and day.

    Where several people read a scan, `reader`'s counts, grade and status, else those of the adjudicated reading, else
    of the first; never a sum. metastatic: by the Reference where there is one, else by the grade, None where neither
    tells; conflict: the two say different things.
    """
    from workstation.store.values import ScanQuery

    ids = library.ids(ScanQuery(reader=reader, sort="patient"))
    found: list[dict[str, Any]] = []
    for start in range(0, len(ids), _BLOCK):
        for row in library.rows(ids[start : start + _BLOCK], reader):
            views = [str(view) for view in row.views]
            how = [None if told is None else str(told) for told in row.how]
            stands = standing(row.reference, row.grade)
            derived = {"metastatic": stands.metastatic, "conflict": stands.conflict}
            found.append({**vars(row), "views": views, "how": how, "status": str(row.status), **derived})
    return found
