"""A backup is the library of one moment, in one file."""

from __future__ import annotations

import zipfile

import pytest

from workstation.core import edits
from workstation.core.edits import Step
from workstation.core.lesion import ReadingKey, Verdict
from workstation.store.library import Library, LibraryError

KEY = ReadingKey("S1", "me")
GRADE = Step("edit", edits.judge("Grade", Verdict(), grade=1))


def test_what_is_restored_is_what_was_backed_up_and_nothing_later(library, make_scan, tmp_path):
    library.add_scans([make_scan("S1"), make_scan("S2")])
    library.append(KEY, GRADE, "me")
    then, session = library.verify(), library.session(KEY)
    steps = library.backing_up(tmp_path / "copy.zip")
    done, total = next(steps)
    assert done == 0 < total
    library.add_scans([make_scan("S3")])  # while the copy is under way
    library.append(KEY, Step("undo", session.done[-1]), "me")
    seen = [at for at, _ in steps]
    assert seen == sorted(seen) and not list(tmp_path.glob("*.part"))
    restored = Library.restore(tmp_path / "copy.zip", tmp_path / "restored")
    assert restored.verify() == then and restored.verify().ok
    assert restored.session(KEY) == session and restored.ids() == ["S1", "S2"]
    assert restored.thumbnail("S1") == library.thumbnail("S1")
    assert not restored.read_only
    restored.close()


def test_a_reader_backs_up_while_another_writes(library, make_scan, tmp_path):
    library.add_scans([make_scan("S1")])
    second = Library.open(library.folder)
    size = second.backup(tmp_path / "copy.zip")
    assert second.read_only and size == (tmp_path / "copy.zip").stat().st_size
    second.close()
    with zipfile.ZipFile(tmp_path / "copy.zip") as archive:
        assert archive.testzip() is None and "library.db" in archive.namelist()


def test_a_backup_given_up_leaves_nothing_and_keeps_the_one_before(library, make_scan, tmp_path):
    library.add_scans([make_scan("S1")])
    target = tmp_path / "copy.zip"
    target.write_bytes(b"the one before")
    steps = library.backing_up(target)
    next(steps), next(steps)
    steps.close()
    assert target.read_bytes() == b"the one before"
    assert [item.name for item in tmp_path.iterdir() if item != library.folder] == ["copy.zip"]


def test_a_backup_of_a_library_with_lost_files_is_refused(library, make_scan, tmp_path):
    library.add_scans([make_scan("S1")])
    library.objects("S1")[0].unlink()
    with pytest.raises(LibraryError, match="is missing from the library"):
        library.backup(tmp_path / "copy.zip")
    with pytest.raises(LibraryError, match="could not be"):
        library.backup(tmp_path / "nowhere" / "copy.zip")
    assert not list(tmp_path.glob("copy*"))


def test_only_a_whole_backup_is_restored_and_only_into_an_empty_folder(library, make_scan, tmp_path):
    library.add_scans([make_scan("S1")])
    target = tmp_path / "copy.zip"
    library.backup(target)
    with pytest.raises(LibraryError, match="not empty"):
        Library.restore(target, library.folder)
    data = bytearray(target.read_bytes())
    (tmp_path / "cut.zip").write_bytes(data[: len(data) // 2])
    data[200] ^= 255
    (tmp_path / "bad.zip").write_bytes(data)
    (tmp_path / "words.zip").write_text("words")
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as archive:
        archive.writestr("library.db", b"x")
        archive.writestr("objects/../../escaped.dcm", b"x")
    for name in ("cut.zip", "bad.zip", "words.zip", "out.zip", "nothing.zip"):
        with pytest.raises(LibraryError):
            Library.restore(tmp_path / name, tmp_path / "restored")
    assert not (tmp_path / "restored").exists() and not (tmp_path / "restored.restoring").exists()
    assert not (tmp_path / "escaped.dcm").exists()
