"""Every file there is to read under the paths a user gave: folders, zips, DICOMDIRs, with the name to show for each."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath

from workstation.dicom.errors import DicomError
from workstation.dicom.parse import MAX_BYTES

_MAX_MEMBERS = 500_000
# A zip that unpacks to more than this many times its size and more than 4 GiB was made to do harm.
_MAX_RATIO = 200
_MAX_UNPACKED = 4 << 30
_MAX_ZIP_DEPTH = 2
_MAX_FOLDERS = 100
_HIDDEN = (".", "__MACOSX")
_TOO_LARGE = f"The file is larger than {MAX_BYTES >> 20} MiB, which no whole-body scan is."


@dataclass(frozen=True)
class Found:
    """One file. name: as given, or `folder/inner` inside folders and zips. open: its bytes, or DicomError in words."""

    name: str
    open: Callable[[], bytes]
    size: int


def walk(paths: Iterable[Path]) -> Iterator[Found]:
    """Every file under `paths`, in sorted order, lazily; what cannot be listed is Found too, and says why on opening.

    Links to folders are not followed, hidden files are passed over. A path may point inside a zip (`a.zip/inner`).
    """
    for path in paths:
        yield from _path(path, _shown(str(path)), explicit=True)


def _shown(name: str) -> str:
    """The name without the bytes that are no text in this file system, so that it can be printed and stored."""
    return name.encode("utf-8", "replace").decode()


def _path(path: Path, name: str, explicit: bool = False) -> Iterator[Found]:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        yield from _inside_zip(path, name)
        return
    except (OSError, ValueError) as error:
        yield _refused(name, f"It cannot be looked at: {getattr(error, 'strerror', None) or 'not a path'}.")
        return
    if stat.S_ISDIR(mode):
        yield from _folder(path, name)
    elif not stat.S_ISREG(mode):
        yield _refused(name, "It is not an ordinary file.")
    elif path.name.upper() == "DICOMDIR":
        if explicit:
            yield from _dicomdir(path, name)
    elif path.suffix.lower() == ".zip" or (explicit and _begins_like_zip(path)):
        yield from _zip(path, name)
    else:
        yield _file(path, name)


def _folder(path: Path, name: str) -> Iterator[Found]:
    if len(path.parts) > _MAX_FOLDERS:
        yield _refused(name, f"Folders within folders more than {_MAX_FOLDERS} deep; choose one further down.")
        return
    try:
        entries = sorted(path.iterdir())
    except OSError as error:
        yield _refused(name, f"The folder cannot be opened: {error.strerror or type(error).__name__}.")
        return
    for entry in entries:
        if entry.name.startswith(_HIDDEN) or (entry.is_symlink() and entry.is_dir()):
            continue
        yield from _path(entry, _shown(f"{name.rstrip('/')}/{entry.name}"))


def _file(path: Path, name: str) -> Found:
    def read() -> bytes:
        try:
            with path.open("rb") as stream:
                # A buffer as large as the limit would cost more than the reading; a file that grows is read on.
                size = min(os.fstat(stream.fileno()).st_size, MAX_BYTES)
                data = stream.read(size + 1)
                if len(data) == size + 1 <= MAX_BYTES:
                    data += stream.read(MAX_BYTES + 1 - len(data))
        except OSError as error:
            raise DicomError(f"The file cannot be read: {error.strerror or type(error).__name__}.") from error
        if len(data) > MAX_BYTES:
            raise DicomError(_TOO_LARGE)
        return data

    return Found(name, read, path.stat().st_size)


def _refused(name: str, reason: str) -> Found:
    def read() -> bytes:
        raise DicomError(reason)

    return Found(name, read, 0)


def _begins_like_zip(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(4) == b"PK\x03\x04"
    except OSError:
        return False


def _inside_zip(path: Path, name: str) -> Iterator[Found]:
    """`archive.zip/inner`, where `inner` names a member or a folder of members."""
    for parent in path.parents:
        if parent.is_file() and _begins_like_zip(parent):
            inner = path.relative_to(parent).as_posix()
            prefix = name[: -len(inner)].rstrip("/") if name.endswith(inner) else str(parent)
            wanted = f"{prefix}/{inner}"
            found = [item for item in _zip(parent, prefix) if (item.name + "/").startswith(wanted + "/")]
            yield from found or [_refused(name, "The archive holds nothing of that name.")]
            return
    yield _refused(name, "There is no such file or folder.")


def _zip(source: Path | BytesIO, name: str, depth: int = 1) -> Iterator[Found]:
    try:
        archive = zipfile.ZipFile(source)
        members = sorted(archive.infolist(), key=lambda member: member.filename)
    except Exception as error:  # zipfile raises many kinds for damaged archives
        yield _refused(name, f"The archive is damaged and cannot be opened ({type(error).__name__}). Copy it again.")
        return
    unpacked, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    if len(members) > _MAX_MEMBERS:
        yield _refused(name, f"The archive announces {len(members):,} files; refused. Unpack it by hand.")
    elif unpacked > _MAX_UNPACKED and unpacked > _MAX_RATIO * max(packed, 1):
        yield _refused(name, f"The archive unpacks to {unpacked >> 30} GiB from almost nothing (a zip bomb); refused.")
    else:
        for member in members:
            parts = PurePosixPath(member.filename).parts
            if member.is_dir() or any(part.startswith(_HIDDEN) for part in parts if part != ".."):
                continue
            if parts and parts[-1].upper() == "DICOMDIR":
                continue
            yield from _member(archive, member, f"{name}/{member.filename}", depth)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, depth: int) -> Iterator[Found]:
    def read() -> bytes:
        if member.flag_bits & 1:
            raise DicomError("The file is encrypted in its archive. Unpack it with its password first.")
        if member.file_size > MAX_BYTES:
            raise DicomError(_TOO_LARGE)
        try:
            with archive.open(member) as stream:
                data = stream.read(MAX_BYTES + 1)
        except Exception as error:  # zipfile and its decompressors raise many kinds for damaged members
            raise DicomError(f"The archive is damaged here ({type(error).__name__}). Copy it again.") from error
        if len(data) > MAX_BYTES:
            raise DicomError(_TOO_LARGE)
        return data

    if not member.filename.lower().endswith(".zip"):
        yield Found(name, read, member.file_size)
    elif depth >= _MAX_ZIP_DEPTH:
        yield _refused(name, "An archive within an archive within an archive. Unpack it first.")
    else:
        try:
            inner = BytesIO(read())
        except DicomError as error:
            yield _refused(name, str(error))
            return
        yield from _zip(inner, name, depth + 1)


def _dicomdir(path: Path, name: str) -> Iterator[Found]:
    """The files a DICOMDIR lists, beside it on the disc; names in other case are found too."""
    try:
        listed = _listed_files(_file(path, name).open())
    except DicomError as error:
        yield _refused(name, str(error))
        return
    folder, prefix = path.parent, name[: -len(path.name)]
    for parts in listed:
        shown = prefix + "/".join(parts)
        target = _on_disc(folder, parts)
        if target is None:
            yield _refused(shown, "The DICOMDIR lists this file, but it is not there. Copy the whole disc.")
        else:
            yield _file(target, shown)


def _listed_files(data: bytes) -> list[tuple[str, ...]]:
    from pydicom.sequence import Sequence

    from workstation.dicom.parse import parse
    from workstation.dicom.quiet import quiet

    with quiet():
        try:
            header = parse(data)
            if not isinstance(header.value(0x00041220), Sequence):
                raise DicomError("The DICOMDIR lists no files. Choose the folder that holds them.")
            parts = [record.texts(0x00041500) for record in header.items(0x00041220)]
        except DicomError:
            raise
        except Exception as error:
            raise DicomError("The DICOMDIR is damaged. Choose the folder that holds the files.") from error
    return sorted({part for part in parts if part})


def _on_disc(folder: Path, parts: tuple[str, ...]) -> Path | None:
    """The file, matching names without regard to case; None when absent or when the list points out of the folder."""
    path = folder
    for part in parts:
        if part in ("", ".", "..") or "/" in part or "\\" in part or "\0" in part:
            return None
        step = path / part
        if not step.exists():
            names = {entry.name.lower(): entry for entry in path.iterdir()} if path.is_dir() else {}
            found = names.get(part.lower())
            if found is None:
                return None
            step = found
        path = step
    return path if path.is_file() else None
