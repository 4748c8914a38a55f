"""nnU-Net: the layout, the labels and the spacing its planner and readers look for."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings

from tests.made_scans import new_scan
from tests.workflows import drawn_lesions
from tests.workflows.drawn_lesions import SIZE
from workstation.core.edits import Edit, LesionChange, Step
from workstation.core.lesion import Label, Lesion, Progress, Reading, ReadingKey, Roi, Verdict
from workstation.core.scan import VIEWS, View
from workstation.store.library import Library
from workstation.workflows import export
from workstation.workflows.export_nnunet import NnUnet, case_map
from workstation.workflows.progress import finish


@settings(max_examples=40, deadline=None)
@given(drawn_lesions.readings())
def test_the_label_map_says_what_is_known(reading: Reading) -> None:
    for view in VIEWS:
        found = case_map(reading, view, SIZE)
        masks: dict[Label | None, np.ndarray] = {label: np.zeros(SIZE, bool) for label in (None, *Label)}
        for lesion in reading.lesions.values():
            if view in lesion.rois:
                masks[lesion.label] |= drawn_lesions.mask(lesion, view)
        malignant, benign = masks[Label.MALIGNANT], masks[Label.BENIGN]
        unsure = masks[Label.UNCERTAIN] | masks[None]
        assert ((found == 2) == malignant).all()
        assert ((found == 1) == (benign & ~malignant)).all()
        assert ((found == 3) == (unsure & ~benign & ~malignant)).all()


def read_library(library: Library, patients: int = 6) -> None:
    """Two scans a patient, all read; the last scan is excluded, the one before has a diffuse finding."""
    scans = [new_scan(number) for number in range(2 * patients)]
    library.add_scans(scans)
    for number, scan in enumerate(scans):
        rois = {view: Roi(400, 100 + number, 2, 4, b"\xff") for view in VIEWS}
        label = (Label.MALIGNANT, Label.BENIGN)[number % 2]
        lesions = (LesionChange(None, Lesion("L1", rois, label)),) if number % 3 else ()
        verdict = Verdict(1, number == len(scans) - 2, Progress.DONE)
        if number == len(scans) - 1:
            verdict = Verdict(1, False, Progress.EXCLUDED, "injection")
        edit = Edit("x", lesions, (Verdict(), verdict))
        library.append(ReadingKey(scan.id, "ann"), Step("edit", edit), "ann")


def test_the_layout_is_that_of_version_2(library: Library, tmp_path: Path) -> None:
    read_library(library)
    out = tmp_path / "Dataset501_Bone"
    finish(export.run(library, out, "nnunet"))
    about = json.loads((out / "dataset.json").read_text("utf-8"))
    assert about["labels"] == {"background": 0, "benign": 1, "malignant": 2}
    assert list(about["channel_names"]) == ["0"] and about["file_ending"] == ".nii.gz"
    assert about["left_out"] == {"S010": "a diffuse finding, which has no region of interest", "S011": "excluded"}
    cases = {f"S{number:03d}_{view}" for number in range(10) for view in VIEWS}
    assert about["numTraining"] == len(cases) == 20
    assert {path.name for path in (out / "imagesTr").iterdir()} == {f"{case}_0000.nii.gz" for case in cases}
    assert {path.name for path in (out / "labelsTr").iterdir()} == {f"{case}.nii.gz" for case in cases}
    for case in cases:
        image = nibabel.load(out / "imagesTr" / f"{case}_0000.nii.gz")
        labels = nibabel.load(out / "labelsTr" / f"{case}.nii.gz")
        scan, _, view = case.partition("_")
        frame = library.load(scan).frames[View(view)]
        reading = library.session(ReadingKey(scan, "ann")).reading
        assert (frame.counts == np.asarray(image.dataobj)[:, :, 0].T).all()
        assert (case_map(reading, View(view), (1024, 256)) == np.asarray(labels.dataobj)[:, :, 0].T).all()
        assert np.array_equal(image.affine, labels.affine) and image.shape == labels.shape == (256, 1024, 1)
        across, down, thick = image.header.get_zooms()
        assert (across, down) == pytest.approx((2.26, 2.26))
        assert thick > 100 * down  # the planner cuts slices across the axis with the largest spacing


def test_all_of_a_patient_is_in_one_fold(library: Library, tmp_path: Path) -> None:
    read_library(library)
    finish(export.run(library, tmp_path / "out", "nnunet"))
    folds = json.loads((tmp_path / "out" / "splits_final.json").read_text("utf-8"))
    cases = {path.name.removesuffix(".nii.gz") for path in (tmp_path / "out" / "labelsTr").iterdir()}
    patient_of = {row.scan: row.patient for row in library.rows(library.ids())}
    assert len(folds) == 5
    assert sorted(case for fold in folds for case in fold["val"]) == sorted(cases)
    for fold in folds:
        assert set(fold["train"]) == cases - set(fold["val"])
        patients = [{patient_of[case.partition("_")[0]] for case in fold[part]} for part in ("train", "val")]
        assert not patients[0] & patients[1]


def test_what_is_uncertain_is_ignored_and_declared(tmp_path: Path) -> None:
    made = NnUnet()
    scan = drawn_lesions.scan()
    lesion = Lesion("L1", {View.ANTERIOR: Roi(3, 3, 1, 1, b"\x80")}, Label.UNCERTAIN)
    names = [name for name, _ in made.files(scan, Reading(ReadingKey("S1", "ann"), {"L1": lesion}))]
    assert "labelsTr/S1_anterior.nii.gz" in names
    about = json.loads(dict(made.finish())["dataset.json"])
    assert about["labels"] == {"background": 0, "benign": 1, "malignant": 2, "ignore": 3}


def test_simpleitk_reads_it_as_nnunet_does(library: Library, tmp_path: Path) -> None:
    sitk = pytest.importorskip("SimpleITK")
    read_library(library, 1)
    finish(export.run(library, tmp_path, "nnunet"))
    for file in (tmp_path / "imagesTr").iterdir():
        image = sitk.ReadImage(str(file))
        labels = sitk.ReadImage(str(tmp_path / "labelsTr" / file.name.replace("_0000", "")))
        assert image.GetSpacing() == labels.GetSpacing() and image.GetDirection() == labels.GetDirection()
        assert sitk.GetArrayFromImage(image).shape == (1, 1024, 256)
