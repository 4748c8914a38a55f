"""What was done cannot be undone behind the history's back: every change by raw SQL is found."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from workstation.core import edits
from workstation.core.edits import Step
from workstation.core.lesion import Label, Lesion, ReadingKey, Roi, Verdict
from workstation.core.scan import View
from workstation.store.library import Library, Verification

KEY = ReadingKey("S1", "anna")
COLUMNS = "seq at who scan reader round do of edit origin version before_hash hash".split()


@pytest.fixture
def worked(library, make_scan) -> Path:
    """A closed library of two scans with seven rows: two imports, a correction, four steps of a reading."""
    library.add_scans([make_scan("S1"), make_scan("S2")], "importer")
    library.correct("S2", "doctor", tumour="lung")
    roi = Roi.from_mask(np.ones((2, 2), bool), 1, 1)
    assert roi is not None
    lesion = Lesion("L1", {View.ANTERIOR: roi}, Label.BENIGN, region="rib", side="left")
    library.append(KEY, Step("edit", edits.add("Add", lesion)), "anna")
    library.append(KEY, Step("edit", edits.judge("Grade", Verdict(), grade=2)), "anna")
    library.append(KEY, Step("undo", library.session(KEY).done[-1]), "anna")
    library.append(KEY, Step("redo", library.session(KEY).undone[-1]), "anna")
    assert library.verify().ok
    library.close()
    return library.folder


def tamper(folder: Path, *statements: str, free: bool = True) -> None:
    """Raw SQL on the database, by default with its triggers away as long as it takes."""
    with closing(sqlite3.connect(folder / "library.db", isolation_level=None)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers if free else ():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in triggers if free else ():
            connection.execute(sql)


def verified(folder: Path, head: str | None = None) -> Verification:
    library = Library.open(folder, read_only=True)
    try:
        return library.verify(head)
    finally:
        library.close()


def test_the_chain_is_what_it_is_said_to_be(worked):
    """Worked out here from the words of the documentation alone."""
    with closing(sqlite3.connect(worked / "library.db")) as connection:
        connection.row_factory = sqlite3.Row
        library_id = connection.execute("SELECT value FROM library WHERE key = 'id'").fetchone()[0]
        head = hashlib.sha256(b"osteoscope " + library_id.encode()).hexdigest()
        rows = connection.execute("SELECT * FROM history ORDER BY seq").fetchall()
    for row in rows:
        assert row["before_hash"] == head
        body = {name: row[name] for name in COLUMNS[:-2]}
        text = json.dumps(body, sort_keys=True, separators=(",", ":"))
        head = hashlib.sha256((head + text).encode()).hexdigest()
        assert row["hash"] == head
    found = verified(worked)
    assert (found.ok, found.head, found.rows) == (True, head, 7)
    assert [row["do"] for row in rows] == ["import", "import", "correct", "edit", "edit", "undo", "redo"]
    assert [row["who"] for row in rows] == ["importer", "importer", "doctor", *["anna"] * 4]
    assert [row["of"] for row in rows] == [None] * 5 + [5, 5]
    assert rows[3]["origin"] == "hand"


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("row", [1, 5, 7])
def test_a_change_of_any_column_of_any_row_is_found(worked, column, row):
    value = "1000" if column in ("seq", "round", "of") else "'x'"
    tamper(worked, f"UPDATE history SET {column} = {value} WHERE seq = {row}")
    assert not verified(worked).ok


@pytest.mark.parametrize("value", ["NULL", "x'00ff'", "1e400", "'\ud7ff'"])
def test_values_no_row_of_ours_holds_are_found(worked, value):
    tamper(worked, f"UPDATE history SET edit = {value} WHERE seq = 4")
    assert not verified(worked).ok


@pytest.mark.parametrize("row", [1, 4, 7])
def test_a_row_taken_out_is_found(worked, row):
    tamper(worked, f"DELETE FROM history WHERE seq = {row}")
    assert not verified(worked).ok


def test_a_tail_cut_off_with_care_is_found_by_the_head_noted_earlier(worked):
    head = verified(worked).head
    tamper(worked, "DELETE FROM history WHERE seq > 5")  # the redo and undo: the reading stands as it stood
    cut = verified(worked)
    assert cut.ok and cut.rows == 5 and cut.head != head
    assert [problem for problem in verified(worked, head).problems if "cut off" in problem]
    assert verified(worked, cut.head).ok


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE lesions SET label = 'malignant'",
        "UPDATE lesions SET lesion = replace(lesion, 'benign', 'malignant')",
        "UPDATE lesions SET anterior_pixels = 5",
        "UPDATE lesions SET id = 'L2'",
        "DELETE FROM lesions",
        "UPDATE readings SET verdict = replace(verdict, '2', '0')",
        "UPDATE readings SET grade = 0",
        "UPDATE readings SET reader = 'ben'",
        "UPDATE readings SET shown = 0",
        "UPDATE scans SET malignant = 1 WHERE id = 'S1'",
        "UPDATE scans SET status = 'done'",
        "UPDATE scans SET tumour = 'breast' WHERE id = 'S2'",
        "UPDATE scans SET search = ''",
        "UPDATE scans SET patient = 'nobody' WHERE id = 'S2'",
        "UPDATE facts SET facts = '{\"speed\":1}'",
        "UPDATE facts SET facts = 'no json' WHERE scan = 'S1'",
        "UPDATE frames SET how = 'user'",
        "UPDATE frames SET view = 'posterior' WHERE view = 'anterior' AND (DELETE_FIRST)",
        "UPDATE frames SET sha256 = 'x'",
        "UPDATE frames SET max = max + 1",
        "UPDATE objects SET name = 'x'",
        "DELETE FROM scans WHERE id = 'S2'",
        "DROP TRIGGER history_is_not_changed",
        "DROP INDEX scans_day",
        "UPDATE library SET value = 'x' WHERE key = 'id'",
    ],
)
def test_tables_that_do_not_follow_from_the_history_are_found(worked, statement):
    if "DELETE_FIRST" in statement:
        statements = ["DELETE FROM frames WHERE view = 'posterior'", statement.replace(" AND (DELETE_FIRST)", "")]
    else:
        statements = [statement]
    tamper(worked, *statements, free=False)
    found = verified(worked)
    assert found.problems and not found.ok


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE history SET who = 'x'",
        "DELETE FROM history WHERE seq = 7",
        "INSERT INTO history SELECT 99, at, who, scan, reader, round, do, of, edit, origin, version, before_hash, hash"
        " FROM history WHERE seq = 1",
        "INSERT OR REPLACE INTO history SELECT * FROM history WHERE seq = 1",
    ],
)
def test_the_database_itself_refuses_to_change_the_history(worked, statement):
    with pytest.raises(sqlite3.IntegrityError, match="history"):
        tamper(worked, statement, free=False)
    assert verified(worked).ok


def test_a_stray_file_is_told_and_other_peoples_files_are_not_our_business(worked):
    (worked / "pixels" / ".DS_Store").write_bytes(b"x")
    (worked / "pixels" / "Thumbs.db").write_bytes(b"x")
    assert verified(worked).ok
    (worked / "objects" / "stray.dcm").write_bytes(b"x")
    assert verified(worked).ok
    assert verified(worked).notes == ("objects/stray.dcm belongs to no scan.",)


def test_a_reading_whose_history_is_damaged_is_told_in_words_and_the_others_open(worked):
    from workstation.store.library import LibraryError

    tamper(worked, "UPDATE history SET edit = '{}' WHERE seq = 4")
    library = Library.open(worked)
    with pytest.raises(LibraryError, match="damaged at row 4"):
        library.session(KEY)
    assert library.session(ReadingKey("S2", "anna")).done == ()
    assert library.load("S1").views
    library.close()
