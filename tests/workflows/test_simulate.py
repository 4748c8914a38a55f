"""A cohort on disk: its layout, its pictures read back by another reader, the same bytes however it is made."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from workstation.core.lesion import Label
from workstation.phantom import clinical
from workstation.workflows import simulate, simulated
from workstation.workflows.errors import CallError, WorkflowError
from workstation.workflows.progress import Progress, finish

PATIENTS = 3


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cohort") / "demo"
    finish(simulate.run("demo", out, PATIENTS, 1, 1))
    return out


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_layout_is_the_contracts(cohort: Path) -> None:
    scans, lesions = table(cohort / "truth" / "scans.csv"), table(cohort / "truth" / "lesions.csv")
    assert ",".join(scans[0]) == "scan,patient,day,tumour,sex,age,grade,malignant,diffuse,sop_uids"
    assert ",".join(lesions[0]) == (
        "scan,lesion,label,criterion,region,side,site6,visible,peak_ratio,p_ceiling,p_alone"
    )
    facts = json.loads((cohort / "truth" / "cohort.json").read_text("utf-8"))
    assert {"name", "seed", "version", "settings", "best_auc", "alone_auc"} <= set(facts)
    names = {row["scan"] for row in scans}
    assert {path.name for path in (cohort / "dicom").iterdir()} == names
    assert {path.stem for path in (cohort / "truth" / "masks").iterdir()} == names
    for scan in scans:
        own = [row for row in lesions if row["scan"] == scan["scan"]]
        malignant = any(row["label"] == Label.MALIGNANT and row["visible"] == "1" for row in own)
        if scan["diffuse"] == "0":
            assert scan["malignant"] == str(int(malignant))
            assert (int(scan["grade"]) >= 2) == malignant
        with np.load(cohort / "truth" / "masks" / f"{scan['scan']}.npz") as masks:
            assert set(masks) == {"bladder"} | {f"lesion_{row['lesion']}" for row in own}
            for name in masks:
                assert masks[name].shape == (2, 1024, 256) and masks[name].dtype == bool


def test_words_are_those_of_the_vocabulary(cohort: Path) -> None:
    import resources

    regions, criteria = resources.table("vocab/regions"), resources.table("vocab/criteria")
    for row in table(cohort / "truth" / "lesions.csv"):
        assert row["site6"] == regions[row["region"]]["site6"]
        assert (row["side"] in ("left", "right")) == (row["side"] != "midline")
        assert regions[row["region"]]["paired"] <= (row["side"] != "midline")
        assert criteria[row["criterion"]]["label"] == row["label"]
        assert 0 <= float(row["p_alone"]) <= 1 and 0 <= float(row["p_ceiling"]) <= 1
        assert row["visible"] == "0" or float(row["peak_ratio"]) >= 0.3


def test_what_needs_an_earlier_scan_has_one(cohort: Path) -> None:
    scans = {row["scan"]: row for row in table(cohort / "truth" / "scans.csv")}
    for row in table(cohort / "truth" / "lesions.csv"):
        if row["criterion"] in ("M2", "M4"):
            scan = scans[row["scan"]]
            assert any(each["patient"] == scan["patient"] and each["day"] < scan["day"] for each in scans.values())


def test_another_reader_finds_the_same_counts_and_objects(cohort: Path) -> None:
    import pydicom

    from workstation.phantom.cohorts import COHORTS
    from workstation.phantom.patient import simulate as draw

    drawn = {scan.scan: scan for number in range(2) for scan in draw(COHORTS["demo"], 1, number)}
    rows = {row["scan"]: row for row in table(cohort / "truth" / "scans.csv")}
    for name, scan in drawn.items():
        files = sorted((cohort / "dicom" / name).glob("*.dcm"))
        objects = [pydicom.dcmread(path) for path in files]
        assert {data.SOPInstanceUID for data in objects} == set(rows[name]["sop_uids"].split())
        assert all(data.PatientSex == scan.person.sex for data in objects)
        assert all("SIMULATED" in data.ImageComments for data in objects)
        sums = [int(data.CountsAccumulated) for data in objects]
        assert sum(sums) == int(scan.counts.sum())


def test_every_header_style_occurs(cohort: Path) -> None:
    import pydicom

    from workstation.dicom.write import STYLES

    assert {simulate.header_style(0, number) for number in range(200)} == set(STYLES)
    # What the objects look like agrees: one object per view where the style says so, and one make of camera each.
    for row in table(cohort / "truth" / "scans.csv"):
        number = int(row["patient"].rsplit("-", 1)[1]) - 1
        style = simulate.header_style(1, number)
        objects = [pydicom.dcmread(path) for path in (cohort / "dicom" / row["scan"]).glob("*.dcm")]
        assert len(objects) == (2 if style in ("one-per-view", "series-description") else 1)
        frames = 1 if len(objects) == 2 else 4 if style == "two-windows" else 2
        assert all(data.NumberOfFrames == frames for data in objects)


def test_clinical_facts_are_written_where_there_are_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def facts(cohort: object, seed: int, number: int) -> simulated.Row | None:
        return {"patient": f"P{number}", "reference": 1, "psa": None} if number else None

    monkeypatch.setattr(clinical, "facts", facts)
    finish(simulate.run("demo", tmp_path / "c", 2, 0, 1))
    (row,) = table(tmp_path / "c" / "truth" / "clinical.csv")
    assert tuple(row) == simulated.CLINICAL_COLUMNS
    assert (row["patient"], row["reference"], row["psa"], row["alp"]) == ("P1", "1", "", "")


def test_a_disk_too_small_is_told_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated.shutil, "disk_usage", lambda path: SimpleNamespace(free=3 << 20))
    with pytest.raises(WorkflowError, match="GB free"):
        finish(simulate.run("demo", tmp_path / "new", 4, 0, 1))
    assert not (tmp_path / "new").exists()


def test_the_same_bytes_on_any_number_of_processes(cohort: Path, tmp_path: Path) -> None:
    finish(simulate.run("demo", tmp_path / "again", PATIENTS, 1, 2))
    assert digests(tmp_path / "again") == digests(cohort)


def test_another_seed_is_another_cohort(cohort: Path, tmp_path: Path) -> None:
    result = finish(simulate.run("demo", tmp_path / "other", 1, 2, 1))
    assert result.scans >= 1
    assert not set(digests(tmp_path / "other").values()) & set(digests(cohort).values())


def test_stopping_leaves_a_cohort_that_says_it_is_unfinished(tmp_path: Path) -> None:
    job = simulate.run("demo", tmp_path / "stopped", 3, 0, 1)
    assert next(job) == Progress(0, 3, "simulating patients")
    next(job)
    job.close()
    assert not (tmp_path / "stopped" / "truth" / "cohort.json").exists()


@pytest.mark.parametrize(("name", "patients", "seed"), [("nobody", 1, 0), ("demo", 0, 0), ("demo", 1, -1)])
def test_a_wrong_call_is_told_so(tmp_path: Path, name: str, patients: int, seed: int) -> None:
    with pytest.raises(CallError):
        finish(simulate.run(name, tmp_path / "out", patients, seed, 1))
    assert not (tmp_path / "out").exists()


def test_cohorts_are_not_mixed(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(CallError, match="not empty"):
        finish(simulate.run("demo", tmp_path, 1, 0, 1))
