"""Who reads blinded sees their own readings and no Reference, whatever the library is asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from workstation.core import edits
from workstation.core.clinical import Clinical
from workstation.core.edits import Step
from workstation.core.lesion import Label, Lesion, Progress, ReadingKey, Roi
from workstation.core.repeats import Item
from workstation.core.scan import View
from workstation.store.blinded import OPEN, BlindLibrary
from workstation.store.errors import LibraryError
from workstation.store.library import Library
from workstation.store.values import SORTS, ScanQuery

SCANS = [f"S{number}" for number in range(6)]


def read(library: Library, key: ReadingKey, lesions: int, grade: int) -> None:
    """A finished reading of so many malignant lesions."""
    for number in range(lesions):
        lesion = Lesion(f"{key.reader}{number}", {View.ANTERIOR: Roi(3, 4, 2, 2, b"\xf0")}, Label.MALIGNANT)
        library.append(key, Step("edit", edits.add("Add lesion", lesion)), key.reader)
    verdict = library.session(key).reading.verdict
    said = edits.judge("Done", verdict, progress=Progress.DONE, grade=grade, comment=f"{key.reader} knows")
    library.append(key, Step("edit", said), key.reader)


@pytest.fixture
def whole(library: Library, make_scan) -> Iterator[Library]:
    """Ben has read everything, some is adjudicated, the clinic knows; Anna has a blinded queue and has read S0."""
    library.add_scans([make_scan(scan, patient="P1") for scan in SCANS])
    for number, scan in enumerate(SCANS):
        read(library, ReadingKey(scan, "ben"), number, number % 4)
    read(library, ReadingKey("S3", "adjudicated"), 1, 3)
    library.tell_clinical("P1", Clinical(reference=1, reference_evidence="MRI", tumour="lung"), "Reference", "ben")
    library.correct("S5", "ben", excluded="primary bone tumour")
    library.make_queue("anna", [Item(scan) for scan in SCANS[:5]] + [Item("S0", again=True)], True, "rita", {})
    read(library, ReadingKey("S0", "anna"), 2, 1)
    yield library


@pytest.fixture
def blind(whole: Library) -> BlindLibrary:
    return BlindLibrary(whole, "anna")


def test_every_method_is_open_or_overridden() -> None:
    """A new method of Library must be looked at: does it tell what others read, or the Reference?"""
    public = {name for name in vars(Library) if not name.startswith("_")}
    assert public - set(vars(BlindLibrary)) == OPEN & public
    assert not OPEN - public


def test_lists_tell_nothing_of_others(blind: BlindLibrary) -> None:
    for reader in (None, "anna", "ben"):
        rows = {row.scan: row for row in blind.rows(SCANS, reader)}
        assert (rows["S0"].lesions, rows["S0"].grade, rows["S0"].reader, rows["S0"].status) == (2, 1, "anna", "done")
        for scan in SCANS[1:]:
            row = rows[scan]
            assert (row.lesions, row.malignant, row.grade, row.reader, row.reason) == (0, 0, None, None, "")
            assert row.status == ("excluded" if scan == "S5" else "new")
        assert all(row.reference is None for row in rows.values())
        assert blind.of_patient("P1", reader) == [rows[scan] for scan in SCANS]
        assert blind.priors("S0", reader) == []


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("descending", [False, True])
def test_the_order_tells_nothing_of_others(blind: BlindLibrary, sort: str, descending: bool) -> None:
    """Without their readings and the Reference the library sorts the same."""
    before = blind.ids(ScanQuery(sort=sort, descending=descending, reader="ben"))
    for number, scan in enumerate(SCANS):
        read(blind_of(blind), ReadingKey(scan, "cora"), 5 - number, (3 - number) % 4)
    assert blind.ids(ScanQuery(sort=sort, descending=descending, reader="ben")) == before
    assert sorted(before) == SCANS


def blind_of(blind: BlindLibrary) -> Library:
    """The library behind it."""
    whole = Library.__new__(Library)
    vars(whole).update(vars(blind))
    return whole


def test_filters_go_by_ones_own(blind: BlindLibrary) -> None:
    assert blind.ids(ScanQuery(status=Progress.DONE)) == ["S0"]
    assert blind.ids(ScanQuery(labelled=True)) == ["S0"]
    assert blind.ids(ScanQuery(to_adjudicate=True)) == []
    assert sorted(blind.ids(ScanQuery(labelled=False))) == SCANS[1:]
    assert blind.ids(ScanQuery(status=Progress.EXCLUDED)) == ["S5"]
    assert blind.ids(ScanQuery(sort="lesions", descending=True))[0] == "S0"


def test_readings_of_others_are_not_there(blind: BlindLibrary) -> None:
    assert blind.readings("S3") == []
    assert blind.readings("S0") == [ReadingKey("S0", "anna")]
    for reader in ("ben", "adjudicated"):
        assert blind.session(ReadingKey("S3", reader)).reading.lesions == {}
        assert not blind.session(ReadingKey("S3", reader)).done
    assert blind.several_readings() == []
    with pytest.raises(LibraryError, match="blinded"):
        read(blind, ReadingKey("S1", "ben"), 1, 1)


def test_the_reference_is_hidden_and_stays(blind: BlindLibrary, whole: Library) -> None:
    assert blind.clinical("P1") == Clinical(tumour="lung")
    assert blind.all_clinical() == {"P1": Clinical(tumour="lung")}
    assert blind.clinical_told("P1").undo_text is None
    assert blind.exclusions() == {"S5": ""}
    assert not any("reference" in (row.edit or "").partition('"after"')[2] for row in blind.history("S1")[1:])
    blind.tell_clinical("P1", Clinical(tumour="breast"), "Tumour", "anna")
    assert blind.undo_clinical("P1", "anna") is None
    assert whole.clinical("P1") == Clinical(tumour="breast", reference=1, reference_evidence="MRI")


def test_what_comes_back_starts_empty(blind: BlindLibrary, whole: Library) -> None:
    for scan in SCANS[1:5]:
        read(blind, ReadingKey(scan, "anna"), 0, 0)
    blind.catch_up()
    again = ReadingKey("S0", "anna", 2)
    assert blind.key("S0") == again
    assert blind.rows(["S0"])[0].lesions == 0
    assert blind.rows(["S0"])[0].grade is None
    assert blind.readings("S0") == []
    assert blind.session(ReadingKey("S0", "anna")).reading.lesions == {}
    read(blind, again, 1, 3)
    assert blind.rows(["S0"])[0].lesions == 1
    assert len(whole.session(ReadingKey("S0", "anna")).reading.lesions) == 2
    assert whole.verify().ok
