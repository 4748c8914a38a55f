"""The guide's page for annotators, gone through in the window by its keys: a queue, a second reader, adjudication."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from workstation.core.lesion import Label, Progress, ReadingKey
from workstation.core.people import Role
from workstation.ui.main_window import MainWindow

CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier


def press(window: MainWindow, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(window.read_page, key, modifiers)


def sign_in(window: MainWindow, name: str, role: Role) -> None:
    QTest.keyClick(window, Qt.Key.Key_3, CTRL)
    person = window.queue_page.person
    person.name.lineEdit().setText(name)
    person.role.setCurrentIndex(person.role.findData(role))
    person.go.click()
    assert (window.workbench.reader, window.workbench.role) == (name, role)


def read_a_queue(window: MainWindow, qtbot, label: Qt.Key, grade: Qt.Key) -> None:
    """As many cases as there are: the first place of each is labelled, the scan graded and done; the queue is ended."""
    page, maker = window.queue_page, window.queue_page.maker
    maker.order.setCurrentIndex(maker.order.findData("random"))
    maker.make.click()
    assert window.workbench.blinded
    page.progress.resume.click()
    hand = window.read_page.one_hand
    for _ in range(page.progress._queue.total):
        press(window, Qt.Key.Key_Space)
        qtbot.waitUntil(lambda: hand.draft is not None, timeout=20_000)
        press(window, label)
        press(window, Qt.Key.Key_Escape)
        press(window, grade, ALT)
        press(window, Qt.Key.Key_Return, CTRL)
    QTest.keyClick(window, Qt.Key.Key_3, CTRL)
    assert page.progress.bar.value() == page.progress.bar.maximum()
    page.progress.end.click()
    page.progress._queue.end()
    assert not window.workbench.blinded


def test_two_people_read_and_a_third_decides(window: MainWindow, qtbot) -> None:
    sign_in(window, "first", Role.ANNOTATOR)
    read_a_queue(window, qtbot, Qt.Key.Key_1, Qt.Key.Key_2)
    sign_in(window, "second", Role.ANNOTATOR)
    read_a_queue(window, qtbot, Qt.Key.Key_2, Qt.Key.Key_2)
    library = window.workbench.library
    for scan in library.ids():
        for reader, label in (("first", Label.MALIGNANT), ("second", Label.BENIGN)):
            reading = library.session(ReadingKey(scan, reader)).reading
            assert [lesion.label for lesion in reading.lesions.values()] == [label]
            assert (reading.verdict.progress, reading.verdict.grade) == (Progress.DONE, 2)
    sign_in(window, "third", Role.ADJUDICATOR)
    table = window.queue_page.agreement.table
    qtbot.waitUntil(lambda: table.rowCount() == 1, timeout=20_000)
    assert table.item(0, 0).text() == "first and second" and table.item(0, 1).text() == "4"
    QTest.keyClick(window, Qt.Key.Key_1, CTRL)
    window.library_page.bar.adjudicate.click()
    window.read(library.ids()[0])
    judging = window.read_page.adjudication
    for _ in library.ids():
        assert judging.active and len(judging.left) == 1
        press(window, Qt.Key.Key_F6)
        assert judging.finished
        press(window, Qt.Key.Key_Space)
    for scan in library.ids():
        decided = library.session(ReadingKey(scan, "adjudicated")).reading
        assert len(decided.lesions) == 1 and decided.verdict.grade == 2
    assert library.verify().ok
