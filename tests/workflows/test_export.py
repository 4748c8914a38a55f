"""What goes out of a library is what is in it, to the pixel, and comes in again."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.made_scans import new_scan
from tests.workflows.studies import bring
from workstation.core import edits
from workstation.core.edits import Edit, Step
from workstation.core.lesion import Label, Lesion, Progress, ReadingKey, Roi, Verdict
from workstation.core.scan import VIEWS, View
from workstation.store.library import Library
from workstation.workflows import annotate, export, table
from workstation.workflows.errors import CallError
from workstation.workflows.progress import finish

CONTRACT = "scan,patient,reader,round,lesion,label,criterion,region,side,origin,anterior_pixels,posterior_pixels".split(
    ","
)


def rows_of(folder: Path) -> list[dict[str, str]]:
    with open(folder / "lesions.csv", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def read_library(clinical: Library, cohort: Path) -> Library:
    """The cohort with its truth, and one reader who labelled a scan with words that a table must survive."""
    bring(clinical, cohort)
    scan = clinical.ids()[0]
    line = (
        b'{"do": "add", "view": "posterior", "polygon": [[99.5, 40], [120, 60], [130, 44]], "label": "uncertain",'
        b' "comment": "a, \\"b\\"\\nc \xc3\xa9 \xe9\xaa\xa8", "confidence": 1}'
    )
    assert all(a.ok for a in annotate.run(clinical, scan, "R/ead er", [line, b'{"do": "grade", "grade": 1}']))
    return clinical


def readings(library: Library) -> dict[ReadingKey, Any]:
    return {
        key: (dict(reading.lesions), reading.verdict.grade)
        for scan in library.ids()
        for key in library.readings(scan)
        if (reading := library.session(key).reading).lesions
    }


def test_a_table_cut_short_brings_in_no_half_reading(tmp_path: Path, clinical: Library) -> None:
    """Wherever the last of three rows is cut: nothing comes in, and words say why."""
    clinical.add_scans([new_scan(0)])
    lesions = [Lesion(f"L{n}", {View.ANTERIOR: Roi(300 + 20 * n, 100, 8, 8, b"\xff" * 8)}) for n in range(3)]
    clinical.append(ReadingKey("S000", "ann"), Step("edit", edits.add("Add", *lesions)), "ann")
    finish(export.run(clinical, tmp_path / "out"))
    other = Library.create(tmp_path / "other", "clinical")
    other.add_scans([new_scan(0)])
    whole = (tmp_path / "out" / "lesions.csv").read_bytes().rstrip(b"\n")
    cut = tmp_path / "cut.csv"
    last = whole.rindex(b"\n") + 1
    for at in range(last + 1, len(whole), 9):
        cut.write_bytes(whole[:at])
        with pytest.raises(CallError, match="row 4 has fewer cells .* Nothing was done"):
            bring(other, labels=cut)
    cut.write_bytes(whole.replace(b",hand,", b",hand,1,5,", 1))
    with pytest.raises(CallError, match="row 2 has more cells"):
        bring(other, labels=cut)
    head, rest = whole.split(b"\n", 1)
    cut.write_bytes(head.replace(b"comment", b"label") + b"\n" + rest)  # the later one would be believed: no label
    with pytest.raises(CallError, match="the column label twice"):
        bring(other, labels=cut)
    assert not other.readings("S000")
    cut.write_bytes(whole)
    assert bring(other, labels=cut).labels == 3
    other.close()


def test_the_table_has_a_row_for_every_lesion_and_reading(read_library: Library, tmp_path: Path) -> None:
    result = finish(export.run(read_library, tmp_path / "out"))
    rows = rows_of(tmp_path / "out")
    assert list(rows[0])[: len(CONTRACT)] == CONTRACT
    held = readings(read_library)
    assert result.lesions == len(rows) == sum(len(lesions) for lesions, _ in held.values())
    for row in rows:
        lesion = held[ReadingKey(row["scan"], row["reader"], int(row["round"]))][0][row["lesion"]]
        assert row["label"] == str(lesion.label)
        for view in VIEWS:
            assert int(row[f"{view}_pixels"]) == (lesion.rois[view].pixels if view in lesion.rois else 0)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["lesions.csv", "readings.csv"]


def test_the_table_comes_in_again(read_library: Library, cohort: Path, tmp_path: Path) -> None:
    finish(export.run(read_library, tmp_path / "out"))
    other = Library.create(tmp_path / "other", "clinical")
    result = bring(other, cohort / "dicom", labels=tmp_path / "out" / "lesions.csv")
    scans = {other.load(scan).facts["sop_uid"]: scan for scan in other.ids()}
    there = {
        ReadingKey(scans[read_library.load(key.scan).facts["sop_uid"]], key.reader, key.round): value
        for key, value in readings(read_library).items()
    }
    assert readings(other) == there
    assert result.labels == sum(len(lesions) for lesions, _ in there.values())
    again = bring(other, cohort / "dicom", labels=tmp_path / "out")
    assert (again.labels, again.refused) == (0, ())
    assert other.verify().ok
    other.close()


def test_who_found_nothing_goes_out_and_comes_in_as_well(clinical: Library, tmp_path: Path) -> None:
    """No lesion and grade 0, an excluded scan, a comment on a scan with a lesion; what was taken back is not there."""
    clinical.add_scans([new_scan(n) for n in range(4)])
    said = {
        "S000": Verdict(0, progress=Progress.DONE, comment="=nothing, of\nnote"),
        "S001": Verdict(progress=Progress.EXCLUDED, reason="picture quality"),
        "S002": Verdict(2, True, Progress.DONE, comment="one rib"),
    }
    lesion = Lesion("L1", {View.ANTERIOR: Roi(300, 100, 8, 8, b"\xff" * 8)}, Label.BENIGN)
    clinical.append(ReadingKey("S002", "ann"), Step("edit", edits.add("Add", lesion)), "ann")
    for scan, verdict in said.items():
        judged = Edit("Judge", verdict=(Verdict(), verdict))
        clinical.append(ReadingKey(scan, "ann"), Step("edit", judged), "ann")
    taken_back = Edit("Judge", verdict=(Verdict(), Verdict(1)))
    for do in ("edit", "undo"):
        clinical.append(ReadingKey("S003", "ann"), Step(do, taken_back), "ann")
    out = tmp_path / "out"
    finish(export.run(clinical, out))
    with open(out / "readings.csv", encoding="utf-8", newline="") as stream:
        rows = {row["scan"]: row for row in csv.DictReader(stream)}
    assert {scan: (row["lesions"], row["grade"], row["status"]) for scan, row in rows.items()} == {
        "S000": ("0", "0", "done"), "S001": ("0", "", "excluded"), "S002": ("1", "2", "done"),
    }  # fmt: skip
    other = Library.create(tmp_path / "other", "clinical")
    other.add_scans([new_scan(n) for n in range(4)])
    for readings in (3, 0):  # the second time all of it is there already
        brought = bring(other, labels=out)
        assert not brought.refused and (brought.readings, brought.labels) == (readings, min(readings, 1))
        assert {scan: other.session(ReadingKey(scan, "ann")).reading.verdict for scan in said} == said
    assert other.session(ReadingKey("S002", "ann")).reading.lesions == {"L1": lesion}
    assert not other.readings("S003") and other.verify().ok
    text = (out / "readings.csv").read_text("utf-8")
    bad = text.replace(",ann,1,0,0,", ",ann,1,some,0,").replace("excluded", "gone")
    (tmp_path / "bad.csv").write_text(bad, "utf-8")
    refused = bring(other, labels=tmp_path / "bad.csv").refused
    assert [one.reason.split(": ")[-1].split(".")[0] for one in refused] == [
        "the column lesions is the number of them",
        "status is one of new, in progress, done, reviewed, excluded, not 'gone'",
    ]
    other.close()


def test_a_research_librarys_objects_and_table_make_another_library(
    library: Library, cohort: Path, tmp_path: Path
) -> None:
    bring(library, cohort)
    finish(export.run(library, tmp_path / "out"))
    other = Library.create(tmp_path / "other")
    result = bring(other, library.folder / "objects", labels=tmp_path / "out")
    assert result.scans == len(library.ids()) and result.refused == ()
    masks = [
        sorted((lesion.id, str(view), roi.to_json()["bits"]) for lesions, _ in readings(which).values()
               for lesion in lesions.values() for view, roi in lesion.rois.items())
        for which in (library, other)
    ]  # fmt: skip
    assert masks[0] == masks[1]
    other.close()


def test_another_research_library_knows_the_scans_by_their_counts(
    library: Library, cohort: Path, tmp_path: Path
) -> None:
    """Each research library has a key of its own, so that neither UIDs nor scan ids are the same there."""
    bring(library, cohort)
    finish(export.run(library, tmp_path / "out"))
    other = Library.create(tmp_path / "other")
    result = bring(other, cohort / "dicom", labels=tmp_path / "out")
    masks = [
        sorted((int(which.load(key.scan).frames[view].counts.sum()), lesion.id, str(view), roi.to_json()["bits"])
               for key, (lesions, _) in readings(which).items()
               for lesion in lesions.values() for view, roi in lesion.rois.items())
        for which in (library, other)
    ]  # fmt: skip
    assert result.refused == () and masks[0] == masks[1]
    assert not set(library.ids()) & set(other.ids())
    other.close()


def test_labels_never_replace_what_somebody_read(read_library: Library, cohort: Path, tmp_path: Path) -> None:
    finish(export.run(read_library, tmp_path / "out"))
    scan = read_library.ids()[0]
    before = readings(read_library)
    lesion = next(iter(before[ReadingKey(scan, "R/ead er")][0]))
    list(annotate.run(read_library, scan, "R/ead er", [f'{{"do": "delete", "lesion": "{lesion}"}}'.encode()]))
    result = bring(read_library, cohort / "dicom", labels=tmp_path / "out")
    assert [("left as it is" in told.reason) for told in result.refused] == [True]
    assert not read_library.session(ReadingKey(scan, "R/ead er")).reading.lesions


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("label", "evil", "label is one of"),
        ("grade", "7", "grade is a number"),
        ("reader", "", "reader is empty"),
        ("reader", "an\u202en", "do not show"),
        ("lesion", "L\n1", "do not show"),
        ("comment", "x" * 10_001, "comment is text of at most"),
        ("anterior_roi", "1;2;3", "top;left;height;width;bits"),
        ("anterior_roi", "5000;0;2;2;8A==", "lies outside"),
        ("anterior_roi", "0;0;9000;9000;8A==", "another size"),
        ("anterior_roi", "0;0;2;2;AA==", "no pixel"),
        ("sop_uid", "1.2.3", "not in this library"),
        ("criterion", "bladder", "criterion bladder justifies the label not bone, not"),
    ],
)
def test_a_bad_row_is_refused_in_words(
    library: Library, cohort: Path, tmp_path: Path, column: str, value: str, said: str
) -> None:
    bring(library, cohort)
    finish(export.run(library, tmp_path / "out"))
    unknown = {"anterior_sha256": "", "posterior_sha256": ""} if column == "sop_uid" else {}
    row = next(row for row in rows_of(tmp_path / "out") if row["anterior_roi"])
    row |= {"reader": "new", column: value} | unknown
    with open(tmp_path / "bad.csv", "w", newline="") as stream:
        writer = csv.DictWriter(stream, row)
        writer.writeheader()
        writer.writerow(row)
    result = bring(library, cohort / "dicom", labels=tmp_path / "bad.csv")
    assert result.labels == 0 and said in result.refused[0].reason


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b"{}"])
def test_what_is_no_table_is_a_wrong_call(library: Library, cohort: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.csv").write_bytes(content)
    with pytest.raises(CallError):
        bring(library, cohort, labels=tmp_path / "bad.csv")
    assert not library.ids()


def masks_of(row: dict[str, str]) -> dict[View, Any]:
    roi = {view: row[f"{view}_roi"] for view in VIEWS}
    return {view: table.read_roi(text).mask((1024, 256)) for view, text in roi.items() if text}


@pytest.mark.parametrize("form", ["png", "nifti"])
def test_masks_go_out_to_the_pixel(read_library: Library, tmp_path: Path, form: str) -> None:
    out = tmp_path / "out"
    result = finish(export.run(read_library, out, form))
    suffix = "png" if form == "png" else "nii.gz"
    assert not list(out.glob("*.part")) and result.files == len(list(out.iterdir()))
    covered: dict[Path, Any] = {}
    for row in rows_of(out):
        for view, mask in masks_of(row).items():
            slug = "truth" if row["reader"] == "truth" else "R-ead-er*"
            (file,) = out.glob(f"{row['scan']}_{slug}_r1_{view}_mask.{suffix}")
            if file not in covered:
                covered[file] = np.zeros((1024, 256), int)
            covered[file][mask] = int(row["mask_value"])
    for file, expected in covered.items():
        if form == "png":
            with Image.open(file) as picture:
                found = np.asarray(picture)
        else:
            found = np.asarray(nibabel.load(file).dataobj)[:, :, 0].T
        assert (found == expected).all()
    assert len(covered) > 4
    if form == "png":
        for scan in read_library.ids():
            with Image.open(out / f"{scan}.png") as picture:
                assert picture.size == (2 * 512 + 12, 2 * 1024 + 26)


def test_nifti_keeps_counts_spacing_and_sides(read_library: Library, tmp_path: Path) -> None:
    finish(export.run(read_library, tmp_path / "out", "nifti"))
    for scan_id in read_library.ids():
        for view, frame in read_library.load(scan_id).frames.items():
            image = nibabel.load(tmp_path / "out" / f"{scan_id}_{view}.nii.gz")
            assert (np.asarray(image.dataobj)[:, :, 0] == frame.counts.T).all()
            assert frame.spacing_mm is not None
            assert image.header.get_zooms()[:2] == pytest.approx(frame.spacing_mm[::-1])
            # A step along the columns leads to the patient's left in the anterior view, to the right in the posterior.
            assert nibabel.aff2axcodes(image.affine) == (("L" if view is View.ANTERIOR else "R"), "I", "A")


def test_the_same_library_gives_the_same_bytes(read_library: Library, tmp_path: Path) -> None:
    for form in export.FORMATS:
        files = []
        for name in ("a", "b"):
            finish(export.run(read_library, tmp_path / name / form, form))
            every = (path for path in (tmp_path / name / form).rglob("*") if path.is_file())
            files.append({str(path.relative_to(tmp_path / name / form)): path.read_bytes() for path in every})
        assert files[0] == files[1]
        if form == "nifti":
            assert gzip.decompress(files[0][f"{read_library.ids()[0]}_anterior.nii.gz"])


def test_one_readers_lesions_alone(read_library: Library, tmp_path: Path) -> None:
    finish(export.run(read_library, tmp_path / "out", reader="R/ead er"))
    assert [row["reader"] for row in rows_of(tmp_path / "out")] == ["R/ead er"]


def test_nothing_is_written_into_the_library(read_library: Library) -> None:
    with pytest.raises(CallError):
        finish(export.run(read_library, read_library.folder / "objects"))
    with pytest.raises(CallError):
        finish(export.run(read_library, read_library.folder))


@pytest.mark.parametrize("form", ["png", "coco", "labelme"])
def test_two_names_alike_have_files_of_their_own(clinical: Library, tmp_path: Path, form: str) -> None:
    clinical.add_scans([new_scan(0)])
    for name in ("Anna", "anna", "ben"):
        (told,) = annotate.run(clinical, "S000", name, [b'{"do": "grade", "grade": 1}'])
        assert told.ok
    finish(export.run(clinical, tmp_path / "all", form))
    files = [path.relative_to(tmp_path / "all").as_posix() for path in (tmp_path / "all").rglob("*")]
    assert len({name.casefold() for name in files}) == len(files)
    assert form == "labelme" or any("ben_r1" in name for name in files)  # nobody else's name is any longer
    finish(export.run(clinical, tmp_path / "one", form, "anna"))
    one = {path.relative_to(tmp_path / "one").as_posix() for path in (tmp_path / "one").rglob("*")}
    assert form == "labelme" or one <= {*files}  # one's files have the same names when they go out alone


def test_a_stopped_export_leaves_no_half_table(read_library: Library, tmp_path: Path) -> None:
    job = export.run(read_library, tmp_path / "out", "png")
    next(job)
    job.close()
    assert not (tmp_path / "out" / "lesions.csv").exists() and not list((tmp_path / "out").glob("*.part"))


@given(st.lists(st.text(min_size=1, max_size=6) | st.sampled_from(["anna", "Anna", "ANNA"]), min_size=2, unique=True))
def test_readers_never_share_a_file(names: list[str]) -> None:
    """Nor where the file system takes Anna.json for anna.json."""
    alike = export.alike(names)
    stems = [export.stem(ReadingKey("S1", name), alike) for name in names]
    assert len({stem.casefold() for stem in stems}) == len(names)
    assert all(stem.isascii() and stem.replace("_", "").replace("-", "").isalnum() for stem in stems)


@given(
    st.integers(0, 30), st.integers(0, 30), st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1),
    st.sampled_from([None, *Label]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=20),
)  # fmt: skip
def test_a_row_read_back_is_the_lesion_written(
    top: int, left: int, height: int, width: int, seed: int, label: Label | None, comment: str
) -> None:
    from workstation.core.lesion import Progress as Status
    from workstation.core.lesion import Reading, Verdict
    from workstation.store.library import ScanRow

    box = np.random.default_rng(seed).random((height, width)) < 0.5
    box[height // 2, width // 2] = True
    roi = Roi.from_mask(box, top, left)
    assert roi is not None
    lesion = Lesion("L1", {View.POSTERIOR: roi}, label, region="rib", side="left", comment=comment)
    verdict = Verdict(2, True, Status.DONE)
    scan = ScanRow("S", "P", None, None, None, None, VIEWS, (None, None), 1, 0, 0, 0, 2, None, Status.DONE, "r", "")
    written = table.write_row(Reading(ReadingKey("S", "r", 2), {"L1": lesion}, verdict), lesion, scan, {}, 1, {})
    back = table.read_row({name: str(value) for name, value in written.items()})
    assert (back.lesion, back.verdict, back.reader, back.round) == (lesion, verdict, "r", 2)
