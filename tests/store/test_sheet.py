"""The list off the sheet says what the rows say, whatever is done in between, by whomever, in whatever order."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import replace

import pytest

from tests.made_scans import new_scan
from workstation.core import edits
from workstation.core.clinical import Clinical
from workstation.core.edits import Step
from workstation.core.lesion import Label, Lesion, Progress, ReadingKey, Roi
from workstation.core.scan import View
from workstation.store.library import Library
from workstation.store.values import SORTS, ScanQuery

ROI = Roi(3, 4, 2, 2, b"\xf0")


def expected(library: Library, query: ScanQuery, order: list[str]) -> list[str]:
    """The same answer, slowly: from the rows as the library tells them. order: of import."""
    found = []
    for row in library.rows(order, query.reader):
        text = " ".join(str(x) for x in (row.scan, row.patient, row.day, row.tumour) if x).casefold()
        wanted = all(word in text for word in query.text.casefold().split())
        wanted &= query.tumour is None or (row.tumour or "none") == query.tumour
        wanted &= query.status is None or row.status is query.status
        wanted &= query.labelled is None or (row.lesions > 0) == query.labelled
        if wanted:
            found.append(row)

    def key(row):
        value = {
            "imported": lambda: (order.index(row.scan),), "patient": lambda: (row.patient, row.day or ""),
            "status": lambda: (list(Progress).index(row.status),),
        }.get(query.sort, lambda: (getattr(row, query.sort),))()  # fmt: skip
        return [(one is not None, one if one is not None else 0) for one in value], row.scan

    return [row.scan for row in sorted(found, key=key, reverse=query.descending)]


def change(library: Library, draw: random.Random, number: int, order: list[str]) -> None:
    scan = draw.choice(order)
    what = draw.randrange(6)
    if what == 0:
        new = new_scan(draw.choice([n for n in range(99) if f"S{n:03d}" not in order]))
        library.add_scans([new], headers_only=True)
        order.append(new.id)
    elif what == 1:
        library.correct(scan, "x", tumour=draw.choice([None, "lung"]), day=draw.choice([None, "2019-01-02"]), age=None)
    elif what == 2:
        (row,) = library.rows([scan])
        library.tell_clinical(row.patient, Clinical(reference=draw.choice([None, 0, 1])), "Reference", "x")
    else:
        key = ReadingKey(scan, draw.choice(["anna", "ben"]))
        session = library.session(key)
        if session.done and draw.random() < 0.3:
            library.append(key, Step("undo", session.done[-1]), key.reader)
        elif draw.random() < 0.5:
            lesion = Lesion(f"L{number}", {View.ANTERIOR: ROI}, label=draw.choice(list(Label)))
            library.append(key, Step("edit", edits.add("Add", lesion)), key.reader)
        else:
            said = edits.judge("Say", session.reading.verdict, progress=draw.choice(list(Progress)), grade=number % 4)
            library.append(key, Step("edit", said), key.reader)


def test_the_list_follows_every_change(library: Library) -> None:
    draw = random.Random(7)
    order: list[str] = []
    assert library.ids() == []
    for number in (3, 8, 1):
        library.add_scans([new_scan(number)], headers_only=True)
        order.append(f"S{number:03d}")
    other = Library.open(library.folder, read_only=True)  # another process that looks on
    for number in range(120):
        change(library, draw, number, order)
        query = ScanQuery(
            text=draw.choice(["", "", "s0", "lung p0"]), tumour=draw.choice([None, None, "lung", "none"]),
            status=draw.choice([None, None, *Progress]), labelled=draw.choice([None, None, True, False]),
            reader=draw.choice([None, "anna", "ben", "nobody"]), descending=draw.random() < 0.5,
            sort=draw.choice([sort for sort in SORTS if sort != "imported"]),
        )  # fmt: skip
        wanted = expected(library, query, order)
        assert (library.ids(query), other.ids(query)) == (wanted, wanted), query
        open_cases = library.ids(ScanQuery(to_adjudicate=True))
        assert sorted(open_cases) == sorted(scan for scan in order if _finished_by_both(library, scan))
    other.close()


def _finished_by_both(library: Library, scan: str) -> bool:
    """Who excludes the scan has finished it, too; but where both do there is nothing to decide."""
    said = [library.session(ReadingKey(scan, reader)).reading.verdict.progress for reader in ("anna", "ben")]
    return not {Progress.NEW, Progress.IN_PROGRESS} & {*said} and said != [Progress.EXCLUDED] * 2


@pytest.mark.parametrize("written", ["NFC", "NFD"])
@pytest.mark.parametrize("asked", ["NFC", "NFD"])
def test_an_accent_is_found_however_it_is_written(library: Library, written: str, asked: str) -> None:
    name = unicodedata.normalize(written, "M\u00fcller")  # u and its dots as one sign or two
    library.add_scans([replace(new_scan(1), facts={"patient_name": name}), new_scan(2)], headers_only=True)
    for text in ("M\u00fcller", "M\u00dcLL", "\u00fcl"):
        assert library.ids(ScanQuery(text=unicodedata.normalize(asked, text))) == ["S001"]
    assert library.ids(ScanQuery(text="Muller")) == []
    assert library.verify().ok
