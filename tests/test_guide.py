"""The guide says what the program does: its keys are keys of the window, its pictures and links are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workstation.app import actions

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs" / "guide").glob("*.md"))
# What looks like a key: modifiers and a letter, digit or sign, or a key with a name.
_NAMED = "Space|Backspace|Esc|Tab|Del|Home|Return|Enter|F[0-9]{1,2}|Up|Down|Left|Right|PgUp|PgDown|Page Up|Page Down"
KEY = re.compile(rf"`((?:(?:Ctrl|Shift|Alt)\+)*(?:{_NAMED}|[A-Z0-9]|[\[\]=.,-]))`")
# Said otherwise in words, or a key of the list that has the focus.
SAME = {"Page Up": "PgUp", "Page Down": "PgDown", "Enter": "Return", "Ctrl+Enter": "Ctrl+Return"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_key_it_names_is_a_key_of_the_window(page: Path) -> None:
    known = {action.key for action in actions.table()}
    named = {SAME.get(key, key) for key in KEY.findall(page.read_text(encoding="utf-8"))}
    assert not named - known - {"Ctrl"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_and_picture_is_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_what_the_annotators_page_says_of_a_key_is_what_the_key_does() -> None:
    """The words that tell a key apart on that page stand in the name of its action."""
    said = {
        "hand.next": "Space", "hand.skip": "Backspace", "lesion.malignant": "1", "lesion.benign": "2",
        "lesion.uncertain": "3", "lesion.not_bone": "4", "lesion.confidence_1": "Shift+F1",
        "lesion.confidence_3": "Shift+F3", "shape.grow": "A", "shape.shrink": "Z", "shape.split": "D",
        "shape.split_neighbours": "Shift+D", "shape.merge": "Shift+F", "shape.smooth": "Shift+E",
        "shape.fill": "Shift+O", "tool.flood": "L", "prior.all": "Shift+P", "prior.one": "Alt+P",
        "case.exclude_injection": "Shift+F5", "case.exclude_follow_up": "Shift+F8", "case.clinical": "Alt+C",
        "case.clinical_undo": "Alt+Z", "case.done": "Ctrl+Return", "adjudicate.begin": "J", "adjudicate.a": "F5",
        "adjudicate.c": "F7", "adjudicate.all": "F8", "page.queue": "Ctrl+3", "page.quality": "Ctrl+4",
    }  # fmt: skip
    assert {name: actions.find(name).key for name in said} == said
    named = KEY.findall((ROOT / "docs" / "guide" / "annotate.md").read_text(encoding="utf-8"))
    assert set(said.values()) <= set(named)
