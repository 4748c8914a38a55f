"""`python -m workstation`: the command line, and the window where no command is named."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def has_display() -> bool:
    """Whether a window can be opened here; Qt would abort the process where it cannot."""
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_window(library: Path | None, reader: str | None, read_only: bool) -> int:
    """Open the window and stay until it is closed; the exit code."""
    from workstation.ui.main_window import run

    return run(library, reader, read_only)


def page_pictures(out: Path, library: Path) -> list[Path]:
    """Pictures of the window's pages, made without a display."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from workstation.ui import shots

    return shots.write(out, library)


def main() -> int:
    import multiprocessing

    from workstation import cli

    multiprocessing.freeze_support()
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
