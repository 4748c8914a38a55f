"""Which lesion a click and the digit after it are about: the foot says so first, and N asks for a new one."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame

from tests.made_scans import HOT, SHAPE
from tests.ui.test_page_read import canvases, click, drag, key, point, stored
from workstation.core.lesion import Label, Origin, Roi
from workstation.core.scan import View


@pytest.fixture
def marked(window):
    """The window with a benign lesion around the hot spot, larger than it, and nothing selected; its id."""
    mask = np.zeros(SHAPE, bool)
    mask[HOT[0] - 15 : HOT[0] + 16, HOT[1] - 15 : HOT[1] + 16] = True
    lesion = window.read_page.editor.add_lesion({View.ANTERIOR: Roi.from_mask(mask)}, Origin.HAND, None, None)
    window.read_page.editor.label_all([lesion], Label.BENIGN, {})
    window.read_page.viewer.select(None)
    return window, lesion


def foot(window) -> str:
    return window.read_page.foot._tool.text()


@pytest.mark.parametrize("tool", [Qt.Key.Key_I, Qt.Key.Key_L])
def test_a_click_on_a_lesion_selects_it_and_the_foot_says_so_before_and_after(marked, tool) -> None:
    window, lesion = marked
    page, canvas = window.read_page, canvases(window)[View.ANTERIOR]
    key(window, tool)
    point(canvas, *HOT)
    assert foot(window).startswith("Click selects B1") and not page.viewer.preview
    click(canvas, *HOT)
    assert page.viewer.selected == lesion and foot(window).startswith("B1 is selected: a digit")
    key(window, Qt.Key.Key_1)
    assert [found.label for found in stored(window).lesions.values()] == [Label.MALIGNANT]
    click(canvas, HOT[0] + 1, HOT[1])  # once more: another outline of the same
    (found,) = stored(window).lesions.values()
    assert found.id == lesion and found.rois[View.ANTERIOR].pixels < 31 * 31
    assert "selected" not in foot(window) and "threshold" in foot(window)


@pytest.mark.parametrize("tool", [Qt.Key.Key_I, Qt.Key.Key_L, Qt.Key.Key_B, Qt.Key.Key_F])
def test_after_n_any_click_is_a_new_lesion_and_the_digit_is_the_new_ones(marked, tool) -> None:
    window, old = marked
    page, canvas = window.read_page, canvases(window)[View.ANTERIOR]
    before = page.editor.lesions[old]
    key(window, tool)
    key(window, Qt.Key.Key_N)
    assert foot(window).startswith("New lesion next")
    point(canvas, *HOT)
    assert foot(window).startswith("New lesion next")
    around = [(HOT[0] + down, HOT[1] + across) for down, across in ((-4, -4), (-4, 4), (4, 4), (4, -4))]
    if tool == Qt.Key.Key_F:
        drag(canvas, around)
    else:
        click(canvas, *HOT)
    assert len(page.editor.lesions) == 2 and page.viewer.selected != old
    assert not foot(window).startswith("New lesion next")
    key(window, Qt.Key.Key_1)
    kept = stored(window).lesions
    assert kept[old] == before and [found.label for found in kept.values()] == [Label.BENIGN, Label.MALIGNANT]
    if tool != Qt.Key.Key_F:  # which begins a new one wherever it is used
        page.viewer.select(None)
        click(canvas, HOT[0] + 14, HOT[1])  # once only: the next click there is about the lesion again
        assert len(page.editor.lesions) == 2


def test_escape_another_case_or_a_lesion_chosen_end_what_n_began(marked) -> None:
    window, lesion = marked
    tools = window.read_page.tools
    key(window, Qt.Key.Key_N)
    key(window, Qt.Key.Key_Escape)
    assert not tools.new_next and not foot(window).startswith("New")
    key(window, Qt.Key.Key_N)
    key(window, Qt.Key.Key_Tab)
    assert not tools.new_next and window.read_page.viewer.selected == lesion
    key(window, Qt.Key.Key_N)
    key(window, Qt.Key.Key_PageDown)
    assert not tools.new_next
    key(window, Qt.Key.Key_E)  # the eraser begins none
    key(window, Qt.Key.Key_N)
    assert not foot(window).startswith("New")


def test_the_buttons_answer_a_proposal_as_the_digits_do(qtbot, window) -> None:
    page = window.read_page
    buttons = page.lesions._label_buttons
    assert not any(button.isEnabled() for button in buttons.values())
    key(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: page.one_hand.draft is not None)
    assert all(button.isEnabled() for button in buttons.values())
    rois = dict(page.one_hand.draft.rois)
    qtbot.mouseClick(buttons[Label.BENIGN], Qt.MouseButton.LeftButton)
    (found,) = stored(window).lesions.values()
    assert found.label is Label.BENIGN and dict(found.rois) == rois
    assert not any(button.isChecked() for button in buttons.values())
    key(window, Qt.Key.Key_Escape)
    assert not any(button.isEnabled() for button in buttons.values())


def test_a_lesion_chosen_while_one_hand_proposes_gets_the_digit_and_the_proposal_comes_again(qtbot, marked) -> None:
    window, lesion = marked
    page = window.read_page
    key(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: page.one_hand.draft is not None)
    proposed = dict(page.one_hand.draft.rois)
    key(window, Qt.Key.Key_B)  # another tool in hand hides nothing of it
    assert page.viewer.draft == proposed
    page.viewer.select(lesion)
    assert page.one_hand.draft is None and not page.viewer.draft
    key(window, Qt.Key.Key_3)
    assert [found.label for found in stored(window).lesions.values()] == [Label.UNCERTAIN]
    key(window, Qt.Key.Key_Space)
    assert dict(page.one_hand.draft.rois) == proposed


def test_the_list_tells_region_and_side_also_in_a_narrow_window(window) -> None:
    page = window.read_page
    window.resize(1120, 700)
    made = []
    for region, side in (("hip", "right"), ("sternoclavicular_joint", "left"), ("sacroiliac_joint", "left")):
        mask = np.zeros(SHAPE, bool)
        mask[300 + 20 * len(made) : 310 + 20 * len(made), 100:110] = True
        roi = Roi.from_mask(mask)
        made.append(page.editor.add_lesion({View.ANTERIOR: roi, View.POSTERIOR: roi}, Origin.HAND, region, side))
    tree = page.lesions._list
    assert isinstance(tree, QFrame) and tree.width() < 300
    told = (("Hip joint", "right"), ("Sternoclav. joint", "left"), ("Sacroiliac joint", "left"))
    for number, words in enumerate(told):
        item = tree.topLevelItem(number)
        assert (item.text(1), item.text(2)) == words
        for column in (1, 2):
            index = tree.indexFromItem(item, column)
            assert tree.sizeHintForIndex(index).width() <= tree.visualRect(index).width(), words
    assert tree.topLevelItem(0).toolTip(1) == "Hip joint and acetabulum, right"
