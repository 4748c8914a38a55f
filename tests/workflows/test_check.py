"""`osteoscope check`: what it prints, its exit code, and that one broken scan does not stop it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.core.test_checks import lesion
from tests.made_scans import make_library
from workstation import cli
from workstation.core import edits
from workstation.core.edits import Step
from workstation.core.lesion import Label, ReadingKey
from workstation.store.library import Library
from workstation.store.values import TRUTH


@pytest.fixture
def read_library(tmp_path: Path) -> Path:
    """Nine scans with a lesion each, one twenty times as large; what they say fits together."""
    folder = make_library(tmp_path / "library", 9)
    library = Library.open(folder)
    for number in range(9):
        drawn = lesion("L1", column=170, radius=18.0 if number == 2 else 4.0, side="left", region="rib")
        library.append(ReadingKey(f"S{number:03d}", "anna"), Step("edit", edits.add("Add", drawn)), "anna")
    library.close()
    return folder


def add(folder: Path, scan: str, reader: str, name: str, **said: object) -> None:
    library = Library.open(folder)
    library.append(ReadingKey(scan, reader), Step("edit", edits.add("Add", lesion(name, **said))), reader)
    library.close()


def test_outliers_alone_are_no_findings(read_library: Path, capsys) -> None:
    assert cli.main(["check", "--library", str(read_library)]) == 0
    told = capsys.readouterr().out
    assert "0 findings in 9 readings" in told and "S002  anna  L1  size: 5" in told


def test_findings_as_json(read_library: Path, capsys) -> None:
    add(read_library, "S004", "anna", "L2", row=300, label=Label.MALIGNANT)
    assert cli.main(["check", "--library", str(read_library), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    (finding,) = told["findings"]
    assert finding["kind"] == "malignant without criterion"
    assert (finding["scan"], finding["reader"], finding["round"], finding["lesion"]) == ("S004", "anna", 1, "L2")
    assert told["readings"] == 9 and told["skipped"] == []
    assert [(one["scan"], one["measure"]) for one in told["outliers"]][0] == ("S002", "size")


def test_the_truth_of_a_simulation_is_nobodys_mistake(read_library: Path, capsys) -> None:
    """A malignant lesion without criterion is a finding in a person's reading, and none in the truth of a scan."""
    folder = make_library(read_library.parent / "simulated", 2)
    add(folder, "S000", TRUTH, "T1", label=Label.MALIGNANT)
    assert cli.main(["check", "--library", str(folder)]) == 0
    assert "0 findings in 1 reading" in capsys.readouterr().out
    add(folder, "S001", "anna", "T1", label=Label.MALIGNANT)
    assert cli.main(["check", "--library", str(folder)]) == 1


def test_one_reader_only(read_library: Path, capsys) -> None:
    add(read_library, "S004", "ben", "L9", row=300, label=None)
    assert cli.main(["check", "--library", str(read_library)]) == 0, "the first reading stands"
    assert cli.main(["check", "--library", str(read_library), "--reader", "ben"]) == 1
    assert "1 finding in 1 reading" in capsys.readouterr().out


def test_a_scan_that_cannot_be_read_is_named_and_the_rest_is_checked(read_library: Path, capsys) -> None:
    add(read_library, "S004", "anna", "L2", row=300, label=None)
    broken = next(file for file in sorted(read_library.rglob("*")) if "S000" in file.name and file.is_file())
    broken.write_bytes(b"")
    assert cli.main(["check", "--library", str(read_library), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [one["scan"] for one in told["skipped"]] == ["S000"]
    assert len(told["findings"]) == 1


def test_no_library(tmp_path: Path, capsys) -> None:
    assert cli.main(["check", "--library", str(tmp_path / "none")]) == 2
    assert "no library" in capsys.readouterr().err
