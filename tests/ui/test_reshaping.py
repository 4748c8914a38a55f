"""Keys that reshape, merge, split and mark, at the real window: what the library holds then, and one undo back."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.made_scans import HOT, SHAPE
from tests.ui.test_page_read import SHIFT, canvases, click, drag, key, place, point, stored
from workstation.core.lesion import Label, Lesion, Origin, Roi
from workstation.core.scan import View

BOTH = tuple(View)
CONTROL = Qt.KeyboardModifier.ControlModifier


def square(row: int, column: int, height: int, width: int) -> Roi:
    roi = Roi.from_mask(np.ones((height, width), bool), row, column)
    assert roi is not None
    return roi


def add(window, *rois: Roi, label: Label | None = None) -> str:
    """A lesion with these ROIs on the anterior and the posterior view."""
    editor = window.read_page.editor
    made = editor.add_lesion(dict(zip(BOTH, rois, strict=False)), Origin.HAND, None, None)
    if label is not None:
        editor.label(made, label)
    window.read_page.viewer.select(made)
    return made


def lesions(window) -> list[Lesion]:
    return list(stored(window).lesions.values())


def notes(window) -> list[str]:
    told: list[str] = []
    window.workbench.noted.connect(told.append)
    return told


SHAPED = {
    Qt.Key.Key_A: lambda size: size + 2,
    Qt.Key.Key_Z: lambda size: size - 2,
}


@pytest.mark.parametrize("pressed", SHAPED)
@pytest.mark.parametrize(("modifiers", "times"), [(Qt.KeyboardModifier.NoModifier, 1), (SHIFT, 3)])
def test_grow_and_shrink_on_both_views_in_one_step(window, pressed, modifiers, times):
    add(window, square(300, 100, 11, 15), square(300, 120, 11, 15), label=Label.BENIGN)
    before = lesions(window)
    steps = len(window.read_page.editor.session.done)
    key(window, pressed, modifiers)
    (after,) = lesions(window)
    for view in BOTH:
        changed = (SHAPED[pressed](0)) * times
        assert (after.rois[view].height, after.rois[view].width) == (11 + changed, 15 + changed)
    assert after.label is Label.BENIGN
    assert len(window.read_page.editor.session.done) == steps + 1
    key(window, Qt.Key.Key_Z, CONTROL)
    assert lesions(window) == before


def test_what_would_be_gone_is_refused_in_words(window):
    told = notes(window)
    add(window, square(300, 100, 11, 15), square(300, 120, 1, 1))
    before = lesions(window)
    key(window, Qt.Key.Key_Z)
    assert lesions(window) == before and "Nothing would be left" in told[-1]
    window.read_page.viewer.select(None)
    key(window, Qt.Key.Key_A)
    assert "Select a lesion first" in told[-1]


@pytest.mark.parametrize("corner", [(0, 0), (SHAPE[0] - 4, SHAPE[1] - 5)])
def test_at_the_frames_corner(window, corner):
    add(window, square(*corner, 4, 5))
    for pressed in (Qt.Key.Key_A, Qt.Key.Key_Z):
        key(window, pressed)
    assert lesions(window)[0].rois[View.ANTERIOR] == square(*corner, 4, 5)
    key(window, Qt.Key.Key_A, SHIFT)
    mask = lesions(window)[0].rois[View.ANTERIOR].mask(SHAPE)
    assert mask.sum() == lesions(window)[0].rois[View.ANTERIOR].pixels, "no pixel lies outside the frame"


def test_smooth_and_fill(window):
    mask = np.zeros(SHAPE, bool)
    mask[300:311, 100:111] = True
    mask[305, 105] = mask[302, 103] = False
    mask[299, 105] = True
    add(window, Roi.from_mask(mask))
    key(window, Qt.Key.Key_O, SHIFT)
    assert lesions(window)[0].rois[View.ANTERIOR].mask(SHAPE)[300:311, 100:111].all()
    key(window, Qt.Key.Key_E, SHIFT)
    assert not lesions(window)[0].rois[View.ANTERIOR].mask(SHAPE)[299].any()


def test_merge_keeps_the_first_selecteds_label_and_says_so(window):
    told = notes(window)
    one = add(window, square(300, 100, 9, 9), square(300, 140, 9, 9), label=Label.MALIGNANT)
    other = add(window, square(300, 120, 9, 9), label=Label.BENIGN)
    window.read_page.viewer.select_all((one, other))
    key(window, Qt.Key.Key_F, SHIFT)
    (merged,) = lesions(window)
    assert merged.id == one and merged.label is Label.MALIGNANT and "malignant is kept" in told[-1]
    assert merged.rois[View.ANTERIOR].pixels == 162 and merged.rois[View.POSTERIOR].pixels == 81
    key(window, Qt.Key.Key_Z, CONTROL)
    assert {lesion.id for lesion in lesions(window)} == {one, other}


def test_one_selected_merges_with_its_neighbour_only(window):
    told = notes(window)
    far = add(window, square(500, 100, 9, 9))
    add(window, square(300, 111, 9, 9), label=Label.BENIGN)
    add(window, square(300, 100, 9, 9))
    key(window, Qt.Key.Key_F, SHIFT)
    assert len(lesions(window)) == 2
    (merged,) = (lesion for lesion in lesions(window) if lesion.id != far)
    assert merged.label is Label.BENIGN, "the only label there was"
    key(window, Qt.Key.Key_F, SHIFT)
    assert "No other lesion lies beside" in told[-1] and len(lesions(window)) == 2


def test_split_parts_two_spots_and_refuses_one(window):
    """The hot spot and the bladder, as one region of both: far apart, with a valley between."""
    told = notes(window)
    mask = np.zeros(SHAPE, bool)
    mask[HOT[0] - 8 : HOT[0] + 9, HOT[1] - 8 : HOT[1] + 9] = True
    mask[HOT[0] : 630, 124:131] = True
    mask[HOT[0], 124 : HOT[1]] = True
    add(window, Roi.from_mask(mask), label=Label.UNCERTAIN)
    key(window, Qt.Key.Key_D)
    parts = lesions(window)
    assert len(parts) >= 2 and all(part.label is Label.UNCERTAIN for part in parts)
    whole = sum(part.rois[View.ANTERIOR].mask(SHAPE).astype(int) for part in parts)
    assert np.array_equal(whole, mask.astype(int)), "each pixel in one part"
    assert len(window.read_page.viewer.selection) == len(parts)
    key(window, Qt.Key.Key_Z, CONTROL)
    assert len(lesions(window)) == 1
    window.read_page.editor.delete(lesions(window)[0].id)
    add(window, square(HOT[0] - 5, HOT[1] - 5, 11, 11))
    key(window, Qt.Key.Key_D)
    assert len(lesions(window)) == 1 and "one maximum" in told[-1]


def test_split_from_neighbours_shares_no_pixel(window):
    told = notes(window)
    one = add(window, square(HOT[0] - 8, HOT[1] - 8, 17, 17), label=Label.BENIGN)
    other = add(window, square(HOT[0] - 8, HOT[1], 17, 25), label=Label.MALIGNANT)
    key(window, Qt.Key.Key_D, SHIFT)
    first, second = (stored(window).lesions[name].rois[View.ANTERIOR].mask(SHAPE) for name in (one, other))
    assert not (first & second).any() and first[HOT] != second[HOT]
    assert [lesion.label for lesion in lesions(window)] == [Label.BENIGN, Label.MALIGNANT]
    key(window, Qt.Key.Key_D, SHIFT)
    assert "overlaps no other" in told[-1]


def test_several_lesions_are_selected_by_mouse_and_list_and_labelled_at_once(window):
    ids = [add(window, square(300, 80 + 30 * n, 9, 9)) for n in range(3)]
    canvas = canvases(window)[View.ANTERIOR]
    key(window, Qt.Key.Key_V)
    click(canvas, 304, 84)
    click(canvas, 304, 114, CONTROL)
    click(canvas, 304, 144, SHIFT)
    viewer = window.read_page.viewer
    assert viewer.selection == tuple(ids)
    click(canvas, 304, 114, CONTROL)
    assert viewer.selection == (ids[0], ids[2])
    steps = len(window.read_page.editor.session.done)
    key(window, Qt.Key.Key_1)
    assert [lesion.label for lesion in lesions(window)] == [Label.MALIGNANT, None, Label.MALIGNANT]
    assert len(window.read_page.editor.session.done) == steps + 1
    tree = window.read_page.lesions._list
    rows = [tree.visualItemRect(tree.topLevelItem(n)).center() for n in range(3)]
    QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, rows[2])
    QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, CONTROL, rows[1])
    assert viewer.selection == (ids[2], ids[1])
    key(window, Qt.Key.Key_Delete)
    assert [lesion.id for lesion in lesions(window)] == [ids[0]] and viewer.selection == ()


def test_region_grow_takes_what_it_showed_and_the_keys_change_it(window):
    canvas = canvases(window)[View.ANTERIOR]
    key(window, Qt.Key.Key_L)
    point(canvas, *HOT)
    small = window.read_page.viewer.preview[View.ANTERIOR]
    for _ in range(5):
        key(window, Qt.Key.Key_Minus)
    shown = window.read_page.viewer.preview[View.ANTERIOR]
    assert shown.pixels > small.pixels and "40 %" in window.read_page.tools.hand.words()
    click(canvas, *HOT)
    assert lesions(window)[0].rois[View.ANTERIOR] == shown


def test_a_mark_is_counted_nowhere_and_leaves_the_window(window):
    canvas = canvases(window)[View.ANTERIOR]
    before = window.read_page.viewer.window.high
    add(window, square(605, 110, 32, 36), square(605, 110, 32, 36))
    key(window, Qt.Key.Key_4)
    (mark,) = lesions(window)
    assert mark.label is Label.NOT_BONE and mark.criterion in ("bladder", "contamination")
    assert window.read_page.viewer.window.high < before, "the made bladder no longer blackens the rest"
    key(window, Qt.Key.Key_C)
    assert lesions(window)[0].criterion != mark.criterion, "C steps through the kinds"
    row = window.workbench.library.rows(["S000"])[0]
    assert (row.lesions, row.malignant, row.benign, row.uncertain) == (0, 0, 0, 0)
    assert window.read_page.lesions._count.text().endswith(" 0")
    key(window, Qt.Key.Key_0)
    assert lesions(window)[0].criterion is None and window.read_page.viewer.window.high == before
    assert window.workbench.library.rows(["S000"])[0].lesions == 1
    assert canvas.isVisible()


def test_an_outline_outside_the_body_is_kept_with_a_word(window):
    told = notes(window)
    canvas = canvases(window)[View.ANTERIOR]
    key(window, Qt.Key.Key_F)
    drag(canvas, [(20, 10), (20, 30), (40, 30), (40, 10)])
    assert len(lesions(window)) == 1 and "outside the body" in told[-1]


def test_one_pixel_a_crossing_line_and_both_sides(window):
    """A line that crosses itself keeps both loops; one pixel is one; a region over the midline is one lesion."""
    canvas = canvases(window)[View.ANTERIOR]
    window.read_page.viewer.set_viewport(window.read_page.viewer.viewport.__class__(scale=6.0, row=0.3))
    key(window, Qt.Key.Key_O)
    for corner in [(300, 100), (310, 120), (300, 120), (310, 100)]:
        click(canvas, *corner)
    key(window, Qt.Key.Key_Return)
    eight = lesions(window)[0].rois[View.ANTERIOR].mask(SHAPE)
    assert eight[305, 102] or eight[302, 110] or eight[308, 110]
    assert not (eight[305, 101] and eight[301, 110]), "two loops that meet in one point, not a rectangle"
    key(window, Qt.Key.Key_N)
    for corner in [(300.2, 130.2)]:
        click(canvas, *corner)
    told = notes(window)
    key(window, Qt.Key.Key_Return)
    assert len(lesions(window)) == 2 or "holds no pixel" in told[-1]
    key(window, Qt.Key.Key_N)
    for corner in [(320, 110), (320, 145), (328, 145), (328, 110)]:
        click(canvas, *corner)
    key(window, Qt.Key.Key_Return)
    assert lesions(window)[-1].rois[View.ANTERIOR].mask(SHAPE)[324, 112:143].all()


def test_the_brush_threshold_is_told_and_a_stroke_over_nothing_hot_adds_nothing(window):
    canvas = canvases(window)[View.ANTERIOR]
    key(window, Qt.Key.Key_B)
    point(canvas, *HOT)
    key(window, Qt.Key.Key_T)
    assert "only counts from" in window.read_page.tools.hand.words()
    drag(canvas, [(300, 90), (300, 95)])
    assert not lesions(window)
    assert place(canvas, *HOT) is not None


# Same as before


@pytest.fixture
def followed(window):
    """S000 read, S001 of the same patient open."""
    add(window, square(HOT[0] - 6, HOT[1] - 6, 13, 13), label=Label.MALIGNANT)
    add(window, square(300, 80, 9, 9), label=Label.BENIGN)
    add(window, square(605, 110, 32, 36), label=Label.NOT_BONE)
    window.read("S001")
    return window


def test_the_prior_reading_is_carried_over_in_one_step(followed):
    told = notes(followed)
    key(followed, Qt.Key.Key_P, SHIFT)
    found = list(stored(followed, "S001").lesions.values())
    assert [lesion.label for lesion in found] == [Label.MALIGNANT, Label.BENIGN], "marks stay behind"
    assert all(lesion.same_as_before for lesion in found) and "2 carried over" in told[-1]
    row, column = found[0].rois[View.ANTERIOR].centre
    assert abs(row - HOT[0]) < 3 and abs(column - HOT[1]) < 3
    assert len(followed.read_page.editor.session.done) == 1
    key(followed, Qt.Key.Key_P, SHIFT)
    assert len(stored(followed, "S001").lesions) == 2 and "drawn here already" in told[-1]
    # Touched, it is the reader's own.
    key(followed, Qt.Key.Key_1)
    assert stored(followed, "S001").lesions[found[0].id].label_origin is Origin.HAND
    key(followed, Qt.Key.Key_Z, CONTROL)
    key(followed, Qt.Key.Key_Z, CONTROL)
    assert not stored(followed, "S001").lesions


def test_of_a_prior_with_marks_only_it_is_said_why_nothing_comes(window):
    add(window, square(605, 110, 32, 36), label=Label.NOT_BONE)
    window.read("S001")
    told = notes(window)
    key(window, Qt.Key.Key_P, SHIFT)
    assert "stay with the scan" in told[-1] and not stored(window, "S001").lesions


def test_the_lesion_under_the_cursor_of_the_prior_is_carried_over(followed):
    told = notes(followed)
    key(followed, Qt.Key.Key_P, Qt.KeyboardModifier.AltModifier)
    assert "Show the prior scan" in told[-1]
    key(followed, Qt.Key.Key_P)
    QTest.qWait(20)
    canvas = next(
        one for one in followed.read_page.canvases if one.panel.prior and one.panel.view is View.ANTERIOR
    )
    point(canvas, 304, 84)
    key(followed, Qt.Key.Key_P, Qt.KeyboardModifier.AltModifier)
    (lesion,) = stored(followed, "S001").lesions.values()
    assert lesion.label is Label.BENIGN and lesion.roi_origin is Origin.CARRIED_OVER


def test_without_a_prior_or_its_reading_it_is_said(window):
    told = notes(window)
    key(window, Qt.Key.Key_P, SHIFT)
    assert "no earlier scan" in told[-1]
    window.read("S001")
    key(window, Qt.Key.Key_P, SHIFT)
    assert "read no lesion" in told[-1] and not stored(window, "S001").lesions


def test_a_region_larger_than_any_lesion_is_not_split_within_a_key_press(window):
    told = notes(window)
    add(window, square(0, 0, *SHAPE))
    key(window, Qt.Key.Key_D)
    assert len(lesions(window)) == 1 and "20,000 pixels" in told[-1]
    add(window, square(HOT[0] - 5, HOT[1] - 5, 11, 11))
    key(window, Qt.Key.Key_D, SHIFT)
    assert "20,000 pixels" in told[-1]
