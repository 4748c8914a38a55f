"""The window's colours and type from resources/themes: a QPalette on Fusion and one style sheet, never a system theme.

`QStyleHints.setColorScheme()` does nothing on some platforms, so the palette is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

import resources

THEMES = ("dark", "light")


@dataclass(frozen=True)
class Theme:
    """One theme's tokens; `colour["malignant"]` is a "#rrggbb" string."""

    id: str
    name: str
    dark: bool
    colour: Mapping[str, str]

    def __getitem__(self, token: str) -> QColor:
        return QColor(self.colour[token])


@cache
def load(name: str) -> Theme:
    table = resources.table(f"themes/{name}")
    return Theme(name, table["name"], table["dark"], MappingProxyType(dict(table["colour"])))


_current = "dark"


def current() -> Theme:
    return load(_current)


def over(ground: QColor) -> Theme:
    """The theme whose marks are readable on a picture of this ground, whatever the window's theme is."""
    return load("light" if ground.lightnessF() > 0.5 else "dark")


@lru_cache(maxsize=1)
def _family() -> str:
    """The bundled type, so that a bare machine without fonts shows text too."""
    family = ""
    for file in ("Inter-Regular.otf", "Inter-SemiBold.otf"):
        number = QFontDatabase.addApplicationFont(str(resources.path("fonts", file)))
        families = QFontDatabase.applicationFontFamilies(number)
        family = family or (families[0] if families else "")
    return family


def apply(application: QApplication, name: str) -> Theme:
    """Dress the whole application; pages repaint by themselves."""
    global _current
    _current = name if name in THEMES else "dark"
    theme = current()
    application.setStyle(QStyleFactory.create("Fusion"))
    font = QFont(_family() or application.font().family())
    font.setPixelSize(13)
    application.setFont(font)
    application.setPalette(_palette(theme))
    application.setStyleSheet(_style(theme))
    return theme


def _palette(theme: Theme) -> QPalette:
    palette = QPalette()
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    for target, token in (
        (role.Window, "window"),
        (role.WindowText, "text"),
        (role.Base, "field"),
        (role.AlternateBase, "panel"),
        (role.Text, "text"),
        (role.Button, "field"),
        (role.ButtonText, "text"),
        (role.BrightText, "text_strong"),
        (role.ToolTipBase, "field"),
        (role.ToolTipText, "text"),
        (role.PlaceholderText, "text_quiet"),
        (role.Highlight, "selection"),
        (role.HighlightedText, "text_strong"),
        (role.Link, "accent"),
        (role.Mid, "line"),
        (role.Dark, "line"),
        (role.Light, "field_hover"),
        (role.Accent, "accent"),
    ):
        palette.setColor(target, theme[token])
    for target in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(group.Disabled, target, theme["text_disabled"])
    return palette


def _style(theme: Theme) -> str:
    sheet = resources.path("themes", "style.qss").read_text(encoding="utf-8")
    # Longest names first: @field_hover before @field.
    for token in sorted(theme.colour, key=len, reverse=True):
        sheet = sheet.replace(f"@{token}", theme.colour[token])
    return sheet.replace("@icons", resources.path("icons").as_posix())
