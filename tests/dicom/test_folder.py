"""What lies under a path: folders, zips, DICOMDIRs, and what is refused there."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from tests.dicom.studies import pydicom_files
from workstation.dicom.errors import DicomError
from workstation.dicom.folder import walk
from workstation.dicom.quiet import quiet


def names(*paths: Path) -> list[str]:
    return [found.name for found in walk(paths)]


def refusal(path: Path) -> str:
    (found,) = walk([path])
    with pytest.raises(DicomError) as caught:
        found.open()
    return str(caught.value)


def test_folders_in_order_with_their_bytes(tmp_path: Path) -> None:
    for name in ("b/two.dcm", "a.dcm", "b/.DS_Store", "DICOMDIR"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    found = list(walk([tmp_path]))
    assert [item.name for item in found] == [f"{tmp_path}/a.dcm", f"{tmp_path}/b/two.dcm"]
    assert [item.open() for item in found] == [b"a.dcm", b"b/two.dcm"]
    assert [item.size for item in found] == [5, 9]


def test_zips_nested_and_by_inner_path(tmp_path: Path) -> None:
    inner, outer = tmp_path / "inner.zip", tmp_path / "outer.zip"
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("deep.dcm", b"deep")
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("study/one.dcm", b"one")
        archive.writestr("__MACOSX/one.dcm", b"not this")
        archive.write(inner, "study/inner.zip")
    inner.unlink()
    assert names(tmp_path) == [f"{outer}/study/inner.zip/deep.dcm", f"{outer}/study/one.dcm"]
    assert [item.open() for item in walk([outer])] == [b"deep", b"one"]
    (found,) = walk([outer / "study" / "one.dcm"])
    assert (found.name, found.open()) == (f"{outer}/study/one.dcm", b"one")
    assert "nothing of that name" in refusal(outer / "none.dcm")


def test_zip_bombs_are_refused(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("big", "w") as member,
    ):
        for _ in range(130):
            member.write(b"\0" * (1 << 20))
    assert "larger than 128 MiB" in refusal(bomb)
    # Fifty entries sharing one member announce 6.5 GiB.
    with zipfile.ZipFile(bomb, "a") as archive:
        first = archive.infolist()[0]
        for number in range(50):
            copy = zipfile.ZipInfo(f"big{number}")
            for name in ("file_size", "compress_size", "CRC", "compress_type", "header_offset"):
                setattr(copy, name, getattr(first, name))
            archive.filelist.append(copy)
        archive._didModify = True  # type: ignore[attr-defined]
    assert "zip bomb" in refusal(bomb)


def test_damaged_zips_and_odd_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 not really")
    assert "damaged" in refusal(tmp_path / "bad.zip")
    assert "no such file" in refusal(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe")
    assert "ordinary" in refusal(tmp_path / "pipe")


def test_links_do_not_lead_round_in_circles(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(b"a")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert names(tmp_path) == [f"{tmp_path}/a.dcm"]


def test_a_dicomdir_lists_its_files() -> None:
    listing = next(path for path in pydicom_files() if path.name == "DICOMDIR" and path.parent.name == "dicomdirtests")
    found = list(walk([listing]))
    assert len(found) > 10
    there = [item for item in found if item.size]
    assert there and all(item.open()[128:132] == b"DICM" for item in there)
    folder = str(listing.parent) + "/"
    assert all(item.name.startswith(folder) for item in found)


def test_a_dicomdir_cannot_point_out_of_its_folder(tmp_path: Path) -> None:
    import pydicom

    listing = next(path for path in pydicom_files() if path.name == "DICOMDIR" and path.parent.name == "dicomdirtests")
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "disc").mkdir()
    with quiet():
        dataset = pydicom.dcmread(listing)
        record = next(item for item in dataset.DirectoryRecordSequence if "ReferencedFileID" in item)
        record.ReferencedFileID = ["..", "secret"]
        dataset.DirectoryRecordSequence = [record]
        dataset.save_as(tmp_path / "disc" / "DICOMDIR")
    assert "not there" in refusal(tmp_path / "disc" / "DICOMDIR")
