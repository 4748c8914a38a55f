"""What the user chose and wants to find again: one JSON file, replaced as a whole, never half-written."""

from __future__ import annotations

import base64
import json
import logging
import math
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import resources

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    theme: str = "dark"
    reader: str = ""
    colormap: str = "grey"
    inverted: bool = True  # bone scans are read black on white
    four_frames: bool = False
    isocontour_mode: str = "background"
    brush_radius: float = 4.0
    last_library: str = ""
    last_scan: str = ""
    queue_place: str = ""  # where the reader looked in a queue, JSON
    queue_walked: str = ""  # the queue that the reading page went along last; empty where it was the library's list
    adjudicate_dice: float = 0.5  # outlines that lie on each other less than this are put to the adjudicator
    adjudicate_own: bool = False  # who read a scan may adjudicate it
    adjudicate_names: bool = False  # the adjudicator sees whose readings they are
    training_folder: str = ""  # where trainings are kept; the library's own folder for them where empty
    training_snapshot: str = ""  # what was last chosen to learn from
    window: str = ""  # the main window's geometry, base64


def load(folder: Path) -> Settings:
    """The settings kept in `folder`; what is missing or cannot be used takes its default."""
    try:
        stored = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError, RecursionError) as error:
        log.warning("settings could not be read, defaults are used: %s", error)
        return Settings()
    if not isinstance(stored, dict):
        return Settings()
    defaults = Settings()
    known = {
        field.name: stored[field.name]
        for field in fields(Settings)
        if isinstance(stored.get(field.name), type(getattr(defaults, field.name)))
        and _usable(field.name, stored[field.name])
    }
    return Settings(**known)


def _usable(name: str, value: object) -> bool:
    """Whether a value of the right type means something: another version, or a hand, may have written it."""
    if name == "colormap":
        return value in resources.table("colormaps/maps")
    if name == "window":
        try:
            base64.b64decode(str(value))
        except ValueError:
            return False
    if isinstance(value, float):
        return math.isfinite(value) and value > 0
    return not isinstance(value, str) or all(letter.isprintable() for letter in value)


def save(settings: Settings, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / "settings.json.new"
    temporary.write_text(json.dumps(asdict(settings), indent=1), encoding="utf-8")
    os.replace(temporary, folder / "settings.json")
