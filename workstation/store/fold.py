"""Rows of a reading's history folded into its present state and both undo stacks.

Gives exactly what `core.edits.Session.replay` gives, but in one pass over mutable lists: replaying frozen sessions
copies the stacks at every step, which ten thousand edits would make the user wait for.
"""

from __future__ import annotations

import json
from typing import Any

from workstation.core.edits import Edit, LesionChange, Session, Step, in_order
from workstation.core.lesion import Lesion, Reading, ReadingKey, Verdict
from workstation.store.errors import LibraryError


class Fold:
    """One reading as of row `seq`: its session, and the rows whose edits stand on the stacks."""

    def __init__(self, key: ReadingKey) -> None:
        self.key = key
        self.seq = 0
        self._lesions: dict[str, Lesion] = {}
        self._texts: dict[str, Any] = {}  # the JSON each present lesion came from: most edits start where one ended
        self._verdict = Verdict()
        self._done: list[tuple[int, Edit]] = []
        self._undone: list[tuple[int, Edit]] = []
        self._orders: list[tuple[str, ...]] = []
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        if self._session is None:
            self._session = Session(
                Reading(self.key, self._lesions, self._verdict),
                tuple(edit for _, edit in self._done),
                tuple(edit for _, edit in self._undone),
                tuple(self._orders),
            )
        return self._session

    def concerned(self, do: str) -> int | None:
        """The row of the edit that an undo or redo would concern; None for an edit."""
        if do == "edit":
            return None
        stack = self._done if do == "undo" else self._undone
        return stack[-1][0]

    def add(self, seq: int, do: str, of: int | None, text: str | None) -> None:
        """Take in one row. LibraryError where it does not follow from the rows before."""
        try:
            self._add(seq, do, of, text)
        except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
            raise LibraryError(
                f"The history of {self.key.reader}'s reading of scan {self.key.scan} is damaged at row {seq}: "
                f"{error}. Restore the last backup."
            ) from error

    def accept(self, seq: int, step: Step, session: Session) -> None:
        """Take in a step that has just been written, with the session already worked out from it."""
        if step.do == "edit":
            self._done.append((seq, step.edit))
        elif step.do == "undo":
            self._undone.append(self._done.pop())
        else:
            self._done.append(self._undone.pop())
        if step.do == "edit":
            self._undone.clear()
        self._orders = list(session.orders)
        self._lesions = dict(session.reading.lesions)
        self._texts.clear()
        self._verdict = session.reading.verdict
        self._session = session
        self.seq = seq

    def _add(self, seq: int, do: str, of: int | None, text: str | None) -> None:
        if do == "edit":
            if text is None:
                raise ValueError("an edit without what it edits")
            edit = self._parse(json.loads(text))
            self._do(edit)
            self._done.append((seq, edit))
            self._undone.clear()
        elif do == "undo":
            if self._done[-1][0] != of:
                raise ValueError("an undo of another edit than the last")
            edit = self._done[-1][1]
            self._apply(edit.inverse)
            if edit.takes_away:
                self._lesions = in_order(self._lesions, self._orders.pop())
            self._undone.append(self._done.pop())
        elif do == "redo":
            if self._undone[-1][0] != of:
                raise ValueError("a redo of another edit than the last undone")
            self._do(self._undone[-1][1])
            self._done.append(self._undone.pop())
        else:
            raise ValueError(f"unknown step {do}")
        self._session = None
        self.seq = seq

    def _parse(self, value: dict[str, Any]) -> Edit:
        changes = []
        for item in value["lesions"]:
            before, after = item["before"], item["after"]
            known = None if before is None else self._texts.get(before["id"])
            if known is not None and known[0] == before:
                old = known[1]
            else:
                old = None if before is None else Lesion.from_json(before)
            new = None if after is None else Lesion.from_json(after)
            if new is not None:
                self._texts[new.id] = (after, new)
            changes.append(LesionChange(old, new))
        verdict = value["verdict"]
        judged = None if verdict is None else (Verdict.from_json(verdict[0]), Verdict.from_json(verdict[1]))
        return Edit(value["what"], tuple(changes), judged, value.get("decides", ""), value.get("seen", ""))

    def _do(self, edit: Edit) -> None:
        if edit.takes_away:
            self._orders.append(tuple(self._lesions))
        self._apply(edit)

    def _apply(self, edit: Edit) -> None:
        for change in edit.lesions:
            standing = self._lesions.get(change.id)
            if standing is not change.before and standing != change.before:
                raise ValueError(f"lesion {change.id} was not as the edit found it")
            if change.after is None:
                del self._lesions[change.id]
            else:
                self._lesions[change.id] = change.after
        if edit.verdict is not None:
            if self._verdict != edit.verdict[0]:
                raise ValueError("the verdict was not as the edit found it")
            self._verdict = edit.verdict[1]
