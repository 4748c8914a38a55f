"""Tooltips that hold text from elsewhere. Qt reads a tooltip as markup whenever it looks like some."""

from __future__ import annotations

from html import escape


def plain(text: str) -> str:
    """A tooltip that shows `text` letter by letter; none where it is empty."""
    return f"<span>{escape(text)}</span>" if text else ""
