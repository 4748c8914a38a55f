"""Clinical facts of patients: told, taken back, told again, never lost, and carried into the scans' own columns."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.conftest import new_scan
from workstation.core import edits
from workstation.core.clinical import Clinical, Measured
from workstation.core.edits import Step
from workstation.core.lesion import Progress, ReadingKey, Verdict
from workstation.core.scan import View
from workstation.store import schema
from workstation.store.library import DATABASE, Library, LibraryError, ScanQuery

FACTS = Clinical(tumour="lung", sex="F", birth_year=1950, reference=1, reference_date="2024-01-02")


@pytest.fixture
def two(library: Library) -> Library:
    """Two scans of patient P, one of Q."""
    days = {"a": "2023-05-01", "b": "2024-05-01", "c": None}
    library.add_scans(
        [
            new_scan(name, (View.ANTERIOR,), 8, patient="Q" if name == "c" else "P", day=day)
            for name, day in days.items()
        ]
    )
    return library


def row(library: Library, scan: str, reader: str | None = None):  # noqa: ANN201
    return library.rows([scan], reader)[0]


def test_told_facts_stand_after_a_restart(two: Library) -> None:
    facts = Clinical("prostate", "M", 1944, None, "2024-02-03", 0, "biopsy", "2024-03-03", "physician",
                     (Measured("2024-01-01", 80.5),), (Measured("", 3.25),), None)  # fmt: skip
    assert two.tell_clinical("P", facts, "Import", "anna", "table")
    assert not two.tell_clinical("P", facts, "Import", "anna", "table")
    assert two.verify().ok
    folder = two.folder
    two.close()
    again = Library.open(folder)
    assert again.clinical("P") == facts
    assert again.clinical("Q") == Clinical()
    assert again.all_clinical() == {"P": facts}
    rows = [row(again, scan) for scan in "ab"]
    assert [(r.tumour, r.sex, r.age, r.reference) for r in rows] == [("prostate", "M", 79, 0), ("prostate", "M", 80, 0)]
    assert row(again, "c").tumour is None
    again.close()


def test_undo_and_redo_are_rows_and_take_the_scans_along(two: Library) -> None:
    before = [row(two, scan) for scan in "abc"]
    two.tell_clinical("P", FACTS, "Reference", "anna")
    told = [row(two, scan) for scan in "abc"]
    rows = two.verify().rows
    assert two.undo_clinical("P", "bert") == "Reference"
    assert [row(two, scan) for scan in "abc"] == before
    assert two.clinical("P") == Clinical()
    assert two.verify().rows > rows
    assert two.undo_clinical("P", "bert") is None
    assert two.redo_clinical("P", "bert") == "Reference"
    assert [row(two, scan) for scan in "abc"] == told
    assert two.undo_clinical("P", "bert") == "Reference"
    assert [row(two, scan) for scan in "abc"] == before
    assert two.verify().ok, two.verify().problems


def test_a_correction_made_since_is_not_undone(two: Library) -> None:
    two.tell_clinical("P", FACTS, "Tumour", "anna")
    two.correct("a", "bert", tumour="breast")
    two.undo_clinical("P", "anna")
    assert (row(two, "a").tumour, row(two, "b").tumour) == ("breast", None)
    assert two.verify().ok


def test_a_scan_that_comes_later_takes_the_facts_on(two: Library) -> None:
    two.tell_clinical("P", FACTS, "one", "anna")
    two.tell_clinical("P", Clinical(**{**vars(FACTS), "tumour": "breast"}), "two", "anna")
    two.add_scans([new_scan("d", (View.ANTERIOR,), 8, patient="P", day="2025-01-01")], "anna")
    assert (row(two, "d").tumour, row(two, "d").reference, row(two, "d").age) == ("breast", 1, 75)
    two.undo_clinical("P", "anna")
    assert row(two, "d").tumour == "lung"
    two.undo_clinical("P", "anna")
    assert (row(two, "d").tumour, row(two, "d").reference) == (None, None)
    assert two.verify().ok


def test_an_exclusion_stands_over_every_reading(two: Library) -> None:
    key = ReadingKey("a", "anna")
    done = edits.judge("Done", Verdict(), grade=1, progress=Progress.DONE)
    two.append(key, Step("edit", done), "anna")
    two.append(ReadingKey("a", "bert"), Step("edit", done), "bert")
    two.tell_clinical("P", Clinical(excluded="no follow-up"), "Exclude", "clinic")
    for reader in (None, "anna", "bert"):
        found = row(two, "a", reader)
        assert (found.status, found.reason, found.grade) == (Progress.EXCLUDED, "no follow-up", 1)
        assert two.ids(ScanQuery(status=Progress.EXCLUDED, reader=reader)) == ["a", "b"]
    assert two.exclusions() == {"a": "no follow-up", "b": "no follow-up"}
    two.append(key, Step("undo", done), "anna")  # reading goes on beneath
    assert row(two, "a").status is Progress.EXCLUDED
    assert two.verify().ok, two.verify().problems
    two.undo_clinical("P", "clinic")
    assert (row(two, "b").status, row(two, "b").reason) == (Progress.NEW, "")
    assert row(two, "a", "bert").status is Progress.DONE
    assert two.exclusions() == {}
    assert two.verify().ok, two.verify().problems


def test_nobody_is_told_of_who_is_not_there(two: Library) -> None:
    with pytest.raises(LibraryError, match="no patient X"):
        two.tell_clinical("X", FACTS, "x", "anna")
    assert two.verify().ok


def test_a_changed_table_is_found(two: Library) -> None:
    two.tell_clinical("P", FACTS, "Reference", "anna")
    two.close()
    connection = sqlite3.connect(two.folder / DATABASE)
    connection.execute("UPDATE clinical SET facts = '{\"reference\":0}'")
    connection.commit()
    connection.close()
    again = Library.open(two.folder)
    assert any("clinical facts of patient P" in problem for problem in again.verify().problems)
    again.close()


def test_a_library_of_the_format_before_comes_along(two: Library, tmp_path: Path) -> None:
    """A library with a reading, taken back to the second format, opens, is whole, and takes facts."""
    two.append(ReadingKey("a", "anna"), Step("edit", edits.judge("Grade", Verdict(), grade=2)), "anna")
    folder = two.folder
    two.close()
    old = sqlite3.connect(tmp_path / "old.db", isolation_level=None)
    old.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    schema.migrate(old, to=2)
    old.execute("ATTACH ? AS new", (str(folder / DATABASE),))
    for (table,) in old.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
        columns = ", ".join(column[1] for column in old.execute(f"PRAGMA main.table_info({table})"))
        old.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}")
    old.close()
    for left in folder.glob(f"{DATABASE}*"):
        left.unlink()
    shutil.move(tmp_path / "old.db", folder / DATABASE)
    again = Library.open(folder)
    assert again.verify().ok, again.verify().problems
    assert again.tell_clinical("P", FACTS, "Reference", "anna")
    assert again.verify().ok
    again.close()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["lung", "breast", "excluded", "clear", "reference", "undo", "redo"]), max_size=12))
def test_any_row_of_steps_folds_back(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    """A plain list of states beside the library: the same facts after every step, and a whole library at the end."""
    library = Library.create(tmp_path_factory.mktemp("steps") / "library")
    library.add_scans([new_scan("a", (View.ANTERIOR,), 8, patient="P", day="2024-01-01")])
    states, at = [Clinical()], 0
    for step in steps:
        if step == "undo":
            library.undo_clinical("P", "x")
            at = max(at - 1, 0)
        elif step == "redo":
            library.redo_clinical("P", "x")
            at = min(at + 1, len(states) - 1)
        else:
            new = {
                "lung": {"tumour": "lung"}, "breast": {"tumour": "breast"}, "excluded": {"excluded": "no follow-up"},
                "clear": {"excluded": None, "reference": None}, "reference": {"reference": 1},
            }[step]  # fmt: skip
            after = Clinical(**{**vars(states[at]), **new})
            if library.tell_clinical("P", after, step, "x"):
                states[at + 1 :] = [after]
                at += 1
        assert library.clinical("P") == states[at]
        found = row(library, "a")
        assert (found.tumour, found.reference) == (states[at].tumour, states[at].reference)
        assert (found.status is Progress.EXCLUDED) == (states[at].excluded is not None)
    assert library.verify().ok, library.verify().problems
    library.close()
