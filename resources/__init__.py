"""The program's tables, icons, themes and fonts, and how to reach them from a checkout, an installation or a bundle."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent


def path(*parts: str) -> Path:
    """Where a resource lies, e.g. `path("icons", "brush.svg")`; the file need not exist."""
    return _ROOT.joinpath(*parts)


@cache
def table(name: str) -> dict[str, Any]:
    """`resources/<name>.toml` as a dictionary in the file's order, e.g. `table("vocab/labels")`.

    Read once and shared by all callers, who leave it as it is.
    """
    with path(*f"{name}.toml".split("/")).open("rb") as file:
        return tomllib.load(file)
