"""A question put to `python -m ml`, and its answer: for what takes seconds and needs torch, which lives there alone."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from typing import Any

from workstation.workflows import learning
from workstation.workflows.errors import CallError, WorkflowError
from workstation.workflows.progress import Job, Progress

WRONG_CALL = 2


def answer(arguments: Sequence[str], what: str) -> Job[Any]:
    """What it gives as JSON, None where that is nothing. what: said meanwhile.

    Closed before its end, it ends the process. CallError and WorkflowError with the last line it said, where it
    refuses or fails.
    """
    yield Progress(0, None, what)
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as gave:
        process = learning.start(arguments, said, gave)
        try:
            while process.poll() is None:
                yield Progress(0, None, what)
                time.sleep(learning.LOOK)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode:
            said.seek(0)
            lines = said.read().decode("utf-8", "replace").splitlines()
            why = lines[-1] if lines else f"The process ended with {process.returncode} and said nothing."
            raise CallError(why) if process.returncode == WRONG_CALL else WorkflowError(why)
        gave.seek(0)
        data = gave.read()
        return json.loads(data) if data else None
