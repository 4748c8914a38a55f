"""The header of a scan's objects as the library keeps them, for the header viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workstation.workflows.errors import WorkflowError

if TYPE_CHECKING:
    from workstation.dicom.header import Row
    from workstation.store.library import Library


def header_rows(library: Library, scan: str) -> tuple[Row, ...]:
    """The rows of all objects of a scan, one object after the other; none where it came from pictures."""
    from workstation.dicom import header
    from workstation.dicom.parse import picture_format

    rows: list[Row] = []
    for file in library.objects(scan):
        try:
            data = file.read_bytes()
        except OSError as error:
            raise WorkflowError(f"The object {file.name} cannot be read: {error.strerror}.") from error
        if data[128:132] == b"DICM" or picture_format(data) is None:
            rows.extend(header.header_rows(data))
    return tuple(rows)
