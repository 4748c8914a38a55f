"""A data set frozen from the library page: chosen, sealed, cancelled, refused; what is told is what is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from ml.snapshot import Snapshot
from tests.ui.conftest import close_window, open_window
from tests.workflows.read_library import lesion, make, read
from workstation.core.lesion import Label
from workstation.core.repeats import Item

KEYS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def window(qtbot, tmp_path: Path, tmp_library_home: Path):
    library = make(tmp_path / "library", 8)
    read(library, "S-P00", lesion("L9", Label.UNCERTAIN), reader="ben")
    library.close()
    made = open_window(tmp_path / "home", tmp_path / "library")
    qtbot.waitExposed(made)
    yield made
    close_window(made)


@pytest.fixture
def freeze(window, qtbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Ask for a folder of that name, wait for the end."""
    page = window.library_page

    def freeze(name: str):
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(tmp_path / name), ""))
        page.freezing.freeze.click()
        qtbot.waitUntil(lambda: not page.strip.busy and not page._jobs.running, timeout=20_000)
        return tmp_path / name

    return freeze


def test_it_is_frozen_and_told(window, freeze, tmp_path: Path) -> None:
    page = window.library_page
    window.show_page(1)
    QTest.keyClick(window, Qt.Key.Key_S, KEYS)
    strip = page.freezing
    assert window._stack.currentIndex() == 0 and strip.isVisible() and strip.reader.currentText().startswith("Adj")
    assert [strip.reader.itemData(row) for row in range(strip.reader.count())] == [None, "anna", "ben"]
    strip.folds.setValue(2)
    strip.seed.setValue(4)
    QTest.keyClicks(strip.sealed, "25%")
    assert "Seal and freeze" in strip.freeze.text()
    there = Snapshot.load(freeze("one"))
    assert len(there.scans) == 8 and len(there.manifest.sealed) == 2 and set(there.manifest.folds.values()) == {0, 1}
    assert window.workbench.library.sealed() == there.manifest.sealed
    told = strip.result.text()
    assert "Included: 8 scans of 8 patients" in told and there.manifest.hash[:16] in told and strip.result.isVisible()
    assert not page.strip.isVisible()

    page.ask_snapshot()
    assert not strip.sealed.isVisible() and "2 patients, for ever" in strip.is_sealed.text()
    assert not strip.result.isVisible() and strip.freeze.text() == "Freeze into…"
    strip.reader.setCurrentIndex(strip.reader.findData("ben"))
    freeze("bens")
    assert "too few patients for 2 folds" in page.strip.words.text() and not (tmp_path / "bens").exists()


def test_cancelled_nothing_is_kept(window, qtbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = window.library_page
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(tmp_path / "out"), ""))
    page.ask_snapshot()
    page.freezing.sealed.setText("2")
    page.freezing.freeze.click()
    page.strip.cancel.click()
    qtbot.waitUntil(lambda: not page.strip.busy and not page._jobs.running, timeout=20_000)
    assert "Nothing was kept, and nobody was sealed" in page.strip.words.text() and not page.freezing.result.text()
    assert not list(tmp_path.glob("out*")) and not window.workbench.library.sealed()


def test_who_reads_blinded_is_told_why_not(window, freeze, tmp_path: Path) -> None:
    library = window.workbench.library
    library.make_queue("anna", [Item("S-P00")], True, "rita", {})
    window.workbench.see_anew()
    page = window.library_page
    page.ask_snapshot()
    freeze("out")
    assert "anna reads blinded" in page.strip.words.text() and not (tmp_path / "out").exists()
