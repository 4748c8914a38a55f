"""Who works on a library: a name and a role. Names tell whose reading a reading is; they are no passwords."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """annotators and physicians read; an adjudicator decides where readings differ; a researcher sets work up."""

    ANNOTATOR = "annotator"
    PHYSICIAN = "physician"
    ADJUDICATOR = "adjudicator"
    RESEARCHER = "researcher"

    @property
    def reads_blinded(self) -> bool:
        """Whether this role's queues are blinded unless somebody says otherwise."""
        return self is Role.ANNOTATOR


@dataclass(frozen=True, order=True)
class Person:
    name: str
    role: Role


LONGEST = 100  # letters of a name


def is_name(text: str) -> bool:
    """Whether this can be whose a reading is: one line of at most `LONGEST` letters, without spaces at its ends.

    Letters that do not show (line ends, turned directions, halves of surrogate pairs) would make two people look alike.
    """
    return bool(text) and text == text.strip() and len(text) <= LONGEST and text.isprintable()


class Task(StrEnum):
    """What is not everybody's, as the end of "only ..."."""

    ADJUDICATE = "an adjudicator decides"
    REFERENCE = "physicians and researchers enter the Reference"


ALLOWED = {
    Task.ADJUDICATE: frozenset({Role.ADJUDICATOR}),
    Task.REFERENCE: frozenset({Role.PHYSICIAN, Role.RESEARCHER}),
}


def refusal(task: Task, name: str, people: Iterable[Person]) -> str | None:
    """Why this person may not, in a sentence; None where they may.

    As long as nobody has a role in a library nobody has shared out its work, and everybody may do everything.
    """
    roles = {person.name: person.role for person in people}
    if not roles or roles.get(name) in ALLOWED[task]:
        return None
    role = roles.get(name)
    article = "an" if role in (Role.ANNOTATOR, Role.ADJUDICATOR) else "a"
    is_one = "has no role here" if role is None else f"is {article} {role} here"
    return f"Only {task}: {name} {is_one}."
