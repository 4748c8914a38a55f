"""The list of cases beside the pictures: it follows every reading, and asks and lays out no more than is in sight."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from tests.ui.conftest import close_window, open_window
from workstation.app.case_model import ROW, CaseModel
from workstation.core import edits
from workstation.core.changes import Changes
from workstation.core.edits import Step
from workstation.core.lesion import Progress, ReadingKey
from workstation.store.library import Library
from workstation.ui.main_window import MainWindow


def shown(window: MainWindow) -> list[tuple[str, str]]:
    model = window.read_page.cases.view.model()
    rows = [model.index(number, 0).data(ROW) for number in range(model.rowCount())]
    return [(row.scan, str(row.status)) for row in rows]


def judge(window: MainWindow, scan: str, **fields: object) -> None:
    """An edit from elsewhere: the window is not told."""
    library = window.workbench.library
    assert library is not None
    key = ReadingKey(scan, window.workbench.reader)
    edit = edits.judge("Say", library.session(key).reading.verdict, **fields)
    library.append(key, Step("edit", edit), key.reader)


def test_the_list_follows_readings_made_anywhere(window: MainWindow) -> None:
    assert {status for _, status in shown(window)} == {"new"}
    window.read_page.editor.progress(Progress.DONE)
    assert dict(shown(window)) == {"S000": "done", "S001": "new", "S002": "new", "S003": "new"}
    for scan in ("S001", "S003"):
        judge(window, scan, progress=Progress.EXCLUDED, reason="quality")
    window.workbench.changed.emit(Changes.READING)
    assert dict(shown(window)) == {"S000": "done", "S001": "excluded", "S002": "new", "S003": "excluded"}
    window.read_page.editor.undo()
    assert dict(shown(window))["S000"] == "new"
    assert window.workbench.library is not None
    window.workbench.library.correct("S002", "x", excluded="no follow-up")
    window.workbench.changed.emit(Changes.SCANS)
    assert dict(shown(window))["S002"] == "excluded"


def test_an_edit_asks_for_the_rows_around_it_and_lays_out_nothing(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.read_page.reading.set_worklist(["S000"] + 2_000 * ["S001", "S002", "S003"])
    QApplication.processEvents()
    asked: list[str] = []
    counted: list[int] = []
    rows, count = Library.rows, CaseModel.rowCount

    def ask(library, ids, reader=None):
        asked.extend(ids)
        return rows(library, ids, reader)

    def row_count(model, parent):
        counted.append(1)
        return count(model, parent)

    monkeypatch.setattr(Library, "rows", ask)
    monkeypatch.setattr(CaseModel, "rowCount", row_count)
    window.read_page.editor.progress(Progress.DONE)
    QApplication.processEvents()
    assert 0 < len(asked) < 200
    assert len(counted) < 500  # of 6,001 rows


def test_a_list_nobody_sees_is_not_asked_for(qtbot, tmp_path, small_library, monkeypatch: pytest.MonkeyPatch) -> None:
    """The window may start on the case read last: then the library's list has never been in sight."""
    window = open_window(tmp_path / "home", small_library, scan="S000")
    qtbot.waitExposed(window)
    asked: list[object] = []
    ids = Library.ids

    def ask(library, query=None):
        asked.append(query)
        return ids(library, query)

    with monkeypatch.context() as patched:
        patched.setattr(Library, "ids", ask)
        window.read_page.editor.progress(Progress.DONE)
        QApplication.processEvents()
        assert not asked
        window.show_page(0)
        assert asked
    table = window.library_page.table
    assert next(row for n in range(4) if (row := table.row(n)) and row.scan == "S000").status is Progress.DONE
    close_window(window)
