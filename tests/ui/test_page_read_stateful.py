"""Random work at the window: after every step the window, the memory and the disk say the same."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from PySide6.QtCore import Qt

from tests.made_scans import SHAPE, make_library
from tests.ui.conftest import close_window, open_window
from workstation.core.lesion import Label, Origin, Reading, ReadingKey, Roi
from workstation.core.scan import View
from workstation.store.library import Library

_SPOTS = st.tuples(st.integers(250, 500), st.integers(80, 170))


class Work(RuleBasedStateMachine):
    """One window on a library of two scans; the model is a list of readings, one per step done and not undone."""

    @initialize()
    def start(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.home, self.library = Path(self._folder.name) / "home", Path(self._folder.name) / "library"
        make_library(self.library, 2)
        self.window = open_window(self.home, self.library)
        self.window.read("S000")
        self.done: list[Reading] = [self.editor.reading]
        self.undone: list[Reading] = []

    @property
    def editor(self):
        return self.window.read_page.editor

    def _stepped(self, happened: bool) -> None:
        if happened:
            self.done.append(self.editor.reading)
            self.undone.clear()

    @rule(spot=_SPOTS, view=st.sampled_from(View), size=st.integers(1, 9))
    def draw(self, spot, view, size) -> None:
        mask = np.zeros(SHAPE, bool)
        mask[spot[0] : spot[0] + size, spot[1] : spot[1] + size] = True
        before = self.editor.reading
        self.window.read_page.tools.drafting.take(view, Roi.from_mask(mask), Origin.HAND, False)
        self._stepped(self.editor.reading is not before)

    @rule(label=st.sampled_from([Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4, Qt.Key.Key_0]))
    def label(self, label) -> None:
        self._key(label)

    @rule(grade=st.sampled_from([Qt.Key.Key_0, Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3]))
    def grade(self, grade) -> None:
        self._key(grade, Qt.KeyboardModifier.AltModifier)

    @rule(key=st.sampled_from([Qt.Key.Key_C, Qt.Key.Key_S, Qt.Key.Key_Return, Qt.Key.Key_Delete, Qt.Key.Key_Escape]))
    def describe(self, key) -> None:
        self._key(key)

    @rule(key=st.sampled_from([Qt.Key.Key_A, Qt.Key.Key_Z, Qt.Key.Key_D]), more=st.booleans())
    def reshape(self, key, more) -> None:
        self._key(key, Qt.KeyboardModifier.ShiftModifier if more else Qt.KeyboardModifier.NoModifier)

    @rule(key=st.sampled_from([Qt.Key.Key_E, Qt.Key.Key_F, Qt.Key.Key_O, Qt.Key.Key_P]))
    def reshape_with_shift(self, key) -> None:
        self._key(key, Qt.KeyboardModifier.ShiftModifier)

    @rule(which=st.sets(st.integers(0, 4)))
    def select_several(self, which) -> None:
        ids = list(self.editor.lesions)
        self.window.read_page.viewer.select_all(tuple(ids[n] for n in sorted(which) if n < len(ids)))

    @rule(by=st.sampled_from([Qt.Key.Key_Tab, Qt.Key.Key_F4, Qt.Key.Key_H, Qt.Key.Key_X, Qt.Key.Key_B, Qt.Key.Key_I]))
    def look_around(self, by) -> None:
        before = self.editor.reading
        self._press(by)
        assert self.editor.reading is before, "looking changes nothing"

    def _key(self, key, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
        before = self.editor.reading
        self._press(key, modifiers)
        self._stepped(self.editor.reading is not before)

    def _press(self, key, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
        from PySide6.QtTest import QTest

        QTest.keyClick(self.window.read_page, key, modifiers)

    @precondition(lambda self: len(self.done) > 1)
    @rule()
    def undo(self) -> None:
        self._press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        self.undone.append(self.done.pop())
        assert self.editor.reading == self.done[-1]

    @precondition(lambda self: self.undone)
    @rule()
    def redo(self) -> None:
        self._press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        self.done.append(self.undone.pop())
        assert self.editor.reading == self.done[-1]

    @rule()
    def another_case_and_back(self) -> None:
        self.window.read("S001")
        self.window.read("S000")

    @rule()
    def restart(self) -> None:
        close_window(self.window)
        self.window = open_window(self.home, self.library)
        self.window.read("S000")

    @invariant()
    def all_agree(self) -> None:
        if not hasattr(self, "window"):
            return
        disk = Library.open(self.library, read_only=True)
        session = disk.session(ReadingKey("S000", "anna"))
        row = disk.rows(["S000"], reader="anna")[0]
        disk.close()
        memory = self.editor.reading
        assert session.reading == memory == self.done[-1]
        assert len(session.done) == len(self.done) - 1 and len(session.undone) == len(self.undone)
        assert row.lesions == len(memory.counted)
        assert row.malignant == memory.count(Label.MALIGNANT) and row.grade == memory.verdict.grade
        shown = self.window.read_page.lesions._list
        ids = [shown.topLevelItem(n).data(0, Qt.ItemDataRole.UserRole) for n in range(shown.topLevelItemCount())]
        assert ids == list(memory.lesions)
        assert set(self.window.read_page.viewer.selection) <= set(memory.lesions)
        assert all(roi.pixels for lesion in memory.lesions.values() for roi in lesion.rois.values())

    def teardown(self) -> None:
        if hasattr(self, "window"):
            close_window(self.window)
            disk = Library.open(self.library)
            found = disk.verify()
            disk.close()
            assert found.ok, found.problems
            self._folder.cleanup()


@pytest.mark.parametrize(
    ("examples", "steps"), [(3, 20), pytest.param(100, 60, marks=pytest.mark.soak)]
)
def test_window_memory_and_disk_always_agree(qapp, examples, steps):
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        Work,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],  # a window a step is too slow to shrink
        ),
    )
