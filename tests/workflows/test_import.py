"""What comes into a library: whole acquisitions, once, with nothing that tells who the patient is."""

from __future__ import annotations

import csv
import json
import shutil
import stat
import sys
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from tests.workflows.studies import bring, every_byte, write_study, write_untold
from workstation.core.lesion import ReadingKey
from workstation.core.scan import VIEWS, How, View
from workstation.store.library import Library
from workstation.workflows import identity, import_scans, simulate
from workstation.workflows.arriving import Asks
from workstation.workflows.errors import WorkflowError
from workstation.workflows.progress import finish


def truth_rows(cohort: Path, name: str) -> list[dict[str, str]]:
    with open(cohort / "truth" / name, newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_cohort_comes_with_its_truth(library: Library, cohort: Path) -> None:
    result = bring(library, cohort)
    scans, lesions = truth_rows(cohort, "scans.csv"), truth_rows(cohort, "lesions.csv")
    visible = [row for row in lesions if row["visible"] == "1"]
    assert (result.scans, result.labels, result.refused) == (len(scans), len(visible), ())
    rows = {row.scan: row for row in library.rows(library.ids())}
    assert set(rows) == {row["scan"] for row in scans}
    for truth in scans:
        row = rows[truth["scan"]]
        assert (row.tumour, row.sex, row.age) == (truth["tumour"], truth["sex"], min(int(truth["age"]), 90))
        assert (str(row.grade), row.reader, row.views) == (truth["grade"], "truth", VIEWS)
        own = [item for item in visible if item["scan"] == truth["scan"]]
        assert row.malignant == sum(item["label"] == "malignant" for item in own)
        assert row.lesions == len(own)
        reading = library.session(ReadingKey(row.scan, "truth")).reading
        masks = np.load(cohort / "truth" / "masks" / f"{row.scan}.npz")
        for item in own:
            lesion = reading.lesions[item["lesion"]]
            assert (lesion.region, lesion.side, lesion.criterion) == (item["region"], item["side"], item["criterion"])
            for view, mask in zip(VIEWS, masks[f"lesion_{item['lesion']}"], strict=True):
                found = lesion.rois[view].mask(mask.shape) if view in lesion.rois else np.zeros_like(mask)
                assert (found == mask).all()
    assert library.verify().ok


def test_the_same_objects_twice_are_kept_once(library: Library, cohort: Path) -> None:
    first = bring(library, cohort)
    objects = len(list((cohort / "dicom").rglob("*.dcm")))
    again = bring(library, cohort)
    assert (again.scans, again.labels, again.joined, again.duplicates) == (0, 0, 0, objects)
    assert len(library.ids()) == first.scans


def test_a_copy_in_another_folder_of_the_same_import_is_a_duplicate(library: Library, tmp_path: Path) -> None:
    (file,) = write_study(tmp_path / "a")
    shutil.copytree(file.parent, tmp_path / "b")
    result = bring(library, tmp_path / "a", tmp_path / "b")
    assert (result.scans, result.duplicates) == (1, 1)


def test_truth_that_was_missed_comes_with_the_next_import(library: Library, cohort: Path) -> None:
    bare = bring(library, cohort / "dicom")
    assert bare.labels == 0
    healed = bring(library, cohort)
    assert (healed.scans, healed.labels > 0) == (0, True)
    assert all(row.reader == "truth" for row in library.rows(library.ids()))


@pytest.mark.parametrize("style", ["one-per-view", "series-description"])
@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("first", [0, 1])
def test_two_objects_of_one_acquisition_are_one_scan(
    library: Library, tmp_path: Path, style: str, later: bool, first: int
) -> None:
    files = write_study(tmp_path / "in", style=style)
    files = [files[first], files[1 - first]]
    if later:
        assert (bring(library, files[0]).scans, library.rows(library.ids())[0].views) == (1, (VIEWS[first],))
        result = bring(library, files[1])
        assert (result.scans, result.joined) == (0, 1)
    else:
        assert bring(library, *files).scans == 1
    (row,) = library.rows(library.ids())
    assert row.views == VIEWS
    assert bring(library, *files).duplicates == 2
    assert library.verify().ok


def test_two_acquisitions_of_one_study_are_not_mixed(library: Library, tmp_path: Path) -> None:
    """Early and late pictures of one study: four objects, given in the worst order, make two scans."""
    early = write_study(tmp_path / "early", "same", "one-per-view", datetime(2021, 3, 4, 9, 0))
    late = write_study(tmp_path / "late", "same", "one-per-view", datetime(2021, 3, 4, 12, 0))
    result = bring(library, early[0], late[0], late[1], early[1])
    assert result.scans == 2
    scans = [library.load(scan) for scan in library.ids()]
    assert [scan.views for scan in scans] == [VIEWS, VIEWS]
    assert len({scan.facts["acquired"] for scan in scans}) == 2


def test_a_research_library_holds_no_trace_of_the_patient(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "Quentin Zzyzx 774411"
    files = write_study(
        folder,
        "trace",
        "ge-private",
        patient_id="MRN-774411",
        patient_name="Zzyzx^Quentin",
        birth_date=date(1959, 7, 23),
    )
    import pydicom

    header = pydicom.dcmread(files[0])
    header.AccessionNumber, header.InstitutionName = "ACC-99881", "Saint Elsewhere"
    header.ReferringPhysicianName = "Doe^Referring"
    header.private_block(0x0009, "GEMS_IDEN", create=True).add_new(0x40, "LO", "Zzyzx Q")
    header.save_as(files[0])
    bring(library, folder)
    library.close()
    held = every_byte(library.folder).lower()
    for secret in (
        "zzyzx", "quentin", "774411", "acc-99881", "elsewhere", "doe^referring", "19590723", "1959-07-23",
        "20210304", "2021-03-04", header.SOPInstanceUID, header.StudyInstanceUID, header.SeriesInstanceUID,
    ):  # fmt: skip
        assert str(secret).lower().encode() not in held, secret


def test_intervals_between_the_scans_of_a_patient_stay_true(library: Library, tmp_path: Path) -> None:
    days = [datetime(2019, 11, 30, 9), datetime(2020, 3, 9, 14), datetime(2021, 1, 4, 11)]
    for number, day in enumerate(days):
        write_study(tmp_path / "in", f"visit{number}", acquired=day, patient_id="one person").pop().rename(
            tmp_path / "in" / f"{number}.dcm"
        )
    bring(library, tmp_path / "in")
    rows = library.rows(library.ids())
    kept = sorted(date.fromisoformat(str(row.day)) for row in rows)
    assert [(b - a).days for a, b in zip(kept, kept[1:], strict=False)] == [100, 301]
    assert kept[0] != days[0].date()
    assert len({row.patient for row in rows}) == 1


def test_libraries_give_the_same_patient_different_names(tmp_path: Path, tmp_library_home: Path) -> None:
    write_study(tmp_path / "in")
    patients = set()
    for name in ("a", "b"):
        library = Library.create(tmp_path / name)
        bring(library, tmp_path / "in")
        patients.add(library.rows(library.ids())[0].patient)
        library.close()
    assert len(patients) == 2


def test_ages_over_ninety_are_kept_as_ninety(library: Library, tmp_path: Path) -> None:
    write_study(tmp_path / "in", age=97)
    bring(library, tmp_path / "in")
    assert library.rows(library.ids())[0].age == 90


def test_a_clinical_library_keeps_identity_and_bytes(clinical: Library, tmp_path: Path) -> None:
    (file,) = write_study(tmp_path / "in", patient_id="MRN-1", age=97)
    assert bring(clinical, file).scans == 1
    (row,) = clinical.rows(clinical.ids())
    assert (row.patient, row.day, row.age) == ("MRN-1", "2021-03-04", 97)
    assert clinical.objects(row.scan)[0].read_bytes() == file.read_bytes()
    assert bring(clinical, file).duplicates == 1


def test_counts_come_through_unchanged(library: Library, real_scan_path: Path) -> None:
    result = bring(library, real_scan_path)
    (scan,) = (library.load(scan) for scan in library.ids())
    frame = scan.frames[View.ANTERIOR]
    assert (scan.views, frame.counts.shape) == ((View.ANTERIOR,), (1024, 256))
    assert (int(frame.counts.sum()), int(frame.counts.max())) == (3_596_452, 278)
    said = " ".join(told.reason for told in result.told)
    assert "burnt in" in said and "private elements" in said


def test_refused_files_are_listed_and_the_import_goes_on(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_study(folder / "b")
    (folder / "a.txt").write_text("no scan")
    (folder / "c.dcm").write_bytes(b"\0" * 128 + b"DICM")
    result = bring(library, folder, tmp_path / "absent")
    assert result.scans == 1
    assert [Path(told.path).name for told in result.refused] == ["a.txt", "c.dcm", "absent"]
    assert all(told.reason.endswith(".") for told in result.refused)
    import_scans.write_refused(result, tmp_path / "refused.csv")
    with open(tmp_path / "refused.csv", newline="") as stream:
        assert [tuple(row) for row in csv.reader(stream)][1:] == [(t.path, t.reason) for t in result.refused]


def test_pictures_come_in_with_the_sides_the_user_names(library: Library, tmp_path: Path) -> None:
    from PIL import Image

    grey = np.zeros((80, 60), np.uint8)
    grey[20:30, 10:20], grey[50:60, 40:50] = 200, 100
    Image.fromarray(grey).save(tmp_path / "scan.png")
    assert bring(library, tmp_path / "scan.png").refused
    assert bring(library, tmp_path / "scan.png", sides="both").scans == 1
    scan = library.load(library.ids()[0])
    assert scan.views == VIEWS
    assert (scan.frames[View.ANTERIOR].counts == grey[:, :30]).all()
    assert (scan.frames[View.POSTERIOR].counts == grey[:, 30:]).all()
    Image.fromarray(grey[:, ::-1]).save(tmp_path / "turned.png")
    result = bring(library, tmp_path / "turned.png", sides="posterior-anterior")
    turned = library.load(result.ids[0])
    assert (turned.frames[View.POSTERIOR].counts == grey[:, :29:-1]).all()
    assert library.verify().ok


@pytest.mark.parametrize("kind", ["research", "clinical"])
@pytest.mark.parametrize(("sides", "first"), [("both", View.ANTERIOR), ("posterior-anterior", View.POSTERIOR)])
def test_two_frames_of_one_view_come_in_as_the_user_says(
    tmp_path: Path, tmp_library_home: Path, sides: str, first: View, kind: str
) -> None:
    import pydicom

    from workstation.dicom.read import read_object

    library = Library.create(tmp_path / "library", kind)
    file = write_untold(tmp_path / "in")
    pixels = pydicom.dcmread(file).pixel_array
    left_out = bring(library, file)
    assert left_out.asks == ((str(file), Asks.FRAMES),) and "anterior or posterior" in left_out.refused[0].reason
    wrong = bring(library, file, sides="anterior")
    assert wrong.asks and "both or posterior-anterior" in wrong.refused[0].reason
    assert bring(library, file, sides=sides, pictures_only=True).asks
    assert not library.ids()
    assert bring(library, file, sides=sides).scans == 1
    (scan,) = library.ids()
    frames = library.load(scan).frames
    assert {frame.how for frame in frames.values()} == {How.USER}
    assert (frames[first].counts == pixels[0]).all() and (frames[first.other].counts == pixels[1]).all()
    if kind == "research":  # the copy that is kept tells its views
        kept = read_object(library.objects(scan)[0], "kept")
        assert [frame.view for frame in kept.frames] == [first, first.other]
    assert bring(library, file).duplicates == 1 and library.verify().ok
    library.close()


def test_a_frame_that_does_not_tell_its_view_comes_in_and_is_joined(library: Library, tmp_path: Path) -> None:
    file = write_untold(tmp_path / "in", frames=1)
    assert bring(library, tmp_path / "in" / "post.dcm").scans == 1
    assert bring(library, file).asks == ((str(file), Asks.FRAME),)
    assert "anterior or posterior" in bring(library, file, sides="both").refused[0].reason
    assert bring(library, file, sides="anterior").joined == 1
    (row,) = library.rows(library.ids())
    assert row.views == VIEWS and row.how[0] is How.USER


def test_what_is_said_decides_nothing_that_the_header_tells(library: Library, tmp_path: Path) -> None:
    write_study(tmp_path / "in")
    assert bring(library, tmp_path / "in", sides="posterior-anterior").scans == 1
    assert library.rows(library.ids())[0].how == (How.VIEW_CODE, How.VIEW_CODE)


def test_many_files_on_many_processes_come_in_as_on_one(tmp_path: Path, tmp_library_home: Path) -> None:
    for number in range(24):
        write_study(tmp_path / "in" / f"{number:02}", f"study{number}", "one-per-view" if number % 3 else "two-windows")
    sums = []
    for processes in (0, 2):
        library = Library.create(tmp_path / f"library{processes}", "clinical")
        assert bring(library, tmp_path / "in", processes=processes).scans == 24
        scans = [library.load(scan) for scan in library.ids()]
        sums.append({(s.patient, view, int(f.counts.sum())) for s in scans for view, f in s.frames.items()})
        assert library.verify().ok
        library.close()
    assert sums[0] == sums[1] and len(sums[0]) == 48


def test_an_import_can_be_stopped_at_any_step_and_done_again(tmp_path: Path, tmp_library_home: Path) -> None:
    for number in range(6):
        write_study(tmp_path / "in" / str(number), f"study{number}", "one-per-view" if number % 2 else "view-codes")
    for steps in range(1, 9, 2):
        library = Library.create(tmp_path / f"library{steps}")
        job = import_scans.run([tmp_path / "in"], library)
        for _ in range(steps):
            next(job)
        job.close()
        assert library.verify().ok
        bring(library, tmp_path / "in")
        assert [row.views for row in library.rows(library.ids())] == [VIEWS] * 6
        library.close()


# --- The key ----------------------------------------------------------------------------------------------------------


def test_the_key_lies_outside_the_library_for_its_owner_alone(library: Library, tmp_path: Path) -> None:
    write_study(tmp_path / "in", patient_id="MRN-5")
    bring(library, tmp_path / "in")
    file = identity.key_file(library.id)
    assert library.folder not in file.parents
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    known = identity.load(library.id)
    assert known is not None and known.key not in every_byte(library.folder)
    assert known.key.hex().encode() not in every_byte(library.folder)
    person = known.original(library.rows(library.ids())[0].patient)
    assert person is not None and person.original == "MRN-5"


def test_a_library_without_its_key_says_so(library: Library, tmp_path: Path) -> None:
    write_study(tmp_path / "a", "one", patient_id="MRN-5")
    bring(library, tmp_path / "a")
    identity.key_file(library.id).rename(tmp_path / "lost")
    write_study(tmp_path / "b", "two", patient_id="MRN-5")
    with pytest.raises(WorkflowError, match="key of this research library is not on this machine"):
        bring(library, tmp_path / "b")
    assert len(library.ids()) == 1
    assert bring(library, tmp_path / "b", new_key=True).scans == 1
    assert len({row.patient for row in library.rows(library.ids())}) == 2


def test_a_key_file_cut_short_by_a_crash_still_serves(library: Library, tmp_path: Path) -> None:
    write_study(tmp_path / "a", "one", patient_id="MRN-5")
    bring(library, tmp_path / "a")
    file = identity.key_file(library.id)
    with open(file, "ab") as stream:
        stream.write(b'{"original": "MRN-6", "iss')
    write_study(tmp_path / "b", "two", patient_id="MRN-7")
    bring(library, tmp_path / "b")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line.get("original") for line in lines] == [None, "MRN-5", "MRN-7"]


def test_another_librarys_key_is_refused(library: Library, tmp_path: Path) -> None:
    write_study(tmp_path / "a")
    bring(library, tmp_path / "a")
    file = identity.key_file(library.id)
    head = json.loads(file.read_text().splitlines()[0])
    file.write_text(json.dumps({**head, "library": "another"}) + "\n")
    with pytest.raises(WorkflowError, match="belongs to another library"):
        bring(library, tmp_path / "a")


def test_a_read_only_library_takes_nothing_in(library: Library, tmp_path: Path) -> None:
    looking = Library.open(library.folder, read_only=True)
    with pytest.raises(WorkflowError, match="read-only"):
        finish(import_scans.run([tmp_path], looking))
    looking.close()


@pytest.mark.parametrize("spoil", ["masks", "shape", "column"])
def test_damaged_truth_is_told_in_words(library: Library, cohort: Path, tmp_path: Path, spoil: str) -> None:
    copy = tmp_path / "cohort"
    shutil.copytree(cohort, copy)
    masks = sorted((copy / "truth" / "masks").iterdir())[0]
    if spoil == "masks":
        masks.write_bytes(masks.read_bytes()[:100])
    elif spoil == "shape":
        np.savez(masks, **{name: np.zeros((2, 3, 3), bool) for name in np.load(masks)})
    else:
        table = copy / "truth" / "scans.csv"
        table.write_text(table.read_text().replace("sop_uids", "uids", 1))
        with pytest.raises(WorkflowError, match="sop_uids"):
            bring(library, copy)
        assert not library.ids()
        return
    result = bring(library, copy)
    assert result.scans == len(truth_rows(cohort, "scans.csv"))
    assert [told.path for told in result.refused] == [masks.stem]


# --- What a library or a machine lacks --------------------------------------------------------------------------------


def test_a_damaged_scan_in_the_library_costs_its_own_reading_alone(library: Library, cohort: Path) -> None:
    bring(library, cohort / "dicom")
    lost, *others = library.ids()
    next((library.folder / "pixels").rglob(f"{lost}-*.npy")).unlink()
    result = bring(library, cohort)
    (told,) = result.refused
    assert "Restore" in told.reason and result.labels > 0
    assert {row.reader for row in library.rows(others)} == {"truth"}
    assert library.rows([lost])[0].reader is None


def test_a_partner_whose_pixels_are_lost_does_not_stop_the_import(library: Library, tmp_path: Path) -> None:
    files = write_study(tmp_path / "in", style="one-per-view")
    bring(library, files[0])
    next((library.folder / "pixels").rglob("*.npy")).unlink()
    result = bring(library, files[1])
    assert (result.scans, result.joined, result.refused) == (1, 0, ())
    assert "scan of its own" in " ".join(told.reason for told in result.told)


@pytest.mark.parametrize("refusal", [PermissionError(13, "Permission denied"), NotImplementedError("no locks")])
def test_where_locks_are_refused_one_process_does_it_all(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    """As where /dev/shm may not be written to."""
    import _multiprocessing

    def refuse(*_: object) -> None:
        raise refusal

    monkeypatch.setattr(_multiprocessing, "SemLock", refuse)
    for number in range(24):
        write_study(tmp_path / "in" / f"{number:02}", f"study{number}")
    assert bring(library, tmp_path / "in", processes=2).scans == 24
    made = finish(simulate.run("demo", tmp_path / "cohort", patients=5, processes=2))
    assert made.scans == len(truth_rows(tmp_path / "cohort", "scans.csv")) >= 5


def test_a_library_does_not_import_itself(library: Library, cohort: Path) -> None:
    finish(import_scans.run([cohort], library))
    before = library.ids()
    with pytest.raises(WorkflowError, match="library itself"):
        finish(import_scans.run([library.folder / "objects"], library))
    assert library.ids() == before
