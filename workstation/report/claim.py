"""The CLAIM checklist of 2024, filled in as far as a run can know; the rest is marked for the author."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import resources

AUTHOR = "For the author to fill in."
COMPLETE = "For the author to complete."


@dataclass(frozen=True)
class Item:
    """number: as in the checklist. answer: what the run knows. author: what is left to the author, or ""."""

    section: str
    number: int
    asks: str
    answer: str
    author: str


def checklist(facts: Mapping[str, str]) -> tuple[Item, ...]:
    """Every item, in order."""
    return tuple(_item(each, facts) for each in resources.table("report/claim")["item"])


def _item(each: Mapping[str, object], facts: Mapping[str, str]) -> Item:
    answer = str(each.get("answer", "")).format_map(facts).strip()
    left = "" if answer and not each.get("author") else COMPLETE if answer else AUTHOR
    return Item(str(each["section"]), int(str(each["number"])), str(each["asks"]), answer, left)
