"""What an annotator does at the window, act by act: mouse on the pictures, keys, fields and buttons of every page.

For tests that let a seed choose the acts: nothing here looks at what comes of them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit

from tests.app.adjudicating import library_read_twice
from tests.made_scans import HOT, SHAPE, new_scan
from tests.ui.test_page_read import canvases, click, drag, move, point
from workstation.core import edits
from workstation.core.edits import Step
from workstation.core.lesion import ReadingKey
from workstation.core.people import Person, Role
from workstation.store.library import Library
from workstation.ui.canvas import Canvas
from workstation.ui.main_window import MainWindow

READER, JUDGE = "anna", "clara"
SCANS = ("S000", "S001", "S002", "S003")  # two patients, each with a prior
K = Qt.Key
NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
DIGITS = (K.Key_1, K.Key_2, K.Key_3, K.Key_4, K.Key_0)

__all__ = ["ACTS", "do", "draw_act", "make_library_to_work_in", "move"]

Act = Callable[[MainWindow, Random], None]


def make_library_to_work_in(folder: Path) -> None:
    """Two scans that two others have read, two that nobody has; an annotator and an adjudicator; no queue yet."""
    library_read_twice(folder, 2, lesions=5)
    library = Library.open(folder)
    library.add_scans([new_scan(2), new_scan(3)])
    library.tell_role(Person(READER, Role.ANNOTATOR), READER)
    library.tell_role(Person(JUDGE, Role.ADJUDICATOR), JUDGE)
    for scan in SCANS[:2]:  # half read, so that two readings of hers are there to be reshaped, too
        theirs = next(iter(library.session(ReadingKey(scan, "truth")).reading.lesions.values()))
        library.append(ReadingKey(scan, READER), Step("edit", edits.add("Add", theirs)), READER)
    library.close()


# Acts


def press(window: MainWindow, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
    QTest.keyClick(window.read_page, key, modifiers)


def _press_one_of(*keys: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> Act:
    return lambda window, draw: press(window, draw.choice(keys), modifiers)


def _somewhere(window: MainWindow, draw: Random) -> tuple[Canvas, float, float]:
    """A view, and a place of the body: the hot spot, a lesion that is there, or anywhere. Row, column."""
    canvas = draw.choice(list(canvases(window).values()))
    centres = [
        lesion.rois[canvas.panel.view].centre
        for lesion in window.read_page.editor.lesions.values()
        if canvas.panel.view in lesion.rois
    ]
    hot = (HOT[0], HOT[1] if canvas.panel.view == "anterior" else SHAPE[1] - 1 - HOT[1])
    row, column = draw.choice([hot, *centres, (draw.uniform(150, 700), draw.uniform(70, 180))])
    return canvas, row + draw.uniform(-3, 3), column + draw.uniform(-3, 3)


def outline_by_click(window: MainWindow, draw: Random) -> None:
    """A new lesion, or the selected one's outline, by isocontour or region grow."""
    press(window, draw.choice((K.Key_I, K.Key_L)))
    if draw.random() < 0.5:
        press(window, K.Key_N)
    click(*_somewhere(window, draw))
    if draw.random() < 0.4:
        press(window, K.Key_Return)  # the mirrored one, too


def paint(window: MainWindow, draw: Random) -> None:
    """Brush or eraser, now and then above a count threshold."""
    press(window, draw.choice((K.Key_B, K.Key_B, K.Key_E)))
    canvas, row, column = _somewhere(window, draw)
    if draw.random() < 0.3:
        point(canvas, row, column)
        press(window, K.Key_T)
    drag(canvas, [(row + step, column + draw.uniform(-2, 2)) for step in range(0, draw.randrange(2, 12), 2)])


def polygon(window: MainWindow, draw: Random) -> None:
    press(window, K.Key_O)
    canvas, row, column = _somewhere(window, draw)
    for across, down in ((-5, -4), (5, -4), (4, 5), (-4, 4))[: draw.randrange(2, 5)]:
        click(canvas, row + down, column + across)
    press(window, K.Key_Return)


def freehand(window: MainWindow, draw: Random) -> None:
    press(window, K.Key_F)
    canvas, row, column = _somewhere(window, draw)
    drag(canvas, [(row - 5, column - 5), (row - 5, column + 5), (row + 5, column + 5), (row + 5, column - 5)])


def choose_lesions(window: MainWindow, draw: Random) -> None:
    """By Tab, by click, several with Ctrl."""
    press(window, K.Key_V)
    if draw.random() < 0.4:
        press(window, K.Key_Tab)
    else:
        for _ in range(draw.randrange(1, 4)):
            canvas, row, column = _somewhere(window, draw)
            click(canvas, row, column, draw.choice((NONE, CTRL)))


def reshape(window: MainWindow, draw: Random) -> None:
    """Grow, shrink, split, merge, smooth, fill."""
    key, modifiers = draw.choice(
        [(K.Key_A, NONE), (K.Key_Z, NONE), (K.Key_D, NONE), (K.Key_A, SHIFT), (K.Key_Z, SHIFT), (K.Key_D, SHIFT),
         (K.Key_F, SHIFT), (K.Key_E, SHIFT), (K.Key_O, SHIFT)]
    )  # fmt: skip
    press(window, key, modifiers)


def delete(window: MainWindow, draw: Random) -> None:
    press(window, K.Key_Delete, draw.choice((NONE, SHIFT)))


def carry_over(window: MainWindow, draw: Random) -> None:
    press(window, K.Key_P, draw.choice((SHIFT, ALT)))


def one_hand(window: MainWindow, draw: Random) -> None:
    """On to the next place, and a digit, or past it."""
    press(window, K.Key_Space)
    QTest.qWait(draw.choice((0, 60)))  # candidates may still be on their way
    press(window, draw.choice((*DIGITS[:4], K.Key_Backspace, K.Key_Escape)))


def describe(window: MainWindow, draw: Random) -> None:
    """Criterion, side, confidence; an examination or a day where the criterion asks for one."""
    press(window, *draw.choice([(K.Key_C,), (K.Key_S,), (K.Key_F1, SHIFT), (K.Key_F2, SHIFT), (K.Key_F3, SHIFT)]))
    row = window.read_page.lesions.evidence
    if row.isVisible() and draw.random() < 0.7:
        if row.examination.isVisible():
            _choose(row.examination, draw)
        _type(row.day, draw.choice(("2020-03-05", "5.3.2020", "soon", "")))


def comment(window: MainWindow, draw: Random) -> None:
    press(window, K.Key_K, draw.choice((NONE, ALT)))
    field = QApplication.focusWidget()
    if isinstance(field, QLineEdit):
        _type(field, draw.choice(("rib, after a fall", "<b>no</b>", "Ärger 骨", "")))


def clinical_fact(window: MainWindow, draw: Random) -> None:
    panel = window.read_page.clinical
    if not panel.opened:
        press(window, K.Key_C, ALT)
    if not panel.isVisible() or not panel.isEnabled():
        return
    if draw.random() < 0.5:
        _choose(draw.choice((panel.tumour, panel.sex)), draw)
    else:
        name, text = draw.choice(
            [("treatment_start", "2020-02-01"), ("alp", "131"), ("psa", "7.5"), ("treatment_start", "x")]
        )
        _type(panel._fields[name], text)
    window.read_page.give_keys()


def no_queue_any_more(window: MainWindow, draw: Random) -> None:
    window.show_page(2)
    progress = window.queue_page.progress
    if progress.end.isVisible():
        progress.end.click()
        progress.sure.buttons[True].click()
    window.show_page(1)


def queue(window: MainWindow, draw: Random) -> None:
    """Make a queue where there is none, and go on with it."""
    window.show_page(2)
    maker, progress = window.queue_page.maker, window.queue_page.progress
    if maker.isVisible() and maker.make.isEnabled():
        maker.order.setCurrentIndex(draw.randrange(maker.order.count()))
        maker.make.click()
    if progress.resume.isVisible() and progress.resume.isEnabled():
        progress.resume.click()
    window.show_page(1)


def answer_case(window: MainWindow, draw: Random) -> None:
    """Grade it, mark it done; the queue goes on."""
    press(window, draw.choice((K.Key_0, K.Key_1, K.Key_2, K.Key_3)), ALT)
    press(window, K.Key_Return, CTRL)


def sign_in(window: MainWindow, draw: Random) -> None:
    window.show_page(2)
    person = window.queue_page.person
    person.name.setEditText(JUDGE if window.workbench.reader == READER else READER)
    person.go.click()
    window.show_page(1)


def adjudicate(window: MainWindow, draw: Random) -> None:
    """Sign in as the adjudicator, begin, and decide what is asked; now and then go back to one's own reading."""
    if window.workbench.reader != JUDGE:
        sign_in(window, draw)
    adjudication = window.read_page.adjudication
    if not adjudication.active:
        window.read(draw.choice(SCANS[:2]))
        press(window, K.Key_J)
    for _ in range(draw.randrange(1, 3)):
        press(window, draw.choice((K.Key_F5, K.Key_F6, K.Key_F8, K.Key_Backspace, *DIGITS[:3])))
        press(window, K.Key_Space, draw.choice((NONE, NONE, SHIFT)))
    if adjudication.active and draw.random() < 0.2:
        press(window, K.Key_J)


def quality(window: MainWindow, draw: Random) -> None:
    """Another label on the contact sheet, perhaps taken back."""
    window.show_page(3)
    page = window.quality_page
    page.parts.setCurrentItem(draw.choice(page._items[1:6]))
    QTest.qWait(30)
    if page.quality.sheet.count:
        page.sheet.choose(draw.randrange(page.quality.sheet.count))
        QTest.keyClick(page.sheet, draw.choice(DIGITS))
        if draw.random() < 0.3:
            QTest.keyClick(page.sheet, K.Key_Z, CTRL)
    window.show_page(1)


def go_to(window: MainWindow, draw: Random) -> None:
    if draw.random() < 0.5:
        press(window, draw.choice((K.Key_PageDown, K.Key_PageUp)))
    else:
        window.read(draw.choice(SCANS))


def look(window: MainWindow, draw: Random) -> None:
    """Changes nothing that is kept."""
    key, modifiers = draw.choice(
        [(K.Key_F4, NONE), (K.Key_H, NONE), (K.Key_X, NONE), (K.Key_P, NONE), (K.Key_Home, NONE), (K.Key_R, SHIFT),
         (K.Key_Q, NONE), (K.Key_W, SHIFT), (K.Key_Escape, NONE), (K.Key_Equal, CTRL), (K.Key_R, ALT)]
    )  # fmt: skip
    press(window, key, modifiers)


ACTS: dict[str, tuple[int, Act]] = {  # how often, and what
    "outline by click": (10, outline_by_click),
    "paint": (8, paint),
    "polygon": (4, polygon),
    "freehand": (4, freehand),
    "choose lesions": (6, choose_lesions),
    "label": (10, _press_one_of(*DIGITS)),
    "reshape": (12, reshape),
    "delete": (3, delete),
    "carry over": (3, carry_over),
    "one hand": (8, one_hand),
    "describe": (6, describe),
    "comment": (3, comment),
    "clinical fact": (4, clinical_fact),
    "clinical fact back": (1, _press_one_of(K.Key_Z, modifiers=ALT)),
    "grade": (3, _press_one_of(K.Key_0, K.Key_1, K.Key_2, K.Key_3, K.Key_D, modifiers=ALT)),
    "exclude": (2, _press_one_of(K.Key_F5, K.Key_F6, K.Key_F7, K.Key_F8, modifiers=SHIFT)),
    "undo": (10, _press_one_of(K.Key_Z, modifiers=CTRL)),
    "redo": (5, _press_one_of(K.Key_Z, modifiers=CTRL | SHIFT)),
    "queue": (3, queue),
    "answer the case": (4, answer_case),
    "end the queue": (1, no_queue_any_more),
    "sign in": (2, sign_in),
    "adjudicate": (7, adjudicate),
    "quality": (3, quality),
    "go to": (4, go_to),
    "look": (4, look),
}


def draw_act(draw: Random) -> str:
    return draw.choices(list(ACTS), [often for often, _ in ACTS.values()])[0]


def do(window: MainWindow, act: str, seed: int) -> None:
    """One act; the same window and seed do the same."""
    if not canvases(window):
        window.read(SCANS[0])
    ACTS[act][1](window, Random(seed))
    QApplication.processEvents()


def _choose(box: QComboBox, draw: Random) -> None:
    box.setCurrentIndex(draw.randrange(box.count()))
    box.activated.emit(box.currentIndex())


def _type(field: QLineEdit, text: str) -> None:
    field.setFocus()
    field.selectAll()
    QTest.keyClick(field, K.Key_Delete)
    field.insert(text)  # as if pasted: QTest types ASCII only
    QTest.keyClick(field, K.Key_Return)
