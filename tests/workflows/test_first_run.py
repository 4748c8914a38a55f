"""The library of a first start: simulated patients said to be so, the real scan, and finished whatever happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from workstation.core.scan import View
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


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(LibraryError, match="other files"):
        finish(first_run.run(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
