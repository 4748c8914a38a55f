"""The library a newcomer finds: simulated patients with their truth, and the one real scan that may be passed on."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workstation.workflows import import_scans, simulate
from workstation.workflows.home import home
from workstation.workflows.opening import writing
from workstation.workflows.progress import Job

if TYPE_CHECKING:
    from workstation.store.library import Library

COHORT = "demo"
PATIENTS = 40
SEED = 20_250_401  # reserved: nothing may be trained on patients of this seed
WHO = "first run"


@dataclass(frozen=True)
class FirstRun:
    """scans: how many the library holds. made: whether it was made now, or was there already."""

    library: Path
    scans: int
    made: bool


def default_folder() -> Path:
    """OSTEOSCOPE_LIBRARY where it is set, else a folder of the user's own."""
    given = os.environ.get("OSTEOSCOPE_LIBRARY")
    return Path(given) if given else home() / "first-run"


def is_made(folder: Path) -> bool:
    """Whether there is a library and no first run left unfinished."""
    return (folder / "library.db").is_file() and not _scratch(folder).exists()


def run(folder: Path, patients: int = PATIENTS) -> Job[FirstRun]:
    """Make the library, or finish making it; of a library that is there already nothing but its format is changed.

    What is still needed lies in a folder beside the library until all is done, so a run that was killed goes on.
    """
    from workstation.store.library import Library

    if is_made(folder):
        there = Library.open(folder)  # for writing: one of an older version is brought up to date by that
        try:
            return FirstRun(folder, len(there.ids()), False)
        finally:
            there.close()
    with writing(folder, make="research") as library:
        return (yield from fill(library, patients))


def fill(library: Library, patients: int = PATIENTS) -> Job[FirstRun]:
    """Bring the simulated patients and the real scan into a library that is open for writing."""
    scratch = _scratch(library.folder)
    cohort = scratch / "cohort"
    scratch.mkdir(parents=True, exist_ok=True)
    if not (cohort / "truth" / "cohort.json").is_file():
        shutil.rmtree(cohort, ignore_errors=True)
        yield from simulate.run(COHORT, cohort, patients, SEED)
    options = import_scans.ImportOptions(who=WHO)
    yield from import_scans.run([cohort], library, options)
    real = real_scan()
    if real is not None:
        yield from import_scans.run([real], library, options)
    shutil.rmtree(scratch)
    return FirstRun(library.folder, len(library.ids()), True)


def real_scan() -> Path | None:
    """The real anterior whole-body scan that comes with pydicom-data, None where that package is not installed."""
    try:
        import data_store
    except ImportError:
        return None
    file = Path(next(iter(data_store.__path__))) / "data" / "JPEG-LL.dcm"
    return file if file.is_file() else None


def _scratch(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.making")
