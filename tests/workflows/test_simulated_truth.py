"""What a simulator tells beside the lesions: it reaches a snapshot, and nothing else."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml import origin
from ml.snapshot import Snapshot
from tests.workflows.studies import COHORT_PATIENTS, bring
from workstation.core.lesion import ReadingKey
from workstation.core.repeats import Item
from workstation.phantom.cohorts import COHORTS, VERSION
from workstation.phantom.patient import simulate
from workstation.store.blinded import BlindLibrary
from workstation.store.errors import LibraryError
from workstation.store.library import Library
from workstation.store.values import Simulation
from workstation.workflows import export, provenance, snapshot
from workstation.workflows.predictions import load
from workstation.workflows.progress import finish
from workstation.workflows.snapshot_plan import Wanted
from workstation.workflows.snapshot_told import as_text

SEED = 11  # of the cohort


def freeze(library: Library, out: Path) -> Snapshot:
    finish(snapshot.run(library, out, Wanted(folds=2, reader="truth"), "rita"))
    return Snapshot.load(out)


def rows(file: Path) -> list[dict[str, str]]:
    with open(file, newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def frozen(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Library, Snapshot]]:
    """A library of the cohort, and its snapshot; not to be changed."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("simulated")
        patch.setenv("OSTEOSCOPE_HOME", str(folder / "home"))
        library = Library.create(folder / "library")
        bring(library, cohort)
        yield library, freeze(library, folder / "out")
        library.close()


def test_bladder_and_chances_come_through_the_library_as_they_were_simulated(frozen: tuple[Library, Snapshot]) -> None:
    _, there = frozen
    by_counts = {np.asarray(picture).tobytes(): row for row, picture in enumerate(there.pictures)}
    bladders = chances = 0
    for number in range(COHORT_PATIENTS):
        for one in simulate(COHORTS["demo"], SEED, number):
            row = by_counts[one.counts.tobytes()]
            assert np.array_equal(there.bladder(row), one.bladder)
            bladders += bool(one.bladder.any())
            seen = [lesion for lesion in one.lesions if lesion.visible]
            told = [there.lesions[at] for at in np.flatnonzero(there.lesion_scan == row)]
            for cells, lesion in zip(told, seen, strict=True):
                assert float(cells["p_ceiling"]) == pytest.approx(lesion.p_ceiling, abs=1e-8)
                assert float(cells["p_alone"]) == pytest.approx(lesion.p_alone, abs=1e-8)
                chances += 1
    assert bladders and chances


def test_the_simulator_is_named_wherever_a_snapshot_is_told_of(frozen: tuple[Library, Snapshot]) -> None:
    _, there = frozen
    made = there.manifest.made
    told = {"version": VERSION, "cohort": "demo", "seed": SEED, "scans": len(there.scans)}
    assert made["simulators"] == [told] and made["bladders"] == {"simulated": len(there.scans)}
    assert origin.of_snapshot(there)["simulator"] == {"version": VERSION}
    assert provenance.data(load(there.folder)).simulator == VERSION
    result = snapshot.SnapshotResult(there.folder, len(there.scans), 0, (), (), (), there.manifest.hash, made)
    assert any(f"simulator {VERSION}, cohort demo, seed {SEED}" in line for line in as_text(result))


def test_patients_of_a_library_are_known_by_their_own_names(frozen: tuple[Library, Snapshot]) -> None:
    """Names in a library do not repeat from seed to seed, as those of a cohort do."""
    told = origin.of_snapshot(frozen[1])["simulator"]
    assert origin.identity("P1", told) == "P1" == origin.identity("P1", None)
    assert origin.identity("P1", {"name": "demo", "seed": 3}) == "demo/3/P1"


def test_nothing_counted_of_the_truth_is_another_for_it(
    cohort: Path, frozen: tuple[Library, Snapshot], tmp_path: Path
) -> None:
    library, _ = frozen
    seen = [row for row in rows(cohort / "truth" / "lesions.csv") if row["visible"] == "1"]
    exported = finish(export.run(library, tmp_path / "out"))
    told = rows(tmp_path / "out" / "lesions.csv")
    assert exported.lesions == len(told) == len(seen)
    assert {row["label"] for row in told} == {row["label"] for row in seen}
    listed = library.rows(library.ids())
    assert sum(row.lesions for row in listed) == len(seen)
    assert sum(row.malignant for row in listed) == sum(row["label"] == "malignant" for row in seen)
    assert all(len(library.readings(row.scan)) == 1 for row in listed)
    for row in listed:
        assert len(library.session(ReadingKey(row.scan, "truth")).done) == 1
    assert library.verify().ok


def test_imported_again_it_is_no_news_and_what_was_lost_comes_back(
    cohort: Path, tmp_path: Path, tmp_library_home: Path
) -> None:
    """As a library of an older version is, whose truth came without."""
    copy = tmp_path / "cohort"
    shutil.copytree(cohort, copy)
    masks = sorted((copy / "truth" / "masks").iterdir())
    whole = dict(np.load(masks[0]))
    np.savez(masks[0], **{name: mask for name, mask in whole.items() if name != "bladder"})
    (copy / "truth" / "cohort.json").write_text('{"version": 2, "seed": "x"')
    library = Library.create(tmp_path / "library")
    assert not bring(library, copy).refused
    there = freeze(library, tmp_path / "before")
    assert there.manifest.simulators == () and origin.of_snapshot(there)["simulator"] is None
    assert there.manifest.made["bladders"] == {"simulated": len(there.scans) - 1}

    again = bring(library, cohort)
    assert (again.scans, again.labels, again.refused) == (0, 0, ())
    after = freeze(library, tmp_path / "after")
    assert after.manifest.simulators == (VERSION,)
    assert after.manifest.made["bladders"] == {"simulated": len(there.scans)}
    number = library.verify().rows
    bring(library, cohort)
    assert library.verify().rows == number and library.verify().ok
    library.close()


def test_versions_that_differ_are_all_named(frozen: tuple[Library, Snapshot], tmp_path: Path) -> None:
    copied = tmp_path / "library"
    shutil.copytree(frozen[0].folder, copied)
    library = Library.open(copied)
    first, second, *_ = library.ids()
    library.tell_simulated({first: Simulation("1.9", "older", 3), second: Simulation()}, "rita")
    there = freeze(library, tmp_path / "out")
    library.close()
    assert there.manifest.simulators == ("1.9", VERSION, "not known")
    assert origin.of_snapshot(there)["simulator"] == {"version": f"1.9, {VERSION}, not known"}


def test_who_reads_a_simulated_scan_is_told_nothing(frozen: tuple[Library, Snapshot], tmp_path: Path) -> None:
    copied = tmp_path / "library"
    shutil.copytree(frozen[0].folder, copied)
    library = Library.open(copied)
    scan = library.ids()[0]
    assert any(row.do == "simulated" for row in library.history(scan))
    library.make_queue("anna", [Item(scan)], True, "rita", {})
    blind = BlindLibrary(library, "anna")
    assert {row.do for row in blind.history(scan)} == {"import"}
    library.close()


def test_a_simulation_of_no_scan_is_refused_and_a_changed_one_found(
    frozen: tuple[Library, Snapshot], tmp_path: Path
) -> None:
    copied = tmp_path / "library"
    shutil.copytree(frozen[0].folder, copied)
    library = Library.open(copied)
    before = library.verify().rows
    with pytest.raises(LibraryError, match="no scan nobody"):
        library.tell_simulated({library.ids()[0]: Simulation("9"), "nobody": Simulation("9")}, "rita")
    assert library.verify().rows == before
    spoil(library, {"version": "9"})
    library.close()
    looking = Library.open(copied)
    (problem,) = looking.verify().problems
    looking.close()
    assert "simulated is not as the history has it" in problem


def spoil(library: Library, after: dict[str, Any]) -> None:
    """Change one row behind the history's back."""
    import sqlite3

    with sqlite3.connect(library.folder / "library.db") as connection:
        scan, told = connection.execute("SELECT scan, told FROM simulations").fetchone()
        changed = json.dumps({**json.loads(told), **after})
        connection.execute("UPDATE simulations SET told = ? WHERE scan = ?", (changed, scan))
    connection.close()
