"""Every action of the window as a table row of resources/keymap.toml; the window gives each row what it does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from PySide6.QtGui import QKeySequence

import resources


@dataclass(frozen=True)
class Action:
    """id is "group.name", e.g. "lesion.malignant"; key a portable Qt key sequence; icon a name of resources/icons."""

    id: str
    group: str
    name: str
    key: str
    icon: str | None


@lru_cache(maxsize=1)
def table() -> tuple[Action, ...]:
    """All actions, in the order of the key sheet."""
    return tuple(
        Action(f"{group}.{name}", rows["title"], row["name"], row["key"], row.get("icon"))
        for group, rows in resources.table("keymap").items()
        for name, row in rows.items()
        if name != "title"
    )


def find(action_id: str) -> Action:
    return next(action for action in table() if action.id == action_id)


def key(action_id: str) -> str:
    """Its key as this system writes it, for words that name it."""
    return QKeySequence(find(action_id).key).toString(QKeySequence.SequenceFormat.NativeText)


def matching(text: str) -> tuple[Action, ...]:
    """The actions whose name, group or key holds every word of `text`, whatever the case."""
    words = text.casefold().split()
    return tuple(
        action
        for action in table()
        if all(word in f"{action.name} {action.group} {action.key}".casefold() for word in words)
    )
