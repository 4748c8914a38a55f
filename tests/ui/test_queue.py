"""The queue page as a person uses it, and what somebody who reads blinded can find in the whole window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractItemModel, QAbstractTableModel, QModelIndex, Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QToolTip,
    QWidget,
)

from tests.made_scans import make_library
from tests.ui.conftest import close_window, open_window
from workstation.app.scan_table import ROW
from workstation.core import edits
from workstation.core.changes import Changes
from workstation.core.clinical import Clinical
from workstation.core.edits import Step
from workstation.core.lesion import Label, Lesion, Origin, Progress, ReadingKey, Roi
from workstation.core.people import LONGEST, Person, Role
from workstation.core.scan import View
from workstation.store.library import Library
from workstation.ui.main_window import MainWindow

SCANS = 6
SECRETS = ("benedict", "reader='adjudicated'", "MRI-of-the-spine", "what-benedict-wrote", "13 malignant", "13 M")


def read(library: Library, key: ReadingKey, lesions: int, grade: int, comment: str = "") -> None:
    made = []
    for number in range(lesions):
        rois = {View.ANTERIOR: Roi(300 + 20 * number, 100, 8, 8, b"\xff" * 8)}
        made.append(Lesion(f"{key.reader}{number}", rois, Label.MALIGNANT, comment=comment))
    library.append(key, Step("edit", edits.add("Add lesion", *made)), key.reader)
    verdict = library.session(key).reading.verdict
    said = edits.judge("Done", verdict, progress=Progress.DONE, grade=grade, comment=comment)
    library.append(key, Step("edit", said), key.reader)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Benedict has read every scan, one is adjudicated, and the clinic knows every patient."""
    made = make_library(tmp_path / "library", SCANS)
    library = Library.open(made)
    for scan in library.ids():
        read(library, ReadingKey(scan, "benedict"), 13, 3, "what-benedict-wrote")
    read(library, ReadingKey("S002", "adjudicated"), 13, 3)
    for patient in library.patients():
        library.tell_clinical(patient, Clinical(reference=1, reference_evidence="MRI-of-the-spine"), "Reference", "x")
    library.tell_role(Person("anna", Role.ANNOTATOR), "x")
    library.close()
    return made


@pytest.fixture
def window(qtbot, tmp_path: Path, folder: Path) -> Iterator[MainWindow]:
    made = open_window(tmp_path / "home", folder)
    qtbot.waitExposed(made)
    yield made
    close_window(made)


def make_queue(window: MainWindow, share: float = 0.0, gap: int = 2, blinded: bool = True) -> None:
    window.show_page(2)
    maker = window.queue_page.maker
    maker.blinded.setChecked(blinded)
    maker.share.setValue(share)
    maker.gap.setValue(gap)
    maker.make.click()
    QApplication.processEvents()


def settle(qtbot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: not window.jobs.running, timeout=10_000)
    QApplication.processEvents()


def everything_told(window: MainWindow) -> str:
    """All words of all widgets, tooltips and models of the window, shown or not."""
    told: list[str] = []
    for widget in [window, *window.findChildren(QWidget)]:
        told += [widget.toolTip(), widget.accessibleName(), widget.windowTitle(), widget.statusTip()]
        if isinstance(widget, QLabel | QLineEdit):
            told.append(widget.text())
        elif isinstance(widget, QPlainTextEdit | QTextEdit):
            document: QTextDocument = widget.document()
            told.append(document.toPlainText())
        elif isinstance(widget, QComboBox):
            told += [widget.itemText(n) for n in range(widget.count())] + [widget.currentText()]
        elif isinstance(widget, QAbstractItemView):
            model = widget.model()
            told += _model(model) if model is not None else []
        elif hasattr(widget, "text") and callable(widget.text):
            told.append(str(widget.text()))
    told += [action.text() + action.toolTip() for action in window.actions_by_id.values()]
    return "\n".join([*told, QToolTip.text()])


def _model(model: QAbstractItemModel) -> list[str]:
    roles = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole, ROW)
    root = QModelIndex()
    columns = model.columnCount(root) if isinstance(model, QAbstractTableModel) else 1
    return [
        str(model.data(model.index(row, column, root), role))
        for row in range(model.rowCount(root))
        for column in range(columns)
        for role in roles
    ]


def secrets_in(text: str) -> list[str]:
    return [secret for secret in (*SECRETS, "lesions=13", "malignant=13", "grade=3", "reference=1") if secret in text]


def look_everywhere(qtbot, window: MainWindow) -> str:
    """Go through pages, scans, whose key, prior, filters and orders; everything that was told on the way."""
    told = []
    act = window.actions_by_id
    for number in range(window._stack.count()):
        window.show_page(number)
        settle(qtbot, window)
        told.append(everything_told(window))
    window.show_page(0)
    for scan in list(window.library_page.ids())[:4]:
        window.library_page.select(scan)
        settle(qtbot, window)
        told.append(everything_told(window))
    for scan in list(window.library_page.ids())[1:4]:
        window.read(scan)
        for action in ("case.whose", "case.prior", "case.whose", "lesion.next_lesion", "lesion.undo"):
            act[action].trigger()
            QApplication.processEvents()
            told.append(everything_told(window))
            told.append(str(window.read_page.editor.reading))
            told.append(str(dict(window.read_page.viewer.prior_lesions)))
            told.append(" ".join(window.read_page.editor.readers))
        window.show_page(1)
    settle(qtbot, window)
    return "\n".join(told)


def test_without_a_queue_everything_is_seen(qtbot, window: MainWindow) -> None:
    """The search for leaks finds what is there to be found."""
    found = secrets_in(look_everywhere(qtbot, window))
    assert {"benedict", "reader='adjudicated'", "what-benedict-wrote", "malignant=13", "grade=3", "reference=1"} <= set(
        found
    )


def test_nothing_leaks_to_a_blinded_reader(qtbot, window: MainWindow) -> None:
    make_queue(window)
    assert window.workbench.blinded
    assert secrets_in(look_everywhere(qtbot, window)) == []
    table = window.library_page.table
    before = list(table.ids)
    for sort in ("lesions", "grade", "status"):
        table.narrow(sort=sort, descending=True)
        assert sorted(table.ids) == sorted(before)
    table.narrow(sort="patient", descending=False, labelled=True)
    assert table.ids == []
    table.narrow(labelled=None, status=Progress.DONE)
    assert table.ids == []
    table.narrow(status=None)


def test_what_a_blinded_reader_exports_is_their_own(qtbot, window: MainWindow, tmp_path: Path, monkeypatch) -> None:
    from PySide6.QtWidgets import QFileDialog

    make_queue(window)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "out"))
    for form in ("csv", "png"):
        window.library_page.export(window.library_page.ids(), form)
        settle(qtbot, window)
    written = "\n".join(file.read_text("utf-8", "replace") for file in (tmp_path / "out").rglob("*.csv"))
    assert "lesion" in written
    assert secrets_in(written) == []


def test_blinding_outlives_the_program_and_ends_with_the_queue(
    qtbot, window: MainWindow, folder: Path, tmp_path
) -> None:
    make_queue(window)
    window.close()
    again = open_window(tmp_path / "home", folder)
    assert again.workbench.blinded
    again.show_page(2)
    again.queue_page.progress.end.click()
    again.queue_page.progress.sure.buttons[True].click()
    settle(qtbot, again)
    assert not again.workbench.blinded
    assert "benedict" in everything_told(again)
    assert again.queue_page.maker.isVisible()
    close_window(again)


def test_signing_in_as_another_shows_what_that_one_may_see(qtbot, window: MainWindow) -> None:
    make_queue(window)
    person = window.queue_page.person
    person.name.setEditText("rita")
    person.role.setCurrentIndex(list(Role).index(Role.RESEARCHER))
    person.go.click()
    settle(qtbot, window)
    assert window.workbench.reader == window.workbench.settings.reader == "rita"
    assert window.workbench.role is Role.RESEARCHER
    assert not window.workbench.blinded
    assert window.queue_page.maker.isVisible() and not window.queue_page.maker.blinded.isChecked()
    person.name.setEditText("anna")
    person.go.click()
    settle(qtbot, window)
    assert window.workbench.blinded
    assert window.workbench.role is Role.ANNOTATOR
    assert window.queue_page.progress.isVisible()


def finish_case(window: MainWindow) -> None:
    window.actions_by_id["case.done"].trigger()
    QApplication.processEvents()


def test_whoever_has_the_longest_name_is_not_cut_into_somebody_else(window: MainWindow) -> None:
    name = "a" * LONGEST
    window.workbench.library.tell_role(Person(name, Role.PHYSICIAN), "anna")
    panel = window.queue_page.person
    panel.refresh()
    panel.name.setCurrentText(name)
    panel.go.click()
    assert window.workbench.reader == name and window.workbench.role is Role.PHYSICIAN


def test_cases_the_clinic_excludes_are_stepped_over(window: MainWindow) -> None:
    make_queue(window)
    page, library, progress = window.read_page, window.workbench.library, window.queue_page.progress
    assert library is not None and page.queue.queue is not None
    items = library.queue_items(page.queue.queue.id)
    patient = library.rows([items[1].key.scan])[0].patient
    progress.resume.click()
    Library.tell_clinical(library, patient, Clinical(excluded="no informed consent"), "Exclude", "rita")  # another does
    out = [item.position for item in library.queue_items(page.queue.queue.id) if item.excluded]
    assert 1 in out
    window.workbench.changed.emit(Changes.SCANS)
    assert f"0 of {len(items) - len(out)} cases; {len(out)} excluded" in progress._done.text()
    page.reading.step(1)
    assert page.reading.at == next(n for n in range(1, len(items)) if n not in out)
    model = page.cases.view.model()
    assert model.index(1, 0).data(ROW).status is Progress.EXCLUDED
    Library.undo_clinical(library, patient, "rita")
    window.workbench.changed.emit(Changes.SCANS)
    assert f"0 of {len(items)} cases" in progress._done.text() and "excluded" not in progress._done.text()
    page.reading.step(-1)
    assert page.reading.at == max(n for n in range(len(items)) if n < next(n for n in range(1, 9) if n not in out))


def test_going_along_a_queue_to_its_end(qtbot, window: MainWindow) -> None:
    """Every case once, three of them again as if new; then all is done."""
    make_queue(window, share=50.0, gap=2)
    page, queue = window.read_page, window.read_page.queue
    library = window.workbench.library
    assert library is not None and queue.queue is not None
    items = library.queue_items(queue.queue.id)
    again = [item for item in items if item.key.round == 2]
    assert len(items) == SCANS + 3 and len(again) == 3
    assert "0 of 9" in window.queue_page.progress._done.text()
    window.queue_page.progress.resume.click()
    assert queue.walking
    for number, item in enumerate(items):
        assert page.reading.at == number
        reading = page.editor.reading
        assert reading is not None and reading.key == item.key
        assert not reading.lesions and reading.verdict.grade is None
        assert page.cases.view.model().rowCount() == number + 1  # what comes is not told
        assert not page.editor.readers[1:]
        read(library, item.key, 2, 1)
        window.workbench.changed.emit(Changes.READING)
        assert "lesions=0" in str(page.cases.view.model().index(number, 0).data(ROW))
        page.reading.step(1)
        QApplication.processEvents()
    assert queue.pace.done == 9
    window.show_page(2)
    assert not window.queue_page.progress.resume.isEnabled()
    assert library.verify().ok


def test_done_goes_to_the_next_case_of_the_queue(window: MainWindow) -> None:
    make_queue(window)
    window.queue_page.progress.resume.click()
    order = [item.key.scan for item in window.workbench.library.queue_items(window.read_page.queue.queue.id)]
    for scan in order[:2]:
        assert window.read_page.reading.scan == scan
        finish_case(window)
    assert window.read_page.queue.pace.done == 2
    window.read(order[5])  # something else out of the library, and back
    assert not window.read_page.queue.walking
    window.resume()
    assert window.read_page.reading.scan == order[2]


def test_work_is_taken_up_at_the_lesion_and_the_zoom(qtbot, window: MainWindow, folder: Path, tmp_path: Path) -> None:
    make_queue(window)
    window.queue_page.progress.resume.click()
    finish_case(window)
    page = window.read_page
    shape = {View.ANTERIOR: Roi(400, 120, 8, 8, b"\xff" * 8)}
    first = page.editor.add_lesion(shape, Origin.HAND, None, None)
    page.editor.add_lesion(shape, Origin.HAND, None, None)
    page.viewer.select(first)
    page.viewer.set_viewport(page.viewer.viewport.zoomed(3.0, 1.0))
    looked, scan = page.viewer.viewport, page.reading.scan
    window.close()
    again = open_window(tmp_path / "home", folder)
    again.show_page(2)
    again.queue_page.progress.resume.click()
    assert again.read_page.reading.scan == scan
    assert again.read_page.viewer.selected == first
    assert again.read_page.viewer.viewport == looked
    close_window(again)


def test_after_a_kill_the_history_tells_the_place(window: MainWindow, folder: Path, tmp_path: Path) -> None:
    """Settings that were never written, or are another queue's, cost the zoom and nothing else."""
    make_queue(window)
    queue, library = window.read_page.queue, window.workbench.library
    order = [item.key.scan for item in library.queue_items(queue.queue.id)]
    read(library, ReadingKey(order[0], "anna"), 1, 0)
    library.append(
        ReadingKey(order[1], "anna"),
        Step("edit", edits.add("Add", Lesion("L9", {View.ANTERIOR: Roi(3, 3, 2, 2, b"\xf0")}))), "anna",
    )  # fmt: skip
    for broken in ("", "{", "[]", '{"queue": "other"}', f'{{"queue": "{queue.queue.id}", "position": "x"}}'):
        window.workbench.change_settings(queue_place=broken)
        window.resume()
        assert window.read_page.reading.scan == order[1]
        assert window.read_page.viewer.selected == "L9"
        window.read_page.queue.leave()


def test_agreement_shows_once_two_have_finished(qtbot, window: MainWindow) -> None:
    window.show_page(2)
    settle(qtbot, window)
    table = window.queue_page.agreement.table
    assert table.rowCount() == 0
    library = window.workbench.library
    for scan in library.ids():
        read(library, ReadingKey(scan, "cora"), 13, 3)
    window.workbench.changed.emit(Changes.READING)
    settle(qtbot, window)
    row = [table.item(0, column).text() for column in range(table.columnCount())]
    assert row[:2] == ["benedict and cora", str(SCANS)]
    assert row[3].startswith("1.00 (1.00 to 1.00), n = 78")
    make_queue(window)
    settle(qtbot, window)
    assert table.rowCount() == 0
