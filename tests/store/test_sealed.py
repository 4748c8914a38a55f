"""Sealed once and for ever, each opening counted: in the history, in the tables, and in no other way."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.store.conftest import MakeScan
from workstation.store.errors import LibraryError
from workstation.store.library import Library


@pytest.fixture
def sealed(library: Library, make_scan: MakeScan) -> Library:
    library.add_scans([make_scan(f"S{number}") for number in range(4)])
    library.seal(["P-S2", "P-S0"], "rita", {"asked": "2", "seed": 1})
    library.note_opening("run 1", "abc", "rita")
    return library


def test_it_is_there_after_a_restart(sealed: Library) -> None:
    sealed.close()
    again = Library.open(sealed.folder)
    assert again.sealed() == ("P-S0", "P-S2") and again.verify().ok
    assert [(one.run, one.snapshot, one.who) for one in again.openings()] == [("run 1", "abc", "rita")]
    assert again.note_opening("run 2", "abc", "ben") == 2
    again.close()


def test_nobody_is_sealed_later_nor_who_is_not_there(sealed: Library) -> None:
    with pytest.raises(LibraryError, match="2 patients of this library are sealed already"):
        sealed.seal(["P-S1"], "rita", {})
    assert sealed.sealed() == ("P-S0", "P-S2")


def test_a_patient_who_is_not_there_seals_nobody(library: Library, make_scan: MakeScan) -> None:
    library.add_scans([make_scan("S0")])
    rows = library.verify().rows
    with pytest.raises(LibraryError, match="no patient NOBODY"):
        library.seal(["NOBODY", "P-S0"], "rita", {})
    assert not library.sealed() and library.verify().rows == rows


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM sealed", "UPDATE sealed SET seq = 1", "DELETE FROM openings", "UPDATE openings SET run = 'x'"],
)
def test_no_statement_takes_it_back(sealed: Library, statement: str) -> None:
    with closing(sqlite3.connect(sealed.folder / "library.db")) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (["DROP TRIGGER sealed_are_not_deleted", "DELETE FROM sealed WHERE patient = 'P-S0'"], "who is sealed"),
        (["INSERT INTO sealed SELECT 'P-S1', max(seq) FROM history"], "who is sealed"),
        (["DROP TRIGGER openings_are_not_deleted", "DELETE FROM openings"], "the openings"),
    ],
)
def test_verify_tells_what_was_tampered_with(sealed: Library, statements: list[str], words: str) -> None:
    sealed.close()
    with closing(sqlite3.connect(sealed.folder / "library.db")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    again = Library.open(sealed.folder)
    found = again.verify()
    assert not found.ok and any(words in problem for problem in found.problems)
    again.close()
