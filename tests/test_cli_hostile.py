"""The command line in a hostile world: paths that are none, streams that are closed, files that must not be lost."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.made_scans import make_library
from workstation.cli import main
from workstation.core.edits import Step, add
from workstation.core.lesion import Lesion, ReadingKey, Roi
from workstation.core.scan import View
from workstation.store.library import Library
from workstation.workflows import table
from workstation.workflows.errors import in_words


@pytest.fixture
def library(tmp_path: Path, tmp_library_home: Path) -> Path:
    return make_library(tmp_path / "library", scans=1)


def call(*arguments: object) -> int:
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as leaving:
        assert isinstance(leaving.code, int)
        return leaving.code


def test_two_annotators_on_one_case_lose_nothing(library):
    """The second is told who writes; what the first was answered is there, also after it was killed."""
    command = [sys.executable, "-m", "workstation", "annotate", "--library", str(library), "--scan", "S000", "--reader"]
    square = [[300, 100], [300, 110], [310, 110], [310, 100]]
    line = json.dumps({"do": "add", "view": "anterior", "polygon": square}) + "\n"
    first = subprocess.Popen([*command, "anna"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        first.stdin.write(line)
        first.stdin.flush()
        assert json.loads(first.stdout.readline())["ok"]
        second = subprocess.run([*command, "ben"], input=line, capture_output=True, text=True, timeout=60)
        assert (second.returncode, second.stdout) == (3, "")
        assert f"process {first.pid} " in second.stderr and "Close it there, then try again" in second.stderr
        first.stdin.write(line)
        first.stdin.flush()
        assert json.loads(first.stdout.readline())["ok"], "the first goes on undisturbed"
    finally:
        first.kill()
        first.communicate()
    second = subprocess.run([*command, "ben"], input=line, capture_output=True, text=True, timeout=60)
    assert second.returncode == 0 and json.loads(second.stdout)["ok"]
    again = Library.open(library, read_only=True)
    lesions = [len(again.session(ReadingKey("S000", who)).reading.lesions) for who in ("anna", "ben")]
    assert lesions == [2, 1] and again.verify().ok
    again.close()


def test_a_path_no_file_system_takes_is_refused_like_any_other(tmp_library_home, capsys):
    assert call("info", "a" * 5000, "--json") == 1
    (told,) = json.loads(capsys.readouterr().out)
    assert not told["accepted"] and told["reason"]


@pytest.mark.parametrize("command", [["info", ""], ["import", "", "--library", "x"], ["list", "--library", ""]])
def test_an_empty_path_is_not_the_folder_one_is_in(tmp_library_home, capsys, command):
    assert call(*command) == 2
    assert "empty path" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX closes the streams")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_harm_nothing(library, closed):
    command = f'"$0" -m workstation annotate --library "$1" --scan S000 {closed}'
    done = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable, library], capture_output=True, text=True, timeout=60, input=""
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_terminal_that_lacks_a_letter_gets_it_spelled_out(library):
    made = Library.open(library)
    made.correct("S000", "anna", day="\u4e2d")
    made.close()
    command = [sys.executable, "-m", "workstation", "list", "--library", library]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 0 and "\\u4e2d" in done.stdout


def test_a_backup_writes_over_nothing_but_a_backup(library, tmp_path, capsys):
    other = make_library(tmp_path / "other", scans=1) / "library.db"
    before = other.read_bytes()
    assert call("backup", "--library", library, "--out", other) == 2
    assert other.read_bytes() == before and "is no backup" in capsys.readouterr().err
    for _ in range(2):
        assert call("backup", "--library", library, "--out", tmp_path / "b.zip") == 0
    if os.path.exists("/dev/null"):
        assert call("backup", "--library", library, "--out", "/dev/null") == 2
        assert not Path("/dev/null").is_file()


def test_an_export_into_a_file_is_a_wrong_call(library, tmp_path, capsys):
    (tmp_path / "file").write_bytes(b"mine")
    assert call("export", "--library", library, "--out", tmp_path / "file", "--format", "csv") == 2
    assert "is a file" in capsys.readouterr().err and (tmp_path / "file").read_bytes() == b"mine"


def test_where_refusals_are_to_be_kept_is_looked_at_before_anything_is_done(tmp_path, tmp_library_home, capsys):
    for place in (tmp_path, tmp_path / "nowhere" / "refused.csv"):
        assert call("import", tmp_path, "--library", tmp_path / "new", "--refused", place) == 2
        assert "cannot be written" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_folder_nobody_can_write_to_is_not_open_elsewhere(library, monkeypatch, capsys):
    monkeypatch.setattr("workstation.store.lock.os.access", lambda *_: False)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"do": "undo"}\n')))
    assert call("annotate", "--library", library, "--scan", "S000") == 3
    said = capsys.readouterr().err
    assert "Nothing can be written" in said and "None" not in said


def test_edits_are_read_as_they_are_meant(library, monkeypatch, capsys):
    lines = [b'\xef\xbb\xbf{"do": "grade", "grade": 2}', b'{"do": "grade"}', b'{"do": "grade", "grade": ' + b"9" * 5000]
    lines[2] += b"}"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\n".join(lines))))
    assert call("annotate", "--library", library, "--scan", "S000", "--reader", "anna") == 1
    first, *others = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first["ok"], "a byte order mark, as Windows writes it, is no part of the edit"
    assert all("A grade is 0, 1, 2 or 3" in answer["reason"] for answer in others)
    made = Library.open(library, read_only=True)
    assert made.session(ReadingKey("S000", "anna")).reading.verdict.grade == 2, "what says nothing takes nothing"
    made.close()


@pytest.mark.parametrize("comment", ["=1+1", "-1", "+1", "@x", "\tx", "'x", "'=x", "''", "plain", ""])
def test_comments_are_no_formulas_and_come_back_as_written(library, tmp_path, comment):
    roi = Roi.from_mask(np.ones((2, 2), bool), 5, 6)
    assert roi is not None
    made = Library.open(library)
    lesion = Lesion("L1", {View.ANTERIOR: roi}, comment=comment)
    made.append(ReadingKey("S000", "=anna"), Step("edit", add("Add", lesion)), "=anna")
    made.close()
    assert call("export", "--library", library, "--out", tmp_path / "out", "--format", "csv") == 0
    with open(tmp_path / "out" / "lesions.csv", encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["comment"][:1] not in ("=", "+", "-", "@", "\t") and row["reader"] == "'=anna"
    back = table.read_row(row)
    assert back.lesion.comment == comment and back.reader == "=anna"


def test_an_error_without_a_number_is_told_as_well():
    assert "disk is full" in (in_words(OSError("8 requested and 0 written")) or "")


def test_a_database_of_something_else_is_left_alone(tmp_path, tmp_library_home, capsys):
    folder = tmp_path / "theirs"
    folder.mkdir()
    connection = sqlite3.connect(folder / "library.db")
    connection.execute("CREATE TABLE x (y)")
    connection.commit()
    connection.close()
    before = (folder / "library.db").read_bytes()
    assert call("import", tmp_path / "nothing", "--library", folder) == 3
    assert "another program" in capsys.readouterr().err and (folder / "library.db").read_bytes() == before
