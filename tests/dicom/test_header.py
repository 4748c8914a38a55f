"""The header as rows of plain text."""

from __future__ import annotations

import pytest

from tests.dicom.studies import real_scan
from workstation.dicom.errors import DicomError
from workstation.dicom.header import header_rows


def test_rows_of_the_real_scan() -> None:
    rows = {row.tag: row for row in header_rows(real_scan().read_bytes())}
    assert rows["(0008,0060)"].value == "NM" and rows["(0008,0060)"].name == "Modality"
    assert rows["(0009,1040)"].value == "BERRA,JAMES"
    assert rows["(0002,0010)"].value.startswith(("JPEG Lossless", "1.2.840.10008.1.2.4.70"))
    assert rows["(7FE0,0010)"].value == "116,076 bytes"
    assert max(len(row.value) for row in rows.values()) <= 260
    assert all(row.value.isprintable() for row in rows.values())


def test_no_header_is_said_in_words() -> None:
    with pytest.raises(DicomError, match="not a DICOM file"):
        header_rows(b"just some text, and a bit more of it")
