"""Small studies as cameras write them, and one simulated cohort for all tests of a run."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workstation.dicom.write import NmStudy, write_nm
from workstation.workflows import import_scans, simulate
from workstation.workflows.import_scans import ImportOptions, ImportResult
from workstation.workflows.progress import finish

COHORT_PATIENTS = 4
_made: dict[str, Path] = {}


def cohort_folder(factory: pytest.TempPathFactory) -> Path:
    """A simulated cohort of four patients, made once a run; not to be changed."""
    if "cohort" not in _made:
        folder = factory.mktemp("cohort") / "demo"
        finish(simulate.run("demo", folder, patients=COHORT_PATIENTS, seed=11, processes=1))
        _made["cohort"] = folder
    return _made["cohort"]


def write_study(
    folder: Path,
    name: str = "one",
    style: str = "view-codes",
    acquired: datetime = datetime(2021, 3, 4, 10, 30),
    **given: Any,
) -> list[Path]:
    """The objects of a small two-view study, pixels following from its name."""
    rng = np.random.default_rng(list(name.encode()))
    views = rng.poisson(4, (2, 64, 32)).astype(np.uint16)
    views[:, 30:40, 10:20] += 40
    facts = {"patient_id": f"ID-{name}", "patient_name": f"Family-{name}^Given", "sex": "F", "age": 61, **given}
    return write_nm(folder, NmStudy(name, views[0], views[1], acquired=acquired, **facts), style)


def write_untold(folder: Path, name: str = "one", frames: int = 2, **given: Any) -> Path:
    """An object that does not tell its views: two frames of one view code, or one frame of a third detector."""
    import pydicom

    file = write_study(folder, name, "view-codes" if frames == 2 else "one-per-view", **given)[0]
    header = pydicom.dcmread(file)
    if frames == 2:
        first, second = header.DetectorInformationSequence
        second.ViewCodeSequence = first.ViewCodeSequence
    else:
        header.remove_private_tags()
        header.ImageID = ""
        header.DetectorVector, header.NumberOfDetectors = [3], 3
        header.DetectorInformationSequence = []
    header.save_as(file)
    return file


def bring(library: Any, *paths: Path, **options: Any) -> ImportResult:
    return finish(import_scans.run(paths, library, ImportOptions(who="tester", **options)))


def every_byte(folder: Path) -> bytes:
    """All files of a folder and their names, one after the other."""
    parts = [path.read_bytes() + str(path.relative_to(folder)).encode() for path in folder.rglob("*") if path.is_file()]
    return b"\0".join(parts)
