"""Reading as a user does it: mouse on the pictures, keys on the page; what counts is what the library holds then."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

import resources
from tests.made_scans import HOT, SHAPE
from tests.ui.conftest import close_window, open_window
from workstation.core.lesion import Label, Progress, ReadingKey
from workstation.core.scan import View
from workstation.ui.canvas import Canvas

NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier


def place(canvas: Canvas, row: float, column: float) -> QPoint:
    return canvas.transform.map(QPointF(column, row)).toPoint()


def click(canvas: Canvas, row: float, column: float, modifiers: Qt.KeyboardModifier = NONE) -> None:
    point(canvas, row, column)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, modifiers, place(canvas, row, column))


def point(canvas: Canvas, row: float, column: float) -> None:
    move(canvas, place(canvas, row, column), Qt.MouseButton.NoButton)


def drag(canvas: Canvas, points: list[tuple[float, float]], button=Qt.MouseButton.LeftButton) -> None:
    spots = [place(canvas, *point) for point in points]
    QTest.mousePress(canvas, button, NONE, spots[0])
    for spot in spots[1:]:
        move(canvas, spot, button)
    QTest.mouseRelease(canvas, button, NONE, spots[-1])


def move(canvas: Canvas, spot: QPoint, button: Qt.MouseButton) -> None:
    """QTest.mouseMove tells no buttons, so the event is made by hand."""
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication

    at = QPointF(spot)
    event = QMouseEvent(QEvent.Type.MouseMove, at, canvas.mapToGlobal(at), Qt.MouseButton.NoButton, button, NONE)
    QApplication.sendEvent(canvas, event)


def canvases(window) -> dict[View, Canvas]:
    return {canvas.panel.view: canvas for canvas in window.read_page.canvases if not canvas.panel.prior}


def key(window, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
    QTest.keyClick(window.read_page, key, modifiers)


def stored(window, scan: str = "S000"):
    """The reading as a fresh look at the disk finds it."""
    from workstation.store.library import Library

    library = Library.open(window.workbench.library.folder, read_only=True)
    try:
        return library.session(ReadingKey(scan, "anna")).reading
    finally:
        library.close()


def test_a_click_a_digit_and_enter_make_a_labelled_lesion_on_both_views(window):
    views = canvases(window)
    click(views[View.ANTERIOR], *HOT)
    key(window, Qt.Key.Key_1)
    key(window, Qt.Key.Key_Return)
    (lesion,) = stored(window).lesions.values()
    assert lesion.label is Label.MALIGNANT
    row, column = lesion.rois[View.ANTERIOR].centre
    assert abs(row - HOT[0]) < 2 and abs(column - HOT[1]) < 2
    row, column = lesion.rois[View.POSTERIOR].centre
    assert abs(row - HOT[0]) < 3 and abs(column - (SHAPE[1] - 1 - HOT[1])) < 3
    # A Gaussian spot's half maximum has the radius 1.177 sigma.
    assert lesion.rois[View.ANTERIOR].pixels == pytest.approx(np.pi * (1.177 * 5) ** 2, rel=0.35)


def test_the_wheel_changes_the_contour_and_the_mode_is_told(window):
    canvas = canvases(window)[View.ANTERIOR]
    point(canvas, *HOT)
    before = window.read_page.viewer.preview[View.ANTERIOR].pixels
    for _ in range(5):
        key(window, Qt.Key.Key_Minus)
    assert window.read_page.viewer.preview[View.ANTERIOR].pixels > before
    assert "40 %" in window.read_page.tools.hand.words()
    key(window, Qt.Key.Key_M)
    assert "of maximum" in window.read_page.tools.hand.words()


def test_a_brush_stroke_paints_its_discs_and_the_eraser_takes_them_away(window):
    canvas = canvases(window)[View.ANTERIOR]
    key(window, Qt.Key.Key_B)
    drag(canvas, [(300, 100), (300, 110), (305, 120)])
    (lesion,) = stored(window).lesions.values()
    assert set(lesion.rois) == {View.ANTERIOR}
    rows, columns = np.nonzero(lesion.rois[View.ANTERIOR].mask(SHAPE))
    radius = window.read_page.tools.hands["brush"].radius
    assert abs(rows.min() - (300 - radius)) <= 1.5 and abs(columns.max() - (120 + radius)) <= 1.5
    painted = lesion.rois[View.ANTERIOR].pixels
    key(window, Qt.Key.Key_E)
    drag(canvas, [(300, 100), (300, 104)])
    (lesion,) = stored(window).lesions.values()
    assert 0 < lesion.rois[View.ANTERIOR].pixels < painted
    drag(canvas, [(300 + d, 90 + 4 * d) for d in range(14)])
    key(window, Qt.Key.Key_BracketRight)
    for _ in range(12):
        key(window, Qt.Key.Key_BracketRight)
    told: list[str] = []
    window.read_page.tools.drafting.told.connect(told.append)
    drag(canvas, [(300, 100), (303, 110), (305, 120)])
    assert not stored(window).lesions, "erasing the last pixel takes the lesion away"
    assert told and "gone" in told[-1] and "Ctrl+Z" in told[-1]
    key(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(stored(window).lesions) == 1


def test_a_brush_with_count_threshold_paints_only_hot_pixels(window):
    canvas = canvases(window)[View.ANTERIOR]
    key(window, Qt.Key.Key_B)
    point(canvas, *HOT)
    key(window, Qt.Key.Key_T)
    above = window.read_page.tools.hands["brush"].above
    for _ in range(10):
        key(window, Qt.Key.Key_BracketRight)
    drag(canvas, [HOT, (HOT[0], HOT[1] + 1)])
    (lesion,) = stored(window).lesions.values()
    counts = window.read_page.viewer.case.scan.frames[View.ANTERIOR].counts
    mask = lesion.rois[View.ANTERIOR].mask(SHAPE)
    assert counts[mask].min() >= above
    assert mask.sum() < 200


@pytest.mark.parametrize("closing", [Qt.Key.Key_Return, None])
def test_a_polygon_holds_the_pixels_inside(window, closing):
    canvas = canvases(window)[View.POSTERIOR]
    key(window, Qt.Key.Key_O)
    corners = [(500, 100), (500, 130), (520, 130), (520, 100)]
    for corner in corners:
        click(canvas, *corner)
    if closing is None:
        click(canvas, *corners[0])
    else:
        key(window, closing)
    (lesion,) = stored(window).lesions.values()
    assert lesion.rois[View.POSTERIOR].pixels == pytest.approx(21 * 31, abs=60)


def test_freehand_closes_when_let_go(window):
    canvas = canvases(window)[View.ANTERIOR]
    key(window, Qt.Key.Key_F)
    circle = [(450 + 15 * np.sin(a), 120 + 15 * np.cos(a)) for a in np.linspace(0, 2 * np.pi, 40)]
    drag(canvas, circle)
    (lesion,) = stored(window).lesions.values()
    assert lesion.rois[View.ANTERIOR].pixels == pytest.approx(np.pi * 15**2, rel=0.1)


def test_undo_goes_back_through_a_restart(window, qtbot, tmp_path, small_library):
    canvas = canvases(window)[View.ANTERIOR]
    click(canvas, *HOT)
    key(window, Qt.Key.Key_2)
    key(window, Qt.Key.Key_S)
    close_window(window)
    again = open_window(tmp_path / "home", small_library)
    again.read("S000")
    (lesion,) = again.read_page.editor.lesions.values()
    assert lesion.label is Label.BENIGN
    for _ in range(3):
        key(again, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not stored(again).lesions
    key(again, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | SHIFT)
    assert len(stored(again).lesions) == 1
    close_window(again)


def test_grade_done_and_next_case(window):
    key(window, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    assert stored(window).verdict.grade == 2
    key(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert stored(window).verdict.progress is Progress.DONE
    assert window.read_page.reading.scan != "S000"


def test_letters_follow_every_flip_and_turn(window):
    viewer = window.read_page.viewer
    anterior, posterior = viewer.panels()
    assert viewer.edge_letters(anterior) == {"left": "R", "right": "L"}
    assert viewer.edge_letters(posterior) == {"left": "L", "right": "R"}
    for keys in ([Qt.Key.Key_H], [Qt.Key.Key_H, Qt.Key.Key_R]):
        for one in keys:
            key(window, one, SHIFT if one == Qt.Key.Key_R else NONE)
        for canvas in window.read_page.canvases:
            # Where the patient's right lies on screen, from the transform that paints the picture.
            right = 0 if canvas.panel.view is View.ANTERIOR else SHAPE[1] - 1
            left = SHAPE[1] - 1 - right
            a, b = canvas.transform.map(QPointF(right, 500)), canvas.transform.map(QPointF(left, 500))
            if abs(a.x() - b.x()) > abs(a.y() - b.y()):
                edge = "left" if a.x() < b.x() else "right"
            else:
                edge = "top" if a.y() < b.y() else "bottom"
            assert viewer.edge_letters(canvas.panel)[edge] == "R"


def test_the_cursor_is_linked_at_the_mirrored_column(window):
    canvas = canvases(window)[View.ANTERIOR]
    point(canvas, 400, 150)
    posterior = next(p for p in window.read_page.viewer.panels() if p.view is View.POSTERIOR)
    row, column = window.read_page.viewer.linked_cursor(posterior)
    assert row == pytest.approx(400, abs=1) and column == pytest.approx(SHAPE[1] - 1 - 150, abs=4)


def test_zoom_and_move_keep_both_views_on_the_same_point_of_the_patient(window):
    views = canvases(window)
    canvas = views[View.ANTERIOR]
    under = canvas.at(QPointF(place(canvas, 400, 160)))
    spot = place(canvas, 400, 160)
    window.read_page.tools.zoom(canvas, 3.0, QPointF(spot))
    assert canvas.at(QPointF(spot)) == pytest.approx(under, abs=0.6)
    for view in View:
        middle = views[view].at(QPointF(views[view].width() / 2, views[view].height() / 2))
        across = middle[1] if view is View.ANTERIOR else SHAPE[1] - 1 - middle[1]
        assert middle[0] == pytest.approx(canvas.at(QPointF(canvas.width() / 2, canvas.height() / 2))[0], abs=0.6)
        assert across == pytest.approx(canvas.at(QPointF(canvas.width() / 2, canvas.height() / 2))[1], abs=1.1)


def test_a_right_drag_changes_the_window_of_all_pictures(window):
    canvas = canvases(window)[View.ANTERIOR]
    before = window.read_page.viewer.window
    drag(canvas, [(500, 100), (450, 100), (400, 100)], Qt.MouseButton.RightButton)
    after = window.read_page.viewer.window
    assert after.high < before.high
    assert {window.read_page.viewer.window_of(panel) for panel in window.read_page.viewer.panels()} == {after}


def test_the_bone_window_is_not_set_by_the_bladder(window):
    case = window.read_page.viewer.case
    counts = case.scan.frames[View.ANTERIOR].counts
    assert window.read_page.viewer.window.high < 0.7 * counts.max()


def test_the_prior_stands_beside(window):
    window.read("S001")
    key(window, Qt.Key.Key_P)
    panels = window.read_page.viewer.panels()
    assert [panel.prior for panel in panels] == [True, True, False, False]
    assert window.read_page.viewer.prior.scan.id == "S000"
    key(window, Qt.Key.Key_F4)
    assert len(window.read_page.canvases) == 6
    key(window, Qt.Key.Key_P)
    assert len(window.read_page.canvases) == 4


def test_text_of_a_comment_stays_text_and_letters_typed_are_no_shortcuts(window):
    click(canvases(window)[View.ANTERIOR], *HOT)
    key(window, Qt.Key.Key_K)
    field = window.read_page.lesions._comment
    QTest.keyClicks(field, "<b>big & hot</b> 123 bx")
    QTest.keyClick(field, Qt.Key.Key_Return)
    (lesion,) = stored(window).lesions.values()
    assert lesion.comment == "<b>big & hot</b> 123 bx"
    assert lesion.label is None and window.read_page.tools.hand.name == "isocontour"


def test_criterion_side_confidence_and_region_by_key(window):
    click(canvases(window)[View.ANTERIOR], *HOT)
    key(window, Qt.Key.Key_1)
    key(window, Qt.Key.Key_C)
    key(window, Qt.Key.Key_F3, SHIFT)
    (lesion,) = stored(window).lesions.values()
    assert (lesion.criterion, lesion.confidence) == ("M1", 3)
    key(window, Qt.Key.Key_2)
    (lesion,) = stored(window).lesions.values()
    assert lesion.criterion is None, "a criterion of malignancy does not justify a benign label"


def test_every_action_has_a_key_and_every_key_one_action(window):
    from collections import Counter

    # Those of [sheet] belong to the quality page alone, of [learn] to the Train page: they may be keys of the reading
    # page as well, but none of every page's.
    keys = {name: action.shortcut().toString() for name, action in window.actions_by_id.items()}
    assert all(keys.values())
    reading = [key for name, key in keys.items() if not name.startswith(("sheet.", "learn."))]
    quality, train = (
        [key for name, key in keys.items() if name.startswith((own, "page."))] for own in ("sheet.", "learn.")
    )
    for page in (reading, quality, train):
        assert max(Counter(page).values()) == 1


def test_the_key_sheet_finds_by_word_and_by_key(window):
    window.show_keys()
    sheet = window._keys
    sheet.search.setText("mirrored")
    found = [sheet.sheet.topLevelItem(0).child(n).text(0) for n in range(sheet.sheet.topLevelItem(0).childCount())]
    assert found == ["Accept the mirrored ROI"]
    sheet.close()


def test_a_read_only_library_refuses_edits_in_words(window, qtbot, tmp_path, small_library):
    second = open_window(tmp_path / "home2", small_library)
    second.read("S000")
    assert second.workbench.library.read_only
    click(canvases(second)[View.ANTERIOR], *HOT)
    assert not second.read_page.editor.lesions
    assert "read-only" in second._note.text()
    close_window(second)


def test_anothers_reading_can_be_looked_at_but_not_changed(window):
    from workstation.core import edits

    click(canvases(window)[View.ANTERIOR], *HOT)
    mine = stored(window)
    lesion = next(iter(mine.lesions.values()))
    library = window.workbench.library
    library.append(ReadingKey("S000", "bert"), edits.Step("edit", edits.add("Add", lesion, )), "bert")
    window.read("S000")
    panel = window.read_page.lesions
    assert [panel._whose.itemData(n) for n in range(panel._whose.count())] == ["anna", "bert"]
    panel._whose.setCurrentIndex(1)
    panel._whose.activated.emit(1)
    assert window.read_page.editor.reading.key.reader == "bert"
    window.read_page.viewer.select(lesion.id)
    key(window, Qt.Key.Key_2)
    assert "reading of bert" in window._note.text()
    panel._whose.activated.emit(panel._whose.setCurrentIndex(0) or 0)
    assert window.read_page.editor.reading == mine


def test_nothing_begun_on_one_case_comes_to_lie_on_the_next(window):
    key(window, Qt.Key.Key_O)
    canvas = canvases(window)[View.ANTERIOR]
    for corner in [(500, 100), (500, 130), (520, 130)]:
        click(canvas, *corner)
    key(window, Qt.Key.Key_PageDown)
    assert window.read_page.reading.scan == "S001"
    key(window, Qt.Key.Key_Return)
    key(window, Qt.Key.Key_B)
    canvas = canvases(window)[View.ANTERIOR]
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, NONE, place(canvas, 300, 100))
    key(window, Qt.Key.Key_PageUp)
    canvas = canvases(window)[View.ANTERIOR]
    move(canvas, place(canvas, 300, 120), Qt.MouseButton.LeftButton)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, NONE, place(canvas, 300, 120))
    assert not stored(window, "S000").lesions and not stored(window, "S001").lesions


def test_a_drag_that_begins_with_a_quick_second_press_is_drawn(window):
    canvas = canvases(window)[View.ANTERIOR]
    key(window, Qt.Key.Key_B)
    click(canvas, 300, 100)
    before = next(iter(stored(window).lesions.values())).rois[View.ANTERIOR].pixels
    QTest.mouseDClick(canvas, Qt.MouseButton.LeftButton, NONE, place(canvas, 300, 100))
    drag(canvas, [(300, 100), (300, 120)])
    (lesion,) = stored(window).lesions.values()
    assert lesion.rois[View.ANTERIOR].pixels > 1.5 * before


def test_what_is_typed_is_kept_when_another_case_is_clicked(window):
    click(canvases(window)[View.ANTERIOR], *HOT)
    key(window, Qt.Key.Key_K)
    QTest.keyClicks(window.read_page.lesions._comment, "seen before")
    window.read_page.cases._chosen(window.read_page.cases.view.model().index(1, 0))
    assert window.read_page.reading.scan != "S000"
    (lesion,) = stored(window).lesions.values()
    assert lesion.comment == "seen before"


def test_what_is_typed_is_kept_when_the_window_closes(window, small_library):
    from workstation.store.library import Library

    click(canvases(window)[View.ANTERIOR], *HOT)
    key(window, Qt.Key.Key_K)
    QTest.keyClicks(window.read_page.lesions._comment, "seen before")
    close_window(window)
    library = Library.open(small_library, read_only=True)
    (lesion,) = library.session(ReadingKey("S000", "anna")).reading.lesions.values()
    library.close()
    assert lesion.comment == "seen before"


def test_views_swapped_elsewhere_are_swapped_on_this_page_too(window):
    from workstation.app import corrections

    before = window.read_page.viewer.case.scan.frames[View.ANTERIOR].counts
    assert corrections.swap_views(window.workbench, "S000", tuple(View))
    assert (window.read_page.viewer.case.scan.frames[View.POSTERIOR].counts == before).all()
    key(window, Qt.Key.Key_X, Qt.KeyboardModifier.AltModifier)
    assert (window.read_page.viewer.case.scan.frames[View.ANTERIOR].counts == before).all()


def test_over_the_prior_no_counts_of_the_current_scan_are_told(window):
    window.read("S001")
    key(window, Qt.Key.Key_P)
    now, before = canvases(window)[View.ANTERIOR], window.read_page.canvases[0]
    assert before.panel.prior
    point(now, *HOT)
    assert "counts" in window.read_page.foot._cursor.text()
    point(before, *HOT)
    assert not window.read_page.foot._cursor.text()
    assert all(window.read_page.viewer.linked_cursor(panel) is None for panel in window.read_page.viewer.panels())


def test_the_foot_tells_nothing_of_the_scan_before(window):
    window.read("S001")
    point(canvases(window)[View.ANTERIOR], *HOT)
    foot = window.read_page.foot
    assert "counts" in foot._cursor.text() and "threshold" in foot._tool.text()
    key(window, Qt.Key.Key_PageDown)
    assert foot._cursor.text() == "" and "threshold" not in foot._tool.text()


def test_layers_are_never_taken_for_those_of_another_case_or_edit(window):
    """Keys made of addresses come again as soon as what lay there is gone."""
    viewer = window.read_page.viewer
    panel = viewer.panels()[0]
    keys = [(viewer.picture_key(panel), viewer.resting_key(panel))]
    for scan in ("S001", "S000") * 3:
        window.read_page.reading.open(scan)
        keys.append((viewer.picture_key(panel), viewer.resting_key(panel)))
    assert len({picture for picture, _ in keys}) == len({marks for _, marks in keys}) == len(keys)
    for _ in range(6):
        window.read_page.verdict.grade(1)
        keys.append((viewer.picture_key(panel), viewer.resting_key(panel)))
    assert len({marks for _, marks in keys}) == len(keys)


def test_opening_the_open_library_again_leaves_it_writable(window, small_library):
    assert window.workbench.open_library(small_library)
    assert window.workbench.writable and window.read_page.reading.scan == "S000"


def test_a_note_that_looks_like_markup_is_shown_as_it_is(window):
    from PySide6.QtGui import QTextDocumentFragment

    text = "<img src='http://example.org/x.png'>File <b>one</b> & two"
    window.show_note(text)
    assert QTextDocumentFragment.fromHtml(window._note.toolTip()).toPlainText() == text


def test_percent_of_the_selected_lesion_sets_the_window_and_selecting_another_leaves_it(window):
    canvas = canvases(window)[View.ANTERIOR]
    click(canvas, *HOT)
    lesion = next(iter(window.read_page.editor.lesions.values()))
    counts = window.read_page.viewer.case.scan.frames
    means = [counts[view].counts[roi.mask(SHAPE)].mean() for view, roi in lesion.rois.items()]
    key(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert window.read_page.viewer.window.high == pytest.approx(np.mean(means), rel=1e-6)
    key(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert window.read_page.viewer.window.high == pytest.approx(1.5 * np.mean(means), rel=1e-6)
    key(window, Qt.Key.Key_Escape)
    key(window, Qt.Key.Key_Escape)
    assert window.read_page.viewer.window.high == pytest.approx(1.5 * np.mean(means), rel=1e-6)


def test_a_comment_on_the_scan_is_kept_when_the_next_case_opens(window):
    key(window, Qt.Key.Key_K, Qt.KeyboardModifier.AltModifier)
    QTest.keyClicks(window.read_page.verdict.comment, "see CT of 2019 <x>")
    window.read("S001")
    assert stored(window).verdict.comment == "see CT of 2019 <x>"
    assert window.read_page.verdict.comment.text() == ""
    assert stored(window, "S001").verdict.comment == ""


def test_letters_in_the_list_of_lesions_follow_the_theme(window):
    click(canvases(window)[View.ANTERIOR], *HOT)
    key(window, Qt.Key.Key_1)
    item = window.read_page.lesions._list.topLevelItem(0)
    for name in ("light", "dark"):
        window.workbench.change_settings(theme=name)
        shown = item.foreground(0).color().name().lower()
        assert shown == resources.table(f"themes/{name}")["colour"]["malignant"].lower()
