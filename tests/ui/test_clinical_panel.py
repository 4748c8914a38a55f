"""Clinical facts and evidence as a user gives them: fields and keys; what counts is what the library holds then."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox

from tests.made_scans import HOT
from tests.ui.test_page_read import canvases, click, key, stored
from workstation.core import criteria
from workstation.core.lesion import Progress
from workstation.core.people import Person, Role
from workstation.core.scan import View

ALT, SHIFT = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier


def choose(box: QComboBox, value: object) -> None:
    at = box.findData(value)
    assert at >= 0
    box.setCurrentIndex(at)
    box.activated.emit(at)


def write(field, text: str) -> None:
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def facts(window):
    return window.workbench.library.clinical("P000")


def test_facts_are_told_and_taken_back(window, qtbot):
    panel = window.read_page.clinical
    key(window, Qt.Key.Key_C, ALT)
    assert panel.opened
    choose(panel.reference, 1)
    write(panel._fields["reference_evidence"], "biopsy of L3")
    write(panel._fields["reference_date"], "2020-03-01")
    write(panel._fields["treatment_start"], "25.02.2020")
    write(panel._fields["psa"], "12,5")
    write(panel._fields["psa_date"], "2020-01-05")
    found = facts(window)
    assert (found.reference, found.reference_evidence, found.reference_date) == (1, "biopsy of L3", "2020-03-01")
    assert found.reference_by == "annotator"
    assert found.treatment_start == "2020-02-25"
    assert [(each.day, each.value) for each in found.psa] == [("2020-01-05", 12.5)]
    assert window.workbench.library.rows(["S000"])[0].reference == 1
    assert window.workbench.library.rows(["S001"])[0].reference == 1  # the same patient's other scan
    assert "5 days before" in panel._fields["psa"].toolTip()
    assert "182 days later" in panel.scans.text()
    for _ in range(6):
        key(window, Qt.Key.Key_Z, ALT)
    assert facts(window).to_json() == {}
    assert panel.reference.currentData() is None
    assert window.workbench.library.rows(["S000"])[0].reference is None
    assert window.workbench.library.verify().ok


def test_the_reference_is_entered_by_role_and_taken_back_by_role(window):
    panel, workbench = window.read_page.clinical, window.workbench
    notes = []
    workbench.noted.connect(notes.append)
    key(window, Qt.Key.Key_C, ALT)
    workbench.library.tell_role(Person(workbench.reader, Role.PHYSICIAN), "x")
    choose(panel.reference, 1)
    assert facts(window).reference == 1 and facts(window).reference_by == "physician"
    workbench.library.tell_role(Person(workbench.reader, Role.ANNOTATOR), "x")
    choose(panel.reference, 0)
    assert facts(window).reference == 1 and panel.reference.currentData() == 1, "and the field shows what stands"
    assert "Only physicians and researchers enter the Reference" in notes[-1]
    write(panel._fields["reference_date"], "2020-03-01")
    assert facts(window).reference_date is None
    key(window, Qt.Key.Key_Z, ALT)
    assert facts(window).reference == 1 and "annotator here" in notes[-1]
    choose(panel.tumour, "breast")
    assert facts(window).tumour == "breast", "all other facts are everybody's"
    key(window, Qt.Key.Key_Z, ALT)
    workbench.library.tell_role(Person(workbench.reader, Role.RESEARCHER), "x")
    key(window, Qt.Key.Key_Z, ALT)
    assert facts(window).to_json() == {}


def test_what_is_no_day_is_told_and_put_back(window):
    told: list[str] = []
    window.workbench.noted.connect(told.append)
    panel = window.read_page.clinical
    key(window, Qt.Key.Key_C, ALT)
    for text in ("yesterday", "03.04.2020", "2020-02-30"):
        write(panel._fields["treatment_start"], text)
        assert panel._fields["treatment_start"].text() == ""
    assert len(told) == 3
    write(panel._fields["alp"], "many")
    assert facts(window).to_json() == {}
    assert "number" in told[-1]


def test_what_is_typed_stays_with_its_patient(window):
    panel = window.read_page.clinical
    key(window, Qt.Key.Key_C, ALT)
    field = panel._fields["reference_evidence"]
    choose(panel.reference, 0)
    field.setFocus()
    QTest.keyClicks(field, "follow-up")
    window.read("S002")
    QApplication.processEvents()
    assert facts(window).reference_evidence == "follow-up"
    assert window.workbench.library.clinical("P001").to_json() == {}
    assert field.text() == ""


def test_a_scan_is_excluded_by_key_and_taken_in_again(window):
    key(window, Qt.Key.Key_F6, SHIFT)
    assert (stored(window).verdict.progress, stored(window).verdict.reason) == (Progress.EXCLUDED, "picture quality")
    assert window.read_page.clinical.excluded.currentData() == "picture quality"
    key(window, Qt.Key.Key_F8, SHIFT)
    assert stored(window).verdict.reason == "no follow-up"
    key(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert stored(window).verdict.reason == "picture quality"
    key(window, Qt.Key.Key_F6, SHIFT)
    assert (stored(window).verdict.progress, stored(window).verdict.reason) == (Progress.NEW, "")
    assert window.read_page.clinical.excluded.currentData() is None
    choose(window.read_page.clinical.excluded, "primary bone tumour")
    assert stored(window).verdict.reason == "primary bone tumour"


def test_a_criterion_asks_for_what_it_rests_on(window):
    click(canvases(window)[View.ANTERIOR], *HOT)
    key(window, Qt.Key.Key_1)
    row = window.read_page.lesions.evidence
    assert not row.isVisible()
    key(window, Qt.Key.Key_C)  # M1
    assert row.isVisible()
    assert criteria.EXAMINATION in row.mark.text()
    choose(row.examination, "MRI")
    write(row.day, "2020-01-20")
    (lesion,) = stored(window).lesions.values()
    assert (lesion.criterion, lesion.evidence, lesion.evidence_date) == ("M1", "MRI", "2020-01-20")
    assert not row.mark.isVisible()
    key(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    (lesion,) = stored(window).lesions.values()
    assert lesion.evidence_date is None
    assert row.day.text() == ""
    assert criteria.EXAMINATION_DAY in row.mark.text()
    key(window, Qt.Key.Key_C)  # M2 asks for an earlier scan: S000 is the first
    assert not row.examination.isVisible()
    assert row.mark.text() == criteria.PRIOR
    QApplication.processEvents()
    hint = row.day.fontMetrics().horizontalAdvance(row.day.placeholderText())
    assert hint + 2 * row.day.textMargins().left() < row.day.width(), "alone in its line it can be read"
    write(row.day, "soon")
    assert row.day.text() == ""
    key(window, Qt.Key.Key_2)
    (lesion,) = stored(window).lesions.values()
    assert (lesion.criterion, lesion.evidence) == (None, None)
    assert not row.isVisible()


def test_an_earlier_scan_and_a_treatment_satisfy_criteria(window):
    window.read("S001")  # half a year after S000
    click(canvases(window)[View.ANTERIOR], *HOT)
    key(window, Qt.Key.Key_1)
    row, lesions = window.read_page.lesions.evidence, window.read_page.lesions
    choose(lesions._criterion, "M4")
    assert row.isVisible()
    assert not row.mark.isVisible()
    choose(lesions._criterion, "M3")
    assert row.mark.text() == criteria.TREATMENT
    write(window.read_page.clinical._fields["treatment_start"], "2020-06-20")
    assert not row.mark.isVisible()


def test_the_tables_show_and_count_again(window, qtbot, tmp_path):
    from workstation.ui.tables_view import TablesView

    key(window, Qt.Key.Key_T, ALT)
    (view,) = window.findChildren(TablesView)
    assert "Collected\n4 scans of 2 patients" in view.page.toPlainText()
    key(window, Qt.Key.Key_F5, SHIFT)
    assert view.note.text()
    view.again.click()
    assert "Excluded: 1 scan\ninjection failed: 1" in view.page.toPlainText()
    view.close()
    QApplication.processEvents()
