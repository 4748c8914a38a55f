"""What only a person can say of a scan, on the library page: which view is which, where the head is."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.made_scans import make_library
from tests.workflows.studies import write_untold
from workstation.app.importing import Asks
from workstation.core import edits
from workstation.core.edits import Step
from workstation.core.lesion import Lesion, ReadingKey, Roi
from workstation.core.scan import How, View


@pytest.fixture
def window(begun_window):
    return begun_window


@pytest.fixture
def page(window):
    return window.library_page


def imported(qtbot, page) -> None:
    qtbot.waitUntil(lambda: not page.strip.busy and not page._jobs.running, timeout=20_000)


def frames_of(page, window) -> list[dict[View, np.ndarray]]:
    """Counts of the scans that were imported, how they were recognised being told by a person."""
    library = window.workbench.library
    found = [library.load(scan).frames for scan in library.ids() if not scan.startswith("S00")]
    assert {frame.how for frames in found for frame in frames.values()} == {How.USER}
    return [{view: frame.counts for view, frame in frames.items()} for frames in found]


def test_objects_that_do_not_tell_which_view_is_which_ask_when_they_are_met(page, window, qtbot, tmp_path):
    import zipfile

    import pydicom

    file = write_untold(tmp_path / "in", "one")
    with zipfile.ZipFile(tmp_path / "in" / "more.zip", "w") as archive:
        archive.write(write_untold(tmp_path / "two", "two"), "inner/wb.dcm")
    page.take_in([tmp_path / "in"])
    imported(qtbot, page)
    question = page.sides[Asks.FRAMES]
    assert page.table.total == 6 and question.isVisible() and page.strip.list.isVisible()
    assert question.words.text().startswith("2 files do not say which view is which: is the first frame anterior")
    assert page.view.isEnabled()  # nothing waits for the answer
    question.buttons["posterior-anterior"].click()
    imported(qtbot, page)
    assert page.table.total == 8 and not question.isVisible()
    first = pydicom.dcmread(file).pixel_array[0]
    found = frames_of(page, window)
    assert len(found) == 2
    assert any(np.array_equal(frames[View.POSTERIOR], first) for frames in found)
    assert not page.strip.say.isVisible()


def test_one_frame_that_does_not_tell_its_view_asks_too_and_can_be_left_out_first(page, window, qtbot, tmp_path):
    page.take_in([write_untold(tmp_path / "in", frames=1)])
    imported(qtbot, page)
    question = page.sides[Asks.FRAME]
    assert question.isVisible() and set(question.buttons) == {"anterior", "posterior"}
    question.hide()
    page.strip.say.click()
    assert question.isVisible() and "A file does not say its view" in question.words.text()
    question.buttons["posterior"].click()
    imported(qtbot, page)
    (frames,) = frames_of(page, window)
    assert set(frames) == {View.POSTERIOR}


def test_what_is_said_of_a_picture_decides_nothing_of_the_objects_beside_it(page, window, qtbot, tmp_path):
    from PIL import Image

    Image.fromarray((np.add.outer(np.arange(90), np.arange(40)) % 251).astype(np.uint8)).save(tmp_path / "a.png")
    page.take_in([tmp_path / "a.png", write_untold(tmp_path / "in")])
    page.sides[Asks.PICTURE].buttons["both"].click()
    assert page.strip.busy
    page.sides[Asks.FRAMES].ask_also([tmp_path / "earlier.dcm"])
    page.sides[Asks.FRAMES].buttons["both"].click()  # too early: the question stays
    assert page.sides[Asks.FRAMES].isVisible()
    imported(qtbot, page)
    assert page.table.total == 7
    assert "2 files" in page.sides[Asks.FRAMES].words.text()
    assert window.workbench.open_library(make_library(tmp_path / "other", 1))
    assert not page.sides[Asks.FRAMES].isVisible()


# Head up


def turn(page) -> None:
    action = next(action for action in page.menu().actions() if action.text() == "Turn the scan head up")
    assert action.isEnabled()
    action.trigger()


def test_a_scan_on_its_head_is_turned_by_the_menu_and_turned_back(page, window, qtbot):
    library = window.workbench.library
    before = {view: np.array(frame.counts) for view, frame in library.load("S002").frames.items()}
    picture = library.thumbnail("S002")
    page.select("S002")
    turn(page)
    for view, frame in library.load("S002").frames.items():
        assert np.array_equal(frame.counts, before[view][::-1, ::-1])
    assert library.thumbnail("S002") != picture and page.view.current().scan == "S002"
    turn(page)
    assert all(np.array_equal(frame.counts, before[view]) for view, frame in library.load("S002").frames.items())
    page.view.selectAll()
    assert not next(action for action in page.menu().actions() if "head up" in action.text()).isEnabled()


def test_a_key_turns_the_scan_being_read_but_not_under_its_lesions(window):
    library, reading = window.workbench.library, window.read_page
    window.read("S001")
    before = np.array(reading.viewer.case.scan.frames[View.ANTERIOR].counts)
    reading.viewer.set_state(flipped_vertically=True)
    QTest.keyClick(reading, Qt.Key.Key_H, Qt.KeyboardModifier.AltModifier)
    shown = reading.viewer.case.scan.frames[View.ANTERIOR].counts
    assert np.array_equal(shown, before[::-1, ::-1]) and not reading.viewer.state.flipped_vertically
    assert library.verify().ok
    lesion = Lesion("L1", {View.ANTERIOR: Roi.from_mask(np.ones((3, 3), bool), 300, 120)})
    library.append(ReadingKey("S001", "anna"), Step("edit", edits.add("Add", lesion)), "anna")
    notes = []
    window.workbench.noted.connect(notes.append)
    QTest.keyClick(reading, Qt.Key.Key_H, Qt.KeyboardModifier.AltModifier)
    assert np.array_equal(reading.viewer.case.scan.frames[View.ANTERIOR].counts, before[::-1, ::-1])
    assert len(notes) == 1 and "1 lesions drawn" in notes[0] and "turned" in notes[0]
