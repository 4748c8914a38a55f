"""Where a training would run on this machine, asked of torch in a process of its own before one is begun."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time

from workstation.workflows.errors import CallError, WorkflowError
from workstation.workflows.learning import LOOK, environment
from workstation.workflows.progress import Job, Progress

# What ml.place says at the start of a training; exit code 2 with a sentence where there is no such device.
_ASK = """
import sys
from ml.config import ConfigError, make
from ml.place import pick
try:
    print(pick(make(sys.argv[1], ["device=" + sys.argv[2]])).words)
except ConfigError as error:
    print(error)
    sys.exit(2)
"""


def place(preset: str, device: str) -> Job[str]:
    """ "CPU (x86_64, 2 threads), fp32". CallError, in words, for a device that is not there."""
    yield Progress(0, None, "")
    with tempfile.TemporaryFile() as gave:
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", _ASK, preset, device],
                stdin=subprocess.DEVNULL, stdout=gave, stderr=subprocess.DEVNULL, env=environment(),
            )  # fmt: skip
        except OSError as error:
            raise WorkflowError(f"No process can be started to look for devices: {error.strerror}.") from error
        try:
            while process.poll() is None:
                yield Progress(0, None, "")
                time.sleep(LOOK)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        gave.seek(0)
        said = gave.read().decode("utf-8", "replace").strip()
    if process.returncode == 2 and said:
        raise CallError(said)
    if process.returncode or not said:
        raise WorkflowError("Networks cannot learn here: torch cannot be loaded. make setup installs it.")
    return said
