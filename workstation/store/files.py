"""The files beside the database: objects as kept and decoded pixels, written so that a crash leaves no row without one.

Names come from the content, so a file once written is never written over with something else.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workstation.core.scan import Frame
from workstation.store.errors import LibraryError

FOLDERS = ("objects", "pixels")
_AT_ONCE = 4


@dataclass(frozen=True)
class NewFile:
    """path: inside the library, with forward slashes. sha256: of data."""

    path: str
    data: bytes
    sha256: str


def shelf(scan: str) -> str:
    """Two letters that spread the scans over 256 folders."""
    return sha256(scan.encode())[:2]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def object_file(scan: str, data: bytes) -> NewFile:
    digest = sha256(data)
    return NewFile(f"objects/{shelf(scan)}/{scan}/{digest[:16]}.dcm", data, digest)


def pixel_file(scan: str, frame: Frame) -> NewFile:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(frame.counts), allow_pickle=False)
    data = buffer.getvalue()
    digest = sha256(data)
    return NewFile(f"pixels/{shelf(scan)}/{scan}-{digest[:16]}.npy", data, digest)


def write(folder: Path, files: Iterable[NewFile]) -> None:
    """Put files in their places, all on disk when it returns. OSError where they cannot be."""
    # By name: two views with the same counts share one file, which must not be written twice at once.
    targets = {folder / file.path: file.data for file in files}
    places: set[Path] = set()
    for parent in {target.parent for target in targets}:
        places.update(above.parent for above in (parent, *parent.parents) if not above.exists())
        places.add(parent)
        parent.mkdir(parents=True, exist_ok=True)
    # The disk takes several files at once better than one after the other.
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(_write_one, targets.items()))
        list(pool.map(sync_folder, places))


def _write_one(item: tuple[Path, bytes]) -> None:
    target, data = item
    part = target.with_name(target.name + ".part")
    with open(part, "wb") as stream:
        stream.write(data)
        stream.flush()
        sync(stream.fileno())
    os.replace(part, target)


def sync(handle: int) -> None:
    """Put an open file on disk, on a Mac through the drive's own memory as well."""
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
    else:
        os.fsync(handle)


def sync_folder(folder: Path) -> None:
    """Make a folder's new names durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove(folder: Path, paths: Iterable[str]) -> None:
    """Take away files that no row names, and their scan's folder when it is empty then."""
    for path in paths:
        target = folder / path
        target.unlink(missing_ok=True)
        target.with_name(target.name + ".part").unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # other files live there, or it never came to be
            target.parent.rmdir()


def read_counts(folder: Path, path: str, shape: tuple[int, int], dtype: str) -> NDArray[Any]:
    """A frame's decoded counts, read-only. LibraryError where the file is not what was written.

    They are copied out of the mapped file, half a megabyte: a mapping whose file is cut or whose disk goes away would
    end the program without a word. Mapped first, a header that announces a picture of any size costs no memory.
    """
    wanted = np.dtype(dtype)
    try:
        mapped = np.load(folder / path, mmap_mode="r", allow_pickle=False)
        same = mapped.shape == shape and mapped.dtype == wanted
        counts: NDArray[Any] | None = np.array(mapped, order="C") if same else None
    except Exception as error:  # numpy's parser of headers raises many kinds for damaged ones
        raise LibraryError(
            f"The pixels in {path} are missing or damaged ({error}). Restore them from a backup; verify lists all."
        ) from error
    if counts is None:
        raise LibraryError(f"The pixels in {path} are not the ones imported. Restore them from a backup.")
    counts.flags.writeable = False
    return counts
