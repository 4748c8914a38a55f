"""The quality page in a real window: what it lists, labels by digit, opening, outliers, checks, many lesions."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.core.test_checks import disc
from tests.made_scans import HOT, SHAPE, make_library
from tests.ui.conftest import close_window, open_window
from workstation.app import crops
from workstation.app.quality import Quality
from workstation.core import edits
from workstation.core.checks import Kind
from workstation.core.edits import Step
from workstation.core.lesion import Label, Lesion, ReadingKey
from workstation.core.people import Person, Role
from workstation.core.repeats import Item
from workstation.core.scan import View
from workstation.store.library import Library
from workstation.ui.contact_sheet import ContactSheet
from workstation.ui.main_window import MainWindow
from workstation.ui.page_quality import QualityPage

WAIT_MS = 30_000  # for a busy machine; what is waited for takes a fraction of a second


def lesion(name: str, row: float = HOT[0], radius: float = 4.0, label: Label | None = Label.BENIGN) -> Lesion:
    rois = {
        View.ANTERIOR: disc(row, HOT[1], radius),
        View.POSTERIOR: disc(row, SHAPE[1] - 1 - HOT[1], radius),
    }
    return Lesion(name, rois, label, region="rib", side="left")


@pytest.fixture(scope="module")
def _read_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten scans, each with a lesion of anna's, one far larger; one malignant, one unlabelled; two of ben's."""
    folder = make_library(tmp_path_factory.mktemp("read") / "library", 10)
    library = Library.open(folder)
    for number in range(10):
        key = ReadingKey(f"S{number:03d}", "anna")
        drawn = lesion("L1", radius=16.0 if number == 3 else 4.0)
        library.append(key, Step("edit", edits.add("Add", drawn)), "anna")
    bad = lesion("L2", row=300, label=Label.MALIGNANT)
    library.append(ReadingKey("S005", "anna"), Step("edit", edits.add("Add", bad)), "anna")
    library.append(ReadingKey("S006", "anna"), Step("edit", edits.add("Add", lesion("L2", 250, label=None))), "anna")
    for scan in ("S001", "S002"):
        theirs = lesion("B1", row=350, label=Label.MALIGNANT)
        library.append(ReadingKey(scan, "ben"), Step("edit", edits.add("Add", theirs)), "ben")
    library.close()
    return folder


@pytest.fixture
def quality_window(qtbot, tmp_path: Path, _read_once: Path) -> Iterator[MainWindow]:
    folder = Path(shutil.copytree(_read_once, tmp_path / "library"))
    made = open_window(tmp_path / "home", folder)
    qtbot.waitExposed(made)
    QTest.keyClick(made, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(
        lambda: made.quality_page.quality.found is not None and settled(made.quality_page.quality), timeout=WAIT_MS
    )
    yield made
    close_window(made)


def settled(quality: Quality) -> bool:
    return quality.job is None and quality._listing is None


def choose(qtbot, page: QualityPage, name: str) -> ContactSheet:
    item = next(item for item in page._items if item.text(0) == name)
    page.parts.setCurrentItem(item)
    qtbot.waitUntil(lambda: settled(page.quality), timeout=WAIT_MS)
    page.sheet.setFocus()
    return page.sheet


def numbers(page: QualityPage) -> dict[str, str]:
    return {item.text(0): item.text(1) for item in page._items if not item.isHidden()}


def labels(page: QualityPage) -> list[tuple[str, Label | None]]:
    entries = [page.quality.sheet.entry(number).row for number in range(page.quality.sheet.count)]
    return [(row.key.scan, row.lesion.label) for row in entries if row is not None]


def test_numbers_outliers_and_checks(qtbot, quality_window: MainWindow) -> None:
    page = quality_window.quality_page
    told = numbers(page)
    assert (told["Malignant"], told["Benign"], told["Unlabelled"], told["Not bone"]) == ("1", "10", "1", "0")
    assert told["Malignant without criterion"] == "1" and told["Unlabelled"] == "1"
    assert "Outside the body" not in told
    choose(qtbot, page, "Outliers")
    worst = page.quality.sheet.entry(0)
    assert worst.row is not None and worst.row.key.scan == "S003"
    assert worst.remark is not None and worst.remark.heading == "Size" and "cm" in worst.remark.words
    assert page.sheet.listing and page.sheet.columns == 1
    choose(qtbot, page, "Malignant without criterion")
    (entry,) = [page.quality.sheet.entry(number) for number in range(page.quality.sheet.count)]
    assert entry.row is not None and (entry.row.key.scan, entry.row.lesion.id) == ("S005", "L2")
    assert page.quality.numbers_by_kind()[Kind.NO_CRITERION] == 1


def test_crops_arrive_and_show_both_views(qtbot, quality_window: MainWindow) -> None:
    page = quality_window.quality_page
    choose(qtbot, page, "Benign")
    row, pictures = page.quality.sheet.entry(0).row, page.thumbnails.source._pictures
    assert row is not None
    qtbot.waitUntil(lambda: crops.name(row.key.scan, row.lesion) in pictures, timeout=WAIT_MS)
    crop = pictures[crops.name(row.key.scan, row.lesion)]
    assert crop.width() == 2 * crop.height()
    size = crop.height()
    for view in (0, 1):  # the hot spot lies in the middle of either view, dark on a lighter body
        middle = crop.pixelColor(view * size + size // 2, size // 2).lightness()
        assert middle < crop.pixelColor(view * size + size // 2, 4).lightness() - 60
    drawn = page.sheet.viewport().grab().toImage()
    page.toggle_outlines()
    assert drawn != page.sheet.viewport().grab().toImage()


def test_digits_label_as_one_edit_each_and_the_sheet_keeps_its_places(qtbot, quality_window: MainWindow) -> None:
    page, library = quality_window.quality_page, quality_window.workbench.library
    assert library is not None
    sheet = choose(qtbot, page, "Benign")
    before = labels(page)
    QTest.keyClick(sheet, Qt.Key.Key_1)
    assert sheet.current == 1
    QTest.keyClick(sheet, Qt.Key.Key_4)
    assert [scan for scan, _ in labels(page)] == [scan for scan, _ in before]
    assert [label for _, label in labels(page)][:3] == [Label.MALIGNANT, Label.NOT_BONE, Label.BENIGN]
    first = page.quality.sheet.entry(0).row
    assert first is not None
    session = library.session(first.key)
    assert session.done[-1].what == "Label malignant" and len(session.done[-1].lesions) == 1
    qtbot.waitUntil(lambda: numbers(page)["Benign"] == "8", timeout=WAIT_MS)
    QTest.keyClick(sheet, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(sheet, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert labels(page) == before
    QTest.keyClick(sheet, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert labels(page) == before
    assert page.quality.outdated and library.verify().ok


def test_undo_here_takes_back_nothing_done_elsewhere_since(qtbot, quality_window: MainWindow) -> None:
    page, library = quality_window.quality_page, quality_window.workbench.library
    assert library is not None
    sheet = choose(qtbot, page, "Benign")
    QTest.keyClick(sheet, Qt.Key.Key_3)
    row = page.quality.sheet.entry(0).row
    assert row is not None
    said = edits.change("Confidence", row.lesion, confidence=2)
    library.append(row.key, Step("edit", said), "anna")
    QTest.keyClick(sheet, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert library.session(row.key).done[-1] == said
    assert "changed since" in quality_window._note.text()


def test_anothers_lesions_can_be_seen_and_not_labelled(qtbot, quality_window: MainWindow) -> None:
    page, library = quality_window.quality_page, quality_window.workbench.library
    assert library is not None
    page.whose.setCurrentIndex(page.whose.findData("ben"))
    page.whose.activated.emit(page.whose.currentIndex())
    qtbot.waitUntil(lambda: page.quality.sheet.count == 2, timeout=WAIT_MS)
    QTest.keyClick(page.sheet, Qt.Key.Key_2)
    assert "ben" in quality_window._note.text()
    assert library.session(ReadingKey("S001", "ben")).reading.lesions["B1"].label is Label.MALIGNANT
    page._open(0)
    editor = quality_window.read_page.editor
    assert editor.reading is not None and editor.reading.key == ReadingKey("S001", "ben")
    assert quality_window.read_page.viewer.selected == "B1"


def test_enter_opens_the_scan_with_the_lesion_selected(qtbot, quality_window: MainWindow) -> None:
    sheet = choose(qtbot, quality_window.quality_page, "Malignant")
    QTest.keyClick(sheet, Qt.Key.Key_Return)
    assert quality_window.read_page.reading.scan == "S005"
    assert quality_window.read_page.viewer.selected == "L2"
    assert quality_window._stack.currentWidget() is quality_window.read_page


def test_coming_back_finds_the_place_where_one_was(qtbot, quality_window: MainWindow) -> None:
    page = quality_window.quality_page
    quality_window.resize(1120, 640)
    sheet = choose(qtbot, page, "Benign")
    qtbot.wait(100)  # the progress bar goes, and the sheet gets its room
    QTest.keyClick(sheet, Qt.Key.Key_End)
    chosen, top = page.quality.sheet.entry(sheet.current).row, sheet.verticalScrollBar().value()
    assert chosen is not None and top > 0
    QTest.keyClick(sheet, Qt.Key.Key_Return)
    quality_window.read_page.editor.describe(chosen.lesion.id, "Confidence", confidence=1)
    QTest.keyClick(quality_window, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: settled(page.quality), timeout=WAIT_MS)
    again = page.quality.sheet.entry(sheet.current).row
    assert again is not None and again.key == chosen.key and again.lesion.confidence == 1
    assert sheet.verticalScrollBar().value() == top


def test_region_filter_mouse_and_keys(qtbot, quality_window: MainWindow) -> None:
    page = quality_window.quality_page
    sheet = choose(qtbot, page, "Benign")
    page.region.setCurrentIndex(page.region.findData("femur"))
    page.region.activated.emit(page.region.currentIndex())
    qtbot.waitUntil(lambda: page.quality.sheet.count == 0 and settled(page.quality), timeout=WAIT_MS)
    assert numbers(page)["Benign"] == "0" and "No such lesions" in sheet.empty_words
    page.region.setCurrentIndex(0)
    page.region.activated.emit(0)
    qtbot.waitUntil(lambda: page.quality.sheet.count == 10, timeout=WAIT_MS)
    QTest.keyClick(sheet, Qt.Key.Key_End)
    assert sheet.current == 9
    QTest.keyClick(sheet, Qt.Key.Key_Up)
    assert sheet.current == 9 - sheet.columns
    QTest.mouseClick(sheet.viewport(), Qt.MouseButton.LeftButton, pos=sheet.cell(2).center())
    assert sheet.current == 2 and "rib" in sheet.accessibleDescription().lower()
    QTest.mouseDClick(sheet.viewport(), Qt.MouseButton.LeftButton, pos=sheet.cell(1).center())
    assert quality_window._stack.currentWidget() is quality_window.read_page


def test_who_reads_blinded_sees_only_their_own(qtbot, quality_window: MainWindow) -> None:
    page, workbench = quality_window.quality_page, quality_window.workbench
    library = workbench.library
    assert library is not None
    library.tell_role(Person("ben", Role.ANNOTATOR), "anna")
    library.make_queue("ben", [Item("S001"), Item("S002")], True, "anna", {})
    workbench.sign_in("ben")
    qtbot.waitUntil(lambda: page.quality.sheet.count == 2 and settled(page.quality), timeout=WAIT_MS)
    assert numbers(page)["Benign"] == "0" and numbers(page)["Malignant"] == "2"
    assert page.blind.isVisible() and not page.whose.isEnabled()
    assert [page.whose.itemData(number) for number in range(page.whose.count())] == ["ben"]
    page.quality.check()
    qtbot.waitUntil(lambda: settled(page.quality), timeout=WAIT_MS)
    assert page.quality.found is not None and page.quality.found.readings == 2
    hidden = library.lesions().place(ReadingKey("S005", "anna"), "L2")
    assert hidden is not None and workbench.library is not None
    assert workbench.library.lesions().rows([hidden]) == {}


def test_a_check_can_be_cancelled_and_what_was_found_stays(qtbot, quality_window: MainWindow) -> None:
    page = quality_window.quality_page
    page.quality.check()
    assert page.cancel.isVisibleTo(page)
    page.cancel.click()
    qtbot.waitUntil(lambda: settled(page.quality), timeout=WAIT_MS)
    assert page.quality.found is not None and page.quality.found.readings <= 10
    assert page.check.isVisibleTo(page) and not page.bar.isVisibleTo(page)


def test_fifty_thousand_lesions_scroll_without_loading_all(qtbot, tmp_path: Path) -> None:
    folder = make_library(tmp_path / "library", 4)
    library = Library.open(folder)
    keys = [ReadingKey(f"S{number:03d}", "anna") for number in range(4)]
    first = lesion("first")
    for key in keys:
        library.append(key, Step("edit", edits.add("Add", first)), "anna")
    library.close()
    with sqlite3.connect(folder / "library.db") as connection:  # as many as no test could draw one by one
        row = connection.execute("SELECT * FROM lesions LIMIT 1").fetchone()
        marks = ",".join("?" for _ in row)
        text = row[-1]
        connection.executemany(
            f"INSERT INTO lesions VALUES ({marks})",
            (
                (1 + n % 4, f"L{n:06d}", n + 2, *row[3:-1], text.replace('"first"', f'"L{n:06d}"'))
                for n in range(50_000)
            ),
        )
    connection.close()
    window = open_window(tmp_path / "home", folder)
    try:
        window.show_page(3)
        page = window.quality_page
        sheet = choose(qtbot, page, "Benign")
        assert page.quality.sheet.count == 50_004 and numbers(page)["Benign"] == "50,004"
        bar = sheet.verticalScrollBar()
        assert bar.maximum() > 50_004 // sheet.columns * 100
        for share in range(0, 101, 5):
            bar.setValue(bar.maximum() * share // 100)
            QApplication.processEvents()
            sheet.viewport().repaint()
            assert len(sheet.visible()) < 60
        qtbot.waitUntil(lambda: not page.thumbnails.source._asked, timeout=WAIT_MS)
        assert page.quality.sheet.blocks <= 64
        assert len(page.thumbnails.source._pictures) <= 600
        QTest.keyClick(sheet, Qt.Key.Key_End)
        last = page.quality.sheet.entry(sheet.current).row
        assert sheet.current == 50_003 and last is not None and last.key.scan == "S003"
    finally:
        page.quality.cancel()
        close_window(window)


def test_a_lesion_deleted_meanwhile_and_a_scan_without_pixels_say_so(qtbot, quality_window: MainWindow) -> None:
    page, library = quality_window.quality_page, quality_window.workbench.library
    assert library is not None
    sheet = choose(qtbot, page, "Malignant without criterion")
    gone = page.quality.sheet.entry(0).row
    assert gone is not None
    library.append(gone.key, Step("edit", edits.delete("Delete", gone.lesion)), "anna")
    page.quality.sheet.refresh()
    entry = page.quality.sheet.entry(0)
    assert entry.row is None and entry.remark is not None
    sheet.viewport().repaint()
    QTest.keyClick(sheet, Qt.Key.Key_1)  # nothing to label, and no mistake
    page._open(0)
    assert quality_window.read_page.reading.scan == "S005"
    assert replace(gone.lesion, label=None) not in quality_window.read_page.editor.lesions.values()
