"""The key sheet's table: every key leads to one action, and search finds by word, group and key."""

from __future__ import annotations

from collections import Counter

from PySide6.QtGui import QKeySequence

import resources
from workstation.app import actions


def test_keys_are_valid_and_unique():
    """Unique on each page: [sheet] belongs to the quality page, [page] to all, the rest to the reading page."""
    rows = [(action.id.split(".")[0], QKeySequence(action.key)) for action in actions.table()]
    assert all(not key.isEmpty() and key.toString() for _, key in rows)
    for elsewhere in ({"sheet"}, {group for group, _ in rows} - {"page", "sheet"}):
        keys = [key.toString() for group, key in rows if group not in elsewhere]
        assert max(Counter(keys).values()) == 1


def test_icons_are_there():
    assert all(resources.path("icons", f"{a.icon}.svg").is_file() for a in actions.table() if a.icon)


def test_label_keys_agree_with_the_vocabulary():
    for label, words in resources.table("vocab/labels").items():
        assert actions.find(f"lesion.{label}".replace(" ", "_")).key == words["key"]


def test_search_needs_every_word():
    assert [a.id for a in actions.matching("grade typical")] == ["case.grade_3"]
    assert "lesion.undo" in [a.id for a in actions.matching("ctrl+z")]
    assert not actions.matching("no such thing")
    assert actions.matching("") == actions.table()
