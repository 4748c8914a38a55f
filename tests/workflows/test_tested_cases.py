"""What may be tested on is decided twice, where a network is tested (`ml.samples`) and where its table is held to the
snapshot (`workflows.predictions`), which may not import each other: here both are asked about the same snapshots.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ml import samples as learning
from ml.config import make as make_config
from ml.snapshot import FrozenLesion, FrozenScan, Snapshot, Writer, to_runs
from tests.ml.learnable import TINY
from workstation.workflows import predictions
from workstation.workflows.predictions import Case
from workstation.workflows.run_folders import Run

SHAPE = (2, 64, 32)
PATIENTS = ("P0", "P0", "P1", "P2", "P3")  # of each scan
FOLDS = 2
PRESETS = {
    "lesion": "small-a", "patient": "small-b", "detect": "small-c-detect", "metastases": "small-c-metastases",
    "bladder": "small-c-bladder", "sites": "small-c-sites",
}  # fmt: skip
BY_AI = ("AI accepted", "AI edited", "ai-edited", "hand, AI_accepted")
BY_PEOPLE = ("hand", "isocontour", "proposed", "mirrored", "imported", "truth", "carried over", "", "said", "main_aid")


@dataclass(frozen=True)
class Cell:
    """What decides over one lesion."""

    scan: int
    label: str
    origin: str
    visible: str
    site: str = "rib"

    def tested(self, ai_tested: bool) -> bool:
        """As a person would say it."""
        return self.label in ("malignant", "benign") and self.visible != "0" and (ai_tested or self.origin in BY_PEOPLE)


CELLS = st.lists(
    st.builds(
        Cell,
        st.integers(0, len(PATIENTS) - 1),
        st.sampled_from(("malignant", "benign", "uncertain")),
        st.sampled_from((*BY_AI, *BY_PEOPLE)),
        st.sampled_from(("0", "1", "")),
        st.sampled_from(learning.SITES),
    ),
    max_size=8,
)


def freeze(folder: Path, cells: Sequence[Cell]) -> Snapshot:
    mask = np.zeros(SHAPE, bool)
    mask[:, 20:24, 8:12] = True
    strata = {patient: f"lung/{('clear', 'metastatic')[int(patient[1]) % 2]}" for patient in PATIENTS}
    with Writer(folder) as writer:
        for scan, patient in enumerate(PATIENTS):
            whose = {"scan": f"S{scan}", "patient": patient, "tumour": "lung"}
            lesions = [
                FrozenLesion(
                    {**whose, "lesion": str(number), "label": cell.label, "origin": cell.origin,
                     "visible": cell.visible, "site6": cell.site},
                    to_runs(mask),
                )
                for number, cell in enumerate(cells)
                if cell.scan == scan
            ]  # fmt: skip
            writer.add(FrozenScan(whose, np.zeros(SHAPE, np.uint16), to_runs(mask), tuple(lesions)))
        writer.finish(strata, FOLDS, 0, "hand")
    return Snapshot.load(folder)


def by_learning(snapshot: Snapshot, task: str, fold: int, ai_tested: bool) -> set[Case]:
    config = make_config(PRESETS[task], [*TINY, f"ai_tested={'yes' if ai_tested else 'no'}"])
    assert config.task == task
    whom = [patient for patient, own in snapshot.manifest.folds.items() if own == fold]
    found = learning.samples(snapshot, learning.scans_of(snapshot, whom), config, tested=True)
    return {
        (snapshot.manifest.scans[scan], name, target)
        for scan, name in zip(found.scan.tolist(), found.names, strict=True)
        for target in learning.TARGETS[task]
    }


def by_tables(folder: Path, task: str, fold: int, ai_tested: bool) -> set[Case]:
    frozen = predictions.load(folder)
    run = Run(
        folder, PRESETS[task], PRESETS[task], "any", task, fold, frozen.manifest.hash, "done",
        {"ai_tested": ai_tested},
    )  # fmt: skip
    return set(predictions.cases(run, frozen, predictions.tested(run, frozen)))


@settings(max_examples=25, deadline=None)
@example(cells=[])
@example(cells=[Cell(0, "malignant", "AI edited", "0"), Cell(0, "malignant", "hand", "1")])  # unseen, and yet touched
@example(cells=[Cell(2, "uncertain", "hand", "1"), Cell(3, "malignant", "hand", "0")])
@given(cells=CELLS)
def test_both_test_the_same(cells: list[Cell]) -> None:
    with TemporaryDirectory() as folder:
        where = Path(folder) / "data"
        snapshot = freeze(where, cells)
        for ai_tested in (False, True):
            lesions = set[str]()
            for fold in range(FOLDS):
                for task in PRESETS:
                    mine = by_learning(snapshot, task, fold, ai_tested)
                    assert mine == by_tables(where, task, fold, ai_tested), task
                    lesions |= {lesion for _, lesion, _ in mine} if task == "lesion" else set()
            assert lesions == {str(number) for number, cell in enumerate(cells) if cell.tested(ai_tested)}


@given(st.text(max_size=20) | st.sampled_from((*BY_AI, *BY_PEOPLE)))
def test_both_know_an_ai_by_the_same_words(origin: str) -> None:
    assert learning.by_ai({"origin": origin}) == predictions.by_ai(origin)
    if origin in BY_AI + BY_PEOPLE:
        assert predictions.by_ai(origin) == (origin in BY_AI)


@pytest.mark.parametrize("task", PRESETS)
def test_both_take_lesions_for_seen_where_a_snapshot_does_not_say(tmp_path: Path, task: str) -> None:
    """The layout promises neither who could see a lesion nor its site."""
    folder = tmp_path / "data"
    cells = [Cell(scan, ("malignant", "benign")[scan % 2], "hand", "1", "other") for scan in range(len(PATIENTS))]
    snapshot = freeze(folder, cells)
    kept = ["scan", "patient", "lesion", "label", "tumour", "region", "side", "origin"]
    kept += ["site6"] if task == "sites" else []
    write_again(snapshot, kept)
    snapshot = Snapshot.load(folder)
    assert "visible" not in snapshot.lesions[0]
    found = [by_learning(snapshot, task, fold, False) for fold in range(FOLDS)]
    assert found == [by_tables(folder, task, fold, False) for fold in range(FOLDS)]
    assert any(found)


def write_again(snapshot: Snapshot, columns: Sequence[str]) -> None:
    """lesions.csv with these columns alone, as another program may write it, and a manifest that says so."""
    import hashlib

    file = snapshot.folder / "lesions.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(snapshot.lesions)
    files = {**snapshot.manifest.files, file.name: hashlib.sha256(file.read_bytes()).hexdigest()}
    replace(snapshot.manifest, files=files).write(snapshot.folder)
