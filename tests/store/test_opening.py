"""Who may open what: second openings, other formats, damage; each told in words."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from pathlib import Path

import pytest

from workstation.core import edits
from workstation.core.edits import Step
from workstation.core.lesion import ReadingKey, Verdict
from workstation.store import schema
from workstation.store.library import Library, LibraryError, NewScan, ScanQuery

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys
from pathlib import Path
from workstation.store.library import Library
library = Library.open(Path(sys.argv[1]))
print(library.read_only, flush=True)
sys.stdin.readline()
"""
GRADE = Step("edit", edits.judge("Grade", Verdict(), grade=1))


def holding(folder: Path) -> subprocess.Popen[str]:
    """Another process that has the library open; it has said whether read-only, and waits."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_the_second_opening_reads_only_and_says_who_writes(library, make_scan):
    library.add_scans([make_scan("S1")])
    second = Library.open(library.folder)
    assert second.read_only and not library.read_only and library.holder is None
    assert "process" in (second.holder or "")
    for write in (
        lambda: second.add_scans([make_scan("S2")]),
        lambda: second.append(ReadingKey("S1", "me"), GRADE, "me"),
        lambda: second.correct("S1", "me", tumour="lung"),
    ):
        with pytest.raises(LibraryError, match="open read-only"):
            write()
    key = ReadingKey("S1", "me")
    assert second.session(key).done == ()
    library.append(key, GRADE, "me")  # what the writer does is seen at once
    assert second.session(key) == library.session(key)
    assert second.rows(["S1"])[0].grade == 1 and second.verify() == library.verify()
    second.close()


def test_another_process_writes_until_it_dies(library, make_scan):
    library.add_scans([make_scan("S1")])
    library.close()
    with holding(library.folder) as process:
        try:
            assert first_line(process) == "False"
            second = Library.open(library.folder)
            assert second.read_only and str(process.pid) in (second.holder or "")
            second.close()
        finally:
            process.kill()
    third = Library.open(library.folder)
    assert not third.read_only and third.holder is None
    third.append(ReadingKey("S1", "me"), GRADE, "me")
    third.close()


def test_a_process_started_later_does_not_write(library):
    with holding(library.folder) as process:
        assert first_line(process) == "True"
        process.communicate("\n")


def test_what_was_asked_to_be_read_only_holds_nobody_up(library):
    library.close()
    watching = Library.open(library.folder, read_only=True)
    assert watching.read_only and watching.holder is None
    writing = Library.open(library.folder)
    assert not writing.read_only
    writing.close()
    watching.close()
    with pytest.raises(LibraryError, match="closed"):
        watching.ids()
    with pytest.raises(LibraryError, match="closed"):
        watching.verify()


def test_a_new_library_keeps_its_kind_and_id(tmp_path):
    made = Library.create(tmp_path / "new" / "clinic", kind="clinical")
    made.close()
    again = Library.open(made.folder)
    assert (again.kind, again.id) == ("clinical", made.id) and len(made.id) == 32
    again.close()
    with pytest.raises(ValueError):
        Library.create(tmp_path / "other", kind="private")


def test_folders_that_cannot_become_a_library_are_refused(library, tmp_path):
    with pytest.raises(LibraryError, match="is a library already"):
        Library.create(library.folder)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").write_text("Dear")
    with pytest.raises(LibraryError, match="holds other files"):
        Library.create(tmp_path / "letters")
    with pytest.raises(LibraryError, match="could not be read or written"):
        Library.create(tmp_path / "letters" / "letter.txt")
    for folder in (tmp_path / "letters", tmp_path / "nowhere"):
        with pytest.raises(LibraryError, match="is no library"):
            Library.open(folder)


def test_a_creation_that_was_interrupted_can_be_done_again(tmp_path):
    (tmp_path / "library.db.new").write_bytes(b"half")
    (tmp_path / "library.db.new-journal").write_bytes(b"half")
    Library.create(tmp_path).close()
    assert not (tmp_path / "library.db.new").exists()


def test_other_files_of_that_name_are_no_library(tmp_path):
    file = tmp_path / "library.db"
    for content in (b"", b"plain words, no database at all, and more than sixteen bytes"):
        file.write_bytes(content)
        with pytest.raises(LibraryError, match=r"no library|damaged"):
            Library.open(tmp_path)
    file.unlink()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE scans (a)")
    with pytest.raises(LibraryError, match="made by another program"):
        Library.open(tmp_path)


@pytest.mark.parametrize("at", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_damaged_database_gives_words_or_what_is_left(library, make_scan, at):
    library.add_scans([make_scan(f"S{n}") for n in range(40)])
    library.close()
    file = library.folder / "library.db"
    data = bytearray(file.read_bytes())
    start = int(len(data) * at) // 4096 * 4096
    data[start : start + 8192] = b"\xa5" * 8192
    file.write_bytes(data)
    try:
        damaged = Library.open(library.folder)
    except LibraryError as error:
        assert "damaged" in str(error) or "could not be" in str(error)
        return
    assert damaged.verify().problems
    for ask in (damaged.ids, lambda: damaged.rows(["S1"]), lambda: damaged.load("S1")):
        try:
            ask()
        except LibraryError as error:
            assert str(error)
    damaged.close()


def test_a_database_cut_short_gives_words(library, make_scan):
    library.add_scans([make_scan(f"S{n}") for n in range(40)])
    library.close()
    file = library.folder / "library.db"
    with open(file, "rb+") as stream:
        stream.truncate(file.stat().st_size // 2)
    with pytest.raises(LibraryError, match="damaged"):
        damaged = Library.open(library.folder)
        try:
            damaged.load("S1")
            damaged.ids(ScanQuery(sort="day"))
        finally:
            assert not damaged.verify().ok
            damaged.close()
            raise LibraryError("damaged")


def make_first_format(folder: Path, scan: NewScan) -> None:
    """A library as the first format had it: made by today's code, with the later columns taken out of everything."""
    Library.create(folder).close()
    file = folder / "library.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as today:
        keys = dict(today.execute("SELECT key, value FROM library"))
    file.unlink()
    with closing(sqlite3.connect(file, isolation_level=None)) as first:
        first.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        first.execute("PRAGMA journal_mode = WAL")
        schema.migrate(first, to=1)
        first.executemany("INSERT INTO library VALUES (?, ?)", keys.items())
        first.execute("INSERT INTO patients VALUES (?)", (scan.patient,))
        columns = "id, patient, study, series, kind, source, sides, upside_down, imported, search"
        first.execute(
            f"INSERT INTO scans ({columns}) VALUES (?, ?, '', '', 'whole-body', '', 'by view', 0, '2020', ?)",
            (scan.id, scan.patient, f"{scan.id} {scan.patient}".casefold()),
        )
        first.execute("INSERT INTO facts VALUES (?, '{}')", (scan.id,))
        from workstation.store import history

        state = {"patient": scan.patient, "study": "", "series": "", "kind": "whole-body", "source": "",
                 "sides": "by view", "upside_down": 0,
                 "day": None, "tumour": None, "sex": None, "age": None,
                 "facts": {}, "frames": {}, "objects": {}}  # fmt: skip
        history.append(first, "importer", scan.id, "import", history.canonical(state))


def test_an_older_library_is_copied_and_then_brought_up_to_date(tmp_path, make_scan):
    folder = tmp_path / "old"
    make_first_format(folder, make_scan("S1"))
    with pytest.raises(LibraryError, match="older version"):
        Library.open(folder, read_only=True)
    library = Library.open(folder)
    assert library.rows(["S1"])[0].reference is None and library.verify().problems == ()
    library.correct("S1", "doctor", reference=1)
    library.append(ReadingKey("S1", "me"), GRADE, "me")
    library.add_scans([make_scan("S2")])
    assert library.ids(ScanQuery(sort="reference", descending=True)) == ["S1", "S2"] and library.verify().ok
    library.close()
    with closing(sqlite3.connect(folder / "library-format-1.db")) as copy:
        assert schema.version(copy) == 1
        assert copy.execute("SELECT id FROM scans").fetchall() == [("S1",)]
        with pytest.raises(sqlite3.OperationalError, match="no such column"):
            copy.execute("SELECT reference FROM scans")


def test_a_step_that_fails_leaves_the_library_as_it_was(tmp_path, make_scan, monkeypatch):
    folder = tmp_path / "old"
    make_first_format(folder, make_scan("S1"))

    def breaks(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE scans ADD COLUMN half")
        raise sqlite3.OperationalError("disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (schema.MIGRATIONS[0], breaks))
        with pytest.raises(LibraryError, match="disk is full"):
            Library.open(folder)
    with closing(sqlite3.connect(folder / "library.db")) as connection:
        assert schema.version(connection) == 1
        assert "half" not in [row[1] for row in connection.execute("PRAGMA table_info(scans)")]
    library = Library.open(folder)
    assert not library.read_only and library.verify().ok
    library.close()


def test_a_newer_library_is_refused_in_words(library):
    library.close()
    newer = len(schema.MIGRATIONS) + 1
    with closing(sqlite3.connect(library.folder / "library.db")) as connection:
        connection.execute(f"PRAGMA user_version = {newer}")
    before = (library.folder / "library.db").read_bytes()
    with pytest.raises(LibraryError, match=f"newer version .format {newer}"):
        Library.open(library.folder)
    assert (library.folder / "library.db").read_bytes() == before


READ_ONLY_MEDIUM = """
import mmap, os, sys
from pathlib import Path
from workstation.store.library import Library
if os.geteuid() == 0:  # nobody keeps the superuser from writing
    os.setgid(65534), os.setuid(65534)
library = Library.open(Path(sys.argv[1]))
print(library.read_only, library.holder, library.ids(), library.verify().problems, library.load("S1").views[0])
"""


@pytest.mark.skipif(os.name == "nt", reason="folders there have no such permissions")
def test_a_library_in_a_folder_nobody_may_write_to_is_read(make_scan):
    with tempfile.TemporaryDirectory() as place:  # one that other accounts can enter
        os.chmod(place, 0o755)
        folder = Path(place) / "library"
        library = Library.create(folder)
        library.add_scans([make_scan("S1")])
        library.close()
        for item in [folder, *folder.rglob("*")]:
            item.chmod(0o555 if item.is_dir() else 0o444)
        said = subprocess.run(
            [sys.executable, "-c", READ_ONLY_MEDIUM, str(folder)], capture_output=True, text=True, cwd=ROOT, check=False
        )
        for item in [folder, *folder.rglob("*")]:
            item.chmod(0o755)
    assert said.stdout.strip() == "True None ['S1'] () anterior", said.stderr


def test_a_full_disk_is_told_and_nothing_is_half_done(library, make_scan, monkeypatch):
    library.add_scans([make_scan("S1")])
    key, before = ReadingKey("S1", "me"), library.verify()
    with library._connections.writing() as db:
        pages = db.conn.execute("PRAGMA page_count").fetchone()[0]
        db.conn.execute(f"PRAGMA max_page_count = {pages}")
    long = Step("edit", edits.judge("Comment", Verdict(), comment="word " * 20_000))
    with pytest.raises(LibraryError, match="full"):
        library.append(key, long, "me")
    assert library.session(key).done == () and library.verify() == before
    with library._connections.writing() as db:
        db.conn.execute("PRAGMA max_page_count = 1000000")
    library.append(key, long, "me")
    assert library.session(key).done == (long.edit,) and library.verify().ok

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("workstation.store.files.sync", full)
        with pytest.raises(LibraryError, match="No space left"):
            library.add_scans([make_scan("S2")])
    found = library.verify()
    assert found.ok and found.notes == () and library.ids() == ["S1"]
    library.add_scans([make_scan("S2")])
    assert library.load("S2").views and library.verify().ok


def test_closing_while_others_read_hurts_nobody(library, make_scan):
    library.add_scans([make_scan(f"S{n}") for n in range(20)])
    failed: list[BaseException] = []

    def read() -> None:
        try:
            while True:
                library.rows(library.ids())
        except LibraryError as error:
            assert "closed" in str(error)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    library.close()
    for thread in threads:
        thread.join()
    assert not failed


def test_every_commit_is_on_disk_and_the_log_is_ahead(library):
    with library._connections.writing() as db:
        assert db.conn.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert db.conn.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_library_moved_elsewhere_is_the_same(library, make_scan, tmp_path):
    library.add_scans([make_scan("S1")])
    library.close()
    shutil.move(library.folder, tmp_path / "Übung 100% #1?")
    moved = Library.open(tmp_path / "Übung 100% #1?")
    assert moved.load("S1").views and moved.verify().ok
    moved.close()
