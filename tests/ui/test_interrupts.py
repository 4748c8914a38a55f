"""The window as a process of its own, interrupted from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest


@pytest.mark.skipif(os.name == "nt", reason="there, a process cannot send itself Ctrl+C alone")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_window_closes_as_by_its_button(small_library, tmp_path, number):
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "OSTEOSCOPE_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", _START, str(small_library)]
    window = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert window.stdout is not None and window.stdout.readline() == "shown\n"
    time.sleep(0.2)  # quiet by now: no Python runs
    window.send_signal(number)
    assert window.wait(20) == 0
    window.stdout.close()
    kept = json.loads((tmp_path / "home" / "settings.json").read_text(encoding="utf-8"))
    assert kept["window"], "what is kept on closing was kept"
    assert not (small_library / "writer.txt").exists()


_START = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from workstation.ui.main_window import run
application = QApplication([])
QTimer.singleShot(0, lambda: print("shown", flush=True))
sys.exit(run(Path(sys.argv[1]), "anna", False))
"""
