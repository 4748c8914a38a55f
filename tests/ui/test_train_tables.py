"""Tables on the Train page: from folders of predictions whose truth is known, with real widgets, sealed ones too."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from sklearn.metrics import roc_auc_score

from ml.snapshot import Snapshot, Writer
from tests.ui.conftest import close_window, open_window
from tests.workflows.made_runs import make_crossval, make_set, read, write
from workstation.ui.main_window import MainWindow
from workstation.workflows import evaluate, learning, sealing
from workstation.workflows.snapshot_names import Names

WAIT_MS = 60_000
SEALED = ("P04", "P05")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return make_set(tmp_path_factory.mktemp("tables") / "snapshot", sealed=SEALED)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws of the bootstrap enough for all but the width of intervals."""
    whole = evaluate.Asked
    monkeypatch.setattr(evaluate, "Asked", lambda *given, **named: whole(*given, **named, resamples=50))


@pytest.fixture
def made(tmp_path: Path, small_library: Path, data: Snapshot, few: None) -> Iterator[MainWindow]:
    """A window whose library has a cross-validation of two networks, the second of which lacks a fold."""
    runs = small_library / "runs"
    make_crossval(runs / "cv", data, {"resnet50": 2, "tree": 1})
    shutil.copytree(data.folder, tmp_path / "snapshot")
    (runs / "cv" / "asked.json").write_text(json.dumps({"snapshot": "../../../snapshot"}))
    window = open_window(tmp_path / "home", small_library)
    yield window
    close_window(window)


def show(qtbot, window: MainWindow) -> Path:
    """The Train page with the cross-validation chosen as a whole."""
    window.show_page(4)
    page = window.train_page
    qtbot.waitUntil(lambda: page.trainings.known, timeout=WAIT_MS)
    item = page.list.topLevelItem(0)
    assert item.text(0) == "cv" and item.text(2) == "3 of 4 trainings"
    item.setSelected(True)
    assert page.trainings.crossval is not None
    QApplication.processEvents()
    return page.trainings.crossval.folder


def wait(qtbot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.train_page.evaluating.at is None, timeout=WAIT_MS)


def test_tables_of_a_cross_validation_are_made_shown_and_opened(
    qtbot, made: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = show(qtbot, made)
    detail = made.train_page.detail
    texts = {place: cell.text() for place, cell in detail.grid.cells.items()}
    assert texts["small-x-resnet50", 1] == "done" and texts["small-x-tree", 1] == "not begun"
    assert not detail.grid.cells["small-x-tree", 1].isEnabled()
    assert detail.tables_button.isEnabled() and not detail.tables.report.isVisible()
    detail.tables_button.click()
    assert not detail.tables_button.isEnabled() and detail.tables.bar.isVisible() and detail.tables.cancel.isVisible()
    wait(qtbot, made)
    assert detail.tables.trouble.text() == "" and not detail.tables.bar.isVisible()
    text = detail.tables.page.toPlainText()
    rows = [row for fold in (0, 1) for row in read(run / f"small-x-resnet50/fold-{fold}/predictions.csv")]
    area = roc_auc_score([int(row["truth"]) for row in rows], [float(row["score"]) for row in rows])
    assert f"{area:.3f}" in text and "tree, fold 1: not begun" in text and "simulated scans" in text
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url) or True)
    detail.tables.report.click()
    detail.tables.folder.click()
    page, folder = (Path(url.toLocalFile()) for url in opened)
    assert page.name == "evaluation.html" and page.read_text("utf-8").count(f"{area:.3f}") and folder == page.parent
    page.unlink()
    detail.tables.report.click()
    assert len(opened) == 2 and "not there any more" in made._note.text()


def test_what_keeps_tables_from_being_made_is_said(qtbot, made: MainWindow, tmp_path: Path) -> None:
    run = show(qtbot, made)
    detail = made.train_page.detail
    table = run / "small-x-resnet50/fold-0/predictions.csv"
    rows = read(table)
    write(table, rows[1:])  # a case is missing
    detail.tables_button.click()
    wait(qtbot, made)
    assert "predictions.csv" in detail.tables.trouble.text() and detail.tables.trouble.isVisible()
    assert not detail.tables.report.isVisible() and detail.tables_button.isEnabled()
    write(table, rows)
    shutil.move(tmp_path / "snapshot", tmp_path / "elsewhere")
    detail.tables_button.click()
    wait(qtbot, made)
    assert "Choose it at the left" in detail.tables.trouble.text()
    made.train_page.trainings.choose_snapshot(tmp_path / "elsewhere")
    qtbot.waitUntil(lambda: made.train_page.trainings.snapshot is not None, timeout=WAIT_MS)
    detail.tables_button.click()
    wait(qtbot, made)
    assert detail.tables.trouble.text() == "" and detail.tables.report.isVisible()


def test_cancelled_tables_leave_nothing(qtbot, made: MainWindow) -> None:
    run = show(qtbot, made)
    detail = made.train_page.detail
    detail.tables_button.click()
    detail.tables.cancel.click()
    assert not detail.tables.cancel.isEnabled()
    wait(qtbot, made)
    assert not (run / "evaluation").exists() and not detail.tables.report.isVisible()
    assert detail.tables_button.isEnabled()


def test_sealed_patients_are_opened_only_after_a_question_and_each_time_counts(
    qtbot, made: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data: Snapshot
) -> None:
    run = show(qtbot, made)
    tables = made.train_page.detail.tables
    made.train_page.detail.tables_button.click()
    wait(qtbot, made)
    assert "have been opened never" in tables.page.toPlainText()
    tables.open_sealed.click()
    assert re.search(r"2 patients .* counted\s+for ever .* never so far.* Only 3 of 4", tables.question.words.text())
    counted = sealing.sidecar(tmp_path / "snapshot")
    tables.question.leave.click()
    assert not counted.exists() and not tables.question.isVisible()

    def start(arguments: list[str], said: Any, gave: Any) -> Any:
        """In the place of the process that predicts."""
        assert arguments[0] == "final" and counted.exists()  # counted before anything is looked at
        for card in run.glob("*/fold-*/card.json"):
            fold = card.parent
            write(fold / "final.csv", [
                {"scan": row["scan"], "patient": row["patient"], "lesion": row["lesion"], "target": "malignant",
                 "fold": int(fold.name[-1]), "model": "x", "score": 0.3 + 0.4 * (row["label"] == "malignant"),
                 "calibrated": 0.5, "truth": int(row["label"] == "malignant")}
                for row in data.lesions if row["visible"] == "1" and row["patient"] in SEALED
            ])  # fmt: skip
        return subprocess.Popen([sys.executable, "-c", ""])

    monkeypatch.setattr(learning, "start", start)
    for times, words in ((1, "once"), (2, "2 times")):
        tables.open_sealed.click()
        tables.question.buttons[True].click()
        wait(qtbot, made)
        assert len(counted.read_text("utf-8").splitlines()) == times
        assert f"opened {words}, this time included" in tables.page.toPlainText()
        assert tables.trouble.text() == "" and "1.000" in tables.page.toPlainText()
    assert json.loads(counted.read_text("utf-8").splitlines()[0])["who"] == "anna"
    made.train_page.detail.tables_button.click()
    wait(qtbot, made)
    assert "they have been opened 2 times" in tables.page.toPlainText()  # told of beside the folds' tables too


def test_an_opening_counts_in_the_open_library_where_the_snapshot_is_of_it(
    made: MainWindow, data: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = made.workbench.library
    assert library is not None
    finish, origin = Writer.finish, {"library": Names(library.kind, library.id).origin}
    monkeypatch.setattr(Writer, "finish", lambda *given, **named: finish(*given, **named, made=origin))
    own = make_set(tmp_path / "own", patients=8, sealed=SEALED)
    assert sealing.counting(data.folder, library) is None
    counted = sealing.counting(own.folder, library)
    assert counted is library  # written to while the window has it open
    assert sealing.opened(own.folder, own.manifest, "cv", "anna", counted) == 1
    (opening,) = library.openings()
    assert (opening.run, opening.who, opening.snapshot) == ("cv", "anna", own.manifest.hash)


def test_a_fold_shows_curves_and_leads_to_the_tables_of_the_whole(qtbot, made: MainWindow) -> None:
    run = show(qtbot, made)
    page = made.train_page
    page.detail.grid.cells["small-x-tree", 0].click()
    assert page.trainings.chosen == (run / "small-x-tree" / "fold-0",)
    assert page.list.topLevelItem(0).isExpanded() and page.detail.charts[0].isVisible()
    page.detail.tables_button.click()
    assert page.trainings.chosen == (run,) and page.evaluating.at == run
    wait(qtbot, made)
    assert page.detail.tables.report.isVisible()


def test_keys_press_what_can_be_pressed(qtbot, made: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    made.actions_by_id["learn.tables"].trigger()  # before the page was ever shown
    show(qtbot, made)
    page = made.train_page
    page.list.setFocus()
    QTest.keyClick(page.list, Qt.Key.Key_T)
    assert page.evaluating.at is not None
    wait(qtbot, made)
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url) or True)
    QTest.keyClick(page.list, Qt.Key.Key_O)
    assert len(opened) == 1
    QTest.keyClick(page.list, Qt.Key.Key_M)
    assert page.models_view.isVisible()
    QTest.keyClick(page.models_view.list, Qt.Key.Key_M)
    assert not page.models_view.isVisible()
