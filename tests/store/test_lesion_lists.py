"""Lists of lesions agree with the readings they come from, and need no more than their index."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from tests.core.test_checks import lesion
from tests.made_scans import make_library
from workstation.core import edits
from workstation.core.edits import Step
from workstation.core.lesion import Label, ReadingKey
from workstation.store import schema
from workstation.store.lesion_lists import LesionLists, LesionQuery
from workstation.store.library import Library

SAID = (
    ("S000", "anna", "L1", Label.MALIGNANT, "rib"),
    ("S000", "anna", "L2", Label.BENIGN, "femur"),
    ("S000", "ben", "L3", Label.MALIGNANT, "rib"),
    ("S001", "ben", "L4", Label.MALIGNANT, None),
    ("S001", "anna", "L5", None, "rib"),
    ("S002", "anna", "L6", Label.NOT_BONE, "pubis"),
)


@pytest.fixture
def library(tmp_path: Path):
    made = Library.open(make_library(tmp_path / "library", 3))
    for scan, reader, name, label, region in SAID:
        drawn = lesion(name, row=250 + 30 * int(name[1]), label=label, region=region)
        made.append(ReadingKey(scan, reader), Step("edit", edits.add("Add", drawn)), reader)
    yield made
    made.close()


def names(lists: LesionLists, query: LesionQuery) -> list[str]:
    return [name for _, name in lists.places(query)]


def test_whose_and_which(library: Library) -> None:
    lists = library.lesions()
    assert names(lists, LesionQuery("malignant")) == ["L4", "L1"]  # of the readings that stand; no region first
    assert names(lists, LesionQuery("malignant", reader="ben")) == ["L4", "L3"]
    assert names(lists, LesionQuery("malignant", region="rib")) == ["L1"]
    assert names(lists, LesionQuery("malignant", region="")) == ["L4"]
    assert names(lists, LesionQuery(None, reader="anna")) == ["L5"]
    assert names(lists, LesionQuery("not bone")) == ["L6"]
    assert lists.readers() == ["anna", "ben"]
    assert [key.scan for key in lists.readings("ben")] == ["S000", "S001"]
    assert [(key.scan, key.reader) for key in lists.readings()] == [
        ("S000", "anna"), ("S001", "ben"), ("S002", "anna"),
    ]  # fmt: skip


def test_counts_and_rows_agree_with_the_readings(library: Library) -> None:
    lists = library.lesions()
    hers = [(None if label is None else str(label), region) for _, who, _, label, region in SAID if who == "anna"]
    assert lists.counts("anna") == Counter(hers)
    queries = [LesionQuery(None if label is None else str(label), None, "anna") for label in (*Label, None)]
    places = [place for query in queries for place in lists.places(query)]
    rows = lists.rows(places)
    assert len(rows) == len(places) == 4
    for (_, name), row in rows.items():
        assert row.lesion == library.session(row.key).reading.lesions[name]
    assert lists.rows([(99, "L1"), (1, "gone")]) == {}
    assert lists.place(ReadingKey("S000", "ben"), "L3") is not None
    assert lists.place(ReadingKey("S000", "ben"), "L1") is None


def test_a_blinded_list_shows_one_reader_in_their_present_round(library: Library) -> None:
    again = ReadingKey("S000", "ben", 2)
    library.append(again, Step("edit", edits.add("Add", lesion("L7", label=Label.MALIGNANT))), "ben")
    blind = LesionLists(library._connections, ("ben", {"S000": 2}))
    assert names(blind, LesionQuery("malignant", reader="anna")) == ["L4", "L7"]
    assert [(key.scan, key.round) for key in blind.readings()] == [("S000", 2), ("S001", 1)]
    assert blind.readers() == ["ben"]
    everything = library.lesions().places(LesionQuery("malignant"))
    assert {row.key.reader for row in blind.rows(everything).values()} == {"ben"}


def test_an_older_library_gets_the_index(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "old.db", isolation_level=None)
    schema.migrate(connection, len(schema.MIGRATIONS) - 1)
    schema.migrate(connection)
    plan = connection.execute(
        "EXPLAIN QUERY PLAN SELECT reading, id FROM lesions INDEXED BY lesions_label WHERE label = 'benign'"
        " ORDER BY region, reading, id"
    ).fetchall()
    connection.close()
    assert len(plan) == 1 and "COVERING INDEX lesions_label" in plan[0][-1]
