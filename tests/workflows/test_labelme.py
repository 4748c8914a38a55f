"""labelme: what goes out is what labelme shows and what comes in again; what labelme makes comes in as drawn."""

from __future__ import annotations

import base64
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from tests.made_scans import SHAPE, new_scan
from tests.workflows import drawn_lesions
from tests.workflows.drawn_lesions import PRINTS, SIZE
from tests.workflows.studies import bring
from workstation.core.edits import Edit, LesionChange, Step
from workstation.core.lesion import Label, Lesion, Origin, Progress, Reading, ReadingKey, Roi, Verdict
from workstation.core.scan import VIEWS, View
from workstation.store.library import Library
from workstation.workflows import export, export_labelme, labels, labels_labelme
from workstation.workflows.errors import CallError
from workstation.workflows.labelme_shapes import roi_of, shapes_of
from workstation.workflows.progress import finish
from workstation.workflows.table import RowError


def as_labelme_draws(shapes: list[dict[str, Any]], size: tuple[int, int]) -> np.ndarray:
    """The mask labelme's own `shapes_to_label` makes: polygons by Pillow, outline included; masks put in place."""
    drawn = np.zeros(size, bool)
    for shape in shapes:
        if shape["shape_type"] == "mask":
            (x0, y0), (x1, y1) = np.asarray(shape["points"]).astype(int)
            with Image.open(BytesIO(base64.b64decode(shape["mask"]))) as picture:
                drawn[y0 : y1 + 1, x0 : x1 + 1] |= np.array(picture).astype(bool)
        else:
            canvas = Image.fromarray(np.zeros(size, np.uint8))
            ImageDraw.Draw(canvas).polygon([tuple(point) for point in shape["points"]], outline=1, fill=1)
            drawn |= np.array(canvas).astype(bool)
    return drawn


def written(reading: Reading) -> dict[str, Any]:
    """The JSON files of a reading of the drawn scan, by name."""
    made = export_labelme.files(drawn_lesions.scan(), [("", reading)], PRINTS)
    return {name: json.loads(data) for name, data in made if name.endswith(".json")}


@settings(max_examples=60, deadline=None)
@given(drawn_lesions.readings())
def test_a_reading_goes_out_and_comes_in_the_same(reading: Reading) -> None:
    files = written(reading)
    (back,) = labels_labelme.readings([(Path("nowhere", name), raw) for name, raw in files.items()])
    assert back.trouble is None
    assert {lesion.id: lesion for lesion in back.lesions} == dict(reading.lesions)
    assert (back.verdict, back.reader, back.round) == (reading.verdict, reading.key.reader, reading.key.round)
    assert (back.scan, back.sop_uid) == ("S1", "1.2.3")
    for name, raw in files.items():
        view = View(name.removesuffix(".json").rpartition("_")[2])
        for group, lesion in enumerate(reading.lesions.values(), start=1):
            shapes = [shape for shape in raw["shapes"] if shape["group_id"] == group]
            assert bool(shapes) == (view in lesion.rois)
            if shapes:
                assert (as_labelme_draws(shapes, SIZE) == drawn_lesions.mask(lesion, view)).all()
                assert {shape["label"] for shape in shapes} == {
                    "bladder" if lesion.criterion == "bladder" else str(lesion.label or "unlabelled")
                }


def test_round_parts_are_polygons_and_holes_are_masks() -> None:
    rows, columns = np.mgrid[:21, :21]
    disc = (rows - 10) ** 2 + (columns - 10) ** 2 <= 90
    ring = disc & ((rows - 10) ** 2 + (columns - 10) ** 2 > 9)
    two = np.hstack([disc, disc])
    kinds = []
    for box in (disc, ring, two, np.ones((1, 1), bool)):
        roi = Roi.from_mask(box)
        assert roi is not None
        kinds.append([shape["shape_type"] for shape in shapes_of(roi)])
    assert kinds == [["polygon"], ["mask"], ["polygon", "polygon"], ["polygon"]]


def test_labelmes_own_reader_opens_it(tmp_path: Path) -> None:
    labelme = pytest.importorskip("labelme", reason="GPL: never needed, asked only where somebody has it")
    reading = Reading(ReadingKey("S1", "ann"), {"L0": Lesion("L0", {View.ANTERIOR: Roi(3, 4, 1, 1, b"\x80")})})
    for name, data in export_labelme.files(drawn_lesions.scan(), [("", reading)], PRINTS):
        (tmp_path / name).write_bytes(data)
    file = labelme.LabelFile(str(tmp_path / "S1_anterior.json"))
    assert [shape["label"] for shape in file.shapes] == ["unlabelled"]


# --- Into a library ---------------------------------------------------------------------------------------------------


@pytest.fixture
def read(clinical: Library) -> Library:
    """Two scans; ann has read the first: a lesion on both views and a ring on one."""
    clinical.add_scans([new_scan(0), new_scan(1)])
    ring = np.ones((5, 5), bool)
    ring[2, 2] = False
    both = {view: Roi.from_mask(np.ones((4, 6), bool), 400, 150 - 50 * place) for place, view in enumerate(VIEWS)}
    lesions = [
        Lesion("LA", {view: roi for view, roi in both.items() if roi}, Label.MALIGNANT, "M2", "rib", "left", 2, "é"),
        Lesion("LB", {View.POSTERIOR: Roi.from_mask(ring, 1019, 251)}, Label.BENIGN, roi_origin=Origin.ISOCONTOUR),
    ]  # type: ignore[list-item]
    verdict = Verdict(2, progress=Progress.DONE)
    edit = Edit("x", tuple(LesionChange(None, lesion) for lesion in lesions), (Verdict(), verdict))
    clinical.append(ReadingKey("S000", "ann"), Step("edit", edit), "ann")
    return clinical


def exported(library: Library, out: Path) -> Path:
    finish(export.run(library, out, "labelme"))
    return out


def changed(file: Path, change: Any) -> None:
    raw = json.loads(file.read_text("utf-8"))
    change(raw)
    file.write_text(json.dumps(raw), "utf-8")


def test_every_view_has_a_picture_and_a_read_one_its_file(read: Library, tmp_path: Path) -> None:
    out = exported(read, tmp_path / "out")
    assert sorted(path.name for path in out.glob("S*")) == [
        "S000_anterior.json", "S000_anterior.png", "S000_posterior.json", "S000_posterior.png",
        "S001_anterior.png", "S001_posterior.png",
    ]  # fmt: skip
    raw = json.loads((out / "S000_posterior.json").read_text("utf-8"))
    assert (raw["imagePath"], raw["imageHeight"], raw["imageWidth"]) == ("S000_posterior.png", *SHAPE)
    assert [(shape["label"], shape["group_id"], shape["description"]) for shape in raw["shapes"]] == [
        ("malignant", 1, "M2: é"), ("benign", 2, ""),
    ]  # fmt: skip
    assert [name for name, ticked in raw["flags"].items() if ticked] == ["grade 2"]
    with Image.open(out / "S000_posterior.png") as picture:
        assert (picture.mode, picture.size) == ("L", SHAPE[::-1])


def test_nothing_changed_nothing_comes_in(read: Library, tmp_path: Path) -> None:
    before = read.verify().rows
    result = bring(read, labels=exported(read, tmp_path / "out"))
    assert (result.labels, result.refused) == (0, ()) and read.verify().rows == before


def test_what_was_changed_in_labelme_is_one_edit_more(read: Library, tmp_path: Path) -> None:
    out = exported(read, tmp_path / "out")
    box = {"label": "uncertain", "points": [[10, 20], [14, 23]], "group_id": None, "shape_type": "rectangle"}

    def change(raw: Any) -> None:
        raw["shapes"][0] |= {"label": "benign", "description": "B2"}
        raw["shapes"].append(box)

    changed(out / "S000_anterior.json", change)
    changed(out / "S000_posterior.json", lambda raw: raw["shapes"].clear())
    result = bring(read, labels=out)
    assert (result.labels, result.refused) == (3, ())
    key = ReadingKey("S000", "ann")
    session = read.session(key)
    first, new = session.reading.lesions.values()
    assert (first.id, first.label, first.criterion, first.region, first.label_origin) == (
        "LA", Label.BENIGN, "B2", "rib", Origin.IMPORTED,
    )  # fmt: skip
    assert first.roi_origin is Origin.HAND and set(first.rois) == {View.ANTERIOR}
    assert (new.label, new.roi_origin) == (Label.UNCERTAIN, Origin.IMPORTED)
    rows, columns = np.nonzero(new.rois[View.ANTERIOR].mask(SHAPE))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (20, 22, 10, 13)
    read.append(key, Step("undo", session.done[-1]), "ann")
    assert set(read.session(key).reading.lesions) == {"LA", "LB"}
    assert read.verify().ok


def test_a_criterion_goes_with_the_label_that_was_changed(read: Library, tmp_path: Path) -> None:
    """The description still names what justified the label before."""
    out = exported(read, tmp_path / "out")
    for view in View:
        changed(out / f"S000_{view}.json", lambda raw: raw["shapes"][0].update(label="benign", description="M2: seen"))
    result = bring(read, labels=out)
    assert (result.labels, result.refused) == (1, ())
    lesion = read.session(ReadingKey("S000", "ann")).reading.lesions["LA"]
    assert (lesion.label, lesion.criterion, lesion.comment) == (Label.BENIGN, None, "seen")


def test_one_views_file_leaves_the_other_view_alone(read: Library, tmp_path: Path) -> None:
    out = exported(read, tmp_path / "out")
    changed(out / "S000_anterior.json", lambda raw: raw["shapes"].clear())
    assert bring(read, labels=out / "S000_anterior.json").labels == 1
    kept = read.session(ReadingKey("S000", "ann")).reading.lesions
    assert {name: set(lesion.rois) for name, lesion in kept.items()} == dict.fromkeys(("LA", "LB"), {View.POSTERIOR})


def test_work_done_since_is_not_replaced(read: Library, tmp_path: Path) -> None:
    out = exported(read, tmp_path / "out")
    changed(out / "S000_anterior.json", lambda raw: raw["shapes"].clear())
    key = ReadingKey("S000", "ann")
    gone = read.session(key).reading.lesions["LB"]
    read.append(key, Step("edit", Edit("Delete", (LesionChange(gone, None),))), "ann")
    result = bring(read, labels=out)
    assert result.labels == 0 and "left as it is" in result.refused[0].reason
    assert set(read.session(key).reading.lesions) == {"LA"}


def test_a_file_labelme_made_is_the_importers(read: Library, tmp_path: Path) -> None:
    """Drawn from nothing on an exported picture, as labelme saves it, the picture within the file."""
    out = exported(read, tmp_path / "out")
    shapes = [
        {"label": "Malignant", "points": [[10.2, 20.2], [30.7, 20.4], [20.1, 40.9]], "shape_type": "polygon"},
        {"label": "benign", "points": [[100, 200], [100, 204]], "shape_type": "circle", "group_id": 7},
        {"label": "bladder", "points": [[120, 610], [140, 640]], "shape_type": "rectangle", "description": "full"},
    ]
    raw = {
        "version": "5.5.0", "flags": {}, "imagePath": "..\\pictures\\whatever.png", "imageHeight": 1024,
        "imageWidth": 256, "imageData": base64.b64encode((out / "S001_anterior.png").read_bytes()).decode(),
        "shapes": [{"group_id": None, "flags": {}, "description": None, "mask": None} | shape for shape in shapes],
    }  # fmt: skip
    file = tmp_path / "whatever.json"
    file.write_text(json.dumps(raw))
    result = bring(read, labels=file)
    assert (result.labels, result.refused) == (3, ())
    benign, malignant, bladder = read.session(ReadingKey("S001", "tester")).reading.lesions.values()
    assert (benign.label, malignant.label) == (Label.BENIGN, Label.MALIGNANT)
    assert (bladder.label, bladder.criterion, bladder.comment) == (Label.NOT_BONE, "bladder", "full")
    triangle = 0.5 * abs((30.7 - 10.2) * (40.9 - 20.2) - (20.1 - 10.2) * (20.4 - 20.2))
    assert malignant.rois[View.ANTERIOR].pixels == pytest.approx(triangle, rel=0.05)
    assert benign.rois[View.ANTERIOR].pixels == pytest.approx(np.pi * 16, rel=0.1)
    assert benign.rois[View.ANTERIOR].centre == (199.5, 99.5)  # the corner between four pixels
    assert bring(read, labels=file).labels == 0


@pytest.mark.parametrize("sides", ["posterior", "both"])
def test_a_file_for_a_picture_that_became_a_scan(clinical: Library, tmp_path: Path, sides: str) -> None:
    """A data set as labelme's users have it: pictures of scans, a JSON beside each."""
    grey = np.random.default_rng(5).poisson(9, (300, 160)).astype(np.uint8)
    grey[40:60, 20:30] = grey[40:60, 130:140] = 200
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.fromarray(grey).save(folder / "case_7.png")
    left, right = ({"points": [[x, 40], [x + 10, 60]], "shape_type": "rectangle"} for x in (20, 130))
    shapes = [part | {"label": "malignant", "group_id": 1} for part in (left, right)]
    raw = {"imagePath": "case_7.png", "imageData": None, "imageHeight": 300, "imageWidth": 160, "shapes": shapes}
    (folder / "case_7.json").write_text(json.dumps(raw))
    result = bring(clinical, folder / "case_7.png", sides=sides, labels=folder)
    assert (result.scans, result.labels, result.refused) == (1, 1, ())
    (scan,) = clinical.ids()
    (lesion,) = clinical.session(ReadingKey(scan, "tester")).reading.lesions.values()
    found = {view: roi.mask((300, 160 // len(clinical.load(scan).views))) for view, roi in lesion.rois.items()}
    expected = np.zeros((300, 160), bool)
    expected[40:60, 20:30] = expected[40:60, 130:140] = True
    assert list(found) == ([View.POSTERIOR] if sides == "posterior" else list(VIEWS))
    assert (np.hstack(list(found.values())) == expected).all()
    assert bring(clinical, labels=folder).labels == 0
    Image.fromarray(255 - grey // 2).save(folder / "case_7.png")
    assert "no scan of this library shows its picture" in bring(clinical, labels=folder).refused[0].reason


# --- What cannot come in ----------------------------------------------------------------------------------------------


def shape(**given: Any) -> dict[str, Any]:
    polygon = {"label": "benign", "points": [[1, 1], [9, 1], [9, 9]], "group_id": None, "shape_type": "polygon"}
    return polygon | given


BAD = [
    ({"shapes": [shape(label="bone island")]}, "shape 1: the label is one of malignant"),
    ({"shapes": [shape(), shape(shape_type="linestrip")]}, "shape 2: a linestrip has no area"),
    ({"shapes": [shape(shape_type="star")]}, "not known"),
    ({"shapes": [shape(points=[[1, 1], [2, 2]])]}, "three points"),
    ({"shapes": [shape(points=[[1, 1], [2, "x"], [3, 3]])]}, "two numbers"),
    ({"shapes": [shape(points=[[1, 1], [1e300, 2], [3, 3]])]}, "two numbers"),
    ({"shapes": [shape(points=[[5.6, 5.6], [5.9, 5.6], [5.9, 5.9]])]}, "the centre of no pixel"),
    ({"shapes": [shape(points=[[900, 5], [930, 5], [930, 30]])]}, "the centre of no pixel"),
    ({"shapes": [shape(shape_type="mask", points=[[1, 1], [4, 4]], mask="AAAA")]}, "a mask cannot be read"),
    ({"shapes": [shape(shape_type="mask", points=[[250, 1], [270, 4]], mask="AAAA")]}, "outside the picture"),
    ({"shapes": [shape(group_id=1), shape(group_id=1, label="malignant")]}, "called both benign and malignant"),
    ({"shapes": [shape(), shape()]}, "there twice"),
    ({"shapes": [3]}, "shape 1: a shape is a JSON object"),
    ({"shapes": [shape(osteoscope={"side": "up"})]}, "side is one of"),
    ({"shapes": [shape(description="B2: \ud800")]}, "comment is text of at most"),
    ({"shapes": [shape(description="x" * 10_001)]}, "comment is text of at most"),
    ({"shapes": [shape(osteoscope={"lesion": "L1\u202e"})]}, "letters that do not show"),
    ({"flags": {"grade 1": True, "grade 2": True}}, "more than one grade"),
    ({"imageHeight": 512}, "belongs to another picture"),
    ({"imageWidth": "wide"}, "imageWidth is a whole number"),
    ({"imagePath": "S001_anterior.png"}, "belongs to another picture"),
    ({"imageData": "!!!!"}, "its picture cannot be read"),
    ({"imageData": 5}, "no picture in base64"),
]


def test_a_bad_file_is_refused_in_words_and_nothing_comes_in(read: Library, tmp_path: Path) -> None:
    out = exported(read, tmp_path / "out")
    before, file = read.verify().rows, out / "S000_anterior.json"
    whole = file.read_bytes()
    for change, said in BAD:
        file.write_bytes(whole)
        changed(file, lambda raw, change=change: raw.update(change))
        result = bring(read, labels=out)
        assert result.labels == 0 and said in result.refused[0].reason, change
        assert file.name in result.refused[0].reason
    assert read.verify().rows == before


def test_a_file_for_another_scans_counts_is_refused(read: Library, tmp_path: Path) -> None:
    out = exported(read, tmp_path / "out")
    for view in VIEWS:
        (out / f"S000_{view}.png").unlink()
        changed(out / f"S000_{view}.json", lambda raw: raw["osteoscope"].update(sha256="0" * 64, reader="new"))
    assert "another picture" in bring(read, labels=out).refused[0].reason


NO_LABELS = [
    b"", b"{", b"[" * 100_000, b'{"shapes": [' + b"[" * 90_000, "{}".encode("utf-16"), b"\xb0\xa1", b"{}",
    b'{"shapes": [], "imageHeight": NaN}', b'{"shapes": [], "imageHeight": ' + b"9" * 9999 + b"}",
]  # fmt: skip


def test_what_is_no_json_of_labels_is_a_wrong_call(tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    for content in NO_LABELS:
        file.write_bytes(content)
        with pytest.raises(CallError, match="Nothing was done"):
            labels.load(file)


def test_a_broken_file_of_a_folder_costs_its_own_reading_only(read: Library, tmp_path: Path) -> None:
    """Two readings drawn: of one a view's file is cut short. The other comes in, the first stays as it is, whole."""
    out = exported(read, tmp_path / "out")
    for view in ("anterior", "posterior"):
        changed(out / f"S000_{view}.json", lambda raw: raw["shapes"].clear())
    for view in ("anterior", "posterior"):  # the second scan, drawn from nothing
        raw = {"imagePath": f"S001_{view}.png", "imageHeight": SHAPE[0], "imageWidth": SHAPE[1],
               "shapes": [shape(label="benign", points=[[100, 300], [110, 300], [105, 310]])]}  # fmt: skip
        (out / f"S001_{view}.json").write_text(json.dumps(raw), "utf-8")
    bad = out / "S000_posterior.json"
    for number, content in enumerate(NO_LABELS[:-3] + NO_LABELS[-2:]):
        bad.write_bytes(content)
        before = read.session(ReadingKey("S000", "ann"))
        result = bring(read, labels=out)
        assert result.labels == (2 if number == 0 else 0), "the other scan's come in, once"
        told = {refused.path: refused.reason for refused in result.refused}
        assert "left out" in told[str(bad)] and str(bad) in told[str(bad)], content[:20]
        assert len(told) == 2 and any("S000_anterior.json" in path for path in told), "its partner is not half done"
        assert read.session(ReadingKey("S000", "ann")) == before
    bad.unlink()


def test_a_broken_file_beside_tables(read: Library, tmp_path: Path) -> None:
    out = tmp_path / "tables"
    finish(export.run(read, out, "csv"))
    (out / "notes.json").write_bytes(b"{")
    (out / "other.csv").write_text("a;b\n1;2\n", "utf-8")
    (out / "third.csv").write_bytes(b"scan,\xff\n")
    other = Library.create(tmp_path / "other", "clinical")
    other.add_scans([new_scan(0)])
    result = bring(other, labels=out)
    assert result.labels == 2
    assert [Path(told.path).name for told in result.refused] == ["notes.json", "other.csv", "third.csv"]
    other.close()


def test_a_folder_with_neither_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(CallError, match="holds no labels"):
        labels.load(tmp_path)


def test_a_scan_turned_since_is_another_picture(read: Library, tmp_path: Path) -> None:
    out = exported(read, tmp_path / "out")
    other = Library.create(tmp_path / "other", "clinical")
    other.add_scans([new_scan(0)])
    other.turn("S000", "ann")
    result = bring(other, labels=out)
    assert result.labels == 0 and "turned" in result.refused[0].reason
    other.turn("S000", "ann")
    assert bring(other, labels=out).labels == 2
    other.close()

def test_nothing_is_drawn_on_a_picture_of_a_size_the_scan_has_not(
    read: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = exported(read, tmp_path / "out")
    for view in VIEWS:
        (out / f"S000_{view}.png").unlink()
        circles = [shape(shape_type="circle", points=[[4000, 4000], [4000, 4000 + n]]) for n in range(1, 41)]
        huge = {"imageHeight": 8192, "imageWidth": 8192, "shapes": circles}
        changed(out / f"S000_{view}.json", lambda raw, huge=huge: raw.update(huge))
    monkeypatch.setattr(labels_labelme, "roi_of", lambda *_: pytest.fail("it was drawn"))
    result = bring(read, labels=out)
    assert result.labels == 0 and "8192 x 8192" in result.refused[0].reason


@given(st.tuples(*[st.floats(-30, 60)] * 4))
def test_a_circle_is_the_pixels_whose_centres_it_holds(at: tuple[float, float, float, float]) -> None:
    x, y, right, down = at
    radius = np.hypot(right - x, down - y)
    rows, columns = np.mgrid[:20, :30] + 0.5
    held = np.hypot(rows - y, columns - x)
    assume(np.abs(held - radius).min() > 1e-9)
    given_shape = {"shape_type": "circle", "points": [[x, y], [right, down]]}
    if (held < radius).any():
        assert (roi_of(given_shape, (20, 30)).mask((20, 30)) == (held < radius)).all()
    else:
        with pytest.raises(RowError, match="the centre of no pixel"):
            roi_of(given_shape, (20, 30))
