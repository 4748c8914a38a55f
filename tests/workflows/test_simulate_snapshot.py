"""Simulated cohorts straight to arrays: as they were drawn, the same on any number of processes, with few packages."""

from __future__ import annotations

import csv
import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import ml.snapshot
from ml.snapshot import Snapshot, SnapshotError, assign_folds
from workstation.phantom.cohorts import COHORTS
from workstation.phantom.patient import simulate as draw
from workstation.phantom.posterior import auc
from workstation.workflows import simulate_snapshot
from workstation.workflows.errors import CallError, in_words
from workstation.workflows.progress import Progress, finish

ROOT = Path(__file__).resolve().parents[2]
PATIENTS, SEED = 4, 3


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, simulate_snapshot.SimulateResult]:
    out = tmp_path_factory.mktemp("snapshot") / "demo"
    return out, finish(simulate_snapshot.run("demo", out, PATIENTS, SEED, folds=2, processes=1))


def test_what_was_drawn_is_there(made: tuple[Path, simulate_snapshot.SimulateResult]) -> None:
    there = Snapshot.load(made[0])
    number = {row["scan"]: index for index, row in enumerate(there.scans)}
    for scan in draw(COHORTS["demo"], SEED, 1):
        index = number[scan.scan]
        assert np.array_equal(there.pictures[index], scan.counts) and np.array_equal(there.bladder(index), scan.bladder)
        row = there.scans[index]
        assert (row["patient"], row["sex"], row["age"]) == (scan.person.patient, scan.person.sex, str(scan.person.age))
        assert (row["tumour"], row["grade"]) == (scan.person.tumour, str(scan.grade))
        assert float(row["spacing_mm"]) == scan.acquisition.camera.spacing_mm
        own = [(at, row) for at, row in enumerate(there.lesions) if row["scan"] == scan.scan]
        for (at, found), lesion in zip(own, scan.lesions, strict=True):
            assert np.array_equal(there.mask(at), lesion.masks)
            assert (found["lesion"], found["label"] == "malignant") == (lesion.id, lesion.malignant)
            assert (found["region"], found["side"]) == (lesion.site.region, lesion.site.side)
            assert (found["origin"], found["tumour"]) == ("truth", scan.person.tumour)
            assert float(found["p_ceiling"]) == pytest.approx(lesion.p_ceiling, rel=1e-6)


def test_the_manifest_deals_patients_by_tumour_and_status(
    made: tuple[Path, simulate_snapshot.SimulateResult],
) -> None:
    there = Snapshot.load(made[0])
    known = there.manifest
    assert known.labels_from == "truth" and not known.sealed
    with (made[0] / "clinical.csv").open(encoding="utf-8", newline="") as file:
        reference = {row["patient"]: row["reference"] for row in csv.DictReader(file)}
    for patient, stratum in known.strata.items():
        own = [row for row in there.scans if row["patient"] == patient]
        assert stratum == f"{own[0]['tumour']}/{'metastatic' if reference[patient] == '1' else 'clear'}"
    assert known.folds == assign_folds(list(known.strata), list(known.strata.values()), 2, SEED)


@pytest.mark.parametrize(
    ("grades", "clinical", "status"),
    [
        ((0, 1), None, "clear"), ((2, 0), None, "metastatic"), ((0, 3), {"reference": None}, "metastatic"),
        ((3,), {"reference": 0}, "clear"), ((0,), {"reference": 1}, "metastatic"),
    ],
)  # fmt: skip
def test_status_is_the_reference_else_the_grades(
    grades: tuple[int, ...], clinical: dict[str, object] | None, status: str
) -> None:
    scans: list[Any] = [SimpleNamespace(person=SimpleNamespace(tumour="lung"), grade=grade) for grade in grades]
    assert simulate_snapshot.stratum(scans, clinical) == f"lung/{status}"


def test_the_result_counts_visible_lesions(made: tuple[Path, simulate_snapshot.SimulateResult]) -> None:
    out, result = made
    there = Snapshot.load(out)
    seen = [row for row in there.lesions if row["visible"] == "1"]
    malignant = [row["label"] == "malignant" for row in seen]
    assert (result.scans, result.lesions, result.malignant) == (len(there.scans), len(seen), sum(malignant))
    facts = json.loads((out / "cohort.json").read_text("utf-8"))
    assert {"name", "seed", "version", "settings", "best_auc", "alone_auc"} <= set(facts)
    assert result.best_auc == facts["best_auc"] == auc(malignant, [float(row["p_ceiling"]) for row in seen])


def test_the_same_bytes_on_any_number_of_processes(
    made: tuple[Path, simulate_snapshot.SimulateResult], tmp_path: Path
) -> None:
    out = tmp_path / "again"
    finish(simulate_snapshot.run("demo", out, PATIENTS, SEED, folds=2, processes=3))
    names = {path.name for path in made[0].iterdir()}
    assert {path.name for path in out.iterdir()} == names
    assert all((out / name).read_bytes() == (made[0] / name).read_bytes() for name in names)


def test_stopping_takes_away_what_was_written(tmp_path: Path) -> None:
    job = simulate_snapshot.run("demo", tmp_path / "stopped", 3, 0, processes=1)
    assert next(job) == Progress(0, 3, "simulating patients")
    next(job)
    assert (tmp_path / "stopped" / "pictures.npy").exists()
    with pytest.raises(CallError, match="never finished"):
        next(simulate_snapshot.run("demo", tmp_path / "stopped", 3, 0, processes=1))
    with pytest.raises(SnapshotError):
        Snapshot.load(tmp_path / "stopped")
    job.close()
    assert not (tmp_path / "stopped").exists()


def test_a_full_disk_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(ml.snapshot.Writer, "add", full)
    with pytest.raises(OSError) as told:
        finish(simulate_snapshot.run("demo", tmp_path / "new", 1, 0, processes=1))
    assert "No space left" in (in_words(told.value) or "") and not (tmp_path / "new").exists()


def test_a_wrong_call_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep")
    for cohort, out, patients, seed, folds in (
        ("nobody", "a", 1, 0, 1), ("demo", "a", 0, 0, 1), ("demo", "a", 1, -1, 1), ("demo", "a", 1, 0, 0),
        ("demo", "full", 1, 0, 1), ("demo", "a", 4, 0, 5),
    ):  # fmt: skip
        with pytest.raises(CallError):
            finish(simulate_snapshot.run(cohort, tmp_path / out, patients, seed, folds, 1))
    assert not (tmp_path / "a").exists() and (tmp_path / "full" / "mine.txt").read_text() == "keep"


HIDDEN = (
    "pydicom gdcm PySide6 shiboken6 sqlite_utils sqlite3 _sqlite3 PIL pyqtgraph torch nibabel data_store matplotlib "
    "pandas sklearn statsmodels highdicom resource_that_never_was"
).split()


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine that has NumPy, SciPy and scikit-image, in whichever process."""
    hide = (
        "import sys\n"
        "class Hidden:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] in {HIDDEN!r}:\n"
        "            raise ModuleNotFoundError(f'{name} is hidden', name=name)\n"
        "sys.meta_path.insert(0, Hidden())\n"
    )
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "sitecustomize.py").write_text(hide, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path / "bare"), str(ROOT)])
    return {**os.environ, "PYTHONPATH": path, "OSTEOSCOPE_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)}


def command(environment: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    called = [sys.executable, "-m", "workstation", "phantom", *map(str, arguments)]
    return subprocess.run(called, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def test_numpy_scipy_and_scikit_image_are_enough(bare: dict[str, str], tmp_path: Path) -> None:
    hidden = subprocess.run([sys.executable, "-c", "import pydicom"], env=bare, capture_output=True, text=True)
    assert "is hidden" in hidden.stderr
    done = command(bare, "demo", "--snapshot", tmp_path / "s", "--patients", 5, "--seed", 2, "--folds", 2, "--json")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr and done.stdout.count("\n") == 1
    told = json.loads(done.stdout)
    assert {"scans", "lesions", "malignant", "seconds", "best_auc"} <= set(told)
    there = Snapshot.load(tmp_path / "s")
    assert told["scans"] == len(there.scans) and set(there.manifest.folds.values()) == {0, 1}
    wrong = command(bare, "moon", "--snapshot", tmp_path / "t")
    assert wrong.returncode == 2 and "no simulated cohort" in wrong.stderr and "Traceback" not in wrong.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("demo",), ("demo", "--out", "a", "--snapshot", "b"), ("demo", "--out", "a", "--folds", "3"),
        ("demo", "--snapshot", "b", "--folds", "0"), ("demo", "--snapshot", ""),
    ],
)  # fmt: skip
def test_one_of_out_and_snapshot(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    from workstation import cli

    monkeypatch.chdir(tmp_path)
    try:
        code: object = cli.main(["phantom", *arguments])
    except SystemExit as leaving:
        code = leaving.code
    out, err = capsys.readouterr()
    assert code == 2 and not out and err.strip() and not any(tmp_path.iterdir())
