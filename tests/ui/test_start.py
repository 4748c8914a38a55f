"""Starting the window from the command line, as a user does it; in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.made_scans import make_library

CHILD = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from workstation.ui import main_window
def look(window):
    print(window.workbench.library.folder.name if window.workbench.library else "none", "|", window._note.text(), "|",
          window.read_page.reading.scan, flush=True)
    window.close()
inner = main_window.MainWindow.show
def show(self):
    inner(self)
    QTimer.singleShot(300, lambda: look(self))
main_window.MainWindow.show = show
sys.exit(main_window.run(Path(sys.argv[1]) if sys.argv[1] else None, None, False))
"""


def start(home: Path, library: str) -> str:
    environment = {**os.environ, "OSTEOSCOPE_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", CHILD, library]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


def test_a_mistyped_library_is_told_and_not_made(tmp_path):
    missing = tmp_path / "no such library"
    told = start(tmp_path / "home", str(missing))
    assert told == f"none | There is no library at {missing}. Make one with Ctrl+O. | None"
    assert not missing.exists()


def test_the_last_library_opens_by_itself(tmp_path):
    library = make_library(tmp_path / "library", 2)
    assert start(tmp_path / "home", str(library)).startswith("library |")
    assert start(tmp_path / "home", "").startswith("library |")
