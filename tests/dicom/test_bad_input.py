"""Damaged files give a picture or a reason, in a process with 1 GiB of memory and 10 s for each."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dicom.studies import compressed, pydicom_files, real_scan, study
from workstation.dicom.write import STYLES, write_nm

ROOT = Path(__file__).parents[2]


def run(folder: Path, first: int, count: int) -> list[str]:
    """The lines of one run over the files of `folder`; fails with the child's words when it died or hung."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("bad_input.py")), str(folder), str(first), str(count)],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=3600,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "PATH": ""},
    )
    assert done.returncode == 0, f"{done.stdout[-500:]}\n{done.stderr[-3000:]}"
    return done.stdout.splitlines()[:-1]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good files: every header style, the real scan and compressed ones."""
    folder = tmp_path_factory.mktemp("good")
    for style in STYLES:
        write_nm(folder / style, study(), style)
    plain = folder / "view-codes" / "wb.dcm"
    for syntax in ("RLELossless", "JPEGLSLossless", "JPEG2000Lossless", "DeflatedExplicitVRLittleEndian"):
        compressed(plain, syntax, folder / f"{syntax}.dcm")
    shutil.copy(real_scan(), folder / "real.dcm")
    return folder


def test_every_file_of_pydicoms_test_set(tmp_path: Path) -> None:
    for number, path in enumerate(pydicom_files()):
        shutil.copy(path, tmp_path / f"{number:03d}_{path.name}")
    lines = run(tmp_path, 0, 0)
    assert len(lines) == len(pydicom_files())
    accepted = {line.split()[0][4:] for line in lines if line.endswith("accepted")}
    assert {"JPEG2000.dcm", "JPEG-lossy.dcm"} <= accepted


@pytest.mark.parametrize("count", [200, pytest.param(5000, marks=pytest.mark.soak)])
def test_mutants(count: int, good: Path) -> None:
    lines = run(good, 0, count)
    assert len(lines) == count
    accepted = sum(line.endswith("accepted") for line in lines)
    assert 0 < accepted < count  # some damage is harmless, some is not
