"""Small simulated studies and files to test with."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workstation.dicom.write import NmStudy


def body(seed: int, rows: int = 128, columns: int = 48) -> NDArray[np.uint16]:
    """Counts of a crude upright figure: head, wide trunk, two thin legs, an empty border."""
    picture = np.full((rows, columns), 0.0)
    row, column = np.mgrid[0 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    picture[(row > 0.06) & (row < 0.17) & (abs(column) < 0.2)] = 30
    picture[(row >= 0.17) & (row < 0.52) & (abs(column) < 0.5)] = 40
    picture[(row >= 0.52) & (row < 0.94) & (abs(abs(column) - 0.25) < 0.12)] = 15
    return np.random.default_rng(seed).poisson(picture).astype(np.uint16)


def study(**changes: Any) -> NmStudy:
    given = NmStudy(
        seed="test",
        anterior=body(1),
        posterior=body(2),
        patient_id="HOSP-4711",
        patient_name="Muster^Erika",
        sex="F",
        birth_date=date(1930, 5, 1),
        age=92,
        weight_kg=71.5,
        height_m=1.63,
        acquired=datetime(2022, 6, 1, 11, 30),
        injected=datetime(2022, 6, 1, 8, 15),
        activity_mbq=712.0,
    )
    return replace(given, **changes)


def real_scan() -> Path:
    import data_store

    return Path(os.path.dirname(data_store.__file__)) / "data" / "JPEG-LL.dcm"


def pydicom_files() -> list[Path]:
    """Every file of pydicom's own test set that lies on this disk; nothing is fetched."""
    import pydicom.data

    folder = Path(os.path.dirname(pydicom.data.__file__)) / "test_files"
    return sorted(path for path in folder.rglob("*") if path.is_file())


def compressed(path: Path, syntax: str, out: Path) -> Path:
    """The object in `path` in another transfer syntax of gdcm's, such as "JPEGLSLossless", written by gdcm."""
    import gdcm

    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, syntax)))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    writer.SetFileName(str(out))
    assert writer.Write()
    return out
