"""A library frozen: what was drawn is there to the pixel, every scan has one fate, and nothing is ever half there."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ml.snapshot
from ml.snapshot import Snapshot, SnapshotError
from ml.splits import split
from tests.workflows.read_library import SPOT, lesion, make, read, scan
from tests.workflows.studies import bring
from workstation.cli import main
from workstation.core import edits
from workstation.core.clinical import Clinical
from workstation.core.edits import Step
from workstation.core.lesion import Label, Origin, ReadingKey
from workstation.core.repeats import Item
from workstation.core.scan import View
from workstation.phantom.cohorts import COHORTS
from workstation.phantom.patient import simulate
from workstation.store.errors import LibraryError
from workstation.store.library import Library
from workstation.workflows import sealing, snapshot
from workstation.workflows.errors import CallError, WorkflowError
from workstation.workflows.opening import as_seen
from workstation.workflows.progress import finish
from workstation.workflows.snapshot import SnapshotResult
from workstation.workflows.snapshot_plan import Wanted

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def twelve(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve patients, closed; not to be changed."""
    library = make(tmp_path_factory.mktemp("twelve") / "library")
    library.close()
    return library.folder


@pytest.fixture
def library(twelve: Path, tmp_path: Path) -> Iterator[Library]:
    """Twelve patients of one's own."""
    opened = Library.open(Path(shutil.copytree(twelve, tmp_path / "library")))
    yield opened
    opened.close()


def freeze(library: Library, out: Path, **wanted: Any) -> tuple[SnapshotResult, Snapshot]:
    result = finish(snapshot.run(library, out, Wanted(**{"folds": 3, **wanted}), "rita"))
    there = Snapshot.load(out)
    assert not list(out.parent.glob("*.unfinished"))
    assert (result.hash, result.scans, result.lesions) == (there.manifest.hash, len(there.scans), len(there.lesions))
    assert [set(fold) for fold in result.folds] == [
        {name for name, own in there.manifest.folds.items() if own == fold} for fold in range(len(result.folds))
    ]
    return result, there


def test_a_simulated_library_comes_out_as_it_was_drawn(cohort: Path, tmp_path: Path, tmp_library_home: Path) -> None:
    library = Library.create(tmp_path / "library")
    bring(library, cohort)
    _, there = freeze(library, tmp_path / "out", folds=2, reader="truth")
    _, again = freeze(library, tmp_path / "again", folds=2)
    library.close()
    assert there.manifest.labels_from == again.manifest.labels_from == "truth"
    assert there.manifest.made["simulated"] == len(there.scans) and there.manifest.simulated
    assert there.manifest.hash == again.manifest.hash
    drawn = simulate(COHORTS["demo"], 11, 0)
    by_counts = {np.asarray(picture).tobytes(): row for row, picture in enumerate(there.pictures)}
    lesions = 0
    for one in drawn:
        row = by_counts[one.counts.tobytes()]
        told = there.scans[row]
        assert (told["tumour"], told["sex"], told["grade"]) == (one.person.tumour, one.person.sex, str(one.grade))
        assert told["diffuse"] == str(int(one.diffuse))
        seen = [each for each in one.lesions if each.visible]
        own = [number for number, at in enumerate(there.lesion_scan) if at == row]
        lesions += len(own)
        for number, true in zip(own, seen, strict=True):
            cells = there.lesions[number]
            assert np.array_equal(there.mask(number), true.masks)
            assert (cells["lesion"], cells["label"] == "malignant") == (true.id, true.malignant)
            assert (cells["region"], cells["side"], cells["site6"]) == (true.site.region, true.site.side, true.site6)
            assert (cells["criterion"], cells["origin"], cells["visible"]) == (true.criterion, "truth", "1")
    assert lesions


def test_every_scan_has_one_fate(library: Library, tmp_path: Path) -> None:
    """Beside the twelve, one scan for each reason; Q is a patient of whom one scan is in and one is not."""
    more = "none open alone adjudicating unlabelled quality clinic q-in q-out small mixed".split()
    given: dict[str, dict[str, Any]] = {
        "alone": {"views": (View.ANTERIOR,)}, "clinic": {"excluded": "primary bone tumour"},
        "q-in": {"patient": "Q"}, "q-out": {"patient": "Q", "excluded": "Mr. Smith moved away"},
        "small": {"shape": (512, 128), "spacing": (4.8, 4.8)},
    }  # fmt: skip
    library.add_scans([scan(name, **{"patient": name.upper(), **given.get(name, {})}) for name in more])
    for name in ("alone", "adjudicating", "clinic", "q-in", "q-out", "small"):
        read(library, name, lesion("L1", Label.BENIGN))
    read(library, "open", lesion("L1", Label.BENIGN), done=False)
    read(library, "adjudicating", reader="adjudicated", done=False)
    read(library, "unlabelled", lesion("L1", None), lesion("L2", Label.UNCERTAIN))
    read(library, "quality")
    key = ReadingKey("quality", "anna")
    judged = edits.judge("Exclude", library.session(key).reading.verdict, progress="excluded", reason="picture quality")
    library.append(key, Step("edit", judged), "anna")
    marks = [lesion(f"M-{kind}", Label.NOT_BONE, criterion=kind) for kind in ("bladder", "contamination")]
    isocontour = lesion("L1", Label.MALIGNANT, Origin.ISOCONTOUR, label_origin=Origin.HAND)
    read(library, "mixed", isocontour, *marks, grade=0)
    library.tell_clinical("P00", Clinical(reference=0), "Reference", "rita")
    read(library, "q-in", reader="ben", grade=2)  # begun after anna's, which stands

    result, there = freeze(library, tmp_path / "out")
    made = result.made
    assert made["flow"]["collected"] == {"scans": 23, "patients": 22}
    assert {why: (count["scans"], count["patients"]) for why, count in made["flow"]["excluded"].items()} == {
        "no reading": (1, 1), "reading not finished": (1, 1), "adjudication not finished": (1, 1),
        "missing view": (1, 1), "picture quality": (1, 1), "primary bone tumour": (1, 1), "other reason": (1, 1),
    }  # fmt: skip
    assert made["flow"]["included"] == {"scans": 16, "patients": 16} and result.scans == 16
    assert made["lesions"]["labels"] == {"malignant": 7, "benign": 8, "uncertain": 1} and result.lesions == 16
    assert made["lesions"]["origins"] == {"hand": 15, "isocontour": 1}
    assert made["lesions"]["left out"] == {"without a label": 1}
    assert made["lesions"]["not bone"] == {"bladder": 1, "contamination": 1}
    assert made["pictures"] == {"as they were": 15, "resampled": 1}
    assert made["readings"]["one reader"] == 16 and made["readings"]["readers still to be adjudicated"] == 1
    assert there.manifest.labels_from == "adjudicated, else first" and not there.manifest.simulated
    strata = there.manifest.strata
    assert made["status"]["reference"] == 1 and made["status"]["grade"] == 15
    assert made["status"]["conflicts"] == ["P00"] and strata["P00"] == "lung/clear"
    assert made["status"]["unlike their lesions"] == ["MIXED", "P00"] and strata["MIXED"] == "lung/clear"
    row = there.manifest.scans.index("mixed")
    bladder = np.zeros((2, 1024, 256), bool)
    for view in (0, 1):
        bladder[view, SPOT[0] : SPOT[0] + 4, SPOT[1] + view : SPOT[1] + view + 4] = True
    assert np.array_equal(there.bladder(row), bladder), "the bladder, and not the contamination"
    small = there.manifest.scans.index("small")
    kept = library.load("small").frames[View.POSTERIOR].counts
    assert np.array_equal(there.pictures[small, 1], np.kron(kept, np.ones((2, 2))))
    (number,) = np.flatnonzero(there.lesion_scan == small)
    mask = there.mask(int(number))
    assert mask[0].sum() == 64 and mask[0, 600:608, 200:208].all()
    assert "Smith" not in (tmp_path / "out" / "manifest.json").read_text("utf-8")


def test_what_a_header_says_oddly_is_left_open(library: Library, tmp_path: Path) -> None:
    """A file may say anything; what no table may hold is as if it were not known, and the snapshot can be loaded."""
    odd = scan("odd", "ODD", tumour=None, sex="=1+1", age=-3.0, day="yesterday", spacing=(1e9, 0.0))
    library.add_scans([odd])
    read(library, "odd", lesion("L1", Label.BENIGN, side="both", region="nowhere"), grade=None)
    _, there = freeze(library, tmp_path / "out")
    row = there.scans[there.manifest.scans.index("odd")]
    assert {row[name] for name in ("day", "tumour", "sex", "age", "grade", "spacing_mm")} == {""}
    assert there.manifest.strata["ODD"] == "unknown/clear" and there.manifest.made["status"]["lesions"] == 1
    (cells,) = (each for each in there.lesions if each["scan"] == "odd")
    assert (cells["side"], cells["site6"], cells["region"], cells["tumour"]) == ("", "", "", "unknown")


def test_whose_reading(library: Library, tmp_path: Path) -> None:
    for name in ("S-P00", "S-P01", "S-P02", "S-P03"):
        read(library, name, lesion("L9", Label.UNCERTAIN), reader="ben", grade=2)
    read(library, "S-P00", lesion("L8", Label.BENIGN), reader="adjudicated", grade=0)
    _, there = freeze(library, tmp_path / "out")
    names = {row["scan"]: row["lesion"] for row in there.lesions}
    assert names["S-P00"] == "L8" and {names[scan] for scan in names if scan != "S-P00"} == {"L1"}
    result, bens = freeze(library, tmp_path / "ben", folds=2, reader="ben")
    assert bens.manifest.labels_from == "ben" and {row["lesion"] for row in bens.lesions} == {"L9"}
    assert result.made["flow"]["excluded"] == {"no reading": {"scans": 8, "patients": 8}}
    with pytest.raises(WorkflowError, match="no reading: 12.*--reader"):
        finish(snapshot.run(library, tmp_path / "none", Wanted(reader="nobody")))
    assert not (tmp_path / "none").exists()


def test_folds_keep_strata_and_follow_the_seed(library: Library, tmp_path: Path) -> None:
    one, there = freeze(library, tmp_path / "one", seed=1)
    same, _ = freeze(library, tmp_path / "same", seed=1)
    other, _ = freeze(library, tmp_path / "other", seed=2)
    assert one.folds == same.folds != other.folds
    by = [Counter(there.manifest.strata[patient] for patient in fold) for fold in one.folds]
    assert set(there.manifest.strata.values()) == {
        f"{t}/{s}" for t in ("lung", "breast") for s in ("metastatic", "clear")
    }
    for stratum in by[0]:
        assert max(fold[stratum] for fold in by) - min(fold[stratum] for fold in by) <= 1
    for file in (tmp_path / "one").iterdir():
        assert (tmp_path / "same" / file.name).read_bytes() == file.read_bytes(), file.name


@pytest.mark.parametrize(("given", "words"), [
    ({"folds": 13}, "too few patients for 13 folds: 12 "), ({"folds": 1}, "two folds"), ({"seed": -1}, "seed"),
    ({"sealed": "10"}, "10 of 12 patients cannot be sealed"), ({"sealed": "many"}, "no number of patients"),
    ({"sealed": "0"}, "no number"), ({"sealed": "110%"}, "no number"), ({"sealed": "-0.5"}, "no number"),
])  # fmt: skip
def test_what_cannot_be_is_told(library: Library, tmp_path: Path, given: dict[str, Any], words: str) -> None:
    with pytest.raises(CallError, match=words):
        finish(snapshot.run(library, tmp_path / "out", Wanted(**{"folds": 3, **given})))
    assert not list(tmp_path.glob("out*")) and not library.sealed()


def test_sealed_is_for_ever(library: Library, tmp_path: Path) -> None:
    first, there = freeze(library, tmp_path / "first", sealed="4", seed=3)
    assert len(first.sealed) == 4 and Counter(there.manifest.strata[name] for name in first.sealed) == Counter(
        set(there.manifest.strata.values())
    ), "one of each stratum"
    assert not set(first.sealed) & {name for fold in first.folds for name in fold} and library.sealed() == first.sealed
    library.add_scans([scan(f"N{number}", f"N{number}") for number in range(6)])
    for number in range(6):
        read(library, f"N{number}", lesion("L1", Label.BENIGN))
    library.correct(f"S-{first.sealed[0]}", "rita", excluded="picture quality")
    for number, sealed in enumerate(("8", None, "50%")):
        later, grown = freeze(library, tmp_path / f"later{number}", sealed=sealed, seed=number)
        assert later.sealed == first.sealed == grown.manifest.sealed
        assert {name for fold in later.folds for name in fold} == set(grown.manifest.strata) - set(first.sealed)
        assert later.made["sealed"]["without a scan here"] == [first.sealed[0]]
    with pytest.raises(LibraryError, match="sealed already"):
        library.seal(["N0"], "rita", {})
    assert library.note_opening("run 1", later.hash, "rita") == 1 and library.note_opening("run 2", "x", "ben") == 2
    assert [(one.run, one.who) for one in library.openings()] == [("run 1", "rita"), ("run 2", "ben")]
    assert freeze(library, tmp_path / "last")[0].made["sealed"]["openings"] == 2
    assert library.verify().ok


def test_labels_of_an_ai_are_in_no_test(library: Library, tmp_path: Path) -> None:
    """P00: accepted, then drawn anew; P01: accepted and deleted; P02: edited; P03: in an earlier scan; P04: by a reader
    whose reading was adjudicated.
    """
    key = ReadingKey("S-P00", "anna")
    taken = lesion("A1", Label.BENIGN, Origin.AI_ACCEPTED)
    library.append(key, Step("edit", edits.add("Accept", taken)), "anna")
    library.append(
        key, Step("edit", edits.change("Draw", taken, roi_origin=Origin.HAND, label_origin=Origin.HAND)), "anna"
    )
    key = ReadingKey("S-P01", "anna")
    library.append(key, Step("edit", edits.add("Accept", taken)), "anna")
    library.append(key, Step("edit", edits.delete("Delete", taken)), "anna")
    edited = lesion("A2", Label.BENIGN, Origin.AI_EDITED, label_origin=Origin.AI_ACCEPTED)
    library.append(ReadingKey("S-P02", "anna"), Step("edit", edits.add("Accept", edited)), "anna")
    library.add_scans([scan("S-prior", "P03", day="2023-01-01")])
    read(library, "S-prior", lesion("A3", Label.BENIGN, Origin.AI_ACCEPTED), done=False)
    for reader, origin in (("ben", Origin.AI_ACCEPTED), ("adjudicated", Origin.HAND)):
        read(library, "S-P04", lesion("A4", Label.BENIGN, origin), reader=reader)
    read(library, "S-P05", lesion("A5", Label.BENIGN, Origin.AI_ACCEPTED), reader="ben")
    with_ai = tuple(f"P{number:02d}" for number in range(5))  # P05's labels are anna's, who had none
    result, there = freeze(library, tmp_path / "out", sealed="50%")
    assert result.train_only == there.manifest.train_only == with_ai
    assert not set(with_ai) & {*result.sealed, *there.manifest.folds}
    assert result.made["ai"] == {"readings": 3, "patients": 5, "tested": False}
    assert result.made["lesions"]["origins"] == {"AI edited": 1, "hand": 13}
    for fold in (-1, 0, 1, 2):
        parts = split(there.manifest, fold, inner=0.5)
        assert set(result.train_only) <= parts.train
        assert not set(result.train_only) & (parts.test | parts.inner) and not parts.train & parts.test
    asked, all_in = freeze(library, tmp_path / "asked", ai_labels=True)
    assert not asked.train_only and set(with_ai) <= set(all_in.manifest.folds) and asked.made["ai"]["tested"]


def test_no_original_name_of_a_clinical_library(tmp_path: Path) -> None:
    library = make(tmp_path / "library", 6, kind="clinical")
    library.add_scans([scan("S-OLD", "DOE^JANE 1931", age=97.0, day="2024-03-10"),
                       scan("S-NEW", "DOE^JANE 1931", age=97.0, day="2024-09-06")])  # fmt: skip
    for name in ("S-OLD", "S-NEW"):
        read(library, name, lesion("L1", Label.BENIGN))
    result, there = freeze(library, tmp_path / "out", sealed="2")
    _, again = freeze(library, tmp_path / "again")
    library.close()
    told = b"".join(file.read_bytes() for file in (tmp_path / "out").iterdir() if file.suffix != ".npy")
    for name in ("JANE", "DOE", "S-OLD", "P00", "S-P03", "2024-03-10", "2024-09-06", library.id):
        assert name.encode() not in told
    assert again.manifest.scans == there.manifest.scans and again.manifest.sealed == result.sealed
    days = [row["day"] for row in there.scans if row["age"] == "90"]
    gap = np.diff(np.array(sorted(days), "datetime64[D]")).astype(int)
    assert gap.tolist() == [180]


def test_who_reads_blinded_makes_none(library: Library, tmp_path: Path) -> None:
    library.make_queue("anna", [Item("S-P00")], True, "rita", {})
    with pytest.raises(LibraryError, match="reads blinded"):
        finish(snapshot.run(as_seen(library, asks="anna"), tmp_path / "out", Wanted(folds=3)))
    assert not (tmp_path / "out").exists()


def test_edited_meanwhile_it_is_of_one_moment(library: Library, tmp_path: Path) -> None:
    job = snapshot.run(library, tmp_path / "out", Wanted(folds=3))
    next(job)
    for name in ("S-P00", "S-P11"):
        read(library, name, lesion("L2", Label.MALIGNANT), grade=3)
    result = finish(job)
    assert result.lesions == 12 and Snapshot.load(tmp_path / "out").manifest.made["lesions"]["labels"]["malignant"] == 6


def test_stopped_or_without_room_it_leaves_nothing(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").mkdir()  # an empty folder is as good as none
    job = snapshot.run(library, tmp_path / "out", Wanted(folds=3, sealed="2"))
    next(job), next(job)
    assert (tmp_path / "out.unfinished" / "pictures.npy").exists()
    with pytest.raises(SnapshotError, match="not finished"):
        Snapshot.load(tmp_path / "out.unfinished")
    job.close()
    assert not any((tmp_path / "out").iterdir()) and not list(tmp_path.glob("*.unfinished")) and not library.sealed()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(ml.snapshot.Writer, "finish", full)
        with pytest.raises(WorkflowError, match="could not be written.*No space left"):
            finish(snapshot.run(library, tmp_path / "out", Wanted(folds=3)))
    assert not list(tmp_path.glob("*.unfinished"))
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: type("Disk", (), {"free": 10**6}))
        with pytest.raises(WorkflowError, match="12 scans need 0.014 GB"):
            finish(snapshot.run(library, tmp_path / "out", Wanted(folds=3)))
    (tmp_path / "out.unfinished").mkdir()  # as a kill leaves it
    (tmp_path / "out.unfinished" / "pictures.npy").write_bytes(b"half")
    freeze(library, tmp_path / "out")


def test_nothing_of_anybodys_is_in_the_way(library: Library, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("keep")
    (tmp_path / "new.unfinished").mkdir()
    (tmp_path / "new.unfinished" / "thesis.txt").write_text("keep")
    for out in (tmp_path / "mine", tmp_path / "mine" / "thesis.txt", library.folder / "x", tmp_path / "new"):
        with pytest.raises(CallError):
            finish(snapshot.run(library, out, Wanted(folds=3)))
    assert (tmp_path / "mine" / "thesis.txt").read_text() == (tmp_path / "new.unfinished" / "thesis.txt").read_text()


def test_each_opening_is_counted_beside_the_snapshot_and_in_the_library(library: Library, tmp_path: Path) -> None:
    _, there = freeze(library, tmp_path / "one", sealed="2")
    _, other = freeze(library, tmp_path / "other")
    library.close()
    names = [(tmp_path / "one", there.manifest), (tmp_path / "other", other.manifest)]
    assert [sealing.openings(*each) for each in names] == [0, 0]
    assert sealing.opened(*names[0], "run 1", "rita") == 1
    assert sealing.opened(*names[0], "run 2", "rita", library.folder) == 2, "one beside the snapshot alone"
    assert sealing.opened(*names[1], "run 3", "ben", library.folder) == 2, "the library knows of two"
    assert sealing.openings(*names[0]) == 2 and Snapshot.load(tmp_path / "one").manifest.hash == there.manifest.hash
    (tmp_path / "link").symlink_to("one", target_is_directory=True)
    assert sealing.openings(tmp_path / "link", there.manifest) == 2, "a link to it is no other snapshot"
    strange = replace(there.manifest, made={**there.manifest.made, "library": "another"})
    for folder, manifest in ((tmp_path / "one", strange), (tmp_path / "one", replace(there.manifest, sealed=()))):
        with pytest.raises(CallError):
            sealing.opened(folder, manifest, "run", "rita", library.folder)
    (tmp_path / "one.openings.jsonl").unlink()
    (tmp_path / "one.openings.jsonl").mkdir()
    with pytest.raises(WorkflowError, match="stay sealed"):
        sealing.opened(*names[0], "run", "rita")


KILLED = """
import os, signal, sys
from pathlib import Path
from workstation.store.library import Library
from workstation.workflows import snapshot
from workstation.workflows.snapshot_plan import Wanted
job = snapshot.run(Library.open(Path(sys.argv[1])), Path(sys.argv[2]), Wanted(3, sealed="2"))
for _ in range(int(sys.argv[3])):
    next(job)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("steps", [3, 14])
def test_killed_it_never_looks_finished(library: Library, tmp_path: Path, steps: int) -> None:
    library.close()
    asked = [sys.executable, "-c", KILLED, str(library.folder), str(tmp_path / "out"), str(steps)]
    assert subprocess.run(asked, cwd=ROOT, timeout=60).returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists() and (tmp_path / "out.unfinished" / "pictures.npy").exists()
    with pytest.raises(SnapshotError, match="not finished"):
        Snapshot.load(tmp_path / "out.unfinished")
    again = Library.open(library.folder)
    assert again.verify().ok and not again.sealed()
    freeze(again, tmp_path / "out", sealed="2")
    again.close()


def test_the_command_prints_one_value(
    twelve: Path, tmp_path: Path, tmp_library_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(twelve, tmp_path / "library")

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main(["snapshot", "--library", str(folder), *map(str, arguments)])
        return code, *capsys.readouterr()

    code, out, err = run("--out", tmp_path / "one", "--folds", 4, "--seed", 2, "--sealed", "25%", "--json")
    told, there = json.loads(out), Snapshot.load(tmp_path / "one")
    assert code == 0 and not err and out.count("\n") == 1
    assert (told["scans"], told["lesions"], told["hash"]) == (12, 12, there.manifest.hash)
    assert len(told["folds"]) == 4 and len(told["sealed"]) == 3
    assert sorted(sum(told["folds"], told["sealed"])) == sorted(there.manifest.strata)
    code, out, err = run("--out", tmp_path / "two", "--folds", 3)
    assert code == 0 and not err
    assert "Included: 12 scans of 12 patients" in out and "Folds: 3, 3, 3 patients" in out
    assert "Sealed, in this library for ever: 3 patients, never opened" in out
    for wrong in (("--out", tmp_path / "two"), ("--out", tmp_path / "x", "--folds", 10)):
        code, out, err = run(*wrong)
        assert code == 2 and not out and err.count("\n") == 1 and not (tmp_path / "x").exists()
    code, out, err = run("--out", tmp_path / "x", "--reader", "nobody", "--json")
    assert code == 3 and not out and "no reading: 12" in err
