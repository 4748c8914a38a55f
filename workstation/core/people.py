"""Who works on a library: a name and a role. Names tell whose reading a reading is; they are no passwords."""

from __future__ import annotations

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
