"""Edits and their inverses; a session against a plain list of all the readings it has been through."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from workstation.core import edits
from workstation.core.edits import Edit, EditError, LesionChange, Session, Step, apply
from workstation.core.lesion import Label, Lesion, Reading, ReadingKey, Roi, Verdict
from workstation.core.scan import View

EMPTY = Reading(ReadingKey("S1", "ann"))


def lesion(name: str, size: int = 2) -> Lesion:
    roi = Roi.from_mask(np.ones((size, size), bool))
    assert roi is not None
    return Lesion(name, {View.ANTERIOR: roi})


def test_what_each_edit_does() -> None:
    one, two = lesion("L1"), lesion("L2")
    both = apply(edits.add("Add lesions", one, two), EMPTY)
    assert list(both.lesions) == ["L1", "L2"]
    labelled = apply(edits.change("Label benign", one, label=Label.BENIGN), both)
    assert labelled.lesions["L1"].label is Label.BENIGN and labelled.count(Label.BENIGN) == 1
    assert list(apply(edits.delete("Delete", two), labelled).lesions) == ["L1"]
    assert apply(edits.judge("Grade 2", Verdict(), grade=2), both).verdict.grade == 2
    assert both.lesions["L1"].label is None  # the reading before is untouched


def test_an_edit_that_does_not_fit_is_refused() -> None:
    one = lesion("L1")
    there = apply(edits.add("Add", one), EMPTY)
    for wrong, reading in [
        (edits.add("Add", one), there),
        (edits.delete("Delete", one), EMPTY),
        (edits.change("Label", replace(one, comment="other"), label=Label.BENIGN), there),
        (edits.judge("Grade", Verdict(grade=1), grade=2), there),
    ]:
        with pytest.raises(EditError):
            apply(wrong, reading)
    with pytest.raises(ValueError):
        LesionChange(None, None)
    with pytest.raises(ValueError):
        LesionChange(one, lesion("L2"))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 4), st.sampled_from([None, *Label])), max_size=6))
def test_undone_is_as_before_and_edits_can_be_kept(moves: list[tuple[str, int, Label | None]]) -> None:
    reading = EMPTY
    for name, size, label in moves:
        before = reading.lesions.get(name)
        after = replace(lesion(name, size), label=label)
        edit = Edit("Move", (LesionChange(before, after),), (reading.verdict, Verdict(grade=size % 4)))
        assert Edit.from_json(json.loads(json.dumps(edit.to_json()))) == edit
        assert edit.inverse.inverse == edit
        changed = apply(edit, reading)
        assert apply(edit.inverse, changed) == reading
        reading = changed


def test_steps_that_do_not_fit() -> None:
    edit = edits.add("Add", lesion("L1"))
    session = Session(EMPTY)
    for step in (Step("undo", edit), Step("redo", edit), Step("jump", edit)):
        with pytest.raises(EditError):
            session.after(step)
    done = session.after(Step("edit", edit))
    with pytest.raises(EditError):
        done.after(Step("undo", edits.add("Add", lesion("L2"))))


class Sessions(RuleBasedStateMachine):
    """The model: every reading there has been, and where in it the user stands."""

    def __init__(self) -> None:
        super().__init__()
        self.session = Session(EMPTY)
        self.steps: list[Step] = []
        self.past: list[Reading] = [EMPTY]
        self.at = 0

    def take(self, step: Step) -> None:
        self.session = self.session.after(step)
        self.steps.append(step)

    def edit(self, edit: Edit) -> None:
        self.take(Step("edit", edit))
        self.past = [*self.past[: self.at + 1], self.session.reading]
        self.at += 1

    @rule(name=st.sampled_from("abcd"), size=st.integers(1, 3))
    def draw(self, name: str, size: int) -> None:
        before = self.session.reading.lesions.get(name)
        self.edit(Edit("Draw", (LesionChange(before, lesion(name, size)),)))

    @precondition(lambda self: self.session.reading.lesions)
    @rule(pick=st.integers(0, 9))
    def erase(self, pick: int) -> None:
        there = list(self.session.reading.lesions.values())
        self.edit(edits.delete("Delete", there[pick % len(there)]))

    @rule(grade=st.integers(0, 3))
    def judge(self, grade: int) -> None:
        self.edit(edits.judge("Grade", self.session.reading.verdict, grade=grade))

    @precondition(lambda self: self.session.done)
    @rule()
    def undo(self) -> None:
        self.take(Step("undo", self.session.done[-1]))
        self.at -= 1

    @precondition(lambda self: self.session.undone)
    @rule()
    def redo(self) -> None:
        self.take(Step("redo", self.session.undone[-1]))
        self.at += 1

    @invariant()
    def stands_where_the_model_stands(self) -> None:
        assert self.session.reading == self.past[self.at]
        assert list(self.session.reading.lesions) == list(self.past[self.at].lesions), "and in the same order"
        assert (len(self.session.done), len(self.session.undone)) == (self.at, len(self.past) - 1 - self.at)

    @invariant()
    def the_history_tells_the_same(self) -> None:
        assert Session(EMPTY).replay(self.steps) == self.session


TestSessions = Sessions.TestCase
