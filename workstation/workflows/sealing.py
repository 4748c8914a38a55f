"""Each look at the sealed patients, counted where it cannot be missed: beside the snapshot, and in the library.

Beside the snapshot NAME stands NAME.openings.jsonl, a line for each opening: whoever has the snapshot, on whatever
machine, sees how often it was opened. Where the library is there as well, its history counts along, which adds up the
openings of all its snapshots: their sealed patients are the same.
"""

from __future__ import annotations

import json
import os
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workstation.workflows.errors import CallError, WorkflowError
from workstation.workflows.snapshot_names import Names

if TYPE_CHECKING:
    from ml.snapshot import Manifest
    from workstation.store.library import Library

SIDECAR = ".openings.jsonl"


def sidecar(snapshot: Path) -> Path:
    """Where the openings of a snapshot are counted: beside the folder itself, by whatever link it was named."""
    folder = Path(os.path.realpath(snapshot))
    return folder.with_name(folder.name + SIDECAR)


def openings(snapshot: Path, manifest: Manifest) -> int:
    """How often the sealed patients of a snapshot were opened, as far as it knows: before it was made, and since."""
    file = sidecar(snapshot)
    try:
        lines = file.read_bytes().count(b"\n")
    except FileNotFoundError:
        lines = 0
    except OSError as error:
        raise WorkflowError(f"{file}, where openings are counted, cannot be read: {error.strerror}.") from error
    return _before(manifest) + lines


def opened(snapshot: Path, manifest: Manifest, run: str, who: str, library: Path | Library | None = None) -> int:
    """Count one opening, and tell how many there are with it. Call it before anything of the sealed is looked at.

    On disk when it returns. run: what opens, in words, such as the run folder's name. library: the one the snapshot was
    made from, its folder or opened for writing, where it is at hand. CallError where nobody is sealed or it is another
    library's; WorkflowError where it cannot be counted, and then nothing may be opened.
    """
    if not manifest.sealed:
        raise CallError(f"No patients are sealed in {snapshot}: make a snapshot with --sealed first.")
    told = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "who": who,
        "run": run,
        "snapshot": manifest.hash,
    }
    in_library = 0 if library is None else _in_library(library, manifest, run, who)
    file = sidecar(snapshot)
    try:
        with open(file, "ab") as stream:
            stream.write(json.dumps(told).encode("ascii") + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise WorkflowError(
            f"The opening could not be counted in {file} ({error.strerror}), so the sealed patients stay sealed. Make "
            "room, or put the snapshot where you may write beside it."
        ) from error
    return max(openings(snapshot, manifest), in_library)


def made_from(library: Library, manifest: Manifest) -> bool:
    """Whether a snapshot was frozen from this library."""
    return Names(library.kind, library.id).origin == manifest.made.get("library")


def counting(snapshot: Path, library: Library | None) -> Library | None:
    """The library where an opening of this snapshot is counted as well: its own, and open for writing."""
    import ml.snapshot

    if library is None or library.read_only:
        return None
    try:
        return library if made_from(library, ml.snapshot.read_manifest(snapshot)) else None
    except ml.snapshot.SnapshotError:
        return None  # whoever opens says what is wrong with it


def _in_library(given: Path | Library, manifest: Manifest, run: str, who: str) -> int:
    from workstation.workflows.opening import writing

    with writing(given) if isinstance(given, Path) else nullcontext(given) as library:
        if not made_from(library, manifest):
            wrong = f"The snapshot was not made from the library {library.folder}."
            raise CallError(f"{wrong} Name the right one, or none.")
        return library.note_opening(run, manifest.hash, who)


def _before(manifest: Manifest) -> int:
    found = manifest.made.get("sealed")
    number = found.get("openings", 0) if isinstance(found, dict) else 0
    return number if isinstance(number, int) else 0
