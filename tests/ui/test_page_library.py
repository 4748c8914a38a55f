"""The library page as a user meets it: keys, mouse, drops; what counts is what the library holds then."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from tests.made_scans import make_library, new_scan
from tests.ui.conftest import close_window, open_window
from workstation.app import many_scans
from workstation.app.importing import Asks
from workstation.app.scan_table import ROW, place
from workstation.core.changes import Changes
from workstation.core.lesion import Progress, ReadingKey
from workstation.core.scan import How, View
from workstation.store.library import Library
from workstation.workflows import identity
from workstation.workflows.progress import Progress as Step

ENTER, ESCAPE = Qt.Key.Key_Return, Qt.Key.Key_Escape


@pytest.fixture
def window(begun_window):
    return begun_window


@pytest.fixture
def page(window):
    window.library_page.view.setFocus()
    return window.library_page


def where(page, row: int, column: str = "patient") -> QPoint:
    return page.view.visualRect(page.table.index(row, place(column))).center()


def click(page, row: int, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
    QTest.mouseClick(page.view.viewport(), Qt.MouseButton.LeftButton, modifiers, where(page, row))


def choose(menu, *names: str) -> None:
    """Trigger an entry of a menu, through its submenus."""
    action = next(action for action in menu.actions() if action.text() == names[0])
    if names[1:]:
        choose(action.menu(), *names[1:])
    else:
        assert action.isEnabled() and action.isVisible()
        action.trigger()


def drop(page, paths: list[Path]) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(300, 300), Qt.DropAction.CopyAction, mime, buttons, keys)
    QApplication.sendEvent(page, enter)
    assert enter.isAccepted() and page._drop_hint.isVisible()
    QApplication.sendEvent(page, QDropEvent(QPointF(300, 300), Qt.DropAction.CopyAction, mime, buttons, keys))
    assert not page._drop_hint.isVisible()


def imported(qtbot, page) -> None:
    qtbot.waitUntil(lambda: not page.strip.busy and not page._jobs.running, timeout=20_000)


# Finding


def test_typing_on_the_list_searches_and_escape_brings_everything_back(page, qtbot):
    QTest.keyClick(page.view, "p")
    assert page.search.hasFocus()
    QTest.keyClicks(page.search, "001")
    qtbot.waitUntil(lambda: page.table.ids == ["S002", "S003"])
    assert page.bar.count.text() == "2 of 6 scans"
    QTest.keyClick(page.search, ESCAPE)
    qtbot.waitUntil(lambda: len(page.table.ids) == 6)
    assert page.bar.count.text() == "6 scans" and page.search.text() == ""


def test_enter_in_the_search_goes_to_the_list_and_enter_there_opens(page, qtbot):
    page.focus_search()
    QTest.keyClicks(page.search, "p001 2020-07")
    QTest.keyClick(page.search, ENTER)
    assert page.table.ids == ["S003"] and page.view.hasFocus()
    with qtbot.waitSignal(page.open_scan) as opened:
        QTest.keyClick(page.view, ENTER)
    assert opened.args == ["S003"]


def test_filters_narrow_and_a_search_without_result_says_so(page, qtbot):
    for row in range(page.bar.tumour.count()):
        if page.bar.tumour.itemData(row) == "prostate":
            page.bar.tumour.setCurrentIndex(row)
            page.bar.tumour.activated.emit(row)
    assert page.table.ids == ["S002", "S003"]
    QTest.keyClicks(page.search, "nobody")
    qtbot.waitUntil(lambda: page.nothing.isVisible())
    page.bar.clear_button.click()
    assert len(page.table.ids) == 6 and page.view.isVisible()


def test_clicking_a_heading_sorts_and_clicking_again_turns_round(page):
    header = page.view.horizontalHeader()

    def click_heading(name: str) -> None:
        at = QPoint(header.sectionViewportPosition(place(name)) + 15, header.height() // 2)
        QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)

    click_heading("age")
    assert page.table.ids == ["S000", "S001", "S002", "S003", "S004", "S005"]
    click_heading("age")
    assert page.table.ids == ["S005", "S004", "S003", "S002", "S001", "S000"]
    assert header.sortIndicatorOrder() is Qt.SortOrder.DescendingOrder
    click_heading("views")  # nothing to sort by
    assert page.table.ids[0] == "S005" and header.sortIndicatorSection() == place("age")


def test_keys_walk_the_list_and_a_double_click_opens(page, qtbot):
    click(page, 0)
    QTest.keyClick(page.view, Qt.Key.Key_Down)
    QTest.keyClick(page.view, Qt.Key.Key_Down)
    assert page.view.current().scan == "S002"
    assert page.detail.picture._row.scan == "S002"
    click(page, 4)
    with qtbot.waitSignal(page.open_scan) as opened:
        QTest.mouseDClick(page.view.viewport(), Qt.MouseButton.LeftButton, pos=where(page, 4))
    assert opened.args == ["S004"]


# Keeping the place


def test_selection_and_scroll_survive_new_scans_and_another_order(page, window):
    library = window.workbench.library
    library.add_scans([new_scan(number) for number in range(10, 60)])
    window.workbench.changed.emit(Changes.SCANS)
    page.view.selectionModel().clear()
    click(page, 2)
    click(page, 4, Qt.KeyboardModifier.ControlModifier)
    page.view.verticalScrollBar().setValue(40 * page.view.rowHeight(0))
    top = page.view.indexAt(QPoint(5, 5)).data(ROW).scan
    library.add_scans([new_scan(number) for number in range(6, 10)])
    window.workbench.changed.emit(Changes.SCANS)
    assert page.view.selected() == ["S002", "S004"]
    assert page.view.indexAt(QPoint(5, 5)).data(ROW).scan == top
    page.table.sort(place("age"), Qt.SortOrder.DescendingOrder)
    assert page.view.selected() == ["S004", "S002"]
    assert page.view.current().scan == "S004"


def test_a_reading_that_changes_shows_when_the_page_is_seen_again(page, window):
    window.read("S001")
    QTest.keyClick(window.read_page, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    window.show_page(0)
    row = page.table.ids.index("S001")
    assert page.table.index(row, place("grade")).data() == "2"
    assert page.table.index(row, place("reader")).data() == "anna"


# Pictures


def test_pictures_come_lazily_and_those_of_a_former_library_never(page, window, qtbot, tmp_path):
    qtbot.waitUntil(lambda: page.thumbnails.source.get("S000") is not None)
    image = page.thumbnails.source.get("S000")
    assert not image.isNull() and image.height() > image.width()
    qtbot.waitUntil(lambda: page.previews.source.get(page.view.current().scan) is not None)
    other = make_library(tmp_path / "other", 1)
    page.thumbnails.source.get("S005")
    assert window.workbench.open_library(other)
    assert page.thumbnails.source.get("S005") is None
    qtbot.waitUntil(lambda: page.thumbnails.source.get("S005") is not None)
    assert page.thumbnails.source.get("S005").isNull()


# Correcting


@pytest.fixture
def assumed(page, window):
    window.workbench.library.add_scans([new_scan(7, How.ASSUMED), new_scan(8, How.ASSUMED, (View.POSTERIOR,))])
    window.workbench.changed.emit(Changes.SCANS)
    return window.workbench.library


def test_assumed_views_are_swapped_by_a_button(page, assumed):
    before = {view: np.array(frame.counts) for view, frame in assumed.load("S007").frames.items()}
    page.select("S007")
    assert page.detail.question.isVisible()
    page.detail.swap.click()
    after = assumed.load("S007").frames
    assert np.array_equal(after[View.ANTERIOR].counts, before[View.POSTERIOR])
    assert {frame.how for frame in after.values()} == {How.USER}
    assert page.view.current().scan == "S007" and not page.detail.question.isVisible()


def test_an_assumed_single_view_becomes_the_other_or_is_confirmed(page, assumed):
    page.select("S008")
    assert "anterior" in page.detail.swap.text()
    page.detail.swap.click()
    assert assumed.load("S008").views == (View.ANTERIOR,)
    page.select("S007")
    page.detail.confirm.click()
    assert {frame.how for frame in assumed.load("S007").frames.values()} == {How.USER}


def test_the_menu_excludes_several_scans_with_a_reason_and_takes_them_in_again(page, window):
    click(page, 1)
    click(page, 3, Qt.KeyboardModifier.ShiftModifier)
    choose(page.menu(), "Exclude", "No follow-up")
    library = window.workbench.library
    rows = library.rows(["S001", "S002", "S003", "S004"], "anna")
    assert [row.status for row in rows] == [Progress.EXCLUDED] * 3 + [Progress.NEW]
    assert rows[0].reason == "no follow-up"
    assert page.view.selected() == ["S001", "S002", "S003"]
    choose(page.menu(), "Include again")
    assert {row.status for row in library.rows(["S001", "S002", "S003"], "anna")} == {Progress.NEW}


def test_an_exclusion_reaches_the_reading_page_and_can_be_undone_there(page, window):
    window.read("S001")
    window.show_page(0)
    page.select("S001")
    choose(page.menu(), "Exclude", "Picture quality")
    window.show_page(1)
    assert window.read_page.editor.reading.verdict.progress is Progress.EXCLUDED
    assert window.read_page.editor.undo()
    assert window.workbench.library.session(ReadingKey("S001", "anna")).reading.verdict.progress is Progress.NEW


def test_thousands_are_written_by_a_job(page, window, qtbot):
    library = window.workbench.library
    library.add_scans([new_scan(number) for number in range(6, 6 + many_scans.FEW)])
    window.workbench.changed.emit(Changes.SCANS)
    page.view.selectAll()
    choose(page.menu(), "Tumour", "Lung")
    assert page.strip.busy
    imported(qtbot, page)
    assert {row.tumour for row in library.rows(library.ids())} == {"lung"}
    assert {page.table.index(row, place("tumour")).data() for row in range(page.table.rowCount())} == {"lung"}


def test_scan_ids_are_copied(page):
    click(page, 0)
    click(page, 1, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(page.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == "S000\nS001"


# Import


def test_dropped_files_come_in_and_what_was_left_out_is_listed_and_saved(
    page, window, qtbot, tmp_path, real_scan_path, monkeypatch
):
    source = tmp_path / "incoming"
    source.mkdir()
    shutil.copy(real_scan_path, source / "real.dcm")
    (source / "letter.txt").write_text("not a scan")
    drop(page, [source])
    assert page.strip.busy
    imported(qtbot, page)
    library = window.workbench.library
    assert page.table.total == 7
    (new,) = [scan for scan in library.ids() if not scan.startswith("S00")]
    assert int(library.load(new).frames[View.ANTERIOR].counts.sum(dtype=np.int64)) == 3_596_452
    assert new in page.table.ids
    assert page.strip.list.isVisible() and page.strip.list.model().rowCount() == 1
    assert page.strip.list.model().index(0, 0).data().endswith("letter.txt")
    saved = tmp_path / "left-out.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(saved), ""))
    page.strip.save.click()
    with open(saved, newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [set(row) for row in rows] == [{"path", "reason"}] and rows[0]["path"].endswith("letter.txt")
    page.strip.dismiss.click()
    assert not page.strip.isVisible()
    page.select(new)
    choose(page.menu(), "Show the last import")
    assert page.strip.list.isVisible()


def test_a_picture_asks_for_its_sides_beside_the_list(page, window, qtbot, tmp_path):
    from PIL import Image

    scan = np.zeros((200, 120), np.uint8)
    scan[20:180, 20:40] = 180
    scan[20:180, 80:100] = 120
    Image.fromarray(scan).save(tmp_path / "print.png")
    drop(page, [tmp_path / "print.png"])
    question = page.sides[Asks.PICTURE]
    assert question.isVisible() and not page.strip.busy
    question.buttons["both"].click()
    imported(qtbot, page)
    (new,) = [scan for scan in window.workbench.library.ids() if not scan.startswith("S00")]
    frames = window.workbench.library.load(new).frames
    assert set(frames) == set(View) and {frame.how for frame in frames.values()} == {How.USER}
    assert frames[View.ANTERIOR].counts[100, 30] > frames[View.POSTERIOR].counts[100, 30]


def test_pictures_in_a_folder_can_be_imported_afterwards(page, qtbot, tmp_path):
    from PIL import Image

    folder = tmp_path / "prints"
    folder.mkdir()
    grey = (np.add.outer(np.arange(90), np.arange(40)) % 251).astype(np.uint8)
    Image.fromarray(grey).save(folder / "one.png")
    page.take_in([folder])
    imported(qtbot, page)
    question = page.sides[Asks.PICTURE]
    assert page.table.total == 6 and page.strip.say.isVisible() and not question.isVisible()
    page.strip.say.click()
    question.buttons["anterior"].click()
    imported(qtbot, page)
    assert page.table.total == 7


def test_cancelling_keeps_what_came_in(page, window, qtbot, monkeypatch):
    from workstation.app import importing

    library = window.workbench.library

    def slowly(paths, library, options):
        library.add_scans([new_scan(20)])
        done = 0
        while True:
            done += 1
            QTest.qSleep(5)
            yield Step(done, 10_000, "Importing")

    monkeypatch.setattr(importing.import_scans, "run", slowly)
    page.take_in([Path("anything")])
    qtbot.waitUntil(lambda: page.strip.bar.value() > 0)
    assert page.strip.cancel.isVisible()
    qtbot.waitUntil(lambda: "S020" in page.table.ids)  # the list fills while it goes on
    QTest.mouseClick(page.strip.cancel, Qt.MouseButton.LeftButton)
    imported(qtbot, page)
    assert "stays" in page.strip.words.text() and "S020" in library.ids()
    page.take_in([Path("anything")])
    assert page.strip.busy  # another import can begin; the fixture's closing of the window ends it


def test_another_library_ends_the_import_without_a_word(page, window, qtbot, monkeypatch, tmp_path):
    from workstation.app import importing

    def endless(paths, library, options):
        while True:
            library.ids()
            QTest.qSleep(5)
            yield Step(1, None, "Importing")

    monkeypatch.setattr(importing.import_scans, "run", endless)
    notes = []
    window.workbench.noted.connect(notes.append)
    page.take_in([Path("anything")])
    assert window.workbench.open_library(make_library(tmp_path / "other", 2))
    imported(qtbot, page)
    assert not page.strip.isVisible() and not notes and page.table.total == 2


def test_a_library_of_another_machine_is_asked_about_before_it_gets_a_new_key(page, window, qtbot, real_scan_path):
    key = identity.key_file(window.workbench.library.id)
    key.rename(key.with_suffix(".elsewhere"))
    page.take_in([real_scan_path])
    assert page.key.isVisible() and not page.strip.busy
    page.key.buttons[True].click()
    imported(qtbot, page)
    assert page.table.total == 7 and key.exists()


# Export


def test_only_the_selected_scans_are_exported(page, window, qtbot, tmp_path, monkeypatch):
    from workstation.core import edits
    from workstation.core.edits import Step as EditStep
    from workstation.core.lesion import Label, Lesion, Roi

    library = window.workbench.library
    for scan in ("S000", "S001"):
        lesion = Lesion("L" + scan, {View.ANTERIOR: Roi.from_mask(np.ones((3, 3), bool), 300, 120)}, Label.BENIGN)
        library.append(ReadingKey(scan, "anna"), EditStep("edit", edits.add("Add", lesion)), "anna")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a: str(tmp_path / "out"))
    page.select("S001")
    choose(page.menu(), "Export lesions", "Table (CSV)")
    imported(qtbot, page)
    with open(tmp_path / "out" / "lesions.csv", newline="", encoding="utf-8") as stream:
        assert [(row["scan"], row["lesion"]) for row in csv.DictReader(stream)] == [("S001", "LS001")]
    assert "1 lesion" in page.strip.words.text()


def test_nothing_leaves_a_clinical_library_unasked(qtbot, tmp_path, monkeypatch):
    library = Library.create(tmp_path / "clinic", "clinical")
    library.add_scans([new_scan(0)])
    library.close()
    window = open_window(tmp_path / "home", tmp_path / "clinic")
    try:
        page, out = window.library_page, tmp_path / "out"
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a: str(out))
        page.select("S000")
        choose(page.menu(), "Export lesions", "Table (CSV)")
        assert page.identity.isVisible()
        page.identity.leave.click()
        assert not page.identity.isVisible() and not page.strip.busy and not out.exists()
        choose(page.menu(), "Export lesions", "Table (CSV)")
        page.identity.buttons[True].click()
        imported(qtbot, page)
        assert (out / "lesions.csv").exists()
    finally:
        close_window(window)


# Empty and read-only


def test_an_empty_library_invites_and_no_library_too(qtbot, tmp_path):
    window = open_window(tmp_path / "home", make_library(tmp_path / "library", 0))
    try:
        page = window.library_page
        assert page.invitation.isVisible() and not page.view.isVisible()
        assert page.bar.count.text() == "" and page.ids() == []
        page.menu()
    finally:
        close_window(window)


def test_a_read_only_library_says_who_writes_and_refuses(qtbot, tmp_path):
    folder = make_library(tmp_path / "library", 2)
    window = open_window(tmp_path / "home", folder)
    try:
        page = window.library_page
        assert not page._notice.isVisible()
        window.workbench.open_library(folder, read_only=True)
        assert page._notice.isVisible() and "read-only" in page._notice.text()
        assert not page.bar.add.isEnabled()
        notes = []
        window.workbench.noted.connect(notes.append)
        page.take_in([tmp_path])
        assert notes and "read-only" in notes[0] and not page.strip.busy
        page.select("S000")
        menu = page.menu()
        exclude = next(action for action in menu.actions() if action.text() == "Exclude")
        assert not exclude.isEnabled()
        menu.deleteLater()
    finally:
        close_window(window)


def test_text_from_files_is_never_markup(page, window):
    from dataclasses import replace

    window.workbench.library.add_scans([replace(new_scan(9), patient="<h1>Doe</h1>")])
    window.workbench.changed.emit(Changes.SCANS)
    page.select("S009")
    assert page.detail._patient.text() == "<h1>Doe</h1>"
    assert page.detail._patient.textFormat() is Qt.TextFormat.PlainText
    assert page.strip.words.textFormat() is Qt.TextFormat.PlainText


def test_narrow_windows_spare_columns_that_the_panel_tells(page, window):
    window.resize(960, 600)
    QApplication.processEvents()
    asked = ("how", "reader", "patient", "lesions", "status")
    hidden = {name for name in asked if page.view.isColumnHidden(place(name))}
    assert hidden == {"how", "reader"}
    assert page.view.horizontalScrollBar().maximum() == 0
    window.resize(1500, 900)
    QApplication.processEvents()
    assert not page.view.isColumnHidden(place("how"))

