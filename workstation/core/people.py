"""Who works on a library: a name and a role. Names tell whose reading a reading is; they are no passwords."""

from __future__ import annotations

import unicodedata
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
RULE = f"needs a name of at most {LONGEST} letters, all of which show, that neither begins nor ends with a space"


def is_name(text: str) -> bool:
    """Whether this can be whose a reading is: one line of at most `LONGEST` letters, without spaces at its ends.

    Letters that do not show (line ends, turned directions, halves of surrogate pairs) would make two people look alike.
    """
    return bool(text) and text == text.strip() and len(text) <= LONGEST and text.isprintable()


def spelt(name: str, known: Iterable[str] = ()) -> str:
    """A name as one of the `known` where it differs from that only in how its letters are composed; else in NFC.

    "Müller" with the letter and its two dots apart (NFD) looks the same as with one letter, and is the same person.
    """
    there = list(known)
    if name in there:
        return name
    composed = unicodedata.normalize("NFC", name)
    return next((other for other in there if unicodedata.normalize("NFC", other) == composed), composed)


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
