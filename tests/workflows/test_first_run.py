"""The library of a first start: simulated patients said to be so, the real scan, and finished whatever happens."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from workstation.core.scan import View
from workstation.store import schema
from workstation.store.errors import LibraryError
from workstation.store.library import Library
from workstation.workflows import first_run
from workstation.workflows.progress import finish


def test_a_first_run_is_made_once_and_finished_when_it_was_killed(tmp_library_home: Path) -> None:
    folder = first_run.default_folder()
    job = first_run.run(folder, patients=2)
    for _ in range(2):
        next(job)
    job.close()
    assert not first_run.is_made(folder)
    made = finish(first_run.run(folder, patients=2))
    assert made.made and first_run.is_made(folder)
    library = Library.open(folder)
    rows = library.rows(library.ids())
    scans = [library.load(row.scan) for row in rows]
    assert made.scans == len(rows) >= 3
    simulated = [scan for scan in scans if scan.facts.get("simulated")]
    (real,) = [scan for scan in scans if not scan.facts.get("simulated")]
    assert (real.views, int(real.frames[View.ANTERIOR].counts.sum())) == ((View.ANTERIOR,), 3_596_452)
    assert {row.scan for row in rows if row.reader == "truth"} == {scan.id for scan in simulated}
    assert library.verify().ok
    head = library.verify().head
    library.close()
    again = finish(first_run.run(folder, patients=2))
    assert (again.made, again.scans) == (False, made.scans)
    library = Library.open(folder)
    assert library.verify().head == head
    library.close()
    assert sorted(path.name for path in tmp_library_home.iterdir()) == ["first-run", "keys"]


def test_a_library_of_ones_own_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSTEOSCOPE_LIBRARY", str(tmp_path / "mine"))
    Library.create(tmp_path / "mine").close()
    made = finish(first_run.run(first_run.default_folder()))
    assert (made.library, made.scans, made.made) == (tmp_path / "mine", 0, False)


def test_the_library_of_an_older_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """`make run` after an update: the first run of yesterday's version must not be the end of it."""
    folder = tmp_path / "first-run"
    Library.create(folder).close()
    file = folder / "library.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as today:
        kept = list(today.execute("SELECT key, value FROM library"))
    file.unlink()
    with closing(sqlite3.connect(file, isolation_level=None)) as older:
        older.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        schema.migrate(older, to=len(schema.MIGRATIONS) - 1)
        older.executemany("INSERT OR REPLACE INTO library VALUES (?, ?)", kept)
    assert finish(first_run.run(folder)) == first_run.FirstRun(folder, 0, made=False)
    with closing(sqlite3.connect(file)) as now:
        assert schema.version(now) == len(schema.MIGRATIONS)


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(LibraryError, match="other files"):
        finish(first_run.run(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
