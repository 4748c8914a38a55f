"""The user's own folder of Osteoscope: settings, keys of research libraries, the log. Never inside a library."""

from __future__ import annotations

import getpass
import json
import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

_LOG_BYTES = 1 << 20


def home() -> Path:
    """OSTEOSCOPE_HOME, else the platform's place for configuration (the same one the window uses)."""
    given = os.environ.get("OSTEOSCOPE_HOME")
    if given:
        return Path(given)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Preferences"
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "osteoscope"


def default_reader() -> str:
    """Who reads when nobody says: the name in the window's settings, else the account's."""
    try:
        settings = json.loads((home() / "settings.json").read_text(encoding="utf-8"))
        name = settings.get("reader") if isinstance(settings, dict) else None
    except (OSError, ValueError):
        name = None
    if isinstance(name, str) and name.strip():
        return name.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "reader"


def log_mistake(error: BaseException) -> Path:
    """Write where an unexpected error happened into the log; the log's path.

    The places only, without the error's text: that may quote a patient's name out of a file.
    """
    file = home() / "osteoscope.log"
    lines = [datetime.now(UTC).isoformat(timespec="seconds")]
    cause: BaseException | None = error
    while cause is not None:
        lines.append(f"{type(cause).__module__}.{type(cause).__qualname__}")
        lines.extend(line.rstrip() for line in traceback.format_tb(cause.__traceback__))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        mode = "a" if not file.exists() or file.stat().st_size < _LOG_BYTES else "w"
        with open(file, mode, encoding="utf-8") as stream:
            stream.write("\n".join(lines) + "\n\n")
    except OSError:
        pass  # the log is for help; that it cannot be written must not hide the error itself
    return file
