"""The key sheet's table: every key leads to one action, and search finds by word, group and key."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence

import resources
from workstation.app import actions

ROOT = Path(__file__).resolve().parents[2]
NATIVE = QKeySequence.SequenceFormat.NativeText


def test_keys_are_valid_and_unique():
    """Unique on each page: [sheet] is of the quality page, [learn] of Train, [page] of all, the rest of reading."""
    rows = [(action.id.split(".")[0], QKeySequence(action.key)) for action in actions.table()]
    assert all(not key.isEmpty() and key.toString() for _, key in rows)
    reading = {group for group, _ in rows} - {"page", "sheet", "learn"}
    for here in (reading, {"sheet"}, {"learn"}):
        keys = [key.toString() for group, key in rows if group in here | {"page"}]
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


def test_a_key_in_words_is_the_key_maps(monkeypatch) -> None:
    for action in actions.table():
        assert QKeySequence.fromString(actions.key(action.id), NATIVE) == QKeySequence(action.key)
    changed = replace(actions.find("case.grade_3"), key="Alt+9")
    monkeypatch.setattr(actions, "find", lambda _: changed)
    assert QKeySequence.fromString(actions.key("case.grade_3"), NATIVE) == QKeySequence("Alt+9")


# Words in which a key may be written out: where it is in no key map, or is no action's.
_KEY = re.compile(r"\b(Ctrl|Alt|Shift)\+\w|\bSpace\b|\bF\d")
_SAID = re.compile(r"tr\(\s*((?:\"[^\"]*\"\s*)+)\)")


@pytest.mark.parametrize(
    "file",
    ["app/adjudication.py", "ui/adjudication_panel.py", "app/drafting.py", "ui/page_quality.py", "ui/queue_maker.py"],
)
def test_words_name_no_key_by_themselves(file: str) -> None:
    said = _SAID.findall((ROOT / "workstation" / file).read_text("utf-8"))
    assert said and not [words for words in said if _KEY.search(words)]
    assert _KEY.search(_SAID.findall('tr("Press Ctrl+Z.")')[0])
