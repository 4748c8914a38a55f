"""A snapshot holds what was put in, says what it is, and notices whatever was done to it since."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.snapshot import FrozenScan, Snapshot, SnapshotError, Writer, to_runs
from tests.ml.frozen import COLUMNS, ROWS, Made, make


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("snapshot") / "data", sealed=("P4",))


@pytest.fixture
def copy(made: Made, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made.folder, tmp_path / "copy"))


def told(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
    return manifest


def canonical_hash(manifest: dict[str, Any]) -> str:
    """The contract's words: canonical JSON (sorted keys, no spaces) without that field."""
    rest = {name: value for name, value in manifest.items() if name != "manifest_hash"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def retell(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the manifest as somebody would who can compute its hash."""
    manifest = told(folder)
    change(manifest)
    manifest["manifest_hash"] = canonical_hash(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def test_what_was_put_in_comes_out(made: Made) -> None:
    there = Snapshot.load(made.folder)
    assert isinstance(there.pictures, np.memmap) and there.shape == (2, ROWS, COLUMNS)
    assert np.array_equal(there.pictures, np.stack(made.counts))
    assert [row["scan"] for row in there.scans] == made.scans == list(there.manifest.scans)
    assert [row["patient"] for row in there.scans] == made.patients == list(there.manifest.patients)
    assert len(there.lesions) == len(made.masks) == sum(number % 3 for number in range(len(made.scans)))
    for number, mask in enumerate(made.masks):
        assert np.array_equal(there.mask(number), mask)
        assert made.scans[there.lesion_scan[number]] == there.lesions[number]["scan"]
    for number, bladder in enumerate(made.bladders):
        assert np.array_equal(there.bladder(number), bladder)


def test_the_layout_can_be_read_without_us(made: Made) -> None:
    manifest = told(made.folder)
    assert {"format", "scans", "patients", "strata", "folds", "sealed", "labels_from", "hash", "manifest_hash"} <= set(
        manifest
    )
    assert manifest["format"] == 1 and manifest["scans"] == made.scans and manifest["patients"] == made.patients
    assert manifest["sealed"] == ["P4"] and set(manifest["folds"]) == set(made.patients) - {"P4"}
    assert set(manifest["strata"]) == set(made.patients) and set(manifest["folds"].values()) == {0, 1, 2}
    others = [path for path in made.folder.iterdir() if path.name != "manifest.json"]
    lines = sorted(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in others)
    assert manifest["hash"] == hashlib.sha256("\n".join(lines).encode()).hexdigest()
    assert manifest["manifest_hash"] == canonical_hash(manifest)
    pictures = np.load(made.folder / "pictures.npy")
    assert pictures.dtype == np.uint16 and pictures.shape == (len(made.scans), 2, ROWS, COLUMNS)
    with (made.folder / "lesions.csv").open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    assert header[:8] == "scan,patient,lesion,label,tumour,region,side,origin".split(",")


def test_the_same_put_in_is_the_same_bytes(made: Made, tmp_path: Path) -> None:
    again = make(tmp_path / "again", sealed=("P4",))
    for path in made.folder.iterdir():
        assert (again.folder / path.name).read_bytes() == path.read_bytes(), path.name
    with zipfile.ZipFile(made.folder / "masks.npz") as file:
        assert {item.date_time for item in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    other = make(tmp_path / "other", seed=1)
    assert told(other.folder)["hash"] != told(made.folder)["hash"]


def test_the_head_of_the_pictures_is_as_long_for_any_number_of_scans() -> None:
    from ml.writing import _header

    assert len({len(_header(scans, (2, 1024, 256))) for scans in (0, 1, 9, 10, 12_222, 10**9)}) == 1


@pytest.mark.parametrize("name", ["pictures.npy", "masks.npz", "scans.csv", "lesions.csv", "cohort.json"])
def test_a_changed_or_missing_file_is_named(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(SnapshotError, match=f"{name} was changed"):
        Snapshot.load(copy)
    (copy / name).unlink()
    with pytest.raises(SnapshotError, match=f"lacks {name}"):
        Snapshot.load(copy)


def test_a_file_too_many_is_named(copy: Path) -> None:
    (copy / "notes.txt").write_text("mine")
    with pytest.raises(SnapshotError, match=r"does not belong.*notes\.txt"):
        Snapshot.load(copy)


def test_a_manifest_edited_by_hand_is_noticed(copy: Path) -> None:
    manifest = told(copy)
    manifest["folds"]["P0"] = (manifest["folds"]["P0"] + 1) % 3
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(SnapshotError, match="changed after"):
        Snapshot.load(copy)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda told: told["sealed"].append("P0"), "P0' is sealed and in a fold"),
        (lambda told: told["folds"].pop("P0"), "P0' is in no fold"),
        (lambda told: told["folds"].update(P99=0), "P99' has a fold but has no scan"),
        (lambda told: told["sealed"].append("P4"), "sealed twice"),
        (lambda told: told["strata"].pop("P0"), "no stratum"),
        (lambda told: told.update(format=2), "format 2"),
        (lambda told: told.pop("format"), "not the manifest"),
        (lambda told: told["folds"].update(P0="1"), "'folds'"),
        (lambda told: told["folds"].update(P0=True), "'folds'"),
        (lambda told: told["scans"].pop(), "patients of"),
        (lambda told: told["scans"].__setitem__(1, told["scans"][0]), "a scan twice"),
        (lambda told: told["files"].pop("cohort.json"), "not that of the files"),
        (lambda told: told.pop("hash"), "not that of the files"),
        (lambda told: told["scans"].reverse(), "in their order"),
        (lambda told: told["patients"].__setitem__(slice(0, 3), ["P0", "P1", "P0"]), "in their order"),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(copy: Path, change: Callable[[Any], Any], words: str) -> None:
    retell(copy, change)
    with pytest.raises(SnapshotError, match=words):
        Snapshot.load(copy)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda told: told.update(train_only=["P0"]), "P0' is in a fold and for learning only"),
        (lambda told: told.update(train_only=["P4"]), "P4' is sealed and to be learnt from"),
        (lambda told: told.update(train_only=["P99"]), "P99' has a fold but has no scan"),
        (lambda told: told.update(train_only="P0"), "'train_only'"),
        (lambda told: told.update(made=[]), "'made'"),
        (lambda told: (told["folds"].pop("P0"), told.update(train_only=["P0", "P0"])), "only twice"),
        (lambda told: told["strata"].update(P0="lung"), "P0' has a stratum that is no tumour/status"),
        (lambda told: told["strata"].update(P0="lung/nan"), "P0' has a stratum that is no tumour/status"),
        (lambda told: told["folds"].update(P0=7), "nobody is in fold 3.*no more folds than patients"),
    ],
)
def test_who_may_be_learnt_from_and_tested_is_told_apart(copy: Path, change: Callable[[Any], Any], words: str) -> None:
    retell(copy, change)
    with pytest.raises(SnapshotError, match=words):
        Snapshot.load(copy)


def test_sealed_for_ever_also_without_a_scan_here(copy: Path) -> None:
    retell(copy, lambda told: (told["folds"].pop("P0"), told.update(train_only=["P0"], sealed=["P4", "P99"])))
    there = Snapshot.load(copy)
    assert there.manifest.sealed == ("P4", "P99") and there.manifest.train_only == ("P0",) and there.fold(0) is None


def rewrite(folder: Path, name: str, row: int, column: str, value: str) -> None:
    """Change a cell as somebody would who can compute every hash."""
    with (folder / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    rows[row][rows[0].index(column)] = value
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)

    def change(manifest: dict[str, Any]) -> None:
        manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        lines = sorted(f"{name} {digest}" for name, digest in manifest["files"].items())
        manifest["hash"] = hashlib.sha256("\n".join(lines).encode()).hexdigest()

    retell(folder, change)


@pytest.mark.parametrize(
    ("name", "column", "value", "words"),
    [
        ("scans.csv", "age", "NaN", "row 2: age is 'NaN', not a number from 0 to 150"),
        ("scans.csv", "age", "-1", "age"), ("scans.csv", "age", "inf", "age"), ("scans.csv", "sex", "female", "sex"),
        ("scans.csv", "grade", "4", "grade"), ("scans.csv", "malignant", "yes", "malignant"),
        ("scans.csv", "spacing_mm", "0", "spacing_mm is '0', not a number above 0"),
        ("scans.csv", "spacing_mm", "nan", "spacing_mm"),
        ("lesions.csv", "label", "Malignant", "label is 'Malignant', not one of malignant, benign, uncertain"),
        ("lesions.csv", "label", "", "has no label"), ("lesions.csv", "lesion", "", "has no lesion"),
        ("lesions.csv", "p_ceiling", "nan", "p_ceiling"), ("lesions.csv", "p_alone", "1.01", "p_alone"),
        ("lesions.csv", "site6", "skull", "site6"), ("lesions.csv", "side", "both", "side"),
        ("lesions.csv", "visible", "2", "visible"), ("lesions.csv", "lesion", "0", "twice"),
    ],
)  # fmt: skip
def test_a_cell_that_holds_what_it_may_not_is_told(copy: Path, name: str, column: str, value: str, words: str) -> None:
    rewrite(copy, name, 2 if column != "lesion" or value == "" else 3, column, value)
    with pytest.raises(SnapshotError, match=words):
        Snapshot.load(copy)


def test_a_row_cut_short_is_told(copy: Path) -> None:
    text = (copy / "scans.csv").read_text("utf-8").splitlines()
    text[3] = ",".join(text[3].split(",")[:4])
    (copy / "scans.csv").write_text("\n".join(text) + "\n", encoding="utf-8")
    rewrite(copy, "scans.csv", 1, "age", "60")
    with pytest.raises(SnapshotError, match="row 3, has more or fewer cells"):
        Snapshot.load(copy)


def test_a_patient_in_two_folds_is_refused(copy: Path) -> None:
    text = (copy / "manifest.json").read_text("utf-8")
    (copy / "manifest.json").write_text(text.replace('"folds": {', '"folds": {"P0": 0, "P0": 1,'), encoding="utf-8")
    with pytest.raises(SnapshotError, match="'P0' twice"):
        Snapshot.load(copy)


@pytest.mark.parametrize("text", ["", "[]", "{", "7", "null", '{"format": NaN}', "\0", '{"format": 1}', "[" * 9999])
def test_what_is_no_manifest_is_refused_in_words(copy: Path, text: str) -> None:
    (copy / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(SnapshotError):
        Snapshot.load(copy)


@given(at=st.integers(0, 10**6), put=st.binary(min_size=1, max_size=3))
def test_no_damage_to_the_manifest_goes_unnoticed(made: Made, at: int, put: bytes) -> None:
    whole = (made.folder / "manifest.json").read_bytes()
    before = Snapshot.load(made.folder, hashed=False).manifest
    at %= len(whole)
    try:
        (made.folder / "manifest.json").write_bytes(whole[:at] + put + whole[at + len(put) :])
        with suppress(SnapshotError):
            assert Snapshot.load(made.folder, hashed=False).manifest == before  # white space, or the same again
    finally:
        (made.folder / "manifest.json").write_bytes(whole)


def test_a_folder_without_a_manifest_is_none(copy: Path, tmp_path: Path) -> None:
    (copy / "manifest.json").unlink()
    for folder in (copy, tmp_path / "absent"):
        with pytest.raises(SnapshotError, match="not finished"):
            Snapshot.load(folder)


def a_scan(name: str, counts: np.ndarray) -> FrozenScan:
    return FrozenScan({"scan": name, "patient": name}, counts, to_runs(np.zeros(counts.shape, bool)), ())


def test_stopped_before_its_end_nothing_stays(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), Writer(tmp_path / "new") as writer:
        writer.add(a_scan("A", np.zeros((2, 4, 3), np.uint16)))
        raise RuntimeError
    assert not (tmp_path / "new").exists()
    (tmp_path / "mine").mkdir()
    with Writer(tmp_path / "mine"):
        pass
    assert not any((tmp_path / "mine").iterdir())


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(FileExistsError):
        Writer(tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "keep"


def test_pictures_of_another_kind_are_refused(tmp_path: Path) -> None:
    with Writer(tmp_path / "new") as writer:
        writer.add(a_scan("A", np.zeros((2, 4, 3), np.uint16)))
        for wrong in (np.zeros((2, 5, 3), np.uint16), np.zeros((2, 4, 3)), np.zeros((3, 4, 3), np.uint16)):
            with pytest.raises(ValueError):
                writer.add(a_scan("B", wrong))
