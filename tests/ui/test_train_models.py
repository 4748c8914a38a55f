"""Models on the Train page: kept from a training, compared on sealed patients that are asked about, then used."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog

from ml.snapshot import Snapshot
from ml.train import train
from tests.ml.learnable import config, make
from tests.ui.conftest import close_window, open_window
from tests.workflows import ml_here
from workstation.ui.main_window import MainWindow
from workstation.ui.models_view import ModelsView
from workstation.workflows import learning, model_files, model_use, places, sealing
from workstation.workflows.progress import Job, Progress

WAIT_MS = 60_000
SEALED = ("P00", "P01", "P03", "P06")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return make(tmp_path_factory.mktemp("models") / "data", patients=24, sealed=SEALED)


@pytest.fixture(scope="module")
def runs(data: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("models") / "runs"
    for seed, name in enumerate(("first", "second")):
        told = config("epochs=1", "inner=0.4", "network=roi-only", "fold=0", f"seed={seed}")
        train(data, where / name, told, hear=lambda _: None)
    return where


@pytest.fixture
def made(
    tmp_path: Path, small_library: Path, runs: Path, data: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MainWindow]:
    def here(preset: str, device: str) -> Job[str]:
        yield Progress(0, None, "")
        return "here"

    monkeypatch.setattr(learning, "start", ml_here.start)
    monkeypatch.setattr(places, "place", here)
    monkeypatch.setattr(model_files, "shipped_folder", lambda: tmp_path / "shipped")
    monkeypatch.setenv("OSTEOSCOPE_MODELS", str(tmp_path / "models"))
    shutil.copytree(runs, small_library / "runs")
    window = open_window(tmp_path / "home", small_library)
    window.show_page(4)
    yield window
    close_window(window)
    sealing.sidecar(data.folder).unlink(missing_ok=True)


def wait(qtbot, window: MainWindow) -> ModelsView:
    page = window.train_page
    qtbot.waitUntil(lambda: page.models.known and not page.models.busy, timeout=WAIT_MS)
    QApplication.processEvents()
    return page.models_view


def keep(qtbot, window: MainWindow, name: str) -> ModelsView:
    """A training of the list, kept as a model by its button."""
    page = window.train_page
    page.models_button.setChecked(False)
    qtbot.waitUntil(lambda: len(page.trainings.runs) == 2, timeout=WAIT_MS)
    page.trainings.choose([run.folder for run in page.trainings.runs if run.name == name])
    assert page.detail.keep.isVisible() and page.detail.keep.isEnabled()
    page.detail.keep.click()
    return wait(qtbot, window)


def choose(view: ModelsView, at: int) -> None:
    view.list.clearSelection()
    view.list.topLevelItem(at).setSelected(True)


def test_a_training_is_kept_given_out_and_brought_in(
    qtbot, made: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = made.train_page
    page.models_button.click()
    view = wait(qtbot, made)
    assert "No model yet" in view.card.text() and not view.use.isEnabled()
    view = keep(qtbot, made, "first")
    assert view.said.text() == "small-a-roi-only is in the registry now." and view.list.topLevelItemCount() == 1
    choose(view, 0)
    assert "clinical scans" in view.card.text() and "random initialisation" in view.card.text()
    row = view.chosen
    assert row is not None and row.hash[:16] in view.card.text() and "AUC" in row.cells[4]
    file = tmp_path / "given.safetensors"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(file), ""))
    view.export.click()
    wait(qtbot, made)
    assert file.is_file() and "is written" in view.said.text()
    view.export.click()
    wait(qtbot, made)
    assert "is there already" in view.trouble.text()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(file), ""))
    view.bring.click()
    wait(qtbot, made)
    assert view.said.text() == "small-a-roi-only is here already."
    file.write_bytes(file.read_bytes()[:-3])
    view.bring.click()
    wait(qtbot, made)
    assert str(file) in view.trouble.text() and view.list.topLevelItemCount() == 1
    (tmp_path / "models" / "broken.safetensors").write_bytes(b"no model")
    page.models_button.setChecked(False)
    page.models_button.setChecked(True)
    wait(qtbot, made)
    choose(view, 0)
    assert view.list.topLevelItem(0).text(0) == "broken" and not view.use.isEnabled() and view.card.text()


def test_another_model_is_used_only_after_both_were_compared_and_shown(
    qtbot, made: MainWindow, data: Snapshot, tmp_path: Path
) -> None:
    page = made.train_page
    keep(qtbot, made, "first")
    view = keep(qtbot, made, "second")
    choose(view, 0)
    view.use.click()
    wait(qtbot, made)
    assert "nothing to compare" in view.page.toPlainText()  # nobody is opened for the first of its task
    view.verdict.buttons[True].click()
    wait(qtbot, made)
    (first,) = model_use.used(tmp_path / "models").values()
    assert view.list.topLevelItem(0).text(5) == "in use" and "in use now" in view.said.text()
    choose(view, 1)
    view.use.click()
    wait(qtbot, made)
    assert "Choose a snapshot with sealed patients" in view.trouble.text() and not view.question.isVisible()
    page.trainings.choose_snapshot(data.folder)
    qtbot.waitUntil(lambda: page.trainings.snapshot is not None, timeout=WAIT_MS)
    counted = sealing.sidecar(data.folder)
    view.use.click()
    wait(qtbot, made)
    assert "4 sealed patients" in view.question.words.text() and "never so far" in view.question.words.text()
    view.question.leave.click()
    assert not view.question.isVisible() and not counted.exists()
    view.use.click()
    wait(qtbot, made)
    view.question.buttons[True].click()
    wait(qtbot, made)
    assert view.trouble.text() == "" and len(counted.read_text("utf-8").splitlines()) == 1
    text = view.page.toPlainText()
    assert "opened once" in text and "difference" in text and "AUC" in text and " to " in text
    assert model_use.used(tmp_path / "models")["lesion"].hash == first.hash  # until it is said yes to
    view.verdict.leave.click()
    assert not view.page.isVisible() and model_use.used(tmp_path / "models")["lesion"].hash == first.hash
    view.use.click()
    wait(qtbot, made)
    assert "nobody was opened for it now" in view.page.toPlainText()  # the same comparison again
    view.verdict.buttons[True].click()
    wait(qtbot, made)
    assert model_use.used(tmp_path / "models")["lesion"].hash != first.hash
    assert [view.list.topLevelItem(at).text(5) for at in (0, 1)] == ["", "in use"]
    assert len(counted.read_text("utf-8").splitlines()) == 1
