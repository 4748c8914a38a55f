"""Adjudicating as a person does it: keys on the page, buttons of the panel, the library's filter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.app.adjudicating import content, library_read_twice
from tests.ui.conftest import close_window, open_window
from tests.ui.test_page_read import click
from workstation.core import decision, edits
from workstation.core.disagreement import Difference
from workstation.core.edits import Step
from workstation.core.lesion import Label, Progress, ReadingKey
from workstation.ui import theme
from workstation.workflows.simulated_readers import Fault

NONE, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier


@pytest.fixture
def judged(qtbot, tmp_path):
    """A window of somebody who has read neither; what the readers did, by scan."""
    spoilt = library_read_twice(tmp_path / "library", lesions=6)
    window = open_window(tmp_path / "home", tmp_path / "library")
    window.read(next(iter(spoilt)))
    qtbot.waitExposed(window)
    QApplication.processEvents()
    yield window, spoilt
    close_window(window)


def press(window, key, modifiers=NONE) -> None:
    QTest.keyClick(window.read_page, key, modifiers)
    QApplication.processEvents()


def test_keys_alone_take_a_scan_to_its_truth(judged):
    window, spoilt = judged
    page, scan = window.read_page, window.read_page.reading.scan
    assert not page.judging.isVisible()
    press(window, Qt.Key.Key_J)
    adjudication = page.adjudication
    assert page.judging.isVisible() and adjudication.active
    for _ in adjudication.questions:
        about = adjudication.current
        assert page.verdict.isVisible() == (about.group is None)
        if about.group is None:
            press(window, Qt.Key.Key_2, ALT)
        else:
            who, _ = spoilt[scan].faults[about.group.present[0].id[:-1]]
            good = spoilt[scan].readings[1 - who].key.reader
            shown = [read.key.reader for read in adjudication.comparison.readings]
            press(window, [Qt.Key.Key_F5, Qt.Key.Key_F6][shown.index(good)])
        assert "Decided" in page.judging._answer.text()
        if adjudication.left:
            press(window, Qt.Key.Key_Space)
    library = window.workbench.library
    judgement = library.session(ReadingKey(scan, "adjudicated")).reading
    assert content(judgement) == content(library.session(ReadingKey(scan, "truth")).reading)
    assert judgement.verdict.grade == 2
    press(window, Qt.Key.Key_Space)
    assert page.reading.scan != scan and adjudication.active
    press(window, Qt.Key.Key_J)
    assert not adjudication.active and not page.judging.isVisible() and page.verdict.isVisible()
    assert page.editor.reading.key.reader == "anna"


def test_none_a_digit_a_click_and_undo(judged):
    window, _ = judged
    page = window.read_page
    press(window, Qt.Key.Key_J)
    adjudication = page.adjudication
    lesions = [n for n, about in enumerate(adjudication.questions) if about.group]
    press(window, Qt.Key.Key_Backspace)
    assert adjudication.decided == "Take no reader"
    press(window, Qt.Key.Key_Space)
    assert adjudication.at == lesions[1]
    press(window, Qt.Key.Key_3)
    (lesion,) = decision.standing(adjudication.comparison, adjudication.session, adjudication.current)
    assert lesion.label is Label.UNCERTAIN and page.viewer.selected == lesion.id
    press(window, Qt.Key.Key_2)  # an ordinary label now
    assert page.editor.lesions[lesion.id].label is Label.BENIGN and len(adjudication.session.done) == 3
    press(window, Qt.Key.Key_Z, CTRL)
    press(window, Qt.Key.Key_Z, CTRL)
    assert adjudication.at == lesions[1] and adjudication.decided is None
    there = adjudication.current.group.present[0]
    view, roi = next(iter(there.rois.items()))
    press(window, Qt.Key.Key_O)  # a polygon of one's own where the question lies
    canvas = next(canvas for canvas in page.canvases if canvas.panel.view is view)
    row, column = roi.centre
    for corner in ((-4, -4), (-4, 4), (4, 4), (4, -4)):
        click(canvas, row + corner[0], column + corner[1])
    press(window, Qt.Key.Key_Return)
    assert adjudication.decided == "Add lesion" and len(adjudication.session.done) == 2
    press(window, Qt.Key.Key_Space, SHIFT)
    assert adjudication.at == lesions[0]


def test_buttons_do_what_the_keys_do(judged):
    window, _ = judged
    panel, adjudication = window.read_page.judging, window.read_page.adjudication
    press(window, Qt.Key.Key_J)
    for button, name in (
        (panel._readers[1], "Take reader B"),
        (panel._all, "Take reader A, B"),
        (panel._none, "Take no reader"),
    ):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        assert adjudication.decided == name and button.isChecked()
    assert [button.isVisible() for button in panel._readers[:3]] == [True, True, False]
    press(window, Qt.Key.Key_F7)
    assert adjudication.decided == "Take no reader"  # there is no reader C


@pytest.mark.parametrize("name", theme.THEMES)
def test_readers_differ_in_letter_and_dash_not_in_colour_alone(judged, name):
    """The two outlines painted in grey are still different lines, and each has its letter beside it."""
    from PySide6.QtGui import QColor

    from workstation.ui import reader_marks

    window, _ = judged
    window.workbench.change_settings(theme=name)
    pens = [reader_marks.pen(reader, 2.0, QColor("#000000")) for reader in range(3)]
    assert len({tuple(pen.dashPattern()) for pen in pens}) == 3 and len({pen.color().name() for pen in pens}) == 3
    press(window, Qt.Key.Key_J)
    page = window.read_page
    for _ in page.adjudication.questions:
        if Difference.MISSING not in page.adjudication.current.differences:
            break
        page.adjudication.next()
    assert [mark.letter for mark in page.viewer.compared if mark.asked] == ["A", "B"]
    QApplication.processEvents()
    with_marks = np.array(page.canvases[0].grab().toImage().constBits())
    page.viewer.compared = ()
    assert (with_marks != np.array(page.canvases[0].grab().toImage().constBits())).any()


@pytest.mark.parametrize("key", [Qt.Key.Key_F8, Qt.Key.Key_Backspace])
def test_what_nobody_marks_any_more_is_kept_or_taken_away_by_key(judged, key):
    window, spoilt = judged
    page, adjudication = window.read_page, window.read_page.adjudication
    library, scan = window.workbench.library, page.reading.scan
    press(window, Qt.Key.Key_J)
    while adjudication.left:
        adjudication.take_all() if adjudication.current.group else adjudication.take(0)
        adjudication.next() if adjudication.left else None
    press(window, Qt.Key.Key_J)
    for one in spoilt[scan].readings:
        for lesion in library.session(one.key).reading.lesions.values():
            library.append(one.key, Step("edit", edits.delete("Delete", lesion)), one.key.reader)
    press(window, Qt.Key.Key_J)
    panel, asked = page.judging, adjudication.current
    before = set(page.editor.lesions)
    assert asked.abandoned.id in before and len([one for one in adjudication.left if one.abandoned]) == len(before)
    assert "nobody marks it now" in panel._asked.text() and not any(one.isVisible() for one in panel._readers)
    assert panel._all.text().startswith("Keep ") and panel._none.text().startswith("Take away ")
    press(window, key)
    kept = key == Qt.Key.Key_F8
    assert set(page.editor.lesions) == (before if kept else before - {asked.abandoned.id})
    assert (panel._all.isChecked(), panel._none.isChecked()) == (kept, not kept)


def test_joined_readers_whose_labels_differ_leave_a_label_to_give(judged):
    window, spoilt = judged
    page, adjudication = window.read_page, window.read_page.adjudication
    window.read(next(s for s, one in spoilt.items() if any(how is Fault.FLIPPED for _, how in one.faults.values())))
    press(window, Qt.Key.Key_J)
    while Difference.LABEL not in adjudication.current.differences:
        at = adjudication.at
        press(window, Qt.Key.Key_Space)
        assert adjudication.at > at
    press(window, Qt.Key.Key_F8)
    assert page.editor.lesions[page.viewer.selected].label is None
    assert "It has no label yet: give it with a digit." in page.judging._answer.text()
    press(window, Qt.Key.Key_2)
    assert page.editor.lesions[page.viewer.selected].label is Label.BENIGN
    assert "Decided" in page.judging._answer.text() and "no label" not in page.judging._answer.text()


def test_the_library_counts_and_filters_what_is_to_be_adjudicated(judged):
    window, spoilt = judged
    window.show_page(0)
    bar = window.library_page.bar
    assert bar.adjudicate.isVisible() and "2" in bar.adjudicate.text()
    QTest.mouseClick(bar.adjudicate, Qt.MouseButton.LeftButton)
    assert set(window.library_page.ids()) == set(spoilt)
    window.read(window.library_page.ids()[0])
    assert window.read_page.adjudication.active  # who filters for it, means it
    for _ in window.read_page.adjudication.questions:
        press(window, Qt.Key.Key_F5)
        press(window, Qt.Key.Key_Space)
    window.show_page(0)
    assert len(window.library_page.ids()) == 1 and "1" in bar.adjudicate.text()
    QTest.mouseClick(bar.clear_button, Qt.MouseButton.LeftButton)
    assert not bar.adjudicate.isChecked() and len(window.library_page.ids()) == 2


def test_who_has_read_the_scan_is_told_so(judged):
    window, _ = judged
    window.workbench.sign_in("reader 1")
    window.read("S000")
    press(window, Qt.Key.Key_J)
    assert not window.read_page.adjudication.active and "has read this scan" in window._note.text()


def test_an_exclusion_is_asked_first_and_what_changed_since_is_said(judged):
    window, spoilt = judged
    page, library = window.read_page, window.workbench.library
    scan = page.reading.scan
    out = spoilt[scan].readings[0].key
    verdict = library.session(out).reading.verdict
    excluded = edits.judge("Exclude", verdict, progress=Progress.EXCLUDED, reason="quality")
    library.append(out, Step("edit", excluded), out.reader)
    press(window, Qt.Key.Key_J)
    readers = [read.key for read in page.adjudication.comparison.readings]
    at = readers.index(out)
    letter, keys = "AB"[at], [Qt.Key.Key_F5, Qt.Key.Key_F6]
    assert page.judging._asked.text() == f"Excluded by {letter} only"
    assert "exclude it: quality" in page.judging._readers[at].toolTip()
    assert "read it" in page.judging._readers[1 - at].toolTip()
    assert not page.judging._all.isVisible()
    press(window, keys[at])
    assert library.rows([scan])[0].reason == "quality" and "Nothing is open" in page.judging._answer.text()
    press(window, Qt.Key.Key_J)
    library.append(out, Step("undo", library.session(out).done[-1]), out.reader)
    said = edits.judge("Exclude", verdict, progress=Progress.EXCLUDED, reason="injection")
    library.append(out, Step("edit", said), out.reader)
    press(window, Qt.Key.Key_J)
    assert page.judging._asked.text() == f"Changed since it was decided; Excluded by {letter} only"
    press(window, keys[at])
    assert library.rows([scan])[0].reason == "injection"
    assert page.judging._asked.text() == f"Excluded by {letter} only"


def test_an_ampersand_of_a_name_is_no_key(judged):
    window, _ = judged
    page, adjudication = window.read_page, window.read_page.adjudication
    window.workbench.change_settings(adjudicate_names=True)
    press(window, Qt.Key.Key_J)
    read = adjudication.comparison.readings[0]
    named = replace(read, key=replace(read.key, reader="R&D"))
    adjudication.comparison = replace(adjudication.comparison, readings=(named, *adjudication.comparison.readings[1:]))
    page.judging.refresh()
    button = page.judging._readers[0]
    assert "R&&D" in button.text() and "R&D" in button.accessibleName() and button.shortcut().isEmpty()
