"""Libraries in a hostile world: files damaged behind the program's back, scans unlike any other."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from dataclasses import replace

import numpy as np
import pytest

from workstation.core.scan import VIEWS, Frame, How
from workstation.store import files
from workstation.store.library import LibraryError


def test_a_scan_whose_two_views_hold_the_same_counts_is_kept(library, make_scan):
    same = np.full((40, 20), 7, np.uint16)
    for number in range(20):  # each time two threads might meet at one file
        counts = same + np.uint16(number)
        frames = {view: Frame(counts.copy(), view, How.TEXT, n, None) for n, view in enumerate(VIEWS, 1)}
        library.add_scans([replace(make_scan(f"S{number}"), frames=frames)])
        loaded = library.load(f"S{number}")
        assert all((loaded.frames[view].counts == counts).all() for view in VIEWS)
    assert library.verify().ok


@pytest.mark.skipif(os.name == "nt", reason="there, open files cannot be deleted")
@pytest.mark.parametrize("fate", ["deleted", "moved", "replaced"])
def test_nothing_is_written_into_a_library_that_is_gone(library, make_scan, fate):
    library.add_scans([make_scan("S1")])
    folder = library.folder
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)
    if fate == "deleted":
        shutil.rmtree(folder)
    else:
        folder.rename(folder.with_name("elsewhere"))
    if fate == "replaced":
        copy.rename(folder)
    with pytest.raises(LibraryError, match="any more"):
        library.correct("S1", "anna", tumour="lung")


@pytest.mark.skipif(os.name == "nt", reason="there, open files cannot be cut")
def test_a_scan_that_is_shown_stays_when_its_files_are_cut(library, make_scan):
    scan = make_scan("S1", rows=2000)
    library.add_scans([scan])
    shown = library.load("S1")
    for file in library.folder.glob("pixels/*/*.npy"):
        os.truncate(file, 0)
    for view, frame in scan.frames.items():
        assert (shown.frames[view].counts == frame.counts).all()
        assert not shown.frames[view].counts.flags.writeable
    with pytest.raises(LibraryError, match="damaged"):
        library.load("S1")


def test_pixel_files_with_damaged_headers_are_told_in_words(tmp_path):
    file = tmp_path / "p.npy"
    np.save(file, np.ones((8, 4), np.uint16))
    whole = file.read_bytes()
    rng = random.Random(0)
    broken = [whole[:length] for length in range(0, len(whole), 3)]
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(rng.randint(1, 6)):
            damaged[rng.randrange(128)] = rng.choice([rng.randrange(256), *b"()'{9\0\n"])
        broken.append(bytes(damaged))
    refused = 0
    for data in broken:
        file.write_bytes(data)
        try:
            counts = files.read_counts(tmp_path, "p.npy", (8, 4), "<u2")
        except LibraryError as error:
            assert "p.npy" in str(error)
            refused += 1
        else:
            assert counts.shape == (8, 4)
    assert refused > 100
    file.write_bytes(whole)
    with pytest.raises(LibraryError, match="not the ones imported"):
        files.read_counts(tmp_path, "p.npy", (4, 8), "<u2")


@pytest.mark.parametrize(
    ("damage", "fails"),
    [
        ("UPDATE frames SET view = 'antelior' WHERE view = 'anterior' AND", ("rows", "load")),
        ("UPDATE frames SET how = 'magic'", ("rows", "load")),
        ("UPDATE frames SET dtype = 'u?'", ("load",)),
        ("UPDATE facts SET facts = '{'", ("load", "facts")),
        ("UPDATE facts SET facts = '7'", ("load", "facts")),
        ("UPDATE scans SET status = 'dome'", ("rows",)),
    ],
)
def test_rows_that_nobody_wrote_are_told_in_words(library, make_scan, damage, fails):
    library.add_scans([make_scan("S1"), make_scan("S2")])
    damaged = sqlite3.connect(library.folder / "library.db")
    damaged.execute("PRAGMA ignore_check_constraints = ON")
    where = "" if damage.endswith("AND") else " WHERE"
    damaged.execute(f"{damage}{where} {'id' if ' scans ' in damage else 'scan'} = 'S1'")
    damaged.commit()
    damaged.close()
    asked = {"rows": lambda: library.rows(["S2", "S1"]), "load": lambda: library.load("S1")}
    asked["facts"] = lambda: library.facts("S1")
    for name in fails:
        with pytest.raises(LibraryError, match="scan S1 is damaged"):
            asked[name]()
    assert library.load("S2") and library.rows(["S2"])
    assert not library.verify().ok
