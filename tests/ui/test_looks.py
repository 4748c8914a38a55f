"""What the reader must be able to see: which tool is in hand, what is proposed, that a scan is left out, which case."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from tests.made_scans import make_library
from tests.ui.conftest import close_window, open_window

SHIFT = Qt.KeyboardModifier.ShiftModifier


def test_the_tool_in_hand_is_lit_on_the_bar(window) -> None:
    page = window.read_page
    for name in page.tools.hands:
        window.actions_by_id[f"tool.{name}"].trigger()
        lit = [button.defaultAction() for button in page.bar._buttons.values() if button.isChecked()]
        assert lit == [window.actions_by_id[f"tool.{name}"]] and not lit[0].icon().isNull()


def test_the_foot_tells_what_one_hand_proposes_and_how_to_answer(qtbot, window) -> None:
    page = window.read_page
    before = page.foot._tool.text()
    QTest.keyClick(page, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: page.one_hand.draft is not None)
    draft, words = page.one_hand.draft, page.foot._tool.text()
    assert words.startswith("Proposed") and "Space" in words and (draft.side is None or draft.side in words)
    QTest.keyClick(page, Qt.Key.Key_F3, SHIFT)
    assert "confidence high" in page.foot._tool.text()
    QTest.keyClick(page, Qt.Key.Key_Escape)
    assert page.foot._tool.text() == before


def test_the_banner_says_that_a_scan_is_left_out_and_why(window) -> None:
    page = window.read_page
    assert not page.banner._excluded.isVisible()
    QTest.keyClick(page, Qt.Key.Key_F6, SHIFT)
    assert page.banner._excluded.isVisible() and "picture quality" in page.banner._excluded.text()
    QTest.keyClick(page, Qt.Key.Key_PageDown)
    assert not page.banner._excluded.isVisible()
    QTest.keyClick(page, Qt.Key.Key_PageUp)
    QTest.keyClick(page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not page.banner._excluded.isVisible()


def test_the_case_that_is_open_is_in_sight_and_small_windows_cut_no_hint(qtbot, tmp_path: Path) -> None:
    made = open_window(tmp_path / "home", make_library(tmp_path / "library", 24))
    made.resize(made.minimumSize())
    made.read("S022")
    cases = made.read_page.cases.view
    qtbot.waitUntil(lambda: cases.viewport().rect().contains(cases.visualRect(cases.currentIndex())))
    made.show_page(3)
    QApplication.processEvents()
    keys = next(label for label in made.quality_page.findChildren(QLabel) if "Ctrl+Z" in label.text())
    assert keys.width() >= keys.sizeHint().width()
    close_window(made)
