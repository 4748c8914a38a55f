"""COCO: the runs hold every ROI to the pixel, other decoders read them, and they come in again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made_scans import new_scan
from tests.workflows import drawn_lesions
from tests.workflows.drawn_lesions import PRINTS, SIZE
from tests.workflows.studies import bring
from workstation.core.edits import Edit, LesionChange, Step
from workstation.core.lesion import Label, Lesion, Reading, ReadingKey, Roi, Verdict
from workstation.core.scan import VIEWS, View
from workstation.store.library import Library
from workstation.workflows import coco_rle, export, labels_coco
from workstation.workflows.export_coco import Coco
from workstation.workflows.progress import finish


def down_the_columns(counts: list[int], size: tuple[int, int]) -> np.ndarray:
    """The format's definition, pixel by pixel."""
    pixels, value = [], 0
    for run in counts:
        pixels += [value] * run
        value = 1 - value
    assert len(pixels) == size[0] * size[1]
    return np.array([[pixels[column * size[0] + row] for column in range(size[1])] for row in range(size[0])], bool)


def written(*readings: Reading) -> dict[str, Any]:
    coco = Coco()
    list(coco.files(drawn_lesions.scan(), [(f"r{n}", reading) for n, reading in enumerate(readings)], PRINTS))
    made = {name: json.loads(b"".join(pieces)) for name, pieces in coco.finish()}
    coco.close()
    return made


@settings(max_examples=50, deadline=None)
@given(drawn_lesions.readings())
def test_a_reading_goes_out_and_comes_in_the_same(reading: Reading) -> None:
    ((name, raw),) = written(reading).items()
    (back,) = labels_coco.readings(Path(name), raw)
    assert back.trouble is None
    assert {lesion.id: lesion for lesion in back.lesions} == dict(reading.lesions)
    assert (back.verdict, back.reader, back.round) == (reading.verdict, reading.key.reader, reading.key.round)
    views = {image["id"]: View(image["view"]) for image in raw["images"]}
    names = {category["id"]: category["name"] for category in raw["categories"]}
    assert [(image["height"], image["width"]) for image in raw["images"]] == [SIZE, SIZE]
    seen = set()
    for annotation in raw["annotations"]:
        lesion, view = reading.lesions[annotation["attributes"]["lesion"]], views[annotation["image_id"]]
        mask = drawn_lesions.mask(lesion, view)
        assert (down_the_columns(annotation["segmentation"]["counts"], SIZE) == mask).all()
        rows, columns = np.nonzero(mask)
        left, top, width, height = annotation["bbox"]
        assert (left, top) == (columns.min(), rows.min())
        assert (left + width - 1, top + height - 1) == (columns.max(), rows.max())
        assert annotation["area"] == mask.sum() and annotation["iscrowd"] == 0
        called = "bladder" if lesion.criterion == "bladder" else str(lesion.label or "unlabelled")
        assert names[annotation["category_id"]] == called
        seen.add((lesion.id, view))
    assert seen == {(lesion.id, view) for lesion in reading.lesions.values() for view in lesion.rois}


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # in pycocotools' own decoder
@settings(max_examples=50, deadline=None)
@given(drawn_lesions.rois())
def test_pycocotools_reads_and_writes_the_same(roi: Roi) -> None:
    outside = pytest.importorskip("pycocotools.mask")
    counts, mask = coco_rle.encode(roi, SIZE), roi.mask(SIZE)
    packed = outside.frPyObjects({"size": list(SIZE), "counts": counts}, *SIZE)
    assert (outside.decode(packed).astype(bool) == mask).all()
    theirs = outside.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode("ascii")
    assert coco_rle.unpack(theirs) == counts


@given(st.lists(st.integers(0, 70_000), min_size=1, max_size=12))
def test_long_runs_are_unpacked(runs: list[int]) -> None:
    outside = pytest.importorskip("pycocotools.mask")
    total = sum(runs)
    packed = outside.frPyObjects({"size": [total, 1], "counts": runs}, total, 1)["counts"]
    assert coco_rle.unpack(packed.decode("ascii")) == runs


def read_scan(library: Library) -> None:
    library.add_scans([new_scan(0), new_scan(1)])
    for reader in ("ann", "bo"):
        rois = {view: Roi(400, 100, 1, 5, b"\xa8") for view in VIEWS}
        edit = Edit("x", (LesionChange(None, Lesion("L1", rois, Label.BENIGN)),), (Verdict(), Verdict(1)))
        library.append(ReadingKey("S000", reader), Step("edit", edit), reader)


def test_each_reader_has_a_file_that_comes_into_another_library(clinical: Library, tmp_path: Path) -> None:
    read_scan(clinical)
    out = tmp_path / "out"
    finish(export.run(clinical, out, "coco"))
    assert sorted(path.name for path in out.glob("*.json")) == ["coco_ann_r1.json", "coco_bo_r1.json"]
    for file in out.glob("*.json"):
        raw = json.loads(file.read_text("utf-8"))
        assert all((out / image["file_name"]).is_file() for image in raw["images"])
    other = Library.create(tmp_path / "other", "clinical")
    other.add_scans([new_scan(0), new_scan(1)])
    result = bring(other, labels=out)
    assert (result.labels, result.refused) == (2, ())
    for reader in ("ann", "bo"):
        key = ReadingKey("S000", reader)
        assert other.session(key).reading.lesions == clinical.session(key).reading.lesions
    assert bring(other, labels=out / "coco_bo_r1.json").labels == 0
    other.close()


def test_polygons_from_elsewhere_come_in(clinical: Library, tmp_path: Path) -> None:
    clinical.add_scans([new_scan(0)])
    square = [10, 20, 14, 20, 14, 23, 10, 23]
    raw = {
        "categories": [{"id": 9, "name": "Malignant"}],
        "images": [{"id": 5, "file_name": "pictures/S000_posterior.png", "width": 256, "height": 1024}],
        "annotations": [{"id": 1, "image_id": 5, "category_id": 9, "segmentation": [square], "iscrowd": 0}],
    }
    (tmp_path / "a.json").write_text(json.dumps(raw))
    assert bring(clinical, labels=tmp_path / "a.json").labels == 1
    (lesion,) = clinical.session(ReadingKey("S000", "tester")).reading.lesions.values()
    rows, columns = np.nonzero(lesion.rois[View.POSTERIOR].mask((1024, 256)))
    assert (rows.min(), rows.max(), columns.min(), columns.max(), rows.size) == (20, 22, 10, 13, 12)


def bad(raw: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    one, image = raw["annotations"][0], raw["images"][0]
    runs = one["segmentation"]

    def annotated(**given: Any) -> dict[str, Any]:
        return {"annotations": [one | given]}

    return [
        (annotated(category_id=77), "annotation 1: its category"),
        (annotated(image_id=77), "on no image of this file"),
        (annotated(segmentation=None), "no segmentation"),
        (annotated(segmentation=runs | {"size": [512, 256]}), "another picture"),
        (annotated(segmentation=runs | {"counts": [5, 6]}), "do not add up"),
        (annotated(segmentation=runs | {"counts": [-5, 6]}), "whole numbers"),
        (annotated(segmentation=runs | {"counts": "~~~\u20ac"}), "does not belong there"),
        (annotated(segmentation=runs | {"counts": [1024 * 256]}), "holds no pixel"),
        (annotated(segmentation=[[1, 2, 3, 4]]), "at least three corners"),
        (annotated(attributes={"lesion": ["x"]}), "lesion is a short text"),
        (annotated(attributes={"criterion": "X9"}), "criterion is one of"),
        (annotated(attributes={"criterion": "injection"}), "criterion injection justifies the label not bone, not"),
        ({"categories": [c | {"name": "hot spot"} for c in raw["categories"]]}, "the label is one of"),
        (
            {"images": [image | {"scan": "S9", "sha256": "", "sop_uid": ""}], "annotations": []},
            "S9 is not in this library",
        ),
        ({"images": [image | {"height": 512}], "annotations": []}, "another picture"),
        ({"images": [image, image]}, "another image's"),
        ({"images": [image | {"sha256": "0" * 64, "reader": "new"}], "annotations": []}, "another picture"),
        ({"images": [image | {"reader": "an\u202en"}], "annotations": []}, "all of which show"),
        ({"images": [image | {"reader": "a\ud800"}], "annotations": []}, "all of which show"),
        ({"images": [image | {"comment": "\udfff"}], "annotations": []}, "comment is text of at most"),
        ({"images": [5]}, "image 1: it is no JSON object"),
        ({"categories": 3}, "no list of categories"),
    ]


def test_bad_files_are_refused_in_words_and_nothing_comes_in(clinical: Library, tmp_path: Path) -> None:
    read_scan(clinical)
    finish(export.run(clinical, tmp_path / "out", "coco"))
    raw = json.loads((tmp_path / "out" / "coco_ann_r1.json").read_text("utf-8"))
    before = clinical.verify().rows
    for change, said in bad(raw):
        (tmp_path / "bad.json").write_text(json.dumps(raw | change))
        result = bring(clinical, labels=tmp_path / "bad.json")
        assert result.labels == 0 and any(said in told.reason for told in result.refused), (change, result.refused)
    assert clinical.verify().rows == before
