"""Nothing that says who the patient is leaves; the views, the counts and the intervals stay."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest

from tests.dicom.studies import real_scan, study
from workstation.core.scan import How, View
from workstation.dicom.deidentify import deidentify, pseudonym, secret_day_offset
from workstation.dicom.errors import DicomError
from workstation.dicom.read import choose, read_object
from workstation.dicom.write import STYLES, write_nm

KEY = b"a secret of the library, 32 byte"
SECRETS = (b"4711", b"Muster", b"Erika", b"1930", b"20220601", b"St. John", b"CompressedSamples", b"BERRA", b"8NM1")


def test_the_real_scan_loses_its_names_and_keeps_its_picture() -> None:
    read = read_object(real_scan(), "real")
    assert b"BERRA" in real_scan().read_bytes()
    made = deidentify(read, KEY, -1000)
    assert not any(secret in made.data for secret in SECRETS)
    again = read_object(made.data, "again")
    assert again.accepted and np.array_equal(again.frames[0].counts, read.frames[0].counts)
    assert (again.frames[0].view, again.frames[0].how) == (View.ANTERIOR, How.VIEW_CODE)
    assert again.facts["private_tags"] == 0 and again.facts["deidentified"] is True
    assert again.facts["burnt_in_risk"] == read.facts["burnt_in_risk"]
    assert again.facts["speed_mm_s"] == read.facts["speed_mm_s"]


@pytest.mark.parametrize("style", STYLES)
def test_every_style_keeps_views_counts_and_research_facts(style: str, tmp_path: Path) -> None:
    for path in write_nm(tmp_path, study(), style):
        read = read_object(path, "x")
        made = deidentify(read, KEY, -1000)
        assert not any(secret in made.data for secret in SECRETS)
        again = read_object(made.data, "x")
        assert [frame.view for frame in again.frames] == [frame.view for frame in read.frames]
        for one, two in zip(read.frames, again.frames, strict=True):
            assert np.array_equal(one.counts, two.counts) and one.spacing_mm == two.spacing_mm
        same = (
            "sex",
            "weight_kg",
            "height_m",
            "activity_mbq",
            "camera_make",
            "camera_model",
            "speed_mm_s",
            "simulated",
        )
        assert {name: again.facts[name] for name in same} == {name: read.facts[name] for name in same}
        assert again.facts["age"] == 90  # 92 would name a person
        assert again.facts["patient_id"] == made.patient
        assert {**made.facts} == {**again.facts}


def test_only_listed_elements_come_along(tmp_path: Path) -> None:
    (path,) = write_nm(tmp_path, study(), "ge-private")
    dataset = pydicom.dcmread(path)
    dataset.StationName = dataset.StudyDescription = dataset.ProtocolName = "for Muster"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "WHOLE BODY", "EMISSION", "MUSTER"]
    dataset.EnergyWindowInformationSequence[0].EnergyWindowName = "Muster"
    dataset.RadiopharmaceuticalInformationSequence[0].Radiopharmaceutical = "MDP for Muster"
    dataset.add_new(0x60003000, "OW", b"Muster")
    dataset.PixelData += b"Muster  "
    dataset.save_as(path)
    data = deidentify(read_object(path, "x"), KEY, -5).data
    assert b"Muster" not in data and b"MUSTER" not in data
    made = pydicom.dcmread(BytesIO(data))
    assert made.PatientIdentityRemoved == "YES"
    assert not any(element.tag.is_private for element in made.iterall())


def test_dates_move_together_and_times_stay(tmp_path: Path) -> None:
    read = read_object(write_nm(tmp_path, study(), "view-codes")[0], "x")
    facts = deidentify(read, KEY, -1000).facts
    moved = date.fromisoformat("2022-06-01").toordinal() - 1000
    assert facts["day"] == date.fromordinal(moved).isoformat()
    assert facts["acquired"] == f"{facts['day']}T11:30:00"
    assert facts["injected"] == f"{facts['day']}T08:15:00"


def test_identifiers_follow_the_key_and_nothing_else(tmp_path: Path) -> None:
    reads = [read_object(path, "x") for path in write_nm(tmp_path, study(), "one-per-view")]
    facts = [deidentify(read, KEY, -1).facts for read in reads]
    assert facts[0]["study_uid"] == facts[1]["study_uid"] != reads[0].facts["study_uid"]
    assert facts[0]["sop_uid"] != facts[1]["sop_uid"]
    assert str(facts[0]["sop_uid"]).startswith("2.25.")
    assert deidentify(reads[0], KEY, -1).data == deidentify(reads[0], KEY, -1).data
    assert deidentify(reads[0], b"another secret of 32 bytes......", -1).facts["study_uid"] != facts[0]["study_uid"]
    assert pseudonym(KEY, "HOSP-4711") == facts[0]["patient_id"] != pseudonym(KEY, "HOSP-4712")
    assert -3650 <= secret_day_offset(KEY, "HOSP-4711") < 0


def test_an_assumed_view_gets_no_code_and_a_chosen_one_does(tmp_path: Path) -> None:
    (path,) = write_nm(tmp_path, study(), "ge-private")
    dataset = pydicom.dcmread(path)
    del dataset[0x00111012], dataset[0x00111030]
    dataset.save_as(path)
    read = read_object(path, "x")
    assert [frame.how for frame in read.frames] == [How.ASSUMED, How.ASSUMED]
    assert [frame.how for frame in read_object(deidentify(read, KEY, -1).data, "x").frames] == [How.ASSUMED] * 2
    chosen = choose(read, {1: View.POSTERIOR, 2: View.ANTERIOR})
    again = read_object(deidentify(chosen, KEY, -1).data, "x")
    assert [frame.view for frame in again.frames] == [View.POSTERIOR, View.ANTERIOR]
    alone = read_object(deidentify(choose(read, {2: View.ANTERIOR}), KEY, -1).data, "x")
    assert [frame.view for frame in alone.frames] == [View.ANTERIOR]


def test_refused_objects_cannot_be_deidentified() -> None:
    with pytest.raises(DicomError):
        deidentify(b"no DICOM at all, just text", KEY, -1)
