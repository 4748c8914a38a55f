"""Scans come out of a library as they went in."""

from __future__ import annotations

import io
import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from workstation.core import edits
from workstation.core.edits import Step
from workstation.core.lesion import Label, Lesion, Progress, ReadingKey, Roi
from workstation.core.scan import VIEWS, Frame, How, View
from workstation.store.library import KeptObject, Library, LibraryError, NewScan, ScanQuery

A, P = View.ANTERIOR, View.POSTERIOR
ROI = Roi.from_mask(np.ones((3, 4), bool), 5, 6)


def lesion(name: str, label: Label | None = None) -> Lesion:
    assert ROI is not None
    return Lesion(name, {A: ROI}, label)


def draw(library: Library, scan: str, reader: str, *lesions: Lesion, round: int = 1) -> None:
    library.append(ReadingKey(scan, reader, round), Step("edit", edits.add("Add", *lesions)), reader)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_counts_spacing_facts_and_views_survive_a_new_start(library, make_scan, dtype):
    rng = np.random.default_rng(1)
    counts = {view: rng.uniform(0, 60000, (30, 11)).astype(dtype) for view in VIEWS}
    frames = {view: Frame(counts[view].copy(), view, How.TEXT, 3, (1.5, 2.25)) for view in VIEWS}
    scan = replace(make_scan("S1"), frames=frames, day="2021-02-03", facts={"speed": 12.5, "list": (1, "two")})
    assert library.add_scans([scan], "importer") == ["S1"]
    folder = library.folder
    library.close()
    with_new = Library.open(folder)
    loaded = with_new.load("S1")
    assert loaded.views == VIEWS and loaded.patient == scan.patient and loaded.day == "2021-02-03"
    assert loaded.sides == "by view" and dict(loaded.facts) == {"speed": 12.5, "list": [1, "two"]}
    for view, frame in loaded.frames.items():
        assert frame.counts.dtype == dtype and np.array_equal(frame.counts, counts[view])
        assert (frame.view, frame.how, frame.number, frame.spacing_mm) == (view, How.TEXT, 3, (1.5, 2.25))
        with pytest.raises(ValueError):
            frame.counts[0, 0] = 1
    (file,) = with_new.objects("S1")
    assert file.read_bytes() == scan.objects[0].data
    with_new.close()


def test_the_thumbnail_shows_both_views_black_on_white(library):
    counts = np.zeros((1024, 256), np.uint16)
    counts[512:, 128:] = 50  # the lower right quarter takes up
    frames = {A: Frame(counts, A, None), P: Frame(np.zeros((1024, 256), np.uint16), P, None)}
    library.add_scans([NewScan("S1", "P1", frames)])
    picture = np.asarray(Image.open(io.BytesIO(library.thumbnail("S1"))))
    assert picture.shape == (192, 96)
    assert (picture[96:, 24:48] == 0).all() and (picture[:96] == 255).all() and (picture[:, 48:] == 255).all()


def test_frames_of_odd_shapes_have_thumbnails(library):
    for n, shape in enumerate([(1, 1), (7, 300), (3000, 5), (100, 49)]):
        frame = Frame(np.full(shape, np.nan if n % 2 else 3.0, np.float32), A, None)
        library.add_scans([NewScan(f"S{n}", "P", {A: frame})])
        Image.open(io.BytesIO(library.thumbnail(f"S{n}"))).load()
    assert library.verify().ok


def test_the_same_object_is_known_again(library, make_scan):
    scan = make_scan("S1")
    library.add_scans([scan])
    originals = [item.original for item in scan.objects]
    assert library.has_objects([*originals, "another", *map(str, range(1200))]) == set(originals)
    with pytest.raises(LibraryError, match=r"S1\.dcm already"):
        library.add_scans([replace(make_scan("S2"), objects=scan.objects)])
    with pytest.raises(LibraryError, match="in the library already"):
        library.add_scans([replace(scan, objects=())])
    assert library.ids() == ["S1"] and library.verify().ok


def test_a_batch_is_added_whole_or_not_at_all(library, make_scan):
    library.add_scans([make_scan("S1")])
    before = library.verify()
    with pytest.raises(LibraryError):
        library.add_scans([make_scan("S2"), make_scan("S1")])
    assert library.verify() == before and library.ids() == ["S1"]


def test_a_partner_that_comes_later_is_joined(library, make_scan):
    library.add_scans([make_scan("S1", views=(P,), study="study"), make_scan("S2", study="study")])
    assert library.find_partner("study", A) == "S1"
    assert library.find_partner("study", P) is None and library.find_partner("", A) is None
    late = make_scan("late", views=(A,))
    library.join_frame("S1", late.frames[A], late.objects[0], "me")
    assert library.load("S1").views == VIEWS and library.find_partner("study", A) is None
    assert np.array_equal(library.load("S1").frames[A].counts, late.frames[A].counts)
    assert len(library.objects("S1")) == 2
    assert Image.open(io.BytesIO(library.thumbnail("S1"))).width == 40
    with pytest.raises(LibraryError, match="has its anterior view already"):
        library.join_frame("S1", make_scan("more").frames[A], None, "me")
    assert library.verify().ok


def test_no_partner_is_guessed_between_two(library, make_scan):
    library.add_scans([make_scan(name, views=(P,), study="study") for name in ("S1", "S2")])
    assert library.find_partner("study", A) is None


def test_views_are_corrected_and_exchanged(library, make_scan):
    scan, single = make_scan("S1"), make_scan("S2", views=(A,))
    library.add_scans([scan, single])
    library.assign_views("S1", {A: P, P: A}, "me")
    loaded = library.load("S1")
    assert np.array_equal(loaded.frames[A].counts, scan.frames[P].counts)
    assert [frame.how for frame in loaded.frames.values()] == [How.USER, How.USER]
    library.assign_views("S2", {A: P}, "me")
    assert library.load("S2").views == (P,)
    with pytest.raises(LibraryError, match="cannot show the same view"):
        library.assign_views("S1", {A: P}, "me")
    assert [row.do for row in library.history("S1")] == ["import", "views"]
    assert library.verify().ok


def test_a_scan_drawn_on_keeps_its_views(library, make_scan):
    library.add_scans([make_scan("S1")])
    draw(library, "S1", "me", lesion("L1"))
    for change in (
        lambda: library.assign_views("S1", {A: P, P: A}, "me"),
        lambda: library.correct("S1", "me", upside_down=True),
    ):
        with pytest.raises(LibraryError, match="has 1 lesions drawn"):
            change()
    library.assign_views("S1", {A: A}, "me")  # "assumed" confirmed as it is: nothing moves
    assert library.load("S1").frames[A].how is How.USER and library.verify().ok


def test_corrections_are_kept_with_what_stood_before(library, make_scan):
    scan = make_scan("S1", tumour="lung", age=61.5)
    library.add_scans([scan])
    library.correct("S1", "doctor", tumour="breast", sides="confirmed", reference=1, upside_down=True)
    library.correct("S1", "doctor", tumour="breast")  # says nothing new
    (row,) = library.rows(["S1"])
    assert (row.tumour, row.reference, row.age) == ("breast", 1, 61.5)
    loaded = library.load("S1")
    assert loaded.sides == "confirmed"
    assert np.array_equal(loaded.frames[A].counts, scan.frames[A].counts[::-1, ::-1])
    last = library.history("S1")[-1]
    assert (last.seq, last.who, last.do) == (2, "doctor", "correct")
    assert '"before":{"reference":null,"sides":"by view","tumour":"lung","upside_down":0}' in (last.edit or "")
    assert library.ids(ScanQuery(text="breast")) == ["S1"] and library.verify().ok
    with pytest.raises(ValueError, match="patient cannot be corrected"):
        library.correct("S1", "doctor", patient="P2")


def test_priors_are_earlier_scans_of_the_same_patient_the_latest_first(library, make_scan):
    days = {"S1": "2020-01-01", "S2": "2021-01-01", "S3": "2022-01-01", "S4": "2021-06-01", "S5": None}
    library.add_scans([make_scan(name, patient="P1", day=day) for name, day in days.items()])
    library.add_scans([make_scan("T1", patient="P2", day="2019-01-01")])
    assert [row.scan for row in library.priors("S3")] == ["S4", "S2", "S1"]
    assert library.priors("S1") == [] == library.priors("S5")


def test_headers_alone_are_listed_but_not_shown(library, make_scan):
    library.add_scans([make_scan("S1")], headers_only=True)
    assert library.rows(["S1"])[0].views == VIEWS and library.thumbnail("S1") is None
    with pytest.raises(LibraryError, match="without its pixels"):
        library.load("S1")
    assert library.verify().ok


def test_lost_and_damaged_pixels_are_told_in_words(library, make_scan):
    library.add_scans([make_scan("S1"), make_scan("S2"), make_scan("S3")])
    files = [next((library.folder / "pixels").rglob(f"S{n}-*.npy")) for n in (1, 2, 3)]
    files[0].unlink()
    files[1].write_bytes(files[1].read_bytes()[:100])
    np.save(files[2], np.zeros((2, 2), np.uint16))
    for scan in ("S1", "S2", "S3"):
        with pytest.raises(LibraryError, match="Restore"):
            library.load(scan)
    with pytest.raises(LibraryError, match="no scan S9"):
        library.load("S9")
    problems = library.verify().problems
    assert len(problems) == 3 and all(any(f.name in p for p in problems) for f in files)


def test_names_no_text_may_hold_are_kept_as_near_as_they_can_be(library, make_scan):
    bad = "caf\udce9.dcm"
    scan = make_scan("S1")
    kept = KeptObject(b"x", "hash", bad, VIEWS)
    library.add_scans([replace(scan, source=bad, facts={bad: bad, "n": float("nan")}, objects=(kept,))])
    assert library.load("S1").facts == {"caf?.dcm": "caf?.dcm", "n": None}
    with pytest.raises(LibraryError, match="not Unicode"):
        draw(library, "S1", bad, lesion("L1"))
    assert library.verify().ok


def test_an_id_that_could_leave_the_folder_is_refused(library, make_scan):
    for name in ("../S1", "", "a/b", ".S1", "x" * 65):
        with pytest.raises(ValueError, match="id is made of"):
            library.add_scans([replace(make_scan("S1"), id=name)])


def test_the_list_shows_the_readers_own_else_the_adjudicated_else_the_first(library, make_scan):
    library.add_scans([make_scan("S1"), make_scan("S2")])
    draw(library, "S1", "anna", lesion("L1", Label.MALIGNANT), lesion("L2", Label.BENIGN))
    draw(library, "S1", "ben", lesion("L3", Label.UNCERTAIN))
    draw(library, "S1", "ben", lesion("L4"), lesion("L5"), round=2)

    def shown(reader: str | None = None) -> tuple[str | None, int, int, int, int]:
        row = library.rows(["S1"], reader)[0]
        return row.reader, row.lesions, row.malignant, row.benign, row.uncertain

    assert shown() == shown("anna") == shown("carl") == ("anna", 2, 1, 1, 0)
    assert shown("ben") == ("ben", 1, 0, 0, 1)
    draw(library, "S1", "adjudicated", lesion("L6", Label.MALIGNANT))
    assert shown() == shown("carl") == ("adjudicated", 1, 1, 0, 0)
    assert shown("anna") == ("anna", 2, 1, 1, 0)
    assert library.readings("S1") == [
        ReadingKey("S1", "anna"), ReadingKey("S1", "ben"), ReadingKey("S1", "ben", 2), ReadingKey("S1", "adjudicated"),
    ]  # fmt: skip
    assert library.rows(["S2"])[0].reader is None
    assert library.verify().ok


def test_filters_and_sorts_follow_the_reading_shown(library, make_scan):
    library.add_scans([make_scan(f"S{n}", tumour=tumour, age=60 - n, day=f"2020-01-0{n}")
                       for n, tumour in enumerate(["lung", None, "breast", "lung"], 1)])  # fmt: skip
    draw(library, "S2", "anna", lesion("L1", Label.MALIGNANT))
    draw(library, "S3", "anna", lesion("L2"), lesion("L3"))
    draw(library, "S3", "ben", lesion("L4"))
    key = ReadingKey("S3", "ben")
    done = edits.judge("Done", library.session(key).reading.verdict, progress=Progress.DONE, grade=2)
    library.append(key, Step("edit", done), "ben")

    def ids(**query: object) -> list[str]:
        return library.ids(ScanQuery(**query))  # type: ignore[arg-type]

    assert ids() == ids(sort="day") == ["S1", "S2", "S3", "S4"]
    assert ids(sort="age") == ids(descending=True) == ["S4", "S3", "S2", "S1"]
    assert ids(tumour="lung") == ["S1", "S4"] and ids(tumour="none") == ["S2"]
    assert ids(labelled=True) == ["S2", "S3"] and ids(labelled=False) == ["S1", "S4"]
    assert ids(sort="lesions", descending=True)[:2] == ["S3", "S2"]
    assert ids(sort="lesions", descending=True, reader="ben")[:2] == ["S3", "S2"]
    assert ids(status=Progress.IN_PROGRESS) == ["S2", "S3"]
    assert ids(status=Progress.DONE) == [] and ids(status=Progress.DONE, reader="ben") == ["S3"]
    assert ids(status=Progress.IN_PROGRESS, reader="ben") == ["S2"]
    assert ids(sort="status", reader="ben") == ["S1", "S4", "S2", "S3"]
    assert ids(text="P-s3") == ["S3"] and ids(text="LUNG s4") == ["S4"] and ids(text="%") == []
    rows = library.rows(["S4", "nowhere", "S2"])
    assert [row.scan for row in rows] == ["S4", "S2"]
    assert (rows[1].views, rows[1].how) == (VIEWS, (How.VIEW_CODE, How.VIEW_CODE))


def test_every_sort_gives_every_scan_once_both_ways(library, make_scan):
    from workstation.store.values import SORTS

    library.add_scans([make_scan(f"S{n}", age=n % 3, patient=f"P{n % 2}") for n in range(7)])
    draw(library, "S3", "anna", lesion("L1"))
    draw(library, "S3", "ben", lesion("L1"))
    for sort in SORTS:
        for reader in (None, "ben"):
            up = library.ids(ScanQuery(sort=sort, reader=reader))
            assert sorted(up) == [f"S{n}" for n in range(7)]
            assert library.ids(ScanQuery(sort=sort, reader=reader, descending=True)) == up[::-1]


def test_any_thread_may_ask_and_write(library, make_scan):
    library.add_scans([make_scan(f"S{n}") for n in range(4)])
    failed: list[BaseException] = []

    def work(n: int) -> None:
        try:
            for i in range(10):
                draw(library, f"S{n}", "me", lesion(f"L{i}"))
                assert len(library.session(ReadingKey(f"S{n}", "me")).reading.lesions) == i + 1
                library.ids(ScanQuery(text="s"))
                library.load(f"S{(n + 1) % 4}")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert library.verify().ok and library.verify().rows == 44
