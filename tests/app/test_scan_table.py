"""The table of scans against the library itself: order, blocks, what is asked again and what is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from tests.made_scans import make_library, new_scan
from workstation.app.scan_table import BLOCK, COLUMNS, ROW, ScanTable, how_words, place
from workstation.app.workbench import Workbench
from workstation.core import edits
from workstation.core.changes import Changes
from workstation.core.edits import Step
from workstation.core.lesion import Progress, ReadingKey
from workstation.core.scan import How, View
from workstation.store.library import Library


@pytest.fixture
def workbench(qapp, tmp_path: Path):
    made = Workbench(tmp_path / "home")
    made.sign_in("anna")
    yield made
    made.close_library()


@pytest.fixture
def table(workbench, tmp_path: Path) -> ScanTable:
    assert workbench.open_library(make_library(tmp_path / "library", 5))
    return ScanTable(workbench, workbench)


def texts(table: ScanTable, name: str) -> list[str]:
    return [table.index(row, place(name)).data() for row in range(table.rowCount())]


def test_rows_are_the_librarys_and_stand_in_the_order_asked_for(table, workbench):
    assert table.ids == ["S000", "S001", "S002", "S003", "S004"]
    assert texts(table, "patient") == ["P000", "P000", "P001", "P001", "P002"]
    assert texts(table, "age") == ["60", "61", "62", "63", "64"]
    table.sort(place("day"))
    assert texts(table, "day") == sorted(texts(table, "day"))
    table.narrow(descending=True)
    assert texts(table, "day") == sorted(texts(table, "day"), reverse=True)
    assert [table.index(row, 0).data(ROW) for row in range(5)] == workbench.library.rows(table.ids, "anna")


def test_narrowing_leaves_scans_out_and_tells_both_numbers(table):
    table.narrow(text="p001 2020-07")
    assert table.ids == ["S003"] and table.total == 5 and table.narrowed
    table.narrow(text="", tumour="breast")
    assert texts(table, "tumour") == ["breast"]
    table.narrow(tumour=None)
    assert len(table.ids) == 5 and not table.narrowed


def test_the_same_scans_again_do_not_reset_the_table(table, workbench, qtbot):
    """A reset would throw selection and scroll away; changed cells are told instead."""
    library = workbench.library
    verdict = library.session(ReadingKey("S002", "anna")).reading.verdict
    step = Step("edit", edits.judge("Done", verdict, progress=Progress.DONE))
    assert texts(table, "status")[2] == "new"
    library.append(ReadingKey("S002", "anna"), step, "anna")
    resets = []
    table.modelReset.connect(lambda: resets.append(1))
    with qtbot.waitSignal(table.dataChanged):
        workbench.changed.emit(Changes.READING)
    assert not resets
    assert texts(table, "status")[2] == "done"
    library.add_scans([new_scan(5)])
    workbench.changed.emit(Changes.SCANS)
    assert resets and table.total == 6 and "S005" in table.ids


def test_edits_are_asked_for_only_when_somebody_looks(table, workbench, monkeypatch):
    """Every stroke on the reading page is a change; a list of 100,000 nobody sees must not be asked anew for it."""
    asked = []
    whole = Library.ids
    monkeypatch.setattr(Library, "ids", lambda self, query: asked.append(query.to_adjudicate) or whole(self, query))
    table.look(False)
    for _ in range(3):
        workbench.changed.emit(Changes.READING)
    assert not asked
    table.look(True)
    assert sorted(asked) == [False, True]  # the list, and how many are to be adjudicated


def test_rows_come_in_blocks_and_only_those_in_sight(workbench, tmp_path, monkeypatch):
    assert workbench.open_library(make_library(tmp_path / "library", 1))
    table = ScanTable(workbench, workbench)
    row = workbench.library.rows(["S000"])[0]
    ids = [f"S{number}" for number in range(3 * BLOCK)]
    asked = []

    def rows(self, wanted, reader=None):
        asked.append(list(wanted))
        return [replace(row, scan=scan) for scan in wanted]

    monkeypatch.setattr(Library, "ids", lambda self, *a: ids)
    monkeypatch.setattr(Library, "rows", rows)
    table.ask()
    for at in (BLOCK + 1, BLOCK + 40, 2 * BLOCK - 1):
        assert table.row(at).scan == ids[at]
    assert asked == [ids[BLOCK : 2 * BLOCK]]


def test_a_scan_that_went_meanwhile_leaves_the_others_at_their_places(table, monkeypatch):
    whole = Library.rows
    monkeypatch.setattr(Library, "rows", lambda self, ids, reader=None: whole(self, [i for i in ids if i != "S001"]))
    table.ask()
    assert [getattr(table.row(n), "scan", None) for n in range(5)] == ["S000", None, "S002", "S003", "S004"]
    assert table.index(1, place("patient")).data() is None


def test_how_tells_each_view_only_where_they_differ(workbench, tmp_path):
    assert workbench.open_library(make_library(tmp_path / "library", 0))
    one = new_scan(0, How.ASSUMED)
    frames = dict(new_scan(1).frames)
    frames[View.POSTERIOR] = new_scan(1, How.TEXT).frames[View.POSTERIOR]
    workbench.library.add_scans([one, replace(new_scan(1), frames=frames)])
    assert [how_words(row) for row in workbench.library.rows(["S000", "S001"])] == ["assumed", "A view code, P text"]


def test_tooltips_show_markup_as_it_is_written(workbench, tmp_path):
    assert workbench.open_library(make_library(tmp_path / "library", 0))
    workbench.library.add_scans([replace(new_scan(0), patient="<b>Doe</b>")])
    table = ScanTable(workbench, workbench)
    tip = table.index(0, place("patient")).data(Qt.ItemDataRole.ToolTipRole)
    assert "<b>" not in tip and "&lt;b&gt;Doe" in tip
    assert table.index(0, place("patient")).data() == "<b>Doe</b>"


def test_every_column_that_can_be_sorted_is_sorted_by_the_store(table):
    for number, column in enumerate(COLUMNS):
        if column.sort is not None:
            table.sort(number)
            assert table.query.sort == column.sort and len(table.ids) == 5
