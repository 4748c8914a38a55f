"""A virtual display of 1920 x 1200 where there is no real one, so that painting goes the way it does for a user."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

SIZE = "1920x1200x24"


@contextmanager
def display() -> Iterator[str]:
    """Sets DISPLAY for this process and its children; yields what is used, in words."""
    if os.environ.get("DISPLAY"):
        yield f"display {os.environ['DISPLAY']}"
        return
    server = shutil.which("Xvfb")
    if server is None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        yield "no X server, Qt offscreen"
        return
    number = next(n for n in range(90, 200) if not os.path.exists(f"/tmp/.X11-unix/X{n}"))
    process = subprocess.Popen([server, f":{number}", "-screen", "0", SIZE], stderr=subprocess.DEVNULL)
    try:
        while not os.path.exists(f"/tmp/.X11-unix/X{number}"):
            time.sleep(0.05)
        os.environ["DISPLAY"] = f":{number}"
        os.environ["QT_QPA_PLATFORM"] = "xcb"
        yield f"virtual display {SIZE}"
    finally:
        process.terminate()
        process.wait()
