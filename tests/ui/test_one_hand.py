"""Reading with one hand, through the window's keys."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from tests.made_scans import HOT
from workstation.core.lesion import Label, Origin, Roi
from workstation.core.scan import View
from workstation.ui.main_window import MainWindow


def wait_until(true: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        QTest.qWait(5)
    return true()


def press(window: MainWindow, *keys: Qt.Key) -> None:
    """Each key, and what is found in a thread because of it."""
    for key in keys:
        QTest.keyClick(window.read_page, key)
        assert wait_until(lambda: not window.read_page.one_hand.waiting)


def test_space_then_a_digit_stores_lesion_and_label_in_one_step(window: MainWindow) -> None:
    page = window.read_page
    press(window, Qt.Key.Key_Space)
    draft = page.one_hand.draft
    assert draft is not None and not page.editor.lesions  # shown, not stored
    assert draft.rois[View.ANTERIOR].mask((1024, 256))[HOT] and View.POSTERIOR in draft.rois
    assert page.viewer.draft == dict(draft.rois) and page.viewer.viewport.scale is not None
    press(window, Qt.Key.Key_1)
    (lesion,) = page.editor.lesions.values()
    assert lesion.label is Label.MALIGNANT and dict(lesion.rois) == dict(draft.rois)
    assert lesion.roi_origin is Origin.PROPOSED and (lesion.region, lesion.side) == (draft.region, draft.side)
    assert page.editor.undo()
    assert not page.editor.lesions


def test_what_is_taken_back_comes_again_and_what_is_skipped_does_not(window: MainWindow) -> None:
    page = window.read_page
    press(window, Qt.Key.Key_Space)
    first = page.one_hand.draft
    press(window, Qt.Key.Key_2)
    page.editor.undo()
    press(window, Qt.Key.Key_Escape, Qt.Key.Key_Space)
    assert page.one_hand.draft == first
    press(window, Qt.Key.Key_Backspace)
    assert page.one_hand.draft != first
    press(window, Qt.Key.Key_Escape)
    assert not page.one_hand.active and page.one_hand.draft is None and not page.viewer.draft
    press(window, Qt.Key.Key_Space)
    assert page.one_hand.draft != first


def test_the_end_is_said_and_zooms_out(window: MainWindow) -> None:
    page, said = window.read_page, []
    page.one_hand.told.connect(said.append)
    for _ in range(200):
        press(window, Qt.Key.Key_Space)
        if said:
            break
    assert len(said) == 1 and page.viewer.viewport.scale is None and page.one_hand.draft is None
    assert not page.editor.lesions and window._note.text() == said[0]
    press(window, Qt.Key.Key_PageDown)  # of the next scan it is not true
    assert window._note.text() == ""


def test_confidence_goes_with_the_draft(window: MainWindow) -> None:
    page = window.read_page
    press(window, Qt.Key.Key_Space)
    QTest.keyClick(page, Qt.Key.Key_F3, Qt.KeyboardModifier.ShiftModifier)
    press(window, Qt.Key.Key_3)
    (lesion,) = page.editor.lesions.values()
    assert (lesion.confidence, lesion.label) == (3, Label.UNCERTAIN)


def test_a_click_elsewhere_is_a_draft_too(window: MainWindow) -> None:
    page = window.read_page
    press(window, Qt.Key.Key_Space, Qt.Key.Key_Backspace)
    canvas = next(canvas for canvas in page.canvases if canvas.panel.view is View.ANTERIOR)
    page.viewer.set_viewport(type(page.viewer.viewport)())
    at = canvas.transform.map(QPointF(HOT[1], HOT[0])).toPoint()
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    assert page.one_hand.draft is not None and not page.editor.lesions
    assert page.one_hand.draft.rois[View.ANTERIOR].mask((1024, 256))[HOT]
    press(window, Qt.Key.Key_1)
    assert len(page.editor.lesions) == 1


def test_another_case_ends_it(window: MainWindow) -> None:
    page = window.read_page
    press(window, Qt.Key.Key_Space)
    press(window, Qt.Key.Key_PageDown)
    assert page.one_hand.draft is None and not page.one_hand.active
    press(window, Qt.Key.Key_1)
    assert not page.editor.lesions


def test_without_it_digits_label_as_before(window: MainWindow) -> None:
    page = window.read_page
    press(window, Qt.Key.Key_1, Qt.Key.Key_Backspace)
    assert not page.editor.lesions and not page.one_hand.active


def test_one_click_and_one_digit_make_a_lesion_on_both_views(window: MainWindow) -> None:
    page = window.read_page
    page.tools.take("isocontour")
    canvas = next(canvas for canvas in page.canvases if canvas.panel.view is View.ANTERIOR)
    at = canvas.transform.map(QPointF(HOT[1], HOT[0])).toPoint()
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    press(window, Qt.Key.Key_1)
    (lesion,) = page.editor.lesions.values()
    assert set(lesion.rois) == set(View) and lesion.label is Label.MALIGNANT


def test_not_bone_is_kept_with_its_kind(window: MainWindow) -> None:
    page = window.read_page
    press(window, Qt.Key.Key_Space, Qt.Key.Key_4)
    (mark,) = page.editor.lesions.values()
    case = page.viewer.case
    assert case is not None and mark.label is Label.NOT_BONE and mark.criterion == case.not_bone_kind(mark)


def test_the_next_case_is_searched_ahead_and_nothing_waits(window: MainWindow) -> None:
    page = window.read_page
    first, coming = page.viewer.case, page.reading.coming
    assert first is not None and coming is not None and not first.searched
    QTest.keyClick(page, Qt.Key.Key_Space)
    assert page.one_hand.waiting and page.one_hand.draft is None  # the key is answered at once
    assert wait_until(lambda: page.one_hand.draft is not None)
    assert wait_until(lambda: coming in page.ahead._found)
    bodies = page.ahead._found[coming].bodies
    press(window, Qt.Key.Key_PageDown)
    case = page.viewer.case
    assert case is not None and case.scan.id == coming and case.searched
    assert case.bodies is bodies  # taken over before the window asked for them, which takes a third of the opening
    QTest.keyClick(page, Qt.Key.Key_Space)
    assert not page.one_hand.waiting


def test_an_answer_for_a_case_that_was_left_is_dropped(window: MainWindow) -> None:
    page = window.read_page
    left = page.reading.scan
    QTest.keyClick(page, Qt.Key.Key_Space)
    QTest.keyClick(page, Qt.Key.Key_PageDown)
    assert page.reading.scan != left and not page.one_hand.waiting
    assert wait_until(lambda: left not in page.ahead._asked)
    assert page.one_hand.draft is None and not page.one_hand.active and left not in page.ahead._found


def test_what_one_reader_passes_over_another_is_shown(window: MainWindow) -> None:
    page = window.read_page
    press(window, Qt.Key.Key_Space)
    first = page.one_hand.draft
    press(window, Qt.Key.Key_Backspace)
    scan = page.reading.scan
    assert scan is not None and page.one_hand.draft != first
    window.workbench.sign_in("somebody else")
    window.read(scan)
    press(window, Qt.Key.Key_Space)
    assert page.one_hand.draft == first


def test_a_draft_drawn_by_hand_says_so(window: MainWindow) -> None:
    page = window.read_page
    press(window, Qt.Key.Key_Space)
    roi = Roi.from_mask(np.ones((6, 9), bool), 300, 100)
    assert roi is not None
    page.tools.drafting.take(View.ANTERIOR, roi, Origin.HAND, False)
    press(window, Qt.Key.Key_2)
    (lesion,) = page.editor.lesions.values()
    assert dict(lesion.rois) == {View.ANTERIOR: roi} and lesion.roi_origin is Origin.HAND


def test_a_scan_that_is_turned_takes_the_draft_away_and_a_prior_does_not(window: MainWindow) -> None:
    page = window.read_page
    press(window, Qt.Key.Key_Space)
    draft = page.one_hand.draft
    page.viewer.case_changed.emit()  # as when a prior is shown beside it
    assert page.one_hand.draft is draft and draft is not None and page.viewer.draft == dict(draft.rois)
    page.reading.turn()
    assert page.one_hand.draft is None and not page.one_hand.active and not page.viewer.draft
    press(window, Qt.Key.Key_1)
    assert not page.editor.lesions
