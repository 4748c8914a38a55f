"""What a criterion rests on, from the command line into the library, out as a table, and back."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.workflows.studies import bring
from workstation.core.lesion import Lesion, ReadingKey
from workstation.store.library import Library
from workstation.workflows import annotate, export
from workstation.workflows import labels as label_tables
from workstation.workflows.progress import finish


def edit(library: Library, scan: str, **said: object) -> annotate.Answer:
    (answer,) = annotate.run(library, scan, "anna", [json.dumps(said).encode()])
    return answer


def lesion_of(library: Library, scan: str, reader: str = "anna") -> Lesion:
    (lesion,) = library.session(ReadingKey(scan, reader)).reading.lesions.values()
    return lesion


def test_evidence_goes_round(library: Library, cohort: Path, tmp_path: Path) -> None:
    bring(library, cohort)
    scan = library.ids()[0]
    square = [[400, 100], [400, 110], [410, 110], [410, 100]]
    drawn = {"do": "add", "view": "anterior", "polygon": square, "label": "malignant", "criterion": "M1"}
    made = edit(library, scan, **drawn, evidence="PET-CT", evidence_date="2020-05-06")
    assert made.ok
    lesion = lesion_of(library, scan)
    assert (lesion.criterion, lesion.evidence, lesion.evidence_date) == ("M1", "PET-CT", "2020-05-06")
    wrongs = ({"evidence": "tea leaves"}, {"evidence_date": "6.5.2020"}, {"evidence": ["CT"]}, {"evidence_date": 5})
    for wrong in wrongs:
        assert not edit(library, scan, do="label", lesion=lesion.id, **wrong).ok
    finish(export.run(library, tmp_path / "out", "csv", "anna"))
    with open(tmp_path / "out" / "lesions.csv", encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["evidence"], row["evidence_date"]) == ("PET-CT", "2020-05-06")
    (labels,) = label_tables.load(tmp_path / "out")
    assert labels.lesions == (lesion,)
    for form in ("labelme", "coco"):
        finish(export.run(library, tmp_path / form, form, "anna"))
        found = [each for reading in label_tables.load(tmp_path / form) for each in reading.lesions]
        assert found == [lesion]
    # A label takes its criterion and what that rests on along; undo brings them back.
    assert edit(library, scan, do="label", lesion=lesion.id, label="benign").ok
    after = lesion_of(library, scan)
    assert (after.criterion, after.evidence, after.evidence_date) == (None, None, None)
    assert edit(library, scan, do="undo").ok
    assert lesion_of(library, scan) == lesion
    assert library.verify().ok
