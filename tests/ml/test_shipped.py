"""The models that come with the program: whole, small enough, and of patients nobody is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

import resources
from ml import model_file
from ml.model_card import ModelError
from ml.origin import hashes, of_snapshot
from ml.snapshot import Snapshot
from ml.unseen import hold_to_unseen
from workstation.workflows import first_run, simulate_snapshot
from workstation.workflows.progress import finish

TASKS = {"lesion", "patient", "detect", "metastases", "bladder", "sites"}
MODELS = sorted(resources.path("models").glob("*.safetensors"))


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """The simulated patients of the library a newcomer is shown."""
    folder = tmp_path_factory.mktemp("shown") / "data"
    finish(simulate_snapshot.run(first_run.COHORT, folder, first_run.PATIENTS, first_run.SEED, processes=1))
    return Snapshot.load(folder, hashed=False)


def test_there_is_one_for_each_task_and_they_are_small() -> None:
    assert {model_file.read(path, weights=False).config.task for path in MODELS} == TASKS
    assert sum(path.stat().st_size for path in resources.path("models").iterdir()) < 20e6


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_nobody_who_is_shown_was_learnt_from(path: Path, shown: Snapshot) -> None:
    card = model_file.read(path, weights=False).card
    assert card["trained_on"] == "simulated" and card["snapshot"]["simulator"]["seed"] != first_run.SEED
    everybody = frozenset(shown.manifest.patients)
    hold_to_unseen(card, shown, everybody, path.stem)
    mine = hashes(shown, everybody, of_snapshot(shown)["simulator"], card["learnt_from"]["key"])
    learnt = {**card["learnt_from"], "scans": mine["scans"][:1]}  # the same, had it learnt from one of them
    with pytest.raises(ModelError, match="learnt from 0 of the 40 sealed patients \\(1 of their scans\\)"):
        hold_to_unseen({**card, "learnt_from": learnt}, shown, everybody, path.stem)
    assert (path.with_suffix(".md")).read_text("utf-8").count("simulated")
