"""Edits of a reading as values: what stood before and what stands after, so that each can be taken back.

An edit holds whole lesions before and after. Undo is the edit turned round, and a history of edits, undos and redos
folds back into the reading and both stacks, which is how undo survives a restart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from workstation.core.lesion import Label, Lesion, Origin, Reading, Verdict


class EditError(ValueError):
    """The edit does not fit the reading as it stands; the message tells the user why."""


@dataclass(frozen=True)
class LesionChange:
    """One lesion before and after: None before = added, None after = deleted."""

    before: Lesion | None
    after: Lesion | None

    def __post_init__(self) -> None:
        if self.before is None and self.after is None:
            raise ValueError("a change has something before or after")
        if self.before is not None and self.after is not None and self.before.id != self.after.id:
            raise ValueError("a change keeps the lesion's id")

    @property
    def id(self) -> str:
        lesion = self.after if self.before is None else self.before
        assert lesion is not None
        return lesion.id


@dataclass(frozen=True)
class Edit:
    """One step of work: `what` is its name for the undo menu ("Add lesion", "Label malignant").

    decides: the key of the disagreement of readers that this step settles (see `core.disagreement`), "" for none. It
    goes and comes with the step, so that undo opens the question again. seen: a print of what the readers had there
    when it was decided, so that a decision about something else than stands there now is known.
    """

    what: str
    lesions: tuple[LesionChange, ...] = ()
    verdict: tuple[Verdict, Verdict] | None = None
    decides: str = ""
    seen: str = ""

    @property
    def takes_away(self) -> bool:
        """Whether a lesion is gone after it, which undo must put back at its place."""
        return any(change.after is None for change in self.lesions)

    @property
    def inverse(self) -> Edit:
        return Edit(
            self.what,
            tuple(LesionChange(c.after, c.before) for c in reversed(self.lesions)),
            None if self.verdict is None else (self.verdict[1], self.verdict[0]),
            self.decides,
            self.seen,
        )

    def to_json(self) -> dict[str, Any]:
        # Rows without them stay the same to the letter.
        said = {name: text for name, text in (("decides", self.decides), ("seen", self.seen)) if text}
        return {
            "what": self.what,
            "lesions": [
                {
                    "before": None if c.before is None else c.before.to_json(),
                    "after": None if c.after is None else c.after.to_json(),
                }
                for c in self.lesions
            ],
            "verdict": None if self.verdict is None else [v.to_json() for v in self.verdict],
        } | said

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        def lesion(item: Mapping[str, Any] | None) -> Lesion | None:
            return None if item is None else Lesion.from_json(item)

        verdict = value["verdict"]
        return cls(
            value["what"],
            tuple(LesionChange(lesion(c["before"]), lesion(c["after"])) for c in value["lesions"]),
            None if verdict is None else (Verdict.from_json(verdict[0]), Verdict.from_json(verdict[1])),
            value.get("decides", ""),
            value.get("seen", ""),
        )


def apply(edit: Edit, reading: Reading) -> Reading:
    """The reading after the edit. EditError where what the edit says stood before does not stand there now."""
    lesions = dict(reading.lesions)
    for change in edit.lesions:
        if lesions.get(change.id) != change.before:
            raise EditError(f"{edit.what}: lesion {change.id} is no longer as this edit found it")
        if change.after is None:
            del lesions[change.id]
        else:
            lesions[change.id] = change.after
    verdict = reading.verdict
    if edit.verdict is not None:
        if verdict != edit.verdict[0]:
            raise EditError(f"{edit.what}: the verdict is no longer as this edit found it")
        verdict = edit.verdict[1]
    return Reading(reading.key, lesions, verdict)


def in_order(lesions: Mapping[str, Lesion], order: Iterable[str]) -> dict[str, Lesion]:
    """The same lesions as `order` has their ids."""
    return {lesion: lesions[lesion] for lesion in order}


def add(what: str, *lesions: Lesion) -> Edit:
    return Edit(what, tuple(LesionChange(None, lesion) for lesion in lesions))


def delete(what: str, *lesions: Lesion) -> Edit:
    return Edit(what, tuple(LesionChange(lesion, None) for lesion in lesions))


def change(what: str, before: Lesion, **fields: Any) -> Edit:
    """Replace fields of one lesion, e.g. `change("Label benign", lesion, label=Label.BENIGN)`."""
    return Edit(what, (LesionChange(before, replace(before, **fields)),))


def relabelled(lesion: Lesion, label: Label | None, kind: str | None = None) -> Lesion:
    """The lesion under another label, given by hand. kind: of a mark "not bone".

    A criterion justifies one label and goes with it, and what it rests on as well.
    """
    return replace(lesion, label=label, criterion=kind, evidence=None, evidence_date=None, label_origin=Origin.HAND)


def judge(what: str, before: Verdict, **fields: Any) -> Edit:
    """Replace fields of the verdict, e.g. `judge("Grade 2", reading.verdict, grade=2)`."""
    return Edit(what, verdict=(before, replace(before, **fields)))


@dataclass(frozen=True)
class Step:
    """One row of a reading's history: a new edit, or an undo or redo of the edit on top of its stack."""

    do: str  # "edit" | "undo" | "redo"
    edit: Edit  # the edit made, undone or redone; always in its forward direction


@dataclass(frozen=True)
class Session:
    """A reading with its undo and redo stacks, oldest first.

    orders: of each edit done that took a lesion away, the ids as they stood before it: lesions are numbered on
    screen, and undo gives each its number back.
    """

    reading: Reading
    done: tuple[Edit, ...] = ()
    undone: tuple[Edit, ...] = ()
    orders: tuple[tuple[str, ...], ...] = field(default=(), compare=False, repr=False)

    def after(self, step: Step) -> Session:
        """The session after one step. EditError where the step does not fit."""
        edit = step.edit
        if step.do == "undo":
            if not self.done or self.done[-1] != edit:
                raise EditError("nothing to undo")
            reading, orders = apply(edit.inverse, self.reading), self.orders
            if edit.takes_away:
                reading, orders = replace(reading, lesions=in_order(reading.lesions, orders[-1])), orders[:-1]
            return Session(reading, self.done[:-1], (*self.undone, edit), orders)
        orders = (*self.orders, tuple(self.reading.lesions)) if edit.takes_away else self.orders
        if step.do == "edit":
            return Session(apply(edit, self.reading), (*self.done, edit), (), orders)
        if step.do == "redo":
            if not self.undone or self.undone[-1] != edit:
                raise EditError("nothing to redo")
            return Session(apply(edit, self.reading), (*self.done, edit), self.undone[:-1], orders)
        raise EditError(f"unknown step {step.do}")

    def replay(self, steps: Iterable[Step]) -> Session:
        session = self
        for step in steps:
            session = session.after(step)
        return session
