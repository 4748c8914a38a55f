"""The header of a scan's objects for the header viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workstation.dicom.header import Row
    from workstation.store.library import Library


def headers(library: Library, scan: str) -> list[tuple[str, tuple[Row, ...], str]]:
    """One (file name, rows, reason) per object kept of the scan; rows are empty where there is a reason instead."""
    from workstation.dicom.errors import DicomError
    from workstation.dicom.header import header_rows

    found: list[tuple[str, tuple[Row, ...], str]] = []
    for path in library.objects(scan):
        try:
            found.append((path.name, header_rows(path.read_bytes()), ""))
        except (DicomError, OSError) as error:
            found.append((path.name, (), str(error)))
    return found
