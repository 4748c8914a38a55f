"""Names of people: what shows is what they are called."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workstation.core.people import is_name


def test_names_of_the_world_are_names() -> None:
    assert all(map(is_name, ("anna", "R/ead er", "\u9aa8\u79d1", "Ji\u0159\u00ed", "=1", "O'Neil", "a" * 100)))


def test_what_does_not_show_is_in_no_name() -> None:
    hidden = ("a\nb", "a\tb", "a\x00", "a\u202eb", "a\u200bb", "a\u2028b", "\ud800", "\ufeffa")
    assert not any(map(is_name, ("", " ", " a", "a ", "a" * 101, *hidden)))


@given(st.text())
def test_a_name_is_one_line_any_file_can_hold(text: str) -> None:
    if is_name(text):
        assert text.splitlines() == [text] and text.encode("utf-8").decode("utf-8") == text
